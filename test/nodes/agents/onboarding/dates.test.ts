import { expect, test } from "vitest";
import { readDate } from "../../../../nodes/agents/onboarding/dates.js";

test.each([
  ["1986-03-14", undefined, "1986-03-14"],
  ["14.03.1986", undefined, "1986-03-14"],
  ["14/03/1986", "dmy", "1986-03-14"],
  ["03/14/1986", "mdy", "1986-03-14"],
  ["14 MAR / MARS 1986", undefined, "1986-03-14"],
  ["14 March 1986", "mdy", "1986-03-14"],
  ["March 14th, 1986", undefined, "1986-03-14"],
  ["1. Juli 1973", undefined, "1973-07-01"],
  ["23 août 1990", undefined, "1990-08-23"],
  ["5 септември 1981", undefined, "1981-09-05"],
  ["1987年12月3日", "ymd", "1987-12-03"],
  ["14/03/1986", undefined, "1986-03-14"],
  ["05/05/1985", undefined, "1985-05-05"],
] as const)("%s, read as %s, is %s", (text, order, value) => {
  expect(readDate(text, order)).toEqual({ value });
});

test("a date that works both ways is not decided", () => {
  expect(readDate("03/04/1985")).toEqual({ candidates: ["1985-04-03", "1985-03-04"] });
});

test.each(["31.02.1986", "14.13.1986", "soon", "", "14.03.86", "03/14/1986x1"])("%s is no date", (text) => {
  expect(readDate(text, "dmy")).toBeUndefined();
});
