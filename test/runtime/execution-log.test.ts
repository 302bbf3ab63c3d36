import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LogEntryOf } from "../../core/execution-log.js";
import type { RunOutcome } from "../../core/views.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { fakeAgent } from "../support/missions.js";
import { logOf } from "../support/run-log.js";

const START_MS = Date.parse("2026-03-02T09:00:00Z");
const TWO_HOURS_MS = 7_200_000;
const MISSION = {
  kpis: [
    { kpi_id: "praise", unit: "points", direction: "higher" as const, baseline: 1, target: 9, known: "later" as const },
    { kpi_id: "steps", unit: "steps", direction: "lower" as const, measure: "run.steps" },
  ],
  tasks: [{ task_id: "A", requires_human_approval: true }],
};
const correction = { correct: true, reason: "counted again" };

let engine: Engine;
let waiting: RunOutcome;
let nowMs: number;

beforeEach(async () => {
  nowMs = START_MS;
  const clock = { now: () => new Date(nowMs) };
  engine = await openEngine({ missions: [MISSION], agents: [fakeAgent("A1", "worker")], clock });
  waiting = await engine.orchestrator.start("test-mission");
});
afterEach(() => engine.drop());

const record = (value: number, options: object) =>
  engine.orchestrator.insight.recordKpi(waiting.run_id, "praise", value, options);
const approve = () =>
  engine.orchestrator.decide(waiting.approvals[0]?.approval_id ?? "", { decision: { type: "approve" }, by: "Ada" });

async function expectSameAsReplayed(): Promise<void> {
  const { orchestrator } = engine;
  const { log, replay } = await logOf(engine, waiting.run_id);
  const { replayed, problems } = await replay(log);
  const asJson = (value: unknown) => JSON.parse(JSON.stringify(value));

  expect(problems).toEqual([]);
  expect(asJson(replayed[0]?.status)).toEqual(asJson(await orchestrator.status(waiting.run_id)));
  expect(asJson(replayed[0]?.report)).toEqual(asJson(await orchestrator.report(waiting.run_id)));
}

describe("a figure that people tell", () => {
  test("before the run ends it stands in the report, replayed too", async () => {
    await record(5, { by: "Ada" });
    await approve();

    expect((await engine.orchestrator.report(waiting.run_id))?.kpis[0]).toMatchObject({ actual: 5, basis: "recorded" });
    await expectSameAsReplayed();
  });

  test("and correct after the end is in the log as it was told each time, and the report rests on the first", async () => {
    await record(5, { by: "Ada" });
    await approve();
    nowMs += TWO_HOURS_MS;
    await record(8, { by: "Ben", at: "2026-03-02T09:00:00Z", ...correction });
    const { log } = await logOf(engine, waiting.run_id);

    const told = log.entries.filter(
      (entry): entry is LogEntryOf<"observed"> => entry.event === "observed" && entry.kpi_id === "praise",
    );
    expect(told.map(({ value, by, as_of }) => [value, by, as_of])).toEqual([
      [5, "Ada", "2026-03-02T09:00:00.000Z"],
      [8, "Ben", "2026-03-02T09:00:00.000Z"],
    ]);
    await expectSameAsReplayed();
  });

  test("after the end, of a moment before it, is no part of the report that was written without it", async () => {
    nowMs += TWO_HOURS_MS;
    await approve();
    nowMs += TWO_HOURS_MS;
    await record(8, { by: "Ben", at: "2026-03-02T10:00:00Z" });

    expect((await engine.orchestrator.report(waiting.run_id))?.kpis[0]?.basis).toBe("pending");
    await expectSameAsReplayed();
  });

  test("and correct to one of an earlier moment counts as corrected", async () => {
    nowMs += TWO_HOURS_MS;
    await record(5, { by: "Ada" });
    await record(8, { by: "Ben", at: "2026-03-02T10:00:00Z", ...correction });
    await approve();

    expect((await engine.orchestrator.status(waiting.run_id)).kpis[0]?.actual).toBe(8);
    await expectSameAsReplayed();
  });
});
