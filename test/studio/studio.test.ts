import type { Client, ThreadState } from "@langchain/langgraph-sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MissionEvent } from "../../core/event.js";
import { composeOrchestrator } from "../../runtime/compose.js";
import type { OpenStore } from "../../runtime/store/store.js";
import { openStore } from "../../runtime/store/store.js";
import type { StudioServer } from "../support/studio.js";
import { startStudio } from "../support/studio.js";

/** What each graph is: its tasks in order, which of them asks, a second case that goes through, and what its board then holds. */
const GRAPHS = [
  {
    slug: "customer-onboarding",
    tasks: ["T1", "T2", "T3"],
    asks: "T2",
    other: "C-1007",
    board: ["customer", "verdict", "onboarding_call"],
  },
  { slug: "sales-pipeline", tasks: ["T4", "T5"], asks: "T5", other: "D-1002", board: ["score"] },
  { slug: "support-resolution", tasks: ["T6", "T7", "T8"], asks: "T8", other: "TK-1002", board: ["category"] },
] as const;
/** All that an untouched form may send. */
const EMPTY_FORMS = [{}, { case: null }, { case: "" }];
const STREAM = ["values", "updates", "custom"] as const;

let server: StudioServer;
let client: Client;
let store: OpenStore;

beforeAll(async () => {
  server = await startStudio();
  client = server.client;
  store = await openStore(server.storeUrl);
}, 120_000);

afterAll(async () => {
  await store.close();
  await server.stop();
});

describe.each(GRAPHS)("Studio, $slug", ({ slug, tasks, asks, other, board }) => {
  test("the form asks for a case only, and everything may stay empty", async () => {
    const schemas = await client.assistants.getSchemas(await assistantOf(slug));

    expect(schemas.input_schema).toMatchObject({
      type: "object",
      properties: { case: { description: expect.stringContaining("Leave empty") } },
    });
    expect(Object.keys(schemas.input_schema?.properties ?? {})).toEqual(["case"]);
    expect(schemas.input_schema?.required).toBeUndefined();
    expect(Object.keys(schemas.output_schema?.properties ?? {}).sort()).toEqual([
      "blackboard",
      "finalReport",
      "requests",
      "status",
    ]);
    expect(Object.keys(schemas.state_schema?.properties ?? {})).toEqual(
      expect.arrayContaining(["plan", "tasks", "blackboard"]),
    );
  });

  test("the drawing shows planner, dispatcher, specialists, approvals, reviewer and report", async () => {
    const drawn = await client.assistants.getGraph(await assistantOf(slug));
    const names = drawn.nodes.map((node) => node.id);

    expect(names).toEqual(
      expect.arrayContaining(["planner", "dispatcher", "generalist", "approvals", "reviewer", "report"]),
    );
    expect(drawn.edges).toContainEqual(expect.objectContaining({ source: "approvals", target: "dispatcher" }));
  });

  test.each(EMPTY_FORMS.map((form, index) => ({ form, shown: JSON.stringify(form), asText: index % 2 === 1 })))(
    "submit $shown, watch the tasks and the board, paste answer_with (as text: $asText), read the report",
    async ({ form, asText }) => {
      const { thread_id } = await client.threads.create();
      const before = await stream(slug, thread_id, { input: form });
      const { question, answer_with } = interruptOf(await client.threads.getState(thread_id));

      expect(before.last["tasks"]).toMatchObject({ [asks]: { status: "waiting_for_person" } });
      expect(before.last["status"]).toBe("waiting");
      expect(before.last["blackboard"]).not.toEqual({});
      expect(question).toMatch(/^[A-Z][^\n]*\?$/u);
      expect(before.summaries.get(tasks[0])).toMatch(/\w/u);
      expect(before.events).toEqual(
        expect.arrayContaining(["run_started", "task_started", "task_done", "approval_requested"]),
      );

      const after = await stream(slug, thread_id, {
        command: { resume: asText ? answer_with : JSON.parse(answer_with) },
      });

      const seen = new Set([...before.summaries.keys(), ...after.summaries.keys()]);
      expect([...seen].sort()).toEqual([...tasks]);
      expect(after.last["finalReport"]).toMatchObject({ status: "completed", summary: expect.stringMatching(/\w/u) });
      expect(after.last["status"]).toBe("completed");
      expect(Object.keys(after.last["blackboard"] ?? {})).toEqual(expect.arrayContaining([...board]));
      expect(after.events).toContain("run_completed");
      expect(await statusesOf(thread_id)).toEqual(tasks.map((task) => `${task}:done`));
    },
  );

  test("I2 a fork after the first task, while the run waits, asks nothing new and ends once", async () => {
    const { thread_id } = await client.threads.create();
    await client.runs.wait(thread_id, await assistantOf(slug), { input: { case: other } });
    const rows = await rowsOf(thread_id);

    await client.runs.wait(thread_id, await assistantOf(slug), {
      input: null,
      checkpoint: await afterFirstTask(thread_id, tasks[0]),
    });
    const forked = await client.threads.getState(thread_id);
    expect(await rowsOf(thread_id)).toEqual(rows);
    const resume = JSON.parse(interruptOf(forked).answer_with);
    // As Studio does: it goes on from the end of the branch on show.
    const ended = await client.runs.wait(thread_id, await assistantOf(slug), {
      command: { resume },
      checkpoint: forked.checkpoint,
    });

    expect(ended).toMatchObject({ status: "completed", finalReport: { status: "completed" } });
    expect((await rowsOf(thread_id)).asked).toEqual(rows.asked);
  });

  test("I2 a fork after the first task of a run that has ended comes to the same report, with no act and no question more", async () => {
    const { thread_id } = await client.threads.create();
    await client.runs.wait(thread_id, await assistantOf(slug), { input: { case: other } });
    const resume = JSON.parse(interruptOf(await client.threads.getState(thread_id)).answer_with);
    const ended = await client.runs.wait(thread_id, await assistantOf(slug), { command: { resume } });
    const rows = await rowsOf(thread_id);
    expect(rows.effects).not.toEqual([]);

    const forked = await client.runs.wait(thread_id, await assistantOf(slug), {
      input: null,
      checkpoint: await afterFirstTask(thread_id, tasks[0]),
    });

    expect(fieldOf(forked, "finalReport")).toEqual(fieldOf(ended, "finalReport"));
    expect(fieldOf(forked, "finalReport")).toMatchObject({ status: "completed" });
    expect(await rowsOf(thread_id)).toEqual(rows);
  });
});

