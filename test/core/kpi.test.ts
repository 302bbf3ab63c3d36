import { describe, expect, test } from "vitest";
import { isOnBusinessClock, resolveReceivedAt } from "../../core/case.js";
import {
  approvalDelayMinutes,
  attainment,
  businessTime,
  isKept,
  measure,
  readsClock,
  toKpiView,
  toLimitView,
} from "../../core/kpi.js";
import type { Kpi, Limit } from "../../core/mission.js";
import type { ObservationRecord } from "../../core/records.js";
import { missionOf } from "../support/missions.js";

const START = new Date("2026-03-02T09:00:00.000Z");
const KPI: Kpi = {
  id: "days",
  unit: "days",
  direction: "lower",
  baseline: 5,
  target: 2,
  known: "at_end",
  measure: "days_between(case.received_at, run.finished_at)",
};
const LIMIT: Limit = { id: "max_steps", op: "<=", value: 5, known: "at_end", measure: "run.steps" };
const observed = (
  kpiId: string,
  value: number,
  basis: ObservationRecord["basis"] = "measured",
  at = START,
): ObservationRecord => ({
  runId: "R1",
  kpiId,
  value,
  at,
  basis,
  by: "engine",
});

describe("attainment", () => {
  test.each([
    [5, 0],
    [2, 1],
    [3.5, 0.5],
    [0.5, 1.5],
    [8, -1],
  ])("an actual of %s days of 5 to 2 is %s of the way, unclamped", (actual, way) => {
    expect(attainment(KPI, actual)).toBe(way);
  });

  test("higher is better works the same way", () => {
    expect(attainment({ baseline: 10, target: 20 }, 15)).toBe(0.5);
  });

  test("there is none when baseline and target are equal or missing", () => {
    expect(attainment({ baseline: 3, target: 3 }, 3)).toBeUndefined();
    expect(attainment({ target: 3 }, 3)).toBeUndefined();
  });
});

describe("limits", () => {
  test.each([
    ["<=", [true, true, false]],
    ["<", [true, false, false]],
    [">=", [false, true, true]],
    [">", [false, false, true]],
    ["==", [false, true, false]],
  ] as const)("4, 5 and 6 %s 5", (op, kept) => {
    expect([4, 5, 6].map((actual) => isKept({ op, value: 5 }, actual))).toEqual(kept);
  });
});

describe("measuring", () => {
  const mission = {
    kpis: [KPI, { ...KPI, id: "later", known: "later" } as const],
    limits: [LIMIT, { ...LIMIT, id: "touch", measure: "T4.touchpoints" }],
  };
  const run = {
    started_at: START.toISOString(),
    finished_at: "2026-03-03T21:00:00.000Z",
    steps: 3,
    cost_usd: 0,
    waited_for_people_hours: 1,
  };

  test("what is known at the end is measured, what comes later is left, what cannot be told says why", () => {
    const figures = measure(mission, { case: { received_at: "2026-03-02T09:00:00Z" }, run });

    expect(figures).toEqual([
      { id: "days", value: 1.5 },
      { id: "max_steps", value: 3 },
      { id: "touch", problem: expect.stringContaining("Unknown variable: T4") },
    ]);
  });

  test("a measure that gives no number says so", () => {
    expect(measure({ kpis: [{ ...KPI, measure: "'many'" }], limits: [] }, {})).toEqual([
      { id: "days", problem: expect.stringContaining('gives "many"') },
    ]);
  });

  test("a figure is pending until somebody tells it", () => {
    expect(toKpiView(KPI, [], "running")).toMatchObject({ actual: null, basis: "pending", attainment: null });
    expect(toLimitView(LIMIT, [observed("days", 9)])).toMatchObject({ actual: null, status: "pending" });
  });

  test("a run that failed or was cancelled reached nothing, whatever was observed of it", () => {
    for (const status of ["failed", "cancelled"] as const) {
      const view = toKpiView(KPI, [observed("days", 1.2, "simulated")], status);
      expect(view).toMatchObject({ actual: null, attainment: null, not_counted: status });
    }
    expect(toKpiView(KPI, [observed("days", 1.2)], "completed")).not.toHaveProperty("not_counted");
  });

  test("the newest observation counts, with its basis", () => {
    const later = new Date(START.getTime() + 1);
    const observations = [observed("days", 3.5, "recorded", later), observed("days", 9, "simulated")];
    const view = toKpiView(KPI, observations, "completed");

    expect(view).toMatchObject({ baseline: 5, target: 2, actual: 3.5, basis: "recorded", attainment: 0.5 });
    expect(toLimitView(LIMIT, [observed("max_steps", 6)])).toEqual({
      limit_id: "max_steps",
      op: "<=",
      value: 5,
      actual: 6,
      status: "breached",
      basis: "measured",
    });
  });
});

