import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, END, MemorySaver, START, StateGraph, StateSchema } from "@langchain/langgraph";
import { getConfigTypeSchema } from "@langchain/langgraph/zod/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { MissionEvent } from "../../core/event.js";
import type { Mission } from "../../core/mission.js";
import { limitFor, missionGraph } from "../../graphs/mission-graph.js";
import { composeOrchestrator, loadMission } from "../../runtime/compose.js";
import type { Orchestrator } from "../../runtime/orchestrator.js";

const SLUGS = ["customer-onboarding", "sales-pipeline", "support-resolution"];
const folder = mkdtempSync(join(tmpdir(), "mission-graph-"));
let orchestrator: Orchestrator;

beforeAll(async () => {
  orchestrator = await composeOrchestrator({ store: `sqlite:${join(folder, "missions.db")}` });
});

afterAll(async () => {
  await orchestrator.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("the drawing of a mission", () => {
  test("names who acts, one node for each specialist of the roster", async () => {
    const drawn = await (await onMemory("customer-onboarding")).getGraphAsync();

    expect(Object.keys(drawn.nodes)).toEqual([
      "__start__",
      "planner",
      "dispatcher",
      "data-collection-agent",
      "document-verification-agent",
      "scheduling-agent",
      "generalist",
      "approvals",
      "reviewer",
      "report",
      "__end__",
    ]);
  });

  test("every node leads on: specialists and approvals to the dispatcher, and only the report to the end", async () => {
    const { edges } = await (await onMemory("sales-pipeline")).getGraphAsync();
    const goalsOf = (source: string) =>
      edges
        .filter((edge) => edge.source === source)
        .map((edge) => edge.target)
        .sort();
    const specialists = ["generalist", "sales-analysis-agent"];

    expect(goalsOf("__start__")).toEqual(["planner"]);
    expect(goalsOf("planner")).toEqual(["approvals", "generalist", "report", "reviewer", "sales-analysis-agent"]);
    expect(goalsOf("dispatcher")).toEqual(["approvals", "generalist", "report", "reviewer", "sales-analysis-agent"]);
    for (const name of [...specialists, "approvals"]) expect(goalsOf(name)).toEqual(["dispatcher"]);
    expect(goalsOf("reviewer")).toEqual(["dispatcher", "report"]);
    expect(edges.filter((edge) => edge.target === "__end__").map((edge) => edge.source)).toEqual(["report"]);
  });

  test("is Mermaid text that shows choices dotted and duties solid", async () => {
    const text = (await (await onMemory("support-resolution")).getGraphAsync()).drawMermaid();

    expect(text).toContain("support-resolution-agent --> dispatcher;");
    expect(text).toContain("approvals --> dispatcher;");
    expect(text).toContain("dispatcher -.-> support-resolution-agent;");
    expect(text).toContain("report --> __end__;");
  });

  test("says what a context may hold: five fields, none of them needed", async () => {
    const schema = getConfigTypeSchema(await onMemory("customer-onboarding"));

    expect(schema).toMatchObject({ type: "object" });
    expect(Object.keys(Object(schema).properties)).toEqual(["approver", "mode", "model", "budget_usd", "dispatch"]);
    expect(Object(schema).required ?? []).toEqual([]);
  });

  test("has a limit on supersteps far above what its tasks and rounds of review need", async () => {
    const mission = await missionOf("customer-onboarding");

    expect(limitFor(mission)).toBeGreaterThan(10 * mission.tasks.length * (1 + mission.maxReviewRounds));
  });
});

describe("I6 a finished invoke has an interrupt or a report", () => {
  test.each(SLUGS)("%s on a saver of somebody's own: waits, takes the pasted answer, reports", async (slug) => {
    const graph = await onMemory(slug);
    const thread = { configurable: { thread_id: `alone-${slug}` } };

    const paused = await graph.invoke({}, thread);
    const payload = payloadOf(paused);
    const ended = await graph.invoke(new Command({ resume: payload.answer_with }), thread);

    expect(payload.question).toMatch(/^[A-Z].*[?.]$/su);
    expect(paused.finalReport).toBeUndefined();
    expect(paused.status).toBe("waiting");
    expect(paused.requests).toEqual([
      { id: payload.requests[0]?.id, task: payload.requests[0]?.task, question: payload.question },
    ]);
    expect(ended).not.toHaveProperty("__interrupt__");
    expect(ended.requests).toEqual([]);
    expect(ended.status).toBe("completed");
    expect(ended.finalReport).toMatchObject({ status: "completed", run_id: `alone-${slug}` });
  });

  test("several graphs of one process run side by side, each on its own thread", async () => {
    const paused = await Promise.all(
      SLUGS.map(async (slug) => (await onMemory(slug)).invoke({}, { configurable: { thread_id: `beside-${slug}` } })),
    );

    const tasks = paused.map((state) => payloadOf(state).requests.map((request) => request.task));
    expect(tasks).toEqual([["T2"], ["T5"], ["T8"]]);
  });

  test("the same input continues a thread, another is refused and loses nothing", async () => {
    const graph = await onMemory("sales-pipeline");
    const thread = { configurable: { thread_id: "again" } };
    const first = payloadOf(await graph.invoke({ case: "D-1001" }, thread));

    const same = payloadOf(await graph.invoke({ case: "D-1001" }, thread));
    await expect(graph.invoke({ case: "D-1002" }, thread)).rejects.toMatchObject({ code: "run_exists" });
    const back = payloadOf(await graph.invoke({ case: "D-1001" }, thread));
    const ended = await graph.invoke(new Command({ resume: first.answer_with }), thread);

    expect([same.answer_with, back.answer_with]).toEqual([first.answer_with, first.answer_with]);
    expect(ended.status).toBe("completed");
  });

  test("an answer that cannot be read raises the same request again and says why", async () => {
    const graph = await onMemory("support-resolution");
    const thread = { configurable: { thread_id: "unreadable" } };
    const first = payloadOf(await graph.invoke({}, thread));

    const again = payloadOf(await graph.invoke(new Command({ resume: "yes please" }), thread));
    const ended = await graph.invoke(new Command({ resume: "approve" }), thread);

    expect(again.problem).toContain('"yes please"');
    expect(again.answer_with).toBe(first.answer_with);
    expect(ended.status).toBe("completed");
  });

  test("where information is missing, the text to paste has the fields to fill in; unfilled it is refused by their names", async () => {
    const graph = await onMemory("customer-onboarding");
    const thread = { configurable: { thread_id: "missing" } };
    const asked = payloadOf(await graph.invoke({ case: "C-1002" }, thread));
    const [blank] = JSON.parse(asked.answer_with).decisions;

    const unfilled = payloadOf(await graph.invoke(new Command({ resume: asked.answer_with }), thread));
    const answer = { email: "rosa@brightwater.example", registration_number: "09876543" };
    const filled = payloadOf(
      await graph.invoke(new Command({ resume: { decisions: [{ ...blank, answer }] } }), thread),
    );

    expect(blank).toMatchObject({ type: "answer", answer: { email: null, registration_number: null } });
    expect(unfilled.problem).toMatch(/email.*registration_number/su);
    expect(unfilled.answer_with).toBe(asked.answer_with);
    expect(filled.requests.map(({ task }) => task)).toEqual(["T2"]);
  });

  test("a context may name any of its fields; who approves is on the report, and what does not fit is refused", async () => {
    const graph = await onMemory("sales-pipeline");
    const config = { configurable: { thread_id: "named" }, context: { approver: "mara" } };
    const paused = payloadOf(await graph.invoke({ case: "D-1002" }, config));

    const ended = await graph.invoke(new Command({ resume: paused.answer_with }), config);

    expect(ended.finalReport).toMatchObject({ decisions: [{ by: "mara", authenticated: false }] });
    await expect(
      graph.invoke({}, { configurable: { thread_id: "odd" }, context: { dispatch: "sideways" } }),
    ).rejects.toThrow(/dispatch/u);
    await expect(
      graph.invoke({}, { configurable: { thread_id: "odd" }, context: { mode: "model", model: "any" } }),
    ).rejects.toThrow(/No agent here works with a model/u);
  });

  test("without a thread it says what to pass", async () => {
    const graph = missionGraph(await missionOf("sales-pipeline"), orchestrator.deps).compile();

    await expect(graph.invoke({})).rejects.toThrow(/thread_id/u);
  });
});

describe("I9 whoever watches the graph sees the run", () => {
  test("custom carries the run's events from the first on, updates the tasks with their summaries, values the board", async () => {
    const graph = await onMemory("sales-pipeline");
    const config = {
      configurable: { thread_id: "watched" },
      streamMode: ["custom" as const, "updates" as const, "values" as const],
    };
    const seen: { custom: MissionEvent[]; updates: unknown[]; values: Record<string, unknown>[] } = {
      custom: [],
      updates: [],
      values: [],
    };

    for await (const [mode, chunk] of await graph.stream({}, config)) seen[mode].push(chunk as never); // safe: collected by its own mode

    expect(seen.custom[0]).toMatchObject({ type: "run_started", run_id: "watched" });
    expect(seen.custom.map((event) => event.type)).toEqual(
      expect.arrayContaining(["task_started", "task_done", "approval_requested"]),
    );
    for (const event of seen.custom) expect(event.line).not.toBe("");
    expect(seen.updates).toContainEqual({
      "sales-analysis-agent": {
        tasks: expect.objectContaining({
          T4: expect.objectContaining({ status: "done", summary: expect.stringContaining("Score") }),
        }),
      },
    });
    expect(seen.values.at(-1)).toHaveProperty("__interrupt__");
    expect(seen.values.some((value) => Object.keys(value["blackboard"] ?? {}).includes("score"))).toBe(true);
  });
});

describe("I7 a mission inside somebody else's graph", () => {
  test("as a plain node: the parent stops at its question, passes the answer on, and gets its report", async () => {
    const parent = new StateGraph(
      new StateSchema({ case: z.string(), finalReport: z.record(z.string(), z.unknown()).optional() }),
    )
      .addNode("support", missionGraph(await missionOf("support-resolution"), orchestrator.deps).compile())
      .addEdge(START, "support")
      .addEdge("support", END)
      .compile({ checkpointer: new MemorySaver() });
    const thread = { configurable: { thread_id: "parent" } };

    const paused = payloadOf(await parent.invoke({ case: "TK-1002" }, thread));
    const ended = await parent.invoke(new Command({ resume: paused.answer_with }), thread);

    expect(ended.finalReport).toMatchObject({
      status: "completed",
      run_id: expect.stringMatching(/^parent\/support:/u),
    });
  });
});

describe("I6 the limit on supersteps", () => {
  test.each(["as a node", "invoked by a node"])(
    "20 steps in a row, stepwise, %s of a parent that has the mission's limit",
    async (how) => {
      const { mission, parent } = await parentOfChain(how === "as a node");

      const ended = await parent.invoke(LONG, { ...stepwise(`long ${how}`), recursionLimit: limitFor(mission) });

      expect(ended.finalReport).toMatchObject({ status: "completed" });
    },
  );

  test("a parent that leaves it at LangGraph's 25 is stopped by it, and goes on from there when invoked again", async () => {
    const { parent } = await parentOfChain(true);
    const config = stepwise("short");

    await expect(parent.invoke(LONG, config)).rejects.toMatchObject({ lc_error_code: "GRAPH_RECURSION_LIMIT" });
    const again = await parent.invoke(null, config);

    expect(again.finalReport).toMatchObject({ status: "completed", tasks: { length: 20 } });
  });
});

const LONG = { case: { case_id: "long" } };
const stepwise = (thread: string) => ({ configurable: { thread_id: thread }, context: { dispatch: "stepwise" } });

async function parentOfChain(asNode: boolean) {
  const { mission } = await loadMission(chainOf(20));
  const inner = missionGraph(mission, orchestrator.deps).compile({ name: mission.slug });
  const parent = new StateGraph(
    new StateSchema({
      case: z.record(z.string(), z.unknown()),
      finalReport: z.record(z.string(), z.unknown()).optional(),
    }),
  )
    .addNode(
      "chain",
      asNode ? inner : async (state, config) => ({ finalReport: (await inner.invoke(state, config)).finalReport }),
    )
    .addEdge(START, "chain")
    .addEdge("chain", END)
    .compile({ checkpointer: new MemorySaver() });
  return { mission, parent };
}

interface Payload {
  readonly question: string;
  readonly answer_with: string;
  readonly problem?: string;
  readonly requests: readonly { id: string; task: string }[];
}

function payloadOf(state: object): Payload {
  if (!("__interrupt__" in state) || !Array.isArray(state.__interrupt__))
    throw new Error("The graph did not stop at a question.");
  return state.__interrupt__[0].value;
}

async function missionOf(slug: string): Promise<Mission> {
  return (await orchestrator.mission(slug)).mission;
}

async function onMemory(slug: string) {
  return missionGraph(await missionOf(slug), orchestrator.deps).compile({
    checkpointer: new MemorySaver(),
    name: slug,
  });
}

/** One task after the other, each adding one. */
function chainOf(length: number) {
  const tasks = Array.from({ length }, (_, index) => ({
    task_id: `S${index + 1}`,
    task: `Add one for the ${index + 1}. time`,
    skill: "compute",
    order: index + 1,
    depends_on: index === 0 ? [] : [`S${index}`],
    inputs: { expression: { value: "x + 1.0" }, x: index === 0 ? { value: 0 } : `S${index}.value` },
    estimated_duration_minutes: 0.01,
    requires_human_approval: false,
  }));
  return {
    mission_id: "X900",
    slug: "chain-of-steps",
    mission_name: "One step after the other",
    description: "As many steps as asked for.",
    cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "long" }] },
    agents: ["A9"],
    tasks,
  };
}
