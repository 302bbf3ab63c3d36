import { describe, expect, test } from "vitest";
import { toMissionBoard } from "../../core/kpi-board.js";
import type { ObservationRecord, RunFigure } from "../../core/records.js";
import { fc } from "../support/fast-check.js";
import { boardSource, CSAT, DAYS, ended, hours, observed } from "../support/kpi-board.js";

const five = ["R1", "R2", "R3", "R4", "R5"];
const board = (parts: Parameters<typeof boardSource>[0]) => toMissionBoard(boardSource(parts));

describe("a KPI over runs", () => {
  test("five runs give a median, a 90th percentile, the share at target and the way that the median went", () => {
    const { kpis } = board({
      runs: five.map((id) => ended(id, 1)),
      observations: [6, 7, 8, 9, 20].map((value, index) => observed(five[index] ?? "", value)),
    });

    expect(kpis).toEqual([
      {
        kpi_id: "pipeline_days",
        unit: "days",
        direction: "lower",
        baseline: 14,
        target: 7,
        source: "the dataset",
        basis: "recorded",
        n: 5,
        median: 8,
        p90: expect.closeTo(15.6, 9),
        share_at_target: 0.4,
        attainment: 6 / 7,
        judgement: "on_the_way",
      },
    ]);
  });

  test.each([
    [[7, 7, 7, 7, 7], "at_target"],
    [[14, 14, 14, 14, 14], "no_better"],
    [[7, 7, 7, 7], "too_few"],
  ] as const)("%j days are judged as %s", (values, judgement) => {
    const runs = five.slice(0, values.length).map((id) => ended(id, 1));
    const { kpis } = board({ runs, observations: runs.map(({ runId }, index) => observed(runId, values[index] ?? 0)) });

    expect(kpis[0]?.judgement).toBe(judgement);
  });

  test("where higher is better the share counts what is above the target; without a target there is none", () => {
    const rising = { ...DAYS, direction: "higher" as const, baseline: 1, target: 4 };
    const { target: _, ...aimless } = DAYS;
    const runs = five.map((id) => ended(id, 1));
    const observations = runs.map(({ runId }, index) => observed(runId, index + 1));
    const of = (kpi: typeof DAYS) => {
      const definition = { kpis: [kpi], limits: [] };
      return board({ runs, observations, newest: definition, definitionOf: () => definition }).kpis[0];
    };

    expect(of(rising)).toMatchObject({ share_at_target: 0.4, judgement: "on_the_way" });
    expect(of(aimless)).toMatchObject({ share_at_target: null, attainment: null, judgement: "no_target" });
  });

  test("what nobody told is pending, and a mission without completed runs still says what it aims at", () => {
    const { kpis } = board({ runs: [ended("R1", 1), ended("R2", 1)], observations: [observed("R1", 6)] });

    expect(kpis.map(({ basis, n, median }) => [basis, n, median])).toEqual([
      ["recorded", 1, 6],
      ["pending", 1, null],
    ]);
    expect(board({}).kpis).toMatchObject([{ basis: "pending", n: 0, baseline: 14, target: 7, judgement: "pending" }]);
  });

  test("runs that failed or were cancelled are counted beside, and their figures in none", () => {
    const failed = ended("R2", 1, { status: "failed" });
    const cancelled = ended("R3", 1, { status: "cancelled" });
    const { finishedAt: _, ...open } = ended("R4", 1, { status: "waiting" });
    const { runs, kpis } = board({
      runs: [ended("R1", 1), failed, cancelled, open],
      observations: five.map((id) => observed(id, 6)),
    });

    expect(runs).toMatchObject({ completed: 1, failed: 1, cancelled: 1, open: 1 });
    expect(kpis).toMatchObject([{ n: 1 }]);
  });

  test("a run is judged by the target that it began with: another target makes a row of its own", () => {
    const stricter = { kpis: [{ ...DAYS, target: 5 }], limits: [] };
    const { kpis } = board({
      runs: [ended("R1", 2), ended("R2", 1, { missionVersion: "v2" })],
      observations: [observed("R1", 6), observed("R2", 6)],
      definitionOf: (version) => (version === "v2" ? stricter : { kpis: [DAYS], limits: [] }),
      newest: stricter,
    });

    expect(kpis.map(({ target, share_at_target }) => [target, share_at_target]).sort()).toEqual([
      [5, 0],
      [7, 1],
    ]);
  });
});

