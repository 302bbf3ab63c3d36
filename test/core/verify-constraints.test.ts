import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { ToolDefinition } from "../../core/tool.js";
import { verifyMission } from "../../core/verify.js";
import type { MissionParts } from "../support/missions.js";
import { fakeAgent, fakePlaybook, missionOf } from "../support/missions.js";

const book: ToolDefinition = {
  name: "book",
  description: "Books.",
  input: z.strictObject({ day: z.string() }),
  output: z.strictObject({}),
  effect: "writes",
  timeoutMs: 1_000,
  maxCostMicroUsd: 0,
  dedupeKey: () => "",
  dedupeScope: "run",
  run: async () => ({}),
};
const AGENTS = [
  fakeAgent(
    "A1",
    "worker",
    [
      fakePlaybook({ skill: "work" }),
      fakePlaybook({ skill: "call", tools: ["book"] }),
      fakePlaybook({ skill: "propose", proposes: [{ tool: "book", args: { day: "/day" } }] }),
    ],
    { tools: ["book"] },
  ),
];
const TASKS = [
  { task_id: "A", skill: "work" },
  { task_id: "B", skill: "call", depends_on: ["A"] },
  { task_id: "C", skill: "propose", depends_on: ["B"] },
  { task_id: "D", skill: "propose" },
];

function problemsOf(parts: Partial<MissionParts>): readonly string[] {
  const mission = missionOf({ tasks: TASKS, ...parts }, AGENTS);
  return verifyMission(mission, { agents: AGENTS, tools: [book], sampleCase: { case_id: "C1" } }).map(
    ({ code, pointer, severity }) => `${severity} ${code} ${pointer}`,
  );
}

function constraint(holds: string, tasks: readonly string[], message = "They do not fit.") {
  return { constraints: [{ constraint_id: "fits", holds, tasks: [...tasks], message }] };
}

describe("I1: a constraint reads only what can be known before the acts that it stands in front of", () => {
  test.each([
    ["A.day <= args.day", ["B"]],
    ["A.day <= C.day", ["C"]],
    ["D == null || D.day <= args.day", ["B"]],
    ["D == null || C == null || D.day <= C.day", ["C", "D"]],
    ["tool != 'book' || args.day != case.case_id", ["B", "C", "D"]],
  ])("%s before %j is sound", (holds, tasks) => {
    expect(problemsOf(constraint(holds, tasks))).toEqual([]);
  });

  test.each([
    ["the result of a task that calls while it works", "B.day <= args.day", ["B"], "constraint_unknowable"],
    ["the same, provided for", "B == null || B.day <= args.day", ["B"], "constraint_unknowable"],
    ["what comes after every act", "C == null || C.day <= args.day", ["B"], "constraint_unknowable"],
    ["what may not be done yet", "D.day <= args.day", ["B"], "constraint_unknowable"],
    [
      "a key that nobody has written",
      "!has(blackboard.day) || blackboard.day <= args.day",
      ["B"],
      "constraint_unknowable",
    ],
    ["an argument that the tool has not", "args.dya <= A.day", ["B"], "no_such_field"],
    ["a name that nobody has", "E.day <= args.day", ["B"], "unknown_name"],
    ["what is measured at the end", "run.steps < 3.0", ["B"], "unknown_name"],
    ["half an expression", "A.day <=", ["B"], "expression_invalid"],
  ])("refused: it reads %s", (_what, holds, tasks, code) => {
    const blackboard = { day: { schema: { type: "string" } } };
    const found = problemsOf({ ...constraint(holds, tasks), blackboard }).filter((problem) =>
      problem.startsWith("error"),
    );
    expect(found).toEqual([`error ${code} /constraints/0/holds`]);
  });

  test("a task that nobody is called, one that does nothing outside, and an id twice are named", () => {
    const [first] = constraint("A.day <= args.day", ["B"]).constraints;
    const second = { ...first!, tasks: ["Z", "A"], holds: "case.case_id != ''" };

    expect(problemsOf({ constraints: [first!, second] })).toEqual([
      "error duplicate_id /constraints/1/constraint_id",
      "error unknown_task /constraints/1/tasks/0",
      "warning constraint_idle /constraints/1/tasks/1",
    ]);
  });

  test("in the message, too, every name is looked at", () => {
    expect(problemsOf(constraint("A.day <= args.day", ["B"], "Not before {{ Q.day }}."))).toEqual([
      "error unknown_name /constraints/0/message",
    ]);
  });
});

describe("I1: a resource's name can be told when its task begins", () => {
  const withResource = (resource: string) =>
    problemsOf({ tasks: TASKS.map((task) => (task.task_id === "B" ? { ...task, resources: [resource] } : task)) });

  test.each(["calendar:team", "customer:{case.case_id}", "day:{{ A.day }}", "{A.day}/{case.case_id}"])(
    "%s is sound",
    (resource) => {
      expect(withResource(resource)).toEqual([]);
    },
  );

  test.each([
    ["customer:{case.case_id", "resource_invalid"],
    ["customer:{case.}", "expression_invalid"],
    ["customer:{D.day}", "not_depended_on"],
    ["customer:{nobody}", "unknown_name"],
    ["customer:{output.day}", "unknown_name"],
  ])("%s is refused", (resource, code) => {
    expect(withResource(resource)).toEqual([`error ${code} /tasks/1/resources/0`]);
  });
});
