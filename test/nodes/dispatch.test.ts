import type { Command } from "@langchain/langgraph";
import { afterAll, describe, expect, test } from "vitest";
import { toPlan } from "../../core/plan.js";
import { dispatch } from "../../nodes/dispatch.js";
import { newRunUnit } from "../../runtime/new-run.js";
import { actor, createTrials } from "../support/failures.js";

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
    await store.commit(newRunUnit(store, mission, prepared, start));
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

/** Where a command leads: the tasks that it sends, or the node that it names. */
function goalsOf(command: Command): readonly unknown[] {
  const goals = Array.isArray(command.goto) ? command.goto : [command.goto];
  return goals.map((goal) => (typeof goal === "object" ? goal.args.task : goal));
}
