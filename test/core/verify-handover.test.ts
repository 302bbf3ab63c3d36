import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { AgentDefinition } from "../../core/define-agent.js";
import type { Problem } from "../../core/problem.js";
import { verifyMission } from "../../core/verify.js";
import type { MissionParts, TaskParts } from "../support/missions.js";
import { agentsFor, fakeAgent, fakePlaybook, missionOf } from "../support/missions.js";

const SAMPLE = { case_id: "C1", name: "Ada" };

function verify(parts: MissionParts, agents: readonly AgentDefinition[] = agentsFor(parts)): readonly string[] {
  const problems: readonly Problem[] = verifyMission(missionOf(parts, agents), {
    agents,
    tools: [],
    sampleCase: SAMPLE,
  });
  return problems.map(({ severity, code, pointer }) => `${severity === "warning" ? "warning " : ""}${code} ${pointer}`);
}

const verifyTasks = (...tasks: readonly TaskParts[]) => verify({ tasks });

describe("F018: what a task hands over is what the next one takes", () => {
  const maker = fakePlaybook({
    skill: "make",
    output: z.object({
      total: z.number(),
      note: z.string().optional(),
      lines: z.array(z.string()),
      owner: z.object({ name: z.string() }).nullable(),
    }),
  });
  const user = fakePlaybook({
    skill: "use",
    input: z.strictObject({ total: z.number(), note: z.string().optional() }),
  });
  const agents = [fakeAgent("A1", "worker", [maker, user, fakePlaybook()])];
  const needy = fakeAgent("A1", "worker", [
    fakePlaybook({ skill: "use", output: z.strictObject({ sum: z.number() }) }),
    fakePlaybook({ skill: "needs", input: z.object({ sum: z.number(), tax: z.number() }) }),
  ]);
  const hand = (inputs: TaskParts["inputs"]) =>
    verify(
      {
        tasks: [
          { task_id: "T1", skill: "make" },
          { task_id: "T2", skill: "work", depends_on: ["T1"], ...(inputs && { inputs }) },
        ],
      },
      agents,
    );
  const use = (inputs: TaskParts["inputs"]) =>
    verify(
      {
        tasks: [
          { task_id: "T1", skill: "make" },
          { task_id: "T2", skill: "use", depends_on: ["T1"], ...(inputs && { inputs }) },
        ],
      },
      agents,
    );

  test("a field that the producer's contract does not have is refused", () => {
    expect(hand({ a: "T1.total", b: "T1.lines.0", whole: "T1" })).toEqual([]);
    expect(hand({ a: "T1.totla" })).toEqual(["no_such_field /tasks/1/inputs/a"]);
    expect(hand({ a: "T1.total.sum" })).toEqual(["no_such_field /tasks/1/inputs/a"]);
  });

  test("a field that may be missing is marked with a question mark", () => {
    expect(hand({ a: "T1.note" })).toEqual(["input_may_be_absent /tasks/1/inputs/a"]);
    expect(hand({ a: "T1.owner.name" })).toEqual(["input_may_be_absent /tasks/1/inputs/a"]);
    expect(hand({ a: "T1.note?", b: "T1.owner.name?" })).toEqual([]);
  });

  test("a skill gets every input that it needs, of the right kind, and no other", () => {
    expect(use({ total: "T1.total", note: "T1.note?" })).toEqual([]);
    expect(use({ note: "T1.note?" })).toEqual(["input_missing /tasks/1/inputs"]);
    expect(use({ total: "T1.total?" })).toEqual(["input_may_be_absent /tasks/1/inputs/total"]);
    expect(use({ total: "T1.lines" })).toEqual(["input_type /tasks/1/inputs/total"]);
    expect(use({ total: { value: "12" } })).toEqual(["input_type /tasks/1/inputs/total"]);
    expect(use({ total: "T1.total", sum: "T1.total" })).toEqual(["input_not_accepted /tasks/1/inputs/sum"]);
    expect(use(undefined)).toEqual([
      "input_not_accepted /tasks/1/skill",
      "input_not_accepted /tasks/1/depends_on/0",
      "input_missing /tasks/1/skill",
    ]);
  });

  test("a whole result spread into the inputs counts field by field", () => {
    const refused = "input_not_accepted /tasks/1/inputs/*";

    expect(use({ "*": "T1" })).toEqual([refused, refused]); // lines and owner
    expect(
      verify(
        {
          tasks: [
            { task_id: "T1", skill: "use", inputs: { total: { value: 1 } } },
            { task_id: "T2", skill: "needs", depends_on: ["T1"], inputs: { "*": "T1" } },
          ],
        },
        [needy],
      ),
    ).toEqual(["input_missing /tasks/1/inputs"]);
  });

  test("with for_each a reader finds the list under items", () => {
    const tasks = (path: string) => [
      { task_id: "T1", skill: "make" },
      { task_id: "T2", skill: "make", depends_on: ["T1"], for_each: "T1.lines" },
      { task_id: "T3", depends_on: ["T2"], inputs: { a: path } },
    ];
    expect(verify({ tasks: tasks("T2.items") }, agents)).toEqual([]);
    expect(verify({ tasks: tasks("T2.total") }, agents)).toEqual(["no_such_field /tasks/2/inputs/a"]);
  });

  test("for_each needs a list", () => {
    const tasks = [
      { task_id: "T1", skill: "make" },
      { task_id: "T2", depends_on: ["T1"], for_each: "T1.total" },
    ];
    expect(verify({ tasks }, agents)).toEqual(["input_type /tasks/1/for_each"]);
  });

  test("a stand-in's result must have what the readers of the task read", () => {
    const tasks = [
      { task_id: "T1", skill: "make", on_failure: { task: "F" } },
      { task_id: "F", skill: "small" },
      { task_id: "T2", depends_on: ["T1"], inputs: { a: "T1.total" } },
    ];
    const small = fakePlaybook({ skill: "small", output: z.object({ sum: z.number() }) });
    expect(verify({ tasks }, [fakeAgent("A1", "worker", [maker, small, fakePlaybook()])])).toEqual([
      "no_such_field /tasks/2/inputs/a",
    ]);
  });

  test("a task's own contract counts as well as its skill's", () => {
    const output = {
      type: "object",
      properties: { total: { type: "number" } },
      required: ["total"],
      additionalProperties: false,
    };
    const tasks = (path: string) => [
      { task_id: "T1", output },
      { task_id: "T2", depends_on: ["T1"], inputs: { a: path } },
    ];
    expect(verify({ tasks: tasks("T1.total") })).toEqual([]);
    expect(verify({ tasks: tasks("T1.sum") })).toEqual(["no_such_field /tasks/1/inputs/a"]);
  });

  test("a JSON Schema that cannot be used is refused", () => {
    const problems = verify({
      tasks: [
        { task_id: "T1", output: { type: "objekt" } },
        { task_id: "T2", writes: ["k"] },
      ],
      blackboard: { k: { schema: { $ref: "http://example.com/x" } } },
    });
    expect(problems).toEqual(["schema_unreadable /tasks/0/output", "schema_unreadable /blackboard/k/schema"]);
  });
});