describe("Studio, what goes wrong", () => {
  test("another case on a thread that holds a run is refused in words, and the same input brings back its question", async () => {
    const { thread_id } = await client.threads.create();
    const assistant = await assistantOf("sales-pipeline");
    await client.runs.wait(thread_id, assistant, { input: { case: "D-1003" } });
    const first = interruptOf(await client.threads.getState(thread_id));

    const refused = client.runs.wait(thread_id, assistant, { input: { case: "D-1004" } });
    await expect(refused).rejects.toThrow(/holds a run on .* already\. Use a new thread/u);
    await client.runs.wait(thread_id, assistant, { input: { case: "D-1003" } });

    expect(interruptOf(await client.threads.getState(thread_id)).answer_with).toBe(first.answer_with);
  });

  test("an answer that cannot be read brings back the question with the reason", async () => {
    const { thread_id } = await client.threads.create();
    const assistant = await assistantOf("support-resolution");
    await client.runs.wait(thread_id, assistant, { input: {} });
    const first = interruptOf(await client.threads.getState(thread_id));

    await client.runs.wait(thread_id, assistant, { command: { resume: "fine by me" } });

    const again = interruptOf(await client.threads.getState(thread_id));
    expect(again.problem).toContain('"fine by me"');
    expect(again.answer_with).toBe(first.answer_with);
  });

  test("a case that does not exist is refused in words, with cases near it", async () => {
    const { thread_id } = await client.threads.create();

    const refused = client.runs.wait(thread_id, await assistantOf("sales-pipeline"), { input: { case: "D-10011" } });

    await expect(refused).rejects.toThrow(/no sample case \\"D-10011\\"\. Near: D-1001/u);
  });

  test("I4 a decision written elsewhere stands: the pasted one is not taken, and the run goes on", async () => {
    const orchestrator = await composeOrchestrator({ store: server.storeUrl });
    const { thread_id } = await client.threads.create();
    const assistant = await assistantOf("support-resolution");
    await client.runs.wait(thread_id, assistant, { input: { case: "TK-1005" } });
    const resume = interruptOf(await client.threads.getState(thread_id)).answer_with;
    const [request] = await orchestrator.approvals({ run: thread_id });
    const elsewhere = await orchestrator.decide(request?.approval_id ?? "", {
      decision: { type: "approve" },
      by: "ann",
    });
    await orchestrator.close();

    const ended = await client.runs.wait(thread_id, assistant, { command: { resume }, context: { approver: "mara" } });

    expect(elsewhere).toMatchObject({
      status: "approved",
      continued: "elsewhere",
      note: expect.stringContaining(thread_id),
    });
    expect(ended).toMatchObject({ status: "completed", finalReport: { decisions: [{ by: "ann" }] } });
  });

  test("the context says who approves", async () => {
    const { thread_id } = await client.threads.create();
    const assistant = await assistantOf("support-resolution");
    const context = { approver: "mara" };
    await client.runs.wait(thread_id, assistant, { input: { case: "TK-1004" }, context });
    const resume = interruptOf(await client.threads.getState(thread_id)).answer_with;

    const ended = await client.runs.wait(thread_id, assistant, { command: { resume }, context });

    expect(ended).toMatchObject({ finalReport: { decisions: [{ by: "mara" }] } });
  });
});

