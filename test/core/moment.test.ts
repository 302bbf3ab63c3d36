import { expect, test } from "vitest";
import { isoWeek, parseMoment, toldMoment } from "../../core/moment.js";

test("a day is a span in UTC, a moment is itself", () => {
  expect(parseMoment("2026-11-20")).toEqual({
    from: new Date("2026-11-20T00:00:00.000Z"),
    to: new Date("2026-11-20T23:59:59.999Z"),
  });
  const at = new Date("2026-11-20T14:30:00.000Z");
  expect(parseMoment("2026-11-20T16:30+02:00")).toEqual({ from: at, to: at });
  expect(parseMoment(" 2026-11-20 14:30 ")).toEqual({ from: at, to: at });
});

test.each(["", "2026", "2026-11", "2026-W47", "20.11.2026", "2026-02-30", "2026-11-20T25:00", "-P1D", "now"])(
  "%j is neither",
  (text) => expect(parseMoment(text)).toBeUndefined(),
);

test("a day that was told comes back as that day, a moment to the minute, both in UTC", () => {
  expect(toldMoment(parseMoment("2026-11-20")?.to.toISOString() ?? "")).toBe("2026-11-20 (UTC)");
  expect(toldMoment(parseMoment("2026-11-20T16:30+02:00")?.to.toISOString() ?? "")).toBe("2026-11-20 14:30 UTC");
  expect(toldMoment("2026-11-20T23:59:00.000Z")).toBe("2026-11-20 23:59 UTC");
});

test.each([
  ["2026-11-20T12:00:00Z", "2026-W47"],
  ["2026-11-22T23:59:59Z", "2026-W47"],
  ["2026-11-23T00:00:00Z", "2026-W48"],
  ["2027-01-01T00:00:00Z", "2026-W53"],
  ["2024-12-30T00:00:00Z", "2025-W01"],
])("%s is in week %s", (iso, week) => expect(isoWeek(new Date(iso))).toBe(week));
