import { describe, expect, test } from "vitest";
import {
  cut,
  dayInWords,
  figureText,
  kpiName,
  limitText,
  listInWords,
  momentText,
  percentText,
  spanInWords,
  spanText,
  spentInWords,
  usd,
} from "../../core/words.js";

describe("figures and times in words", () => {
  test("a span has its two largest units, and its rounding never shows sixty of anything", () => {
    expect([0, 999, 1_000, 59_600, 80_000, 3_599_900, 5_400_000, 187_200_000, 86_399_999].map(spanInWords)).toEqual([
      "less than a second",
      "less than a second",
      "1 second",
      "1 minute",
      "1 minute and 20 seconds",
      "1 hour",
      "1 hour and 30 minutes",
      "2 days and 4 hours",
      "1 day",
    ]);
  });

  test("where no time went, none is claimed", () => {
    expect([0, 1, 60_000].map(spentInWords)).toEqual(["none", "less than a second", "1 minute"]);
  });

  test("money is never shown as less than it is, and parts below a dollar add up", () => {
    expect([0, 0.01, 0.0149, 0.0002, 0.000015, 0.1 + 0.2, 1.2, 12.341, 1234.5].map(usd)).toEqual([
      "$0.00",
      "$0.01",
      "$0.0149",
      "$0.0002",
      "$0.000015",
      "$0.30",
      "$1.20",
      "$12.35",
      "$1234.50",
    ]);
  });

  test("a share short of all, or not quite nothing, is never rounded to it", () => {
    expect([1, 0.997, 0.994, 1.28, 0, 0.002, -0.002, -0.5].map(percentText)).toEqual([
      "100 %",
      "over 99 %",
      "99 %",
      "128 %",
      "0 %",
      "under 1 %",
      "under 0 %",
      "-50 %",
    ]);
  });

  test("a span in a table is short", () => {
    expect([0, 55, 1_240, 9_960, 42_000, 3_900_000, 187_200_000].map(spanText)).toEqual([
      "0 ms",
      "55 ms",
      "1.2 s",
      "10 s",
      "42 s",
      "1 h 5 min",
      "2 d 4 h",
    ]);
  });

  test("a moment and a day are in UTC and name the month", () => {
    expect(momentText("2026-11-20T23:59:59.000Z")).toBe("20 Nov 2026 23:59");
    expect(dayInWords("2026-11-20T23:59:59.000Z")).toBe("Friday, 20 November 2026");
  });

  test("a KPI has one name, without the unit of time that stands behind its figure", () => {
    expect(kpiName({ kpi_id: "onboarding_time_days", unit: "days" })).toBe("Onboarding time");
    expect(kpiName({ kpi_id: "pipeline_days", unit: "days" })).toBe("Pipeline time");
    expect(kpiName({ kpi_id: "min_touchpoints", unit: "touchpoints" })).toBe("Min touchpoints");
    expect(kpiName({ kpi_id: "days", unit: "days" })).toBe("Days");
    expect(kpiName({ kpi_id: "csat", unit: "points" })).toBe("Csat");
  });

  test("a limit is a sentence without signs", () => {
    const limit = { limit_id: "max_steps", op: "<=", value: 5, actual: 3, status: "kept" } as const;

    expect(limitText(limit)).toBe("Max steps: 3 (limit: at most 5)");
    expect(limitText({ ...limit, op: ">=", actual: null, status: "pending" })).toBe(
      "Max steps: not known yet (limit: at least 5)",
    );
  });

  test("figures are short, and never lost", () => {
    expect([0, 1.005, 1.2083, -3, 1234567.891, 0.0004, 4e12].map(figureText)).toEqual([
      "0",
      "1",
      "1.21",
      "-3",
      "1234567.89",
      "0.000400",
      "4.00e+12",
    ]);
  });

  test("lists are words, and long ones end with a number", () => {
    expect(
      [[], ["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d", "e"]].map((each) => listInWords(each)),
    ).toEqual(["", "a", "a and b", "a, b and c", "a, b, c and 2 more"]);
  });

  test("a cut never splits a sign that takes two places, and says that it cut", () => {
    expect(cut("  one\n two ", 20)).toBe("one two");
    expect(cut("\u{1f600}\u{1f600}\u{1f600}", 2)).toBe("\u{1f600}…");
    expect(cut("x".repeat(1_000_000), 5)).toBe("xxxx…");
  });
});
