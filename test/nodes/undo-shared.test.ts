import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ToolDefinition } from "../../core/tool.js";
import { until } from "../support/approvals.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { deferred, untilLetGo } from "../support/kill.js";
import type { TaskParts } from "../support/missions.js";
import type { Ledger } from "../support/reversible.js";
import { actingAgent, createLedger, ledgerTools } from "../support/reversible.js";

/** Two cases whose runs mean one and the same act: it is single in the mission. */
const TASKS: readonly TaskParts[] = [
  { task_id: "book", skill: "book", inputs: { names: { value: ["hall"] } } },
  {
    task_id: "ask",
    skill: "note",
    depends_on: ["book"],
    inputs: { names: { value: [] } },
    requires_human_approval: true,
  },
];
const CASES = { id: "case_id", title: "case.case_id", items: ["C1", "C2"].map((case_id) => ({ case_id })) };

let ledger: Ledger;
let engine: Engine;
let gate: ReturnType<typeof deferred>;
let begun: ReturnType<typeof deferred>;
beforeEach(async () => {
  ledger = createLedger();
  [gate, begun] = [deferred(), deferred()];
  gate.finish();
  engine = await openEngine({
    agents: [actingAgent],
    tools: ledgerTools(ledger).map(shared),
    missions: [{ agents: ["A1"], tasks: TASKS, cases: CASES }],
  });
});
afterEach(() => {
  gate.finish();
  return engine.drop();
});

function shared(tool: ToolDefinition): ToolDefinition {
  const { compensate } = tool;
  if (!compensate) return tool;
  return {
    ...tool,
    dedupeScope: "mission",
    async compensate(args, result, context) {
      begun.finish();
      await untilLetGo(gate.done, context.signal);
      await compensate(args, result, context);
    },
  };
}

const start = async (caseRef: string) => (await engine.orchestrator.start("test-mission", { caseRef })).run_id;
const cancel = (run: string) => engine.orchestrator.cancel(run, { by: "ada" });

async function approve(run: string): Promise<void> {
  const [request] = await engine.orchestrator.approvals({ run });
  await engine.orchestrator.decide(request?.approval_id ?? "", { decision: { type: "approve" }, by: "ada" });
}

describe("I2: an act that another run rests on is not taken back by code", () => {
  test.each(["at work", "completed"])("whose run is %s: a person is asked, and told who rests on it", async (how) => {
    const [first, second] = [await start("C1"), await start("C2")];
    if (how === "completed") await approve(second);

    const { status, approvals } = await cancel(first);

    expect(status).toBe("waiting");
    expect(approvals).toMatchObject([{ kind: "question", task_id: "book" }]);
    expect(approvals[0]?.shown.reasons).toContain(
      `Another run rests on it: ${second} (C2) went on with what it answered, and did not fail.`,
    );
    const decision = { type: "reject", comment: "The other one needs the hall." } as const;
    await engine.orchestrator.decide(approvals[0]?.approval_id ?? "", { decision, by: "ada" });
    expect((await engine.orchestrator.report(first)).effects).toMatchObject([
      { status: "left", undo: { by: "ada", note: "The other one needs the hall." } },
    ]);
    expect((await engine.orchestrator.status(first)).status).toBe("cancelled");
    expect(ledger.log).toEqual(["do hall"]);
  });

  test("one that was cancelled rests on nothing, and took nothing back that was not its own", async () => {
    const [first, second] = [await start("C1"), await start("C2")];
    expect((await cancel(second)).status).toBe("cancelled");
    expect(ledger.log).toEqual(["do hall"]);

    expect((await cancel(first)).status).toBe("cancelled");

    expect(ledger.log).toEqual(["do hall", "undo hall"]);
  });

  test("who comes while it is taken back waits, and does it anew", async () => {
    gate = deferred();
    const first = await start("C1");
    const cancelling = cancel(first);
    await begun.done;

    const second = start("C2");
    await until(async () => {
      const run = (await engine.orchestrator.runs()).find(({ case_id }) => case_id === "C2")?.run_id;
      if (run === undefined) return undefined;
      const told = await engine.parts.store.events.of(run, { types: ["tool_refused"] });
      return told.some(({ data }) => data["code"] === "effect_unsettled");
    });
    gate.finish();

    expect((await cancelling).status).toBe("cancelled");
    await second;
    expect(ledger.log).toEqual(["do hall", "undo hall", "do hall"]);
  });
});
