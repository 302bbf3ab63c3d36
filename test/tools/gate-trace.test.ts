import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { awaitAllCallbacks } from "@langchain/core/callbacks/promises";
import { RunnableLambda } from "@langchain/core/runnables";
import { afterEach, describe, expect, test } from "vitest";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { mailTool, readTool } from "../support/gate.js";
import { fakeAgent, fakePlaybook } from "../support/missions.js";

let engine: Engine;
afterEach(() => engine.drop());

/** What LangChain tells of tools, and under which node's run. */
class Watcher extends BaseCallbackHandler {
  readonly name = "watcher";
  override readonly awaitHandlers = true;
  readonly seen: unknown[] = [];
  readonly #names = new Map<string, string>();

  override handleChainStart(...args: Parameters<NonNullable<BaseCallbackHandler["handleChainStart"]>>): void {
    const [, , runId, parentRunId, , , , runName] = args;
    this.#names.set(runId, runName ?? "");
    if (runName === "inside") this.seen.push(["inside", `below ${this.#names.get(parentRunId ?? "")}`]);
  }

  override handleToolStart(...args: Parameters<NonNullable<BaseCallbackHandler["handleToolStart"]>>): void {
    const [, input, runId, parentRunId, , , runName] = args;
    this.#names.set(runId, runName ?? "");
    this.seen.push(["start", runName, JSON.parse(input), `below ${this.#names.get(parentRunId ?? "")}`]);
  }

  override handleToolEnd(output: unknown, runId: string): void {
    this.seen.push(["end", this.#names.get(runId), output]);
  }

  override handleToolError(error: Error, runId: string): void {
    this.seen.push(["error", this.#names.get(runId), error.message]);
  }
}

/** A mission whose one task makes these calls, one after the other. */
async function graphOf(
  calls: readonly (readonly [tool: string, args: unknown])[],
  mail: Parameters<typeof mailTool>[0] = {},
) {
  const inner = RunnableLambda.from(async (word: string) => `${word}!`).withConfig({ runName: "inside" });
  const lookUp = readTool(async ({ word }) => {
    if (word === "broken") throw new Error("no line");
    return { found: word === "odd" ? 7 : await inner.invoke(word) };
  });
  engine = await openEngine({
    missions: [{ tasks: [{ task_id: "T1" }] }],
    tools: [lookUp, mailTool(mail)],
    agents: [
      fakeAgent(
        "A1",
        "worker",
        [
          fakePlaybook({
            skill: "work",
            tools: ["look_up", "send_mail"],
            run: async ({ call }) => {
              for (const [tool, args] of calls) await call(tool, args);
              return {};
            },
          }),
        ],
        { tools: ["look_up", "send_mail"] },
      ),
    ],
  });
  return engine.orchestrator.graph("test-mission");
}

describe("I3, I9: whoever watches the graph by LangChain's callbacks sees each tool that runs", () => {
  test("by name, below its agent's node, with arguments and result, and what LangChain runs inside it; what did not run is not shown", async () => {
    const graph = await graphOf([
      ["look_up", { word: "tea" }],
      ["send_mail", { to: "a@b", text: "hi" }],
      ["look_up", { word: "odd" }],
      ["look_up", { word: "broken" }],
      ["look_up", { word: 7 }],
      ["unheard_of", {}],
    ]);
    const watcher = new Watcher();

    const ended = await graph.invoke({}, { configurable: { thread_id: "watched" }, callbacks: [watcher] });

    expect(ended.status).toBe("completed");
    expect(watcher.seen).toEqual([
      ["start", "look_up", { word: "tea", limit: 3 }, "below worker"],
      ["inside", "below look_up"],
      ["end", "look_up", { found: "tea!" }],
      ["start", "send_mail", { to: "a@b", text: "hi" }, "below worker"],
      ["end", "send_mail", { id: "m1" }],
      ["start", "look_up", { word: "odd", limit: 3 }, "below worker"],
      ["error", "look_up", expect.stringContaining("answered other than it declares")],
      ["start", "look_up", { word: "broken", limit: 3 }, "below worker"],
      ["error", "look_up", "no line"],
    ]);
  });

  test("streamEvents tells of it, and of what LangChain runs inside the tool", async () => {
    const graph = await graphOf([["look_up", { word: "tea" }]]);

    const events: { event: string; name: string; run_id: string; data: { output?: unknown } }[] = [];
    for await (const event of graph.streamEvents({}, { version: "v2", configurable: { thread_id: "streamed" } }))
      events.push(event);

    const started = events.find(({ event, name }) => event === "on_tool_start" && name === "look_up");
    const inside = events.find(({ event, name }) => event === "on_chain_start" && name === "inside");
    expect(started).toBeDefined();
    expect(events).toContainEqual(
      expect.objectContaining({
        event: "on_tool_end",
        name: "look_up",
        run_id: started?.run_id,
        data: expect.objectContaining({ output: { found: "tea!" } }),
      }),
    );
    expect(inside).toBeDefined();
  });

  test("a handler that throws takes nothing away from the tool or its record", async () => {
    const graph = await graphOf([["send_mail", { to: "a@b", text: "hi" }]]);
    const broken = BaseCallbackHandler.fromMethods({
      handleToolStart: () => Promise.reject(new Error("no start")),
      handleToolEnd: () => Promise.reject(new Error("no end")),
    });
    Object.assign(broken, { raiseError: true, awaitHandlers: true });

    const ended = await graph.invoke({}, { configurable: { thread_id: "broken" }, callbacks: [broken] });
    await awaitAllCallbacks();

    expect(ended.status).toBe("completed");
    expect((await engine.parts.store.effects.of("broken")).map(({ status, result }) => [status, result])).toEqual([
      ["done", { id: "m1" }],
    ]);
  });
});
