import { afterAll, describe, expect, test } from "vitest";
import type { Act } from "../support/failures.js";
import { actor, createTrials, endsOf } from "../support/failures.js";

const trials = createTrials();
afterAll(() => trials.drop());

const read: Act = async ({ caseData }) => ({ kind: caseData["kind"], amount: caseData["amount"] });
const work: Act = async ({ taskId }) => ({ by: taskId });
const agent = actor("A70", { read, work });
const ROUTE = [
  { when: "T1.kind == 'refund'", to: "money" },
  { when: "T1.amount > 100.0", to: "board" },
];
const OTHERWISE = { otherwise: true as const, to: "front" };

async function routed(caseData: { kind: string; amount: number }, hasOtherwise: boolean) {
  const desks = ["money", "board", ...(hasOtherwise ? ["front"] : [])];
  const trial = await trials.start([agent], {
    cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1", ...caseData }] },
    tasks: [
      { task_id: "T1", skill: "read", route: hasOtherwise ? [...ROUTE, OTHERWISE] : ROUTE, on_failure: "stop" },
      ...desks.map((id) => ({ task_id: id, depends_on: ["T1"] })),
      { task_id: "T9", depends_on: desks },
    ],
  });
  return { trial, ends: endsOf(trial.status) };
}

describe("I1: a route sends to exactly one task", () => {
  test("the one whose condition holds works, the others are skipped, and who depends on all of them goes on", async () => {
    const { trial, ends } = await routed({ kind: "refund", amount: 5 }, true);

    expect(ends).toEqual({ T1: "done", money: "done", board: "skipped", front: "skipped", T9: "done" });
    expect((await trial.events(trial.run, "route_chosen")).map(({ data }) => data["chosen"])).toEqual(["money"]);
  });

  test("none holds: otherwise", async () => {
    expect((await routed({ kind: "praise", amount: 5 }, true)).ends).toEqual({
      T1: "done",
      money: "skipped",
      board: "skipped",
      front: "done",
      T9: "done",
    });
  });

  test.each([
    [
      "none holds and there is no otherwise",
      { kind: "praise", amount: 5 },
      false,
      "no condition holds and there is no otherwise",
    ],
    ["two hold", { kind: "refund", amount: 500 }, true, "2 conditions hold: T1.kind == 'refund' | T1.amount > 100.0"],
  ])("%s: the task fails and says so, and nobody behind it works", async (_, caseData, hasOtherwise, words) => {
    const { trial, ends } = await routed(caseData, hasOtherwise);

    expect(ends).toMatchObject({
      T1: "failed:1:route_unmatched",
      money: "blocked:1:dependency_failed",
      T9: "blocked:1:dependency_failed",
    });
    expect(trial.status.tasks["T1"]?.error).toContain(words);
  });

  test("a task whose `when` is false is skipped: who needs it goes on, and sees its input as absent", async () => {
    const seen: unknown[] = [];
    const look: Act = async (_context, inputs) => {
      seen.push(inputs);
      return {};
    };
    const trial = await trials.start([actor("A70", { work, look })], {
      tasks: [
        { task_id: "T1", when: "case.case_id == 'C2'" },
        { task_id: "T2", when: "case.case_id == 'C1'" },
        { task_id: "T3", skill: "look", depends_on: ["T1", "T2"], inputs: { first: "T1?", second: "T2.by?" } },
      ],
    });

    expect([trial.status.status, endsOf(trial.status)]).toEqual([
      "completed",
      { T1: "skipped", T2: "done", T3: "done" },
    ]);
    expect(trial.status.tasks["T1"]?.summary).toBe("not needed: case.case_id == 'C2'");
    expect(seen).toEqual([{ second: "T2" }]);
  });
});