describe("what is true of every board", () => {
  const BASES = ["measured", "recorded", "simulated"] as const;
  const anyRun = (id: number): fc.Arbitrary<RunFigure> =>
    fc
      .record({
        daysAgo: fc.integer({ min: 0, max: 40 }),
        status: fc.constantFrom("completed" as const, "completed" as const, "failed" as const),
        hasRework: fc.boolean(),
        costMicroUsd: fc.nat(1_000),
      })
      .map(({ daysAgo, ...parts }) => ended(`R${id}`, daysAgo, parts));
  const anyRuns = fc
    .integer({ min: 1, max: 12 })
    .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => anyRun(i))));
  const anyObservations = fc.uniqueArray(
    fc
      .tuple(fc.nat(12), fc.constantFrom(...BASES), fc.integer({ min: -20, max: 40 }))
      .map(([id, basis, value]) => observed(`R${id}`, value, basis)),
    { selector: ({ runId, basis }) => `${runId} ${basis}`, maxLength: 30 },
  );
  const anySource = fc.tuple(anyRuns, anyObservations);

  test("the order of runs and observations does not matter", () => {
    const isSame = ([runs, observations]: [RunFigure[], ObservationRecord[]]) => {
      const forwards = board({ runs, observations, byWeek: true });
      const backwards = board({ runs: runs.toReversed(), observations: observations.toReversed(), byWeek: true });
      expect(backwards).toEqual(forwards);
    };

    fc.assert(fc.property(anySource, isSame));
  });

  test("bases are never mixed: each row is what a board of its basis alone would show", () => {
    const isPure = ([runs, observations]: [RunFigure[], ObservationRecord[]]) => {
      const mixed = board({ runs, observations }).kpis;
      for (const basis of BASES) {
        const alone = board({ runs, observations: observations.filter((each) => each.basis === basis) }).kpis;
        expect(mixed.filter((row) => row.basis === basis)).toEqual(alone.filter((row) => row.basis === basis));
      }
    };

    fc.assert(fc.property(anySource, isPure));
  });

  test("weeks hold every ended run once, and each completed run is told on some basis or pending", () => {
    const isComplete = ([runs, observations]: [RunFigure[], ObservationRecord[]]) => {
      const { weeks = [], runs: all, kpis } = board({ runs, observations, byWeek: true });
      const sum = (count: (week: (typeof weeks)[number]) => number) =>
        weeks.reduce((total, week) => total + count(week), 0);
      expect(sum((week) => week.runs.completed)).toBe(all.completed);
      expect(sum((week) => week.runs.failed)).toBe(all.failed);
      const pending = kpis.find(({ basis }) => basis === "pending")?.n ?? 0;
      const told = new Set(observations.map(({ runId }) => runId));
      expect(pending).toBe(runs.filter(({ runId, status }) => status === "completed" && !told.has(runId)).length);
    };

    fc.assert(fc.property(anySource, isComplete));
  });
});

describe("how the work went", () => {
  test("first time right, lesser ways and cost are of completed runs", () => {
    const { runs } = board({
      runs: [
        ended("R1", 1, { costMicroUsd: 1_000_000 }),
        ended("R2", 1, { hasRework: true, costMicroUsd: 3_000_000 }),
        ended("R3", 1, { isDegraded: true, costMicroUsd: 2_000_000 }),
        ended("R4", 1, { hasRework: true, status: "failed", costMicroUsd: 9_000_000 }),
      ],
    });

    expect(runs).toMatchObject({ first_time_right: 2 / 3, degraded: 1 / 3, cost_usd_per_run: 2 });
    expect(board({}).runs).toMatchObject({ first_time_right: null, degraded: null, cost_usd_per_run: null });
  });

  test("with a beginning of time, decisions of runs that are still open are in no time", () => {
    const { finishedAt: _, ...open } = ended("R1", 1, { status: "waiting" });
    const of = (from: Date | undefined) =>
      board({ runs: [open, ended("R2", 1)], decisions: ["R1", "R2"].map((runId) => ({ runId, waitedMs: 0 })), from });

    expect(of(new Date("2026-11-01T00:00:00Z")).runs).toMatchObject({ open: 1, decisions: 1 });
    expect(of(undefined).runs.decisions).toBe(2);
  });

  test("decisions are counted, and their waits only where somebody really waited", () => {
    const { runs } = board({
      runs: [
        ended("R1", 1, { leadTime: hours(1, 2, 3, "measured") }),
        ended("R2", 1, { leadTime: hours(1, 2, 3, "simulated") }),
      ],
      decisions: [
        { runId: "R1", waitedMs: 10 },
        { runId: "R1", waitedMs: 30 },
        { runId: "R2", waitedMs: 1_000 },
        { runId: "R9", waitedMs: 1_000 },
      ],
    });

    expect(runs).toMatchObject({ decisions: 3, median_decision_wait_ms: 20 });
  });

  test("lead times are means for each basis, whose parts add up to the total", () => {
    const own = [hours(1, 9, 0, "measured"), hours(1, 0, 9, "measured"), hours(10, 0, 0, "measured")];
    const { lead_time } = board({
      runs: [
        ...own.map((leadTime, index) => ended(`R${index}`, 1, { leadTime })),
        ended("R3", 1, { leadTime: hours(100, 0, 0, "simulated") }),
        ended("R4", 1, { leadTime: hours(50, 0, 0, "measured"), status: "failed" }),
      ],
    });

    expect(lead_time).toEqual([
      { n: 3, ...hours(4, 3, 3, "measured") },
      { n: 1, ...hours(100, 0, 0, "simulated") },
    ]);
  });

  test("throughput is by calendar weeks of the time that is looked at", () => {
    const runs = [ended("R1", 1), ended("R2", 8), ended("R3", 8)];

    expect(board({ runs }).runs.completed_per_week).toBe(3 / 2);
    expect(board({ runs, from: new Date("2026-10-26T00:00:00Z") }).runs.completed_per_week).toBe(3 / 4);
    expect(board({ runs: [ended("R1", 0)] }).runs.completed_per_week).toBe(1);
  });

  test("limits are counted as kept and breached for each basis, and as pending", () => {
    const { limits } = board({
      runs: five.map((id) => ended(id, 1)),
      observations: [observed("R1", 5, "recorded", CSAT.id), observed("R2", 3, "recorded", CSAT.id)],
    });

    expect(limits).toEqual([
      { limit_id: "csat", op: ">=", value: 4, unit: "score", basis: "recorded", n: 2, kept: 1, breached: 1 },
      { limit_id: "csat", op: ">=", value: 4, unit: "score", basis: "pending", n: 3, kept: 0, breached: 0 },
    ]);
  });

  test("what the work is worth is the mission's own assumption, of today", () => {
    const newest = { kpis: [], limits: [], value: { minutesByHand: 35, rateUsdPerHour: 45 } };

    expect(board({ newest }).value).toEqual({ minutes_by_hand: 35, rate_usd_per_hour: 45 });
    expect(board({}).value).toBeNull();
  });
});
