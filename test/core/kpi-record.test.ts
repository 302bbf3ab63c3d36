import { describe, expect, test } from "vitest";
import type { Wanted } from "../../core/kpi-record.js";
import {
  assertToldByPeople,
  findFigure,
  ruleOnRecording,
  scoreFigureOf,
  toObservedAt,
  toScore,
  toTeller,
  toValue,
} from "../../core/kpi-record.js";
import type { Kpi, Limit } from "../../core/mission.js";
import { fc } from "../support/fast-check.js";

const NOW = new Date("2026-11-20T14:00:00.000Z");
const RUN = { runId: "R1", startedAt: new Date("2026-11-18T09:00:00.000Z") };
const DAYS: Kpi = { id: "pipeline_days", unit: "days", direction: "lower", baseline: 14, target: 7, known: "later" };
const STEPS: Kpi = { id: "steps", unit: "steps", direction: "lower", known: "at_end", measure: "run.steps" };
const CSAT: Limit = { id: "csat_threshold", unit: "score", op: ">=", value: 4, known: "later" };
const MISSION = { slug: "sales-pipeline", kpis: [DAYS, STEPS], limits: [CSAT] };
const FIGURE = findFigure(MISSION, "pipeline_days");

const refusal = (work: () => unknown): { code?: string; message?: string } => {
  try {
    work();
  } catch (error) {
    return error as { code: string; message: string }; // safe: the test reads two fields of whatever was thrown
  }
  return {};
};

describe("which KPI is meant", () => {
  test("a limit is told like a KPI, and the beginning of a name is enough", () => {
    expect(findFigure(MISSION, "csat")).toMatchObject({ id: "csat_threshold", kind: "limit" });
    expect(findFigure(MISSION, "pipe")).toMatchObject({ id: "pipeline_days", kind: "kpi" });
  });

  test("one that the mission does not have is refused with the nearest and all that there are", () => {
    const { code, message } = refusal(() => findFigure(MISSION, "pipelne_days"));

    expect(code).toBe("kpi_not_found");
    expect(message).toContain("Did you mean pipeline_days?");
    expect(message).toContain("It has pipeline_days, steps, csat_threshold.");
  });

  test("a score counts only where it is clear for what", () => {
    expect(scoreFigureOf(MISSION)?.id).toBe("csat_threshold");
    expect(scoreFigureOf({ kpis: [DAYS], limits: [] })).toBeUndefined();
    expect(scoreFigureOf({ kpis: [], limits: [CSAT, { ...CSAT, id: "other" }] })).toBeUndefined();
    expect(scoreFigureOf({ kpis: [], limits: [{ ...CSAT, known: "at_end" }] })).toBeUndefined();
  });
});

describe("the figure itself", () => {
  test.each([
    ["6.5", undefined, 6.5],
    [" 6 ", "days", 6],
    ["6 days", undefined, 6],
    ["6d", "Day", 6],
    ["1e1", undefined, 10],
    [3, "days", 3],
  ])("%j with the unit %j is %d", (given, unit, value) => {
    expect(toValue(FIGURE, given, unit)).toBe(value);
  });

  test.each([
    ["3 hours", undefined, "3 hours would be 0.125 days"],
    ["3", "hours", "told in days, not in hours"],
    ["3 days", "hours", "told in days, not in hours"],
    ["3 EUR", undefined, "told in days, not in EUR"],
    ["7,5", undefined, "Write decimals with a point: 7.5."],
    ["7,5 days", undefined, "Write decimals with a point: 7.5."],
    ["0,125", undefined, "Write decimals with a point: 0.125."],
    ["12,000", undefined, "Write 12000 if the comma parts thousands, or 12.000 if it parts decimals."],
    ["1,200.5", undefined, "Write thousands without commas: 1200.5."],
    ["1,200,000", undefined, "Write thousands without commas: 1200000."],
    ["1,2,3", undefined, "Write it without commas, decimals with a point."],
    ["many", undefined, "Give a number, in days."],
    ["", undefined, "Give a number, in days."],
    ["0x10", undefined, "told in days, not in x10"],
    ["1e999", undefined, "Give a finite number."],
    [Number.NaN, undefined, "Give a finite number."],
    [Number.POSITIVE_INFINITY, undefined, "Give a finite number."],
    ["-1", undefined, "less than none"],
  ])("%j with the unit %j is refused: %s", (given, unit, words) => {
    const { code, message } = refusal(() => toValue(FIGURE, given, unit));

    expect(code).toBe("kpi_invalid");
    expect(message).toContain(words);
  });

  test("any finite number that is written out comes back as itself", () => {
    const points = findFigure({ ...MISSION, kpis: [{ ...DAYS, unit: "points" }] }, "pipeline_days");
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (n) => toValue(points, String(n), undefined) === n,
      ),
    );
  });

  test.each([1, 5, "3"])("%j is a score", (given) => expect(toScore(given)).toBe(Number(given)));

  const noScores = [0, 6, 40, 4.5, "4.5", "", "good", "-1", Number.NaN];
  test.each(noScores)("%j is no score", (given) => {
    expect(refusal(() => toScore(given))).toMatchObject({ code: "kpi_invalid" });
  });

  test("a figure in scores takes what feedback takes, told with or without its unit, and nothing else", () => {
    const score = findFigure(MISSION, "csat_threshold");

    expect([4, "4", "4 score", "5 scores"].map((given) => toValue(score, given, undefined))).toEqual([4, 4, 4, 5]);
    for (const given of noScores)
      expect(refusal(() => toValue(score, given, undefined))).toMatchObject({ code: "kpi_invalid" });
    for (const given of ["40", "4,5", "4.5 score", "many"])
      expect(refusal(() => toValue(score, given, undefined)).message).toMatch(/is no score.*from 1 \(poor\) to 5/u);
  });
});

