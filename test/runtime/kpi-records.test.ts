import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { fakeAgent } from "../support/missions.js";

const NOW = new Date("2026-03-02T09:00:00.000Z");
const MISSION = {
  kpis: [
    { kpi_id: "praise", unit: "points", direction: "higher" as const, baseline: 1, target: 9, known: "later" as const },
    { kpi_id: "steps", unit: "steps", direction: "lower" as const, measure: "run.steps" },
  ],
  tasks: [{ task_id: "A" }],
};

let engine: Engine;
let runId: string;

beforeEach(async () => {
  engine = await openEngine({ missions: [MISSION], agents: [fakeAgent("A1", "worker")], clock: { now: () => NOW } });
  runId = (await engine.orchestrator.start("test-mission")).run_id;
});
afterEach(() => engine.drop());

const codesOf = (outcomes: readonly PromiseSettledResult<{ readonly status: string }>[]) =>
  outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value.status : outcome.reason.code)).sort();

describe("figures that several people tell at once", () => {
  test("one stands, and the others hear of it", async () => {
    const { insight } = engine.orchestrator;

    const first = await Promise.allSettled(
      [5, 6, 7].map((value) => insight.recordKpi(runId, "praise", value, { by: `P${value}` })),
    );
    const standing = (await engine.orchestrator.status(runId)).kpis[0]?.actual;
    const correct = { correct: true, reason: "counted again" };
    const second = await Promise.allSettled(
      [1, 2].map((value) => insight.recordKpi(runId, "praise", value, { ...correct, by: `P${value}` })),
    );

    expect(codesOf(first)).toEqual(["kpi_recorded", "kpi_recorded", "recorded"]);
    expect([5, 6, 7]).toContain(standing);
    expect(codesOf(second)).toEqual(["corrected", "kpi_recorded"]);
  });

  test("of scores that count for no KPI one is kept as well, and only its giver is told that it was", async () => {
    const { insight } = engine.orchestrator;

    const outcomes = await Promise.allSettled(
      [1, 2, 3].map((score) => insight.feedback(runId, { score, by: `P${score}` })),
    );
    const kept = await engine.parts.store.events.of(runId, { types: ["feedback_given"] });

    expect(codesOf(outcomes)).toEqual(["kpi_recorded", "kpi_recorded", "recorded"]);
    expect(kept).toHaveLength(1);
    const winner = outcomes.find((outcome) => outcome.status === "fulfilled");
    expect(winner?.status === "fulfilled" && winner.value.by).toBe(kept[0]?.data["by"]);
  });
});

describe("what a record leaves", () => {
  test("the log keeps what a correction replaced, and the run's own chain stays whole", async () => {
    const { insight } = engine.orchestrator;
    await insight.recordKpi(runId, "praise", "5 points", { by: "Ada" });
    await insight.recordKpi(runId, "praise", 8, { by: "Ben", correct: true, reason: "heard it wrong" });

    const told = (await engine.parts.store.events.of(runId, { types: ["kpi_observed"] })).filter(
      ({ data }) => data["basis"] === "recorded",
    );

    expect(told.map(({ data }) => data)).toMatchObject([
      { kpi: "praise", value: 5, by: "Ada" },
      { kpi: "praise", value: 8, by: "Ben", reason: "heard it wrong", instead_of: { value: 5, by: "Ada" } },
    ]);
    expect((await insight.audit({ run: runId })).runs).toMatchObject([{ is_sound: true }]);
  });

  test("a figure that the mission measures is not told by people", async () => {
    await expect(engine.orchestrator.insight.recordKpi(runId, "steps", 4)).rejects.toMatchObject({
      code: "kpi_invalid",
    });
  });
});
