import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ToolDefinition } from "../../core/tool.js";
import { until } from "../support/approvals.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { deferred } from "../support/kill.js";
import type { TaskParts } from "../support/missions.js";
import type { Ledger } from "../support/reversible.js";
import { actingAgent, createLedger, ledgerTools } from "../support/reversible.js";

const TASKS: readonly TaskParts[] = [
  {
    task_id: "book",
    skill: "book",
    inputs: { names: { value: ["flight"] } },
    retry: { attempts: 2, first_delay_seconds: 0 },
  },
  {
    task_id: "ask",
    skill: "note",
    depends_on: ["book"],
    inputs: { names: { value: [] } },
    requires_human_approval: true,
  },
];

let ledger: Ledger;
let engine: Engine;
let comesBack: ReturnType<typeof deferred>;
let atWork: { now: number; most: number; tries: number };
beforeEach(async () => {
  ledger = createLedger();
  comesBack = deferred();
  atWork = { now: 0, most: 0, tries: 0 };
  engine = await openEngine({
    agents: [actingAgent],
    tools: ledgerTools(ledger).map(deaf),
    missions: [{ agents: ["A1"], tasks: TASKS }],
  });
});
afterEach(() => {
  comesBack.finish();
  return engine.drop();
});

/** The same with an undo that heeds no signal: its first try ends when `comesBack` says so, long after its limit. */
function deaf(tool: ToolDefinition): ToolDefinition {
  const { compensate } = tool;
  if (!compensate) return tool;
  return {
    ...tool,
    timeoutMs: 60,
    async compensate(args, result, context) {
      atWork.now += 1;
      atWork.tries += 1;
      atWork.most = Math.max(atWork.most, atWork.now);
      await comesBack.done;
      await compensate(args, result, context);
      atWork.now -= 1;
    },
  };
}

const undoFailed = (run: string) => engine.parts.store.events.of(run, { types: ["undo_failed"] });
const undoOf = async (run: string) =>
  (await engine.parts.store.effects.of(run)).find(({ undoes }) => undoes !== undefined);

describe("I2: an undo whose code does not heed its time limit", () => {
  test("is not begun again before that code came back", async () => {
    const { run_id: run } = await engine.orchestrator.start("test-mission");
    const cancelling = engine.orchestrator.cancel(run, { by: "ada" });
    await until(async () => (await undoFailed(run)).length > 0);
    comesBack.finish();

    const { status, approvals } = await cancelling;

    expect({ status, approvals }).toEqual({ status: "cancelled", approvals: [] });
    expect(atWork).toEqual({ now: 0, most: 1, tries: 2 });
    expect(await undoOf(run)).toMatchObject({ status: "done" });
  });

  test("is asked about once that was waited for, and whoever answers is told; what it did stays unknown", async () => {
    const { run_id: run } = await engine.orchestrator.start("test-mission");

    const { approvals } = await engine.orchestrator.cancel(run, { by: "ada" });

    expect(atWork).toEqual({ now: 1, most: 1, tries: 1 });
    expect(approvals).toMatchObject([{ kind: "question", summary: expect.stringContaining("in one try") }]);
    expect(approvals[0]?.shown.reasons).toContain(
      "The code that takes it back did not heed its time limit and may still be at it: look outside before you answer.",
    );
    const decision = { type: "answer", answer: "Called the airline." } as const;
    await engine.orchestrator.decide(approvals[0]?.approval_id ?? "", { decision, by: "ada" });
    expect((await engine.orchestrator.status(run)).status).toBe("cancelled");
    expect(await undoOf(run)).toMatchObject({ status: "claimed" });
    expect(await engine.parts.store.events.of(run, { types: ["effect_not_done"] })).toEqual([]);
    expect((await engine.orchestrator.insight.audit({ run })).is_sound).toBe(true);
  });
});