test.each([
  ["hours_between(case.received_at, run.finished_at)", true],
  ["run.waited_for_people_hours", true],
  ["run.steps", false],
  ["T4.touchpoints", false],
])("%s is read off the run's clock: %s", (expression, isRead) => expect(readsClock(expression)).toBe(isRead));

describe("the business clock", () => {
  const { tasks } = missionOf({
    tasks: [
      { task_id: "T1", estimated_duration_minutes: 5 },
      { task_id: "T2", depends_on: ["T1"], estimated_duration_minutes: 10 },
      { task_id: "T3", depends_on: ["T1"], estimated_duration_minutes: 20 },
      { task_id: "T4", depends_on: ["T2", "T3"], estimated_duration_minutes: 1 },
    ],
  });
  const all = new Set(["T1", "T2", "T3", "T4"]);

  test("advances by the estimates along the longest path of done tasks", () => {
    const run = { startedAt: START, approvals: new Map(), approvalDelayMinutes: 0 };

    expect(businessTime(tasks, { ...run, doneTasks: all })).toEqual({
      finishedAt: new Date("2026-03-02T09:26:00.000Z"),
      path: ["T1", "T3", "T4"],
      waitedMinutes: 0,
    });
    expect(businessTime(tasks, { ...run, doneTasks: new Set(["T1", "T2", "T4"]) }).path).toEqual(["T1", "T2", "T4"]);
    expect(businessTime(tasks, { ...run, doneTasks: new Set() }).finishedAt).toEqual(START);
  });

  test("adds the case's delay for each approval on that path, and no other", () => {
    const run = { startedAt: START, doneTasks: all, approvalDelayMinutes: 30 };

    expect(businessTime(tasks, { ...run, approvals: new Map([["T2", 1]]) })).toMatchObject({
      path: ["T1", "T2", "T4"],
      waitedMinutes: 30,
      finishedAt: new Date("2026-03-02T09:46:00.000Z"),
    });
    expect(
      businessTime(tasks, {
        ...run,
        approvals: new Map([
          ["T2", 1],
          ["T3", 2],
        ]),
      }),
    ).toMatchObject({ path: ["T1", "T3", "T4"], waitedMinutes: 60 });
  });

  test("the delay is the case's own, none when it says none", () => {
    expect([{ approval_delay_minutes: 25 }, {}, { approval_delay_minutes: "5" }].map(approvalDelayMinutes)).toEqual([
      25, 0, 0,
    ]);
  });

  test("a time before the start becomes a moment, once, and is remembered", () => {
    const resolved = resolveReceivedAt({ case_id: "C1", received_at: "-P1DT4H" }, START);

    expect(resolved).toEqual({
      case_id: "C1",
      received_at: "2026-03-01T05:00:00.000Z",
      received_before_start: "-P1DT4H",
    });
    expect(resolveReceivedAt(resolved, new Date())).toBe(resolved);
    expect([resolved, { received_at: "2026-03-01T05:00:00Z" }].map(isOnBusinessClock)).toEqual([true, false]);
  });

  test.each(["-PT45M", "-P2W", "-PT1.5S"])("%s is a time before the start", (duration) => {
    expect(Date.parse(String(resolveReceivedAt({ received_at: duration }, START)["received_at"]))).toBeLessThan(
      START.getTime(),
    );
  });

  test.each(["-P", "P1D", "-P1Y", "-PT", "-P1H"])("%s is refused with what is allowed", (duration) => {
    expect(() => resolveReceivedAt({ received_at: duration }, START)).toThrow(/received_at.*-P1DT4H/u);
  });
});
