import type { Command } from "@langchain/langgraph";
import { afterAll, describe, expect, test } from "vitest";
import { toPlan } from "../../core/plan.js";
import type { Dispatch } from "../../core/records.js";
import { dispatch } from "../../nodes/dispatch.js";
import { newRun } from "../../runtime/new-run.js";
import { actor, createTrials } from "../support/failures.js";
import type { MissionParts } from "../support/missions.js";

const trials = createTrials();
afterAll(() => trials.drop());

describe("I6: the dispatcher always ends", () => {
  test("a pass in which nothing changed ends the run: what is left fails as no_progress, what needed it is not begun", async () => {
    const { parts, store } = await trials.open([actor("A70", { work: async () => ({}) })], {
      tasks: [{ task_id: "T1" }, { task_id: "T2", depends_on: ["T1"] }],
    });
    const { mission, version } = parts.catalogue.find("test-mission");
    const startedAt = new Date();
    const prepared = await parts.prepareCase(mission, undefined, startedAt);
    const start = { runId: "R1", version, startedAt, host: "orchestrator", dispatch: "dataflow" } as const;
    await store.commit(newRun(store, mission, prepared, start).unit);
    const session = await parts.sessions.host("R1", mission);
    const plan = toPlan(mission.tasks);

    const first = await dispatch(session, plan, parts.deps);
    const second = await dispatch(session, plan, parts.deps);

    expect(goalsOf(first)).toEqual(["T1", "T2"]);
    expect(goalsOf(second)).toEqual(["report"]);
    expect(session.tasks().map(({ status, errorCode }) => [status, errorCode])).toEqual([
      ["failed", "no_progress"],
      ["failed", "no_progress"],
    ]);
    await parts.sessions.unhost("R1");
  });
});

describe("I1: whom the dispatcher sends", () => {
  const tasks = [
    { task_id: "T1" },
    { task_id: "T2", depends_on: ["T1"] },
    { task_id: "T3" },
    { task_id: "T4", depends_on: ["T3"], reads: ["note"] },
    { task_id: "T5", depends_on: ["T3"], join: { need: "any", within_minutes: 1 } as const },
  ];

  test.each([
    ["dataflow", ["T1", "T2", "T3", "T4", "T5"]],
    ["stepwise", ["T1", "T3", "T5"]],
  ] as const)("%s: in dependency order %j", async (mode, sent) => {
    const { session, next, leave } = await begun({ tasks }, mode);

    expect(goalsOf(await next())).toEqual(sent);
    expect(session.tasks().every(({ status }) => status === "todo")).toBe(true);
    await leave();
  });

  test("nothing behind a failure is sent: it settles in the same pass, with what stands in front of it", async () => {
    const { session, next, leave } = await begun({ tasks }, "dataflow");
    const [first] = session.tasks();
    if (!first) throw new Error("The run has no task.");
    await session.commit({ tasks: [{ ...first, status: "failed" }] });

    expect(goalsOf(await next())).toEqual(["T3", "T4", "T5"]);
    expect(session.task("T2")).toMatchObject({ status: "blocked", errorCode: "dependency_failed" });
    await leave();
  });

  test("when every task that could work is held by a question, only people can move the run", async () => {
    const { session, next, leave } = await begun({ tasks: tasks.slice(0, 2) }, "dataflow");
    const shown = { question: "How?", subject: null, proposed: [], evidence: [], reasons: [], degraded: false };
    await session.ask({ taskId: "T1", attempt: 1, kind: "question", subject: "ask:how", shown });

    const command = await next();

    expect(goalsOf(command)).toEqual(["approvals"]);
    expect(command.update).toMatchObject({ status: "waiting", requests: [{ task: "T1", question: "How?" }] });
    await leave();
  });

  test("a run that is cancelled goes to its report, whatever is left", async () => {
    const { session, next, leave } = await begun({ tasks }, "dataflow");

    session.cancel();

    expect(goalsOf(await next())).toEqual(["report"]);
    await leave();
  });
});

/** A run that has not begun to work, and what the dispatcher makes of it. */
async function begun(mission: MissionParts, mode: Dispatch) {
  const blackboard = { note: { merge: "latest" as const } };
  const writes = mission.tasks.map((task) => (task.task_id === "T3" ? { ...task, writes: ["note"] } : task));
  const { parts, store } = await trials.open([actor("A70", { work: async () => ({}) })], { blackboard, tasks: writes });
  const { mission: loaded, version } = parts.catalogue.find("test-mission");
  const startedAt = new Date();
  const prepared = await parts.prepareCase(loaded, undefined, startedAt);
  await store.commit(
    newRun(store, loaded, prepared, { runId: "R1", version, startedAt, host: "orchestrator", dispatch: mode }).unit,
  );
  const session = await parts.sessions.host("R1", loaded);
  const plan = toPlan(loaded.tasks);
  return {
    session,
    next: () => dispatch(session, plan, parts.deps),
    leave: () => parts.sessions.unhost("R1"),
  };
}

/** Where a command leads: the tasks that it sends, or the node that it names. */
function goalsOf(command: Command): readonly unknown[] {
  const goals = Array.isArray(command.goto) ? command.goto : [command.goto];
  return goals.flatMap((goal) => (typeof goal === "object" ? goal.args.tasks : goal));
}