describe("I1: inputs are there when they are read", () => {
  test("only tasks that one depends on, directly or not, can be read", () => {
    expect(
      verifyTasks(
        { task_id: "T1" },
        { task_id: "T2", depends_on: ["T1"] },
        { task_id: "T3", depends_on: ["T2"], inputs: { a: "T1.x" } },
      ),
    ).toEqual([]);
    expect(verifyTasks({ task_id: "T1" }, { task_id: "T2", inputs: { a: "T1.x" } })).toEqual([
      "not_depended_on /tasks/1/inputs/a",
    ]);
    expect(verifyTasks({ task_id: "T1", inputs: { a: "T9.x", b: "run.steps" } })).toEqual([
      "unknown_name /tasks/0/inputs/a",
      "unknown_name /tasks/0/inputs/b",
    ]);
  });

  const reader = (parts: Partial<TaskParts>): TaskParts => ({
    task_id: "T2",
    depends_on: ["T1"],
    inputs: { a: "T1.x" },
    ...parts,
  });

  test.each<[string, readonly TaskParts[]]>([
    ["has a condition", [{ task_id: "T1", when: "case.name == 'Ada'" }, reader({})]],
    ["may fail and be passed over", [{ task_id: "T1", on_failure: "continue" }, reader({})]],
    [
      "is one way of a route",
      [{ task_id: "R", route: [{ otherwise: true, to: "T1" }] }, { task_id: "T1", depends_on: ["R"] }, reader({})],
    ],
    ["need not be waited for", [{ task_id: "T1" }, reader({ join: { need: "any" } })]],
    ["may come too late", [{ task_id: "T1" }, reader({ join: { within_minutes: 5, else: "continue" } })]],
    [
      "lies behind a join that goes on without it",
      [
        { task_id: "T1" },
        { task_id: "M", depends_on: ["T1"], join: { else: "continue" } },
        reader({ depends_on: ["M"] }),
      ],
    ],
    [
      "only stands in for another",
      [{ task_id: "T0", on_failure: { task: "T1" } }, { task_id: "T1" }, reader({ depends_on: ["T0", "T1"] })],
    ],
  ])("an input from a task that %s must be marked", (_, tasks) => {
    const index = tasks.length - 1;
    const marked = tasks.map((task, at) => (at === index ? { ...task, inputs: { a: "T1.x?" } } : task));

    expect(verifyTasks(...tasks)).toEqual([`input_may_be_absent /tasks/${index}/inputs/a`]);
    expect(verifyTasks(...marked)).toEqual([]);
  });

  test.each<[string, readonly TaskParts[]]>([
    [
      "somebody stands in for it when it fails",
      [{ task_id: "T1", on_failure: { task: "F" } }, { task_id: "F" }, reader({})],
    ],
    [
      "a strict join waits for it",
      [{ task_id: "T1", when: "case.name == 'Ada'" }, reader({ join: { need: "all", else: "fail" } })],
    ],
    [
      "it came before a task that was skipped by its condition",
      [
        { task_id: "T1" },
        { task_id: "M", depends_on: ["T1"], when: "case.name == 'Ada'" },
        reader({ depends_on: ["M"] }),
      ],
    ],
  ])("an input is sure when %s", (_, tasks) => {
    expect(verifyTasks(...tasks)).toEqual([]);
  });
});