describe("when and by whom", () => {
  test("a day means its end, the present day now, and a moment without a zone is UTC", () => {
    expect(toObservedAt(RUN, undefined, NOW)).toEqual(NOW);
    expect(toObservedAt(RUN, "2026-11-20", NOW)).toEqual(NOW);
    expect(toObservedAt(RUN, "2026-11-18", NOW)).toEqual(new Date("2026-11-18T23:59:59.999Z"));
    expect(toObservedAt(RUN, "2026-11-19T10:00", NOW)).toEqual(new Date("2026-11-19T10:00:00.000Z"));
    expect(toObservedAt(RUN, "2026-11-19T10:00+02:00", NOW)).toEqual(new Date("2026-11-19T08:00:00.000Z"));
  });

  test.each([
    ["2026-11-21", "still to come"],
    ["2026-11-20T14:00:01Z", "still to come"],
    ["2026-11-17", "before run R1 began"],
    ["2026-02-30", "is no moment"],
    ["yesterday", "is no moment"],
    ["2026", "is no moment"],
  ])("%s is refused: %s", (given, words) => {
    const { code, message } = refusal(() => toObservedAt(RUN, given, NOW));

    expect(code).toBe("kpi_invalid");
    expect(message).toContain(words);
  });

  test("a name that is empty is refused; none is the user of the machine", () => {
    expect(refusal(() => toTeller("  ", "ada"))).toMatchObject({ code: "kpi_invalid" });
    expect(toTeller(undefined, "ada")).toBe("local:ada");
  });

  test("what the mission measures is not told by people, unless that failed and the run is over", () => {
    const steps = findFigure(MISSION, "steps");
    const measured = { runId: "R1", kpiId: "steps", value: 3, at: NOW, basis: "measured" as const, by: "mission" };

    expect(refusal(() => assertToldByPeople(steps, { ...RUN, finishedAt: NOW }, [measured])).message).toContain(
      "3 steps (measured)",
    );
    expect(refusal(() => assertToldByPeople(steps, RUN, []))).toMatchObject({ code: "kpi_invalid" });
    expect(refusal(() => assertToldByPeople(steps, { ...RUN, finishedAt: NOW }, []))).toEqual({});
    expect(refusal(() => assertToldByPeople(FIGURE, RUN, []))).toEqual({});
  });
});

describe("recording where something stands", () => {
  const standing = { value: 6, at: RUN.startedAt, by: "Ada" };
  const wanted: Wanted = { value: 6, at: NOW, isAtGiven: false, by: "Ada", correct: false, reason: undefined };

  test("the first is recorded, the same again changes nothing", () => {
    expect(ruleOnRecording(FIGURE, undefined, wanted)).toBe("recorded");
    expect(ruleOnRecording(FIGURE, standing, wanted)).toBe("unchanged");
    expect(ruleOnRecording(FIGURE, standing, { ...wanted, at: standing.at, isAtGiven: true })).toBe("unchanged");
  });

  test.each([
    ["another value", { value: 7 }],
    ["another person", { by: "Ben" }],
    ["another moment", { isAtGiven: true }],
  ])("%s is refused with what stands, and accepted as a correction with a reason", (_, fields) => {
    const { code, message } = refusal(() => ruleOnRecording(FIGURE, standing, { ...wanted, ...fields }));

    expect(code).toBe("kpi_recorded");
    expect(message).toContain("6 days by Ada, as of 2026-11-18T09:00:00.000Z");
    expect(message).toContain("--correct --reason");
    expect(ruleOnRecording(FIGURE, standing, { ...wanted, ...fields, correct: true, reason: "typo" })).toBe(
      "corrected",
    );
  });

  test("a correction without a reason, or of nothing, is refused", () => {
    expect(
      refusal(() => ruleOnRecording(FIGURE, standing, { ...wanted, value: 7, correct: true, reason: " " })),
    ).toMatchObject({
      code: "reason_missing",
    });
    expect(
      refusal(() => ruleOnRecording(FIGURE, undefined, { ...wanted, correct: true, reason: "typo" })),
    ).toMatchObject({
      code: "kpi_invalid",
    });
  });
});
