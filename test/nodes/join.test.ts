import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { giveUp } from "../../core/define-agent.js";
import type { Act } from "../support/failures.js";
import { actor, createGate, createTrials, endsOf } from "../support/failures.js";
import type { TaskParts } from "../support/missions.js";

const trials = createTrials();
afterAll(() => trials.drop());

const work: Act = async ({ taskId }) => ({ by: taskId });
const fail: Act = async () => {
  throw giveUp("permanent", "It broke.");
};
/** What came to the join, by name. */
const gather: Act = async (_context, inputs) => ({ came: Object.keys(inputs as object).sort() }); // safe: inputs are an object

const source = (id: string, skill: string): TaskParts => ({ task_id: id, skill, on_failure: "continue" });
const INPUTS = { a: "A?", b: "B?", c: "C?" };
const JOIN = {
  task_id: "J",
  skill: "gather",
  depends_on: ["A", "B", "C"],
  inputs: INPUTS,
  on_failure: "stop" as const,
};

/** Three sources by their skills, and what joins them. */
async function joined(
  skills: readonly [string, string, string],
  join: TaskParts["join"],
  acts: Readonly<Record<string, Act>> = {},
) {
  const [a, b, c] = skills;
  const agent = actor("A70", { work, fail, gather, ...acts });
  const tasks = [source("A", a), source("B", b), source("C", c), { ...JOIN, ...(join && { join }) }];
  const trial = await trials.start([agent], { tasks });
  const [settled] = await trial.events(trial.run, "join_settled");
  const result = (await trial.store.results.of(trial.run)).find(({ taskId }) => taskId === "J");
  return { ...trial, settled: settled?.data, came: result?.output };
}

describe("I1: a join says how many must come, how long it waits, and what happens when they do not", () => {
  test("any goes on with the first that comes, and the others are not waited for", async () => {
    const gate = createGate();
    const held: Act = async () => {
      await gate.opened;
      return {};
    };
    const release: Act = async (context, inputs) => {
      gate.open();
      return gather(context, inputs);
    };
    const trial = await joined(["held", "work", "held"], { need: "any" }, { held, gather: release });

    expect(trial.came).toEqual({ came: ["b"] });
    expect(endsOf(trial.status)).toEqual({ A: "done", B: "done", C: "done", J: "done" });
    expect(trial.settled).toMatchObject({ arrived: ["B"], missing: ["A", "C"] });
  });

  test("n goes on with those that came, and the missing ones are named", async () => {
    const trial = await joined(["work", "fail", "work"], { need: 2 });

    expect(trial.came).toEqual({ came: ["a", "c"] });
    expect(trial.settled).toMatchObject({ arrived: ["A", "C"], missing: ["B"] });
    expect(trial.status.status).toBe("completed");
  });

  test.each([
    ["fail", "fails, and says how many came and which are missing", "failed", "failed:1:join_incomplete"],
    ["continue", "goes on with what came", "completed", "done"],
  ] as const)("fewer than n, else %s: %s", async (otherwise, _, status, end) => {
    const trial = await joined(["fail", "work", "fail"], { need: 2, else: otherwise });

    expect([trial.status.status, endsOf(trial.status)["J"]]).toEqual([status, end]);
    expect(trial.came).toEqual(otherwise === "continue" ? { came: ["b"] } : undefined);
    if (otherwise === "fail")
      expect(trial.status.tasks["J"]?.error).toBe("1 of the 2 inputs it needs came; missing: A, C.");
  });

  test.each([
    ["yes: it goes on with what came", { type: "answer", answer: true } as const, "completed", "done"],
    ["no: it fails", { type: "answer", answer: false } as const, "failed", "failed:1:rejected"],
    [
      "rejected: it fails with the comment",
      { type: "reject", comment: "All or none." } as const,
      "failed",
      "failed:1:rejected",
    ],
  ])("fewer than n, else ask, %s", async (_, decision, status, end) => {
    const trial = await joined(["fail", "work", "fail"], { need: 2, else: "ask" });
    const [request] = await trial.orchestrator.approvals({ run: trial.run });

    expect(trial.status.status).toBe("waiting");
    expect(request).toMatchObject({
      kind: "question",
      task_id: "J",
      shown: { subject: { arrived: ["B"], missing: ["A", "C"] } },
    });
    await trial.orchestrator.decide(request?.approval_id ?? "", { decision, by: "ann" });

    const after = await trial.orchestrator.status(trial.run);
    expect([after.status, endsOf(after)["J"]]).toEqual([status, end]);
    if (decision.type === "reject") expect(after.tasks["J"]?.error).toBe("All or none.");
  });

  test("within a time: what came until then is what it works with, and a later one changes nothing", async () => {
    const gate = createGate();
    const late: Act = async () => {
      await gate.opened;
      return {};
    };
    const release: Act = async (context, inputs) => {
      gate.open();
      return gather(context, inputs);
    };
    const trial = await joined(
      ["work", "late", "work"],
      { need: "all", within_minutes: 0.002, else: "continue" },
      { late, gather: release },
    );

    expect(trial.came).toEqual({ came: ["a", "c"] });
    expect(trial.settled).toMatchObject({ arrived: ["A", "C"], missing: ["B"] });
    expect([trial.status.status, endsOf(trial.status)]).toEqual([
      "completed",
      { A: "done", B: "done", C: "done", J: "done" },
    ]);
  });

  test("within a time that is not needed nobody waits for it to pass", async () => {
    const trial = await joined(["work", "work", "work"], { need: "all", within_minutes: 60 });

    expect(trial.came).toEqual({ came: ["a", "b", "c"] });
  });

  test("a question in front of a join with a time does not hold it up", async () => {
    const ask: Act = async (context) => ({
      said: await context.ask({ key: "q", question: "Well?", answer: z.string() }),
    });
    const trial = await joined(["work", "ask", "work"], { need: 2, within_minutes: 0.002, else: "fail" }, { ask });

    expect(trial.came).toEqual({ came: ["a", "c"] });
    expect(trial.status.status).toBe("waiting");
  });

  test("time runs out on a join's inputs, never on whether a route leads there: a way not chosen is not begun", async () => {
    // Longer than the join's time of six milliseconds.
    const chooser: Act = async (context) => {
      await context.sleep(40);
      return { way: "other" };
    };
    const agent = actor("A70", { chooser, work });
    const tasks: TaskParts[] = [
      {
        task_id: "A",
        skill: "chooser",
        route: [
          { when: 'A.way == "joined"', to: "J" },
          { otherwise: true, to: "B" },
        ],
      },
      {
        task_id: "J",
        skill: "work",
        depends_on: ["A"],
        join: { need: "all", within_minutes: 0.0001, else: "continue" },
      },
      { task_id: "B", skill: "work", depends_on: ["A"] },
    ];
    const trial = await trials.start([agent], { tasks });
    const begun = await trial.events(trial.run, "task_started");

    expect(endsOf(trial.status)).toEqual({ A: "done", J: "skipped", B: "done" });
    expect(begun.map(({ taskId }) => taskId)).toEqual(["A", "B"]);
  });
});
