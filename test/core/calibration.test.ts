import { describe, expect, test } from "vitest";
import type { PastRun } from "../../core/calibration.js";
import { calibrationOf, errorsOf, summaryOf } from "../../core/calibration.js";
import { missionOf } from "../support/missions.js";

const mission = missionOf({
  tasks: [
    { task_id: "A", estimated_duration_minutes: 10 },
    { task_id: "B", estimated_duration_minutes: 20, depends_on: ["A"], requires_human_approval: true },
  ],
});
const run = (index: number, a: number, b: number, wait = 5): PastRun => ({
  runId: `run${index}`,
  title: `Case ${index}`,
  finishedAt: "2026-01-01T00:00:00.000Z",
  mission,
  actualMinutes: a + b + wait,
  expectedWaitMinutes: 0,
  workMinutes: new Map([
    ["A", a],
    ["B", b],
  ]),
  approvalWaits: [wait],
});

describe("F110: what past runs teach", () => {
  test("fewer than five runs correct no estimate; five correct it by their median", () => {
    const four = [10, 20, 20, 20].map((a, index) => run(index, a, 20));

    expect(calibrationOf(four).ratios).toEqual([]);
    const five = calibrationOf([...four, run(5, 900, 20)]);
    expect(five.ratios).toEqual([
      { task_id: "A", ratio: 2, runs: 5 },
      { task_id: "B", ratio: 1, runs: 5 },
    ]);
    expect(mission.tasks.map(five.minutesOf)).toEqual([20, 20]);
    expect(five.approvalWaitMinutes).toBe(5);
  });

  test("only the newest twenty count", () => {
    const runs = [
      ...Array.from({ length: 20 }, (_, n) => run(n, 10, 20)),
      ...Array.from({ length: 30 }, (_, n) => run(n, 90, 20)),
    ];

    expect(calibrationOf(runs).ratios[0]).toEqual({ task_id: "A", ratio: 1, runs: 20 });
    expect(errorsOf(runs)).toHaveLength(20);
  });

  test("each run is forecast by those before it alone", () => {
    const runs = Array.from({ length: 8 }, (_, n) => run(n, 20, 40, 6));

    const errors = errorsOf(runs);

    expect(errors[0]).toMatchObject({
      actual_minutes: 66,
      forecast_minutes: 30,
      calibrated_minutes: 66,
      calibrated_error: 0,
    });
    expect(errors[0]?.error).toBeCloseTo(-36 / 66);
    // Three runs stand before it: enough for how long people take, not for the tasks.
    expect(errors[4]).toMatchObject({ calibrated_minutes: 36 });
    expect(errors[7]).toMatchObject({ calibrated_minutes: null, calibrated_error: null });
    expect(summaryOf(errors.map(({ error }) => error))).toMatchObject({ runs: 8, bias: -36 / 66 });
  });

  test("what took no time, or was never estimated, has no error and no ratio", () => {
    const empty = missionOf({ tasks: [{ task_id: "A", estimated_duration_minutes: 0 }] });
    const runs = Array.from({ length: 6 }, (_, n) => ({ ...run(n, 0, 0, 0), mission: empty, approvalWaits: [] }));

    expect(calibrationOf(runs).ratios).toEqual([]);
    expect(errorsOf(runs).map(({ error }) => error)).toEqual(runs.map(() => null));
    expect(summaryOf([null])).toEqual({ runs: 0, median_absolute_error: null, bias: null });
  });
});