describe("I1: the blackboard", () => {
  const blackboard = { k: {} };

  test("a reader depends on the writer of what it reads, and declares it", () => {
    const tasks = (parts: Partial<TaskParts>) => ({
      blackboard,
      tasks: [
        { task_id: "T1", writes: ["k"] },
        { task_id: "T2", ...parts },
      ],
    });

    expect(verify(tasks({ depends_on: ["T1"], reads: ["k"], inputs: { a: "blackboard.k" } }))).toEqual([]);
    expect(verify(tasks({ reads: ["k"] }))).toEqual(["not_depended_on /tasks/1/reads/0"]);
    expect(verify(tasks({ depends_on: ["T1"], inputs: { a: "blackboard.k" } }))).toEqual([
      "unknown_key /tasks/1/inputs/a",
    ]);
    expect(verify(tasks({ depends_on: ["T1"], reads: ["q"] }))).toEqual(["unknown_key /tasks/1/reads/0"]);
  });

  test("only declared keys are written, from fields that the result has", () => {
    const agents = [fakeAgent("A1", "worker", [fakePlaybook({ output: z.object({ total: z.number() }) })])];
    const verifyWrites = (writes: readonly string[]) =>
      verify({ blackboard: { k: {}, total: {} }, tasks: [{ task_id: "T1", writes: [...writes] }] }, agents);

    expect(verifyWrites(["total"])).toEqual(["warning unknown_key /blackboard/k"]);
    expect(verifyWrites(["total", "k"])).toEqual(["writes_no_field /tasks/0/writes/1"]);
    expect(verifyWrites(["total", "q"])).toEqual([
      "unknown_key /tasks/0/writes/1",
      "writes_no_field /tasks/0/writes/1",
      "warning unknown_key /blackboard/k",
    ]);
  });

  test("two writers of a key that takes one value are refused, unless only one can run", () => {
    const both = (one: Partial<TaskParts>, other: Partial<TaskParts>, merge: "once" | "append" = "once") =>
      verify({
        blackboard: { k: { merge } },
        tasks: [
          {
            task_id: "R",
            route: [
              { when: "R.a == true", to: "T1" },
              { otherwise: true, to: "T2" },
            ],
          },
          { task_id: "T1", depends_on: ["R"], writes: ["k"], ...one },
          { task_id: "T2", depends_on: ["R"], writes: ["k"], ...other },
        ],
      });
    const apart = (parts: Partial<TaskParts> = {}) =>
      verify({
        blackboard,
        tasks: [
          { task_id: "T1", writes: ["k"] },
          { task_id: "T2", writes: ["k"], ...parts },
        ],
      });

    expect(both({}, {})).toEqual([]);
    expect(apart()).toEqual(["board_conflict /tasks/1/writes"]);
    expect(apart({ when: "case.name == 'Ada'" })).toEqual(["warning board_conflict /tasks/1/writes"]);
    expect(
      verify({
        blackboard: { k: { merge: "append" } },
        tasks: [
          { task_id: "T1", writes: ["k"] },
          { task_id: "T2", writes: ["k"] },
        ],
      }),
    ).toEqual([]);
  });
});
