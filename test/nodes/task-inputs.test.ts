import { afterAll, describe, expect, test } from "vitest";
import { giveUp } from "../../core/define-agent.js";
import type { Act } from "../support/failures.js";
import { actor, createGate, createTrials, endsOf } from "../support/failures.js";
import type { TaskParts } from "../support/missions.js";

const trials = createTrials();
afterAll(() => trials.drop());

const work: Act = async ({ taskId }) => ({ by: taskId, note: `from ${taskId}` });
const fail: Act = async () => {
  throw giveUp("permanent", "It broke.");
};
/** What the task was given. */
const tell: Act = async ({ blackboard }, inputs) => ({ inputs, board: blackboard }) as never; // safe: inputs and board are JSON

/** What the task `R` was given in a mission of these tasks. */
async function given(tasks: readonly TaskParts[], acts: Readonly<Record<string, Act>> = {}) {
  const agent = actor("A70", { work, fail, tell, ...acts });
  const trial = await trials.start([agent], { tasks, blackboard: { note: { merge: "append" } } });
  const result = (await trial.store.results.of(trial.run)).find(({ taskId }) => taskId === "R");
  return { given: result?.output, ends: endsOf(trial.status) };
}

describe("I1: what a task can read is what somebody waited for", () => {
  test("what stands before a skipped task is there for whoever comes after, as the proof of the mission says", async () => {
    const { given: read } = await given([
      { task_id: "A" },
      { task_id: "B", depends_on: ["A"], when: "false" },
      { task_id: "R", skill: "tell", depends_on: ["B"], inputs: { far: "A.by", near: "B.by?" } },
    ]);

    expect(read).toEqual({ inputs: { far: "A" }, board: {} });
  });

  test("who stands in reads what the failed task had, and whoever comes after reads the stand-in's result", async () => {
    const { given: read, ends } = await given([
      { task_id: "A" },
      { task_id: "B", skill: "fail", depends_on: ["A"], on_failure: { task: "R" } },
      { task_id: "R", skill: "tell", inputs: { far: "A.by" } },
      { task_id: "C", depends_on: ["B"], inputs: { stood: "B.inputs.far" } },
    ]);

    expect(read).toEqual({ inputs: { far: "A" }, board: {} });
    expect(ends).toMatchObject({ B: "failed:1:permanent", C: "done" });
  });

  test.each(["dataflow", "stepwise"] as const)(
    "%s: what nobody waited for is not read, whether it is done by now or not",
    async (dispatch) => {
      const late = createGate();
      const tasks: TaskParts[] = [
        { task_id: "D", skill: "late", writes: ["note"] },
        { task_id: "A", writes: ["note"], on_failure: { task: "S" } },
        { task_id: "S", depends_on: ["D"] },
        { task_id: "R", skill: "tell", depends_on: ["A"], reads: ["note"], inputs: { other: "D.by?", own: "A.by?" } },
      ];
      const acts: Readonly<Record<string, Act>> = {
        work,
        tell: async (context, inputs) => {
          late.open();
          return tell(context, inputs);
        },
        late: async (context, inputs) => {
          // Step by step the reader begins only when this one has ended.
          if (dispatch === "dataflow") await late.opened;
          return work(context, inputs);
        },
      };
      const { store, orchestrator } = await trials.open([actor("A70", acts)], {
        tasks,
        blackboard: { note: { merge: "append" } },
      });

      const { run_id: run } = await orchestrator.start("test-mission", { dispatch });

      const read = (await store.results.of(run)).find(({ taskId }) => taskId === "R");
      expect(read?.output).toEqual({ inputs: { own: "A" }, board: { note: ["from A"] } });
    },
  );
});
