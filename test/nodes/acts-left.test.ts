import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { definePlaybook } from "../../core/define-agent.js";
import { reportMarkdown } from "../../core/report.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { actTool } from "../support/kill.js";
import { fakeAgent } from "../support/missions.js";

const RESULT = { name: "room", words: "A room for two." };
let engine: Engine;
let done: string[];
let trouble: Error | undefined;
beforeEach(() => {
  done = [];
  trouble = Object.assign(new Error("422: no such hotel"), { notDone: true });
});
afterEach(() => engine.drop());

/** One agent whose approved result reserves a room, then pays for it; nothing else can do its skill. */
async function start({ idempotent = false } = {}) {
  const reserve = async (act: string) => {
    if (trouble) throw trouble;
    done.push(`reserve ${act}`);
  };
  const book = definePlaybook({
    skill: "book",
    version: "1",
    input: z.looseObject({}),
    output: z.strictObject({ name: z.string(), words: z.string() }),
    tools: [],
    proposes: [
      { tool: "reserve", args: { name: "/name" } },
      { tool: "pay_room", args: { name: "/name" } },
    ],
    summary: ({ words }) => words,
    run: async () => RESULT,
  });
  engine = await openEngine({
    agents: [fakeAgent("A1", "booker", [book], { tools: ["reserve", "pay_room"] })],
    tools: [
      { ...actTool("reserve", reserve), idempotent },
      actTool("pay_room", async (act) => {
        done.push(`pay ${act}`);
      }),
    ],
    missions: [
      {
        agents: ["A1"],
        tasks: [
          {
            task_id: "T1",
            skill: "book",
            requires_human_approval: true,
            retry: { attempts: 2, first_delay_seconds: 0 },
          },
        ],
      },
    ],
  });
  const { run_id: run } = await engine.orchestrator.start("test-mission");
  return run;
}

async function next(run: string) {
  const [request, ...others] = await engine.orchestrator.approvals({ run });
  expect(others).toEqual([]);
  if (!request) throw new Error("Nobody is asked.");
  return request;
}

const decide = (id: string, decision: Parameters<Engine["orchestrator"]["decide"]>[1]["decision"]) =>
  engine.orchestrator.decide(id, { decision, by: "ada" });

describe("I6, I9: a person's result does not hide that the acts before it were not done", () => {
  test("the question names them, and so do row, event, report and log", async () => {
    const run = await start();
    await decide((await next(run)).approval_id, { type: "approve" });

    const question = await next(run);
    expect(question).toMatchObject({
      kind: "question",
      summary: 'No agent is left for "Do T1". Not done of it: reserve, pay_room. What is its result?',
    });
    const { evidence, consequences, reasons } = question.shown;
    expect(reasons[0]).toContain("422: no such hotel");
    expect(evidence.slice(1).map(({ title, left }) => [title, left.label, left.text])).toEqual([
      ["Not done: reserve", "reserve failed: 422: no such hotel", expect.stringContaining('"room"')],
      ["Not done: pay_room", "it was to follow reserve", expect.stringContaining('"room"')],
    ]);
    expect(consequences.answer).toContain("Not done stays: reserve, pay_room");
    await decide(question.approval_id, { type: "answer", answer: { name: "room", words: "By hand." } });

    expect(done).toEqual([]);
    const { status, tasks } = await engine.orchestrator.status(run);
    const why =
      "reserve was not done: reserve failed: 422: no such hotel. pay_room was not done: it was to follow reserve.";
    expect(status).toBe("completed");
    expect(tasks["T1"]).toMatchObject({
      status: "done",
      degraded: true,
      error_code: "acts_not_done",
      error: why,
      summary: "without reserve, pay_room: By hand.",
    });
    const told = await engine.parts.store.events.of(run);
    expect(told.find(({ type }) => type === "task_done")?.data).toMatchObject({ code: "acts_not_done", reason: why });
    const report = await engine.orchestrator.report(run);
    expect(report.degraded).toEqual([expect.stringContaining(why)]);
    expect(report.effects).toMatchObject([{ tool: "reserve", status: "not_done" }]);
    expect(reportMarkdown(report)).toContain("was not done");
  });

  test("what is in doubt is found out before anybody is asked for the result, and is named no more once it happened", async () => {
    trouble = Object.assign(new Error("The line is dead."), { code: "ECONNRESET" });
    const run = await start({ idempotent: true });
    for (const _attempt of [1, 2]) await decide((await next(run)).approval_id, { type: "approve" });

    const doubt = await next(run);
    expect(doubt).toMatchObject({ kind: "in_doubt", shown: { tool: "reserve" } });
    await decide(doubt.approval_id, { type: "approve", answer: { name: "room" } });

    const question = await next(run);
    expect(question).toMatchObject({ kind: "question", summary: expect.stringContaining("Not done of it: pay_room.") });
    await decide(question.approval_id, { type: "answer", answer: { name: "room", words: "By hand." } });
    expect((await engine.orchestrator.report(run)).effects).toMatchObject([{ tool: "reserve", status: "done" }]);
    expect((await engine.orchestrator.status(run)).tasks["T1"]?.summary).toBe("without pay_room: By hand.");
  });
});
