import { afterEach, beforeEach, expect, test } from "vitest";
import type { ToolDefinition } from "../../core/tool.js";
import { until } from "../support/approvals.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { deferred, untilLetGo } from "../support/kill.js";
import type { TaskParts } from "../support/missions.js";
import type { Ledger } from "../support/reversible.js";
import { actingAgent, createLedger, ledgerTools } from "../support/reversible.js";

const TASKS: readonly TaskParts[] = [
  { task_id: "book", skill: "book", inputs: { names: { cel: "[case.name]" } }, resources: ["desk:{case.desk}"] },
  {
    task_id: "ask",
    skill: "note",
    depends_on: ["book"],
    inputs: { names: { value: [] } },
    requires_human_approval: true,
  },
];
const CASES = {
  id: "case_id",
  title: "case.case_id",
  items: ["C1", "C2"].map((case_id) => ({ case_id, name: `flight of ${case_id}`, desk: "north" })),
};

let ledger: Ledger;
let gates: { readonly [moment in "run" | "undo"]: ReturnType<typeof deferred> };
let begun: { readonly [moment in "run" | "undo"]: ReturnType<typeof deferred> };
let slow: { run: string; undo: string };
let engines: Engine[];
beforeEach(() => {
  ledger = createLedger();
  gates = { run: deferred(), undo: deferred() };
  begun = { run: deferred(), undo: deferred() };
  slow = { run: "", undo: "" };
  engines = [];
});
afterEach(async () => {
  gates.run.finish();
  gates.undo.finish();
  for (const engine of engines.reverse()) await engine.drop();
});

/** Acts and undos named slow last until their gate opens. */
function slowly(tool: ToolDefinition): ToolDefinition {
  const { run, compensate } = tool;
  if (!compensate) return tool;
  const wait = async (moment: "run" | "undo", args: unknown, signal: AbortSignal): Promise<void> => {
    if ((args as { name: string }).name !== slow[moment]) return; // safe: every tool of the ledger takes a name
    begun[moment].finish();
    await untilLetGo(gates[moment].done, signal);
  };
  return {
    ...tool,
    async run(args, context) {
      await wait("run", args, context.signal);
      return run(args, context);
    },
    async compensate(args, result, context) {
      await wait("undo", args, context.signal);
      await compensate(args, result, context);
    },
  };
}

async function open(before?: Engine): Promise<Engine> {
  const engine = await openEngine({
    agents: [actingAgent],
    tools: ledgerTools(ledger).map(slowly),
    missions: [{ agents: ["A1"], tasks: TASKS, cases: CASES }],
    ...(before && { path: before.path }),
  });
  engines.push(engine);
  return engine;
}

const start = (engine: Engine, caseRef: string) => engine.orchestrator.start("test-mission", { caseRef });

/** The run of the case, once its booking waits for what another holds. */
function untilWaiting({ orchestrator }: Engine, caseId: string): Promise<string> {
  return until(async () => {
    const run = (await orchestrator.runs()).find(({ case_id }) => case_id === caseId)?.run_id;
    const waits = run === undefined ? null : (await orchestrator.status(run)).tasks["book"]?.waiting_for;
    return waits?.startsWith("waits for desk:north, held by run") ? run : undefined;
  });
}

test("I2: who wants to write what an undo is at work on waits until it is through", async () => {
  const engine = await open();
  slow.undo = "flight of C1";
  const { run_id: first } = await start(engine, "C1");
  const cancelling = engine.orchestrator.cancel(first, { by: "ada" });
  await begun.undo.done;

  const second = start(engine, "C2");
  await untilWaiting(engine, "C2");
  expect(ledger.log).toEqual(["do flight of C1"]);
  gates.undo.finish();

  expect((await cancelling).status).toBe("cancelled");
  expect((await second).status).toBe("waiting");
  expect(ledger.log).toEqual(["do flight of C1", "undo flight of C1", "do flight of C2"]);
});

test("I2: an undo waits for who is at work on what it takes back, and the log says for whom", async () => {
  const engine = await open();
  slow.run = "flight of C2";
  const { run_id: first } = await start(engine, "C1");
  const second = start(engine, "C2");
  await begun.run.done;

  const cancelling = engine.orchestrator.cancel(first, { by: "ada" });
  const awaited = await until(async () => {
    const [event] = await engine.parts.store.events.of(first, { types: ["resource_awaited"] });
    return event;
  });
  expect(awaited.data).toMatchObject({ resource: "desk:north", holder: "book" });
  expect(ledger.log).toEqual(["do flight of C1"]);
  gates.run.finish();

  expect((await cancelling).status).toBe("cancelled");
  await second;
  expect(ledger.log).toEqual(["do flight of C1", "do flight of C2", "undo flight of C1"]);
});

test("I2: what is half undone stays held when its process ends, until its run is resumed and is through with it", async () => {
  const before = await open();
  slow.undo = "flight of C1";
  const { run_id: first } = await start(before, "C1");
  const cancelling = before.orchestrator.cancel(first, { by: "ada" }).catch(() => undefined);
  await begun.undo.done;
  await before.orchestrator.close();
  await cancelling;
  slow.undo = "";

  const engine = await open(before);
  const second = start(engine, "C2");
  await untilWaiting(engine, "C2");
  await engine.orchestrator.resume(first);

  expect((await engine.orchestrator.status(first)).status).toBe("cancelled");
  await second;
  expect(ledger.log).toEqual(["do flight of C1", "undo flight of C1", "do flight of C2"]);
});
