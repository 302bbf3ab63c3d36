import { Command, isInterrupted } from "@langchain/langgraph";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compose } from "../../runtime/compose.js";
import { Orchestrator } from "../../runtime/orchestrator.js";
import type { Desk } from "../support/approvals.js";
import { createDesk } from "../support/approvals.js";
import { deskAgents, deskTools } from "../support/approvals-agents.js";

const ASKED = { task_id: "A", skill: "draft", requires_human_approval: true };
const THREAD = { configurable: { thread_id: "thread" } };

let desk: Desk;

beforeEach(() => {
  desk = createDesk();
});

afterEach(() => desk.drop());

/** The graph of a mission that asks once, as scripts invoke it. */
async function open() {
  const slug = desk.mission("asks", [ASKED]);
  const data = `${desk.folder}/data`;
  const parts = await compose({ agents: deskAgents(), tools: deskTools(desk.folder), data, store: desk.url });
  const orchestrator = new Orchestrator(parts);
  return { parts, orchestrator, graph: await orchestrator.graph(slug) };
}

describe("a run in a graph of somebody's own", () => {
  test("is kept in memory neither while it waits nor after its end", async () => {
    const { parts, orchestrator, graph } = await open();

    const paused = await graph.invoke({ case: { case_id: "C1" } }, THREAD);
    const whileWaiting = await parts.sessions.find("thread");
    const ended = await graph.invoke(new Command({ resume: "approve" }), THREAD);
    const afterwards = await parts.sessions.find("thread");
    await orchestrator.close();

    expect(isInterrupted(paused)).toBe(true);
    expect(ended).toMatchObject({ status: "completed" });
    expect([whileWaiting, afterwards]).toEqual([undefined, undefined]);
  });

  test.each([
    ["an answer", () => new Command({ resume: "approve" })],
    ["a call without input", () => null],
  ])("goes on by %s after another input was refused on its thread", async (_what, input) => {
    const { orchestrator, graph } = await open();
    await graph.invoke({ case: { case_id: "C1" } }, THREAD);

    const other = graph.invoke({ case: { case_id: "C2" } }, THREAD);
    await expect(other).rejects.toMatchObject({ code: "run_exists" });
    const next = await graph.invoke(input(), THREAD);
    const last = isInterrupted(next) ? await graph.invoke(new Command({ resume: "approve" }), THREAD) : next;
    const { values } = await graph.getState(THREAD);
    await orchestrator.close();

    expect(last).toMatchObject({ status: "completed" });
    expect(values).toMatchObject({ case: { case_id: "C1" } });
  });
});
