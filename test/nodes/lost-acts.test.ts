import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { definePlaybook, giveUp } from "../../core/define-agent.js";
import type { Reconciled, ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../../tools/define-tool.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import type { TaskParts } from "../support/missions.js";
import { fakeAgent } from "../support/missions.js";

const SLUG = "test-mission";
const Receipt = z.strictObject({ receipt: z.string() });
const POST: TaskParts = { task_id: "post", skill: "post" };
const REST: TaskParts = { task_id: "rest", skill: "rest", depends_on: ["post"] };
const ASK: TaskParts = { ...REST, requires_human_approval: true };

let engine: Engine;
let calls: string[];
afterEach(() => engine.drop());

/** What becomes of the first call; every later one would do the act. */
interface Trouble {
  readonly first: (signal: AbortSignal) => Promise<{ receipt: string }>;
  readonly idempotent?: boolean;
  readonly reconcile?: () => Promise<Reconciled<{ receipt: string }>>;
}

const broken = async () => {
  throw new Error("the line is dead");
};

/** What the outside says that should say what became of an act. */
const nothing = async () => undefined as unknown as Reconciled<{ receipt: string }>; // safe: it is the fault looked at

function postTool({ first, idempotent = true, reconcile }: Trouble): ToolDefinition {
  return defineTool({
    name: "post_note",
    description: "Posts a note. Returns a receipt.",
    input: z.strictObject({ text: z.string() }),
    output: Receipt,
    effect: "writes",
    reach: "own",
    timeoutMs: 20,
    maxCostMicroUsd: 0,
    dedupeKey: ({ text }) => text,
    dedupeScope: "case",
    idempotent,
    ...(reconcile && { reconcile }),
    async run({ text }, { signal }) {
      calls.push(`do ${text}`);
      return calls.length === 1 ? first(signal) : { receipt: text };
    },
    async compensate({ text }) {
      calls.push(`undo ${text}`);
    },
  });
}

const playbook = (skill: string, tools: readonly string[]) =>
  definePlaybook({
    skill,
    version: "1",
    input: z.looseObject({}),
    output: z.strictObject({ told: z.string() }),
    tools,
    async run(context) {
      if (tools.length === 0) return { told: "nothing" };
      const reply = await context.call("post_note", { text: "hi" });
      if (skill === "fall") throw giveUp("permanent", "It cannot be done.");
      return { told: reply.ok ? "posted" : reply.code };
    },
  });

async function start(trouble: Trouble, tasks: readonly TaskParts[], made = (tool: ToolDefinition) => tool) {
  calls = [];
  const agent = fakeAgent(
    "A1",
    "worker",
    [playbook("post", ["post_note"]), playbook("fall", ["post_note"]), playbook("rest", [])],
    {
      tools: ["post_note"],
    },
  );
  engine = await openEngine({
    agents: [agent],
    tools: [made(postTool(trouble))],
    missions: [
      {
        agents: ["A1"],
        tasks: tasks.map((task) => ({ retry: { attempts: 2, first_delay_seconds: 0 }, ...task })),
      },
    ],
  });
  const { run_id: run } = await engine.orchestrator.start(SLUG);
  return run;
}

async function open(run: string) {
  const { status } = await engine.orchestrator.status(run);
  const approvals = await engine.orchestrator.approvals({ run });
  const effects = await engine.orchestrator.insight.effects(run);
  return { status, kinds: approvals.map(({ kind }) => kind), approvals, effects: effects.map((each) => each.status) };
}

describe("I2: a run that ends does not make a lost act again", () => {
  test.each([true, false])("a cancel asks a person instead (its tool can look: %s)", async (canLook) => {
    const run = await start({ first: broken, ...(canLook && { reconcile: unknown }) }, [POST, ASK]);

    await engine.orchestrator.cancel(run, { by: "ada" });

    expect(calls).toEqual(["do hi"]);
    const waiting = await open(run);
    expect(waiting).toMatchObject({ status: "waiting", kinds: ["in_doubt"] });
    await engine.orchestrator.decide(waiting.approvals[0]?.approval_id ?? "", {
      decision: { type: "reject" },
      by: "ada",
    });
    expect(calls).toEqual(["do hi"]);
    expect(await open(run)).toMatchObject({ status: "cancelled", kinds: [], effects: ["not_done"] });
  });
});

describe("I3: what breaks while a lost act is found out about ends in a question, never in a run that is stuck", () => {
  const breaks = (tool: ToolDefinition): ToolDefinition =>
    Object.defineProperty({ ...tool }, "reconcile", {
      get() {
        throw new TypeError("It is broken.");
      },
    });

  test.each<[string, Trouble, (tool: ToolDefinition) => ToolDefinition]>([
    ["a tool that answers nothing when asked", { first: broken, reconcile: nothing }, (tool) => tool],
    ["code that breaks around the asking", { first: broken }, breaks],
  ])("%s", async (_what, trouble, made) => {
    const run = await start({ ...trouble, idempotent: false }, [POST], made);

    const waiting = await open(run);
    expect(waiting).toMatchObject({ status: "waiting", kinds: ["in_doubt"], effects: ["claimed"] });
    expect(calls).toEqual(["do hi"]);
    await engine.orchestrator.cancel(run, { by: "ada" });
    await engine.orchestrator.decide((await open(run)).approvals[0]?.approval_id ?? "", {
      decision: { type: "reject" },
      by: "ada",
    });
    expect(await open(run)).toMatchObject({ status: "cancelled", kinds: [], effects: ["not_done"] });
  });
});

describe("I2: no run ends while nobody knows whether an act of it happened", () => {
  const hangs = () => new Promise<never>(() => {});

  test.each([
    ["fails", broken],
    ["hangs, and never comes back", hangs],
  ])("its tool %s: a person is asked, and the act is not made again", async (_how, first) => {
    const run = await start({ first }, [POST, REST]);
    const waiting = await open(run);
    expect(waiting).toMatchObject({ status: "waiting", kinds: ["in_doubt"], effects: ["claimed"] });
    expect(waiting.approvals[0]?.shown.consequences).toMatchObject({
      reject: expect.stringContaining("not done again"),
    });

    await engine.orchestrator.decide(waiting.approvals[0]?.approval_id ?? "", {
      decision: { type: "approve", answer: { receipt: "hi" } },
      by: "ada",
    });

    expect(await open(run)).toMatchObject({ status: "completed", kinds: [], effects: ["done"] });
    expect(calls).toEqual(["do hi"]);
  });

  test("its result may be left unsaid: nothing goes on with it", async () => {
    const run = await start({ first: broken }, [POST, REST]);
    const { approvals } = await open(run);

    await engine.orchestrator.decide(approvals[0]?.approval_id ?? "", { decision: { type: "approve" }, by: "ada" });

    expect(await open(run)).toMatchObject({ status: "completed", kinds: [], effects: ["done"] });
    expect(calls).toEqual(["do hi"]);
  });

  test("said not to have happened, it is noted so and the run completes", async () => {
    const run = await start({ first: broken }, [POST, REST]);
    const { approvals } = await open(run);

    await engine.orchestrator.decide(approvals[0]?.approval_id ?? "", { decision: { type: "reject" }, by: "ada" });

    expect(await open(run)).toMatchObject({ status: "completed", kinds: [], effects: ["not_done"] });
    expect(calls).toEqual(["do hi"]);
  });

  test("where the outside can tell later, nobody is asked", async () => {
    let looks = 0;
    const reconcile = async () => {
      looks += 1;
      if (looks === 1) throw Object.assign(new Error("busy"), { status: 503 });
      return { outcome: "done" as const, result: { receipt: "hi" } };
    };
    const run = await start({ first: broken, reconcile }, [POST, REST]);

    expect(await open(run)).toMatchObject({ status: "completed", kinds: [], effects: ["done"] });
    expect([calls, looks]).toEqual([["do hi"], 2]);
  });

  test("a failed task whose failure is borne leaves none behind either", async () => {
    const run = await start({ first: broken }, [{ ...POST, skill: "fall", on_failure: "continue" }, REST]);

    expect(await open(run)).toMatchObject({ status: "waiting", kinds: ["in_doubt"], effects: ["claimed"] });
  });

  test("the store itself refuses to end it", async () => {
    const run = await start({ first: broken }, [POST, REST]);
    const { store } = engine.parts;
    const fence = await store.runs.takeLease(run, "1@test:ender", 60_000);

    const finish = store.commit({
      statements: store.runs.finish({ runId: run, fence }, "failed", {}, "x", new Date()),
    });

    await expect(finish).rejects.toMatchObject({ code: "run_busy" });
    expect((await open(run)).status).not.toBe("failed");
  });
});

async function unknown() {
  return { outcome: "unknown" as const };
}