interface Seen {
  /** The last values of the stream. */
  readonly last: Record<string, unknown>;
  /** What each settled task was last said to have come to. */
  readonly summaries: ReadonlyMap<string, string>;
  readonly events: readonly MissionEvent["type"][];
}

/** Runs the graph on the thread as Studio does, and collects what it would show. */
async function stream(
  slug: string,
  threadId: string,
  payload: { input?: Record<string, unknown>; command?: { resume: unknown } },
): Promise<Seen> {
  let last: Record<string, unknown> = {};
  const summaries = new Map<string, string>();
  const events: MissionEvent["type"][] = [];
  for await (const { event, data } of client.runs.stream(threadId, await assistantOf(slug), {
    ...payload,
    streamMode: [...STREAM],
  })) {
    if (event === "error") throw new Error(JSON.stringify(data));
    if (event === "values" && !("__interrupt__" in data)) last = { ...data };
    if (event === "custom") events.push((data as MissionEvent).type); // safe: our graphs write nothing else there
    if (event === "updates") for (const [task, summary] of summariesIn(data)) summaries.set(task, summary);
  }
  return { last, summaries, events };
}

function summariesIn(updates: unknown): [string, string][] {
  const tasks = Object.values(updates ?? {}).flatMap((update: unknown) =>
    Object.entries(fieldOf(update, "tasks") ?? {}),
  );
  return tasks.flatMap(([task, entry]): [string, string][] => {
    const summary = fieldOf(entry, "summary");
    return typeof summary === "string" ? [[task, summary]] : [];
  });
}

function interruptOf(state: ThreadState): { question: string; answer_with: string; problem?: string } {
  const value: unknown = state.tasks.flatMap((task) => task.interrupts)[0]?.value;
  const [question, answer_with, problem] = ["question", "answer_with", "problem"].map((key) => fieldOf(value, key));
  if (typeof question !== "string" || typeof answer_with !== "string")
    throw new Error(`No question is open; next: ${state.next.join(", ")}`);
  return { question, answer_with, ...(typeof problem === "string" && { problem }) };
}

function fieldOf(object: unknown, key: string): unknown {
  return typeof object === "object" && object !== null
    ? Object.entries(object).find(([name]) => name === key)?.[1]
    : undefined;
}

async function assistantOf(slug: string): Promise<string> {
  const [assistant] = await client.assistants.search({ graphId: slug });
  if (!assistant) throw new Error(`The server has no graph ${slug}.`);
  return assistant.assistant_id;
}

/** The checkpoint that a person would click on: the first task is done, nothing else was begun. */
async function afterFirstTask(threadId: string, first: string) {
  const history = await client.threads.getHistory(threadId, { limit: 100 });
  const found = history.find(({ values }) => {
    const entries = Object.entries(fieldOf(values, "tasks") ?? {}).map(
      ([task, entry]) => `${task}:${fieldOf(entry, "status")}`,
    );
    return (
      entries.includes(`${first}:done`) &&
      entries.every((entry) => entry === `${first}:done` || entry.endsWith(":todo"))
    );
  });
  if (!found) throw new Error(`No checkpoint has only ${first} done.`);
  return found.checkpoint;
}

async function statusesOf(threadId: string): Promise<string[]> {
  return (await store.tasks.of(threadId)).map((task) => `${task.taskId}:${task.status}`).sort();
}

/** What was done and asked: effects of all runs, and this run's requests. */
async function rowsOf(threadId: string) {
  const runs = await store.runs.list();
  const effects = await Promise.all(runs.map((run) => store.effects.of(run.runId)));
  const requests = await store.approvals.list({ runId: threadId });
  return {
    effects: effects
      .flat()
      .map((effect) => `${effect.effectId}:${effect.status}`)
      .sort(),
    asked: requests.map((request) => request.approvalId).sort(),
  };
}
