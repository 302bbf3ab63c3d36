import { describe, expect, test } from "vitest";
import { z } from "zod";
import { assembleMission } from "../../core/assemble-mission.js";
import type { AgentDefinition } from "../../core/define-agent.js";
import type { JsonObject } from "../../core/digest.js";
import type { Problem } from "../../core/problem.js";
import type { ToolDefinition } from "../../core/tool.js";
import { verifyMission } from "../../core/verify.js";
import { defineTool } from "../../tools/define-tool.js";
import { fc } from "../support/fast-check.js";
import type { MissionParts, TaskParts } from "../support/missions.js";
import { agentsFor, fakeAgent, fakePlaybook, missionFileOf, missionOf } from "../support/missions.js";

const SAMPLE = { case_id: "C1", name: "Ada", size: 3, received_at: "-P1DT4H" };

interface Given {
  readonly agents?: readonly AgentDefinition[];
  readonly tools?: readonly ToolDefinition[];
  readonly sampleCase?: JsonObject;
  readonly datasetTasks?: readonly string[];
}

function verify(parts: MissionParts, given: Given = {}): readonly Problem[] {
  const agents = given.agents ?? agentsFor(parts);
  const { mission, problems } = assembleMission(missionFileOf(parts), agents, {
    datasetTasks: given.datasetTasks ?? [],
  });
  const found = verifyMission(mission, { tools: [], sampleCase: SAMPLE, ...given, agents });
  return [...problems, ...found];
}

function verifyTasks(...tasks: readonly TaskParts[]): readonly Problem[] {
  return verify({ tasks });
}

/** What was found, as `code pointer`, warnings marked. */
function found(problems: readonly Problem[]): readonly string[] {
  return problems.map(({ severity, code, pointer }) => `${severity === "warning" ? "warning " : ""}${code} ${pointer}`);
}

describe("I1: a mission is proved before it runs", () => {
  test("a sound mission has no problems", () => {
    expect(
      verifyTasks({ task_id: "T1" }, { task_id: "T2", depends_on: ["T1"], inputs: { a: "T1.x", b: "case.name" } }),
    ).toEqual([]);
  });

  test("everything wrong is found at once", () => {
    const problems = verifyTasks(
      { task_id: "case" },
      { task_id: "T1", depends_on: ["T9"] },
      { task_id: "T2", when: "1 +" },
      { task_id: "T3", join: { need: 2 } },
    );

    expect(found(problems)).toEqual([
      "reserved_name /tasks/0/task_id",
      "missing_dependency /tasks/1/depends_on/0",
      "join_impossible /tasks/3/join",
      "expression_invalid /tasks/2/when",
    ]);
  });

  test("ids that are taken, used twice or built in are refused", () => {
    const problems = verify({
      tasks: [{ task_id: "T1" }, { task_id: "T1" }, { task_id: "output" }, { task_id: "constructor" }],
      kpis: [{ kpi_id: "steps", unit: "steps", direction: "lower", known: "later" }],
      limits: [{ limit_id: "steps", op: "<=", value: 1, known: "later" }],
    });

    expect(found(problems)).toEqual([
      "duplicate_id /tasks/1/task_id",
      "reserved_name /tasks/2/task_id",
      "reserved_name /tasks/3/task_id",
      "duplicate_id /limits/0/limit_id",
    ]);
  });

  test.each([
    "planner",
    "dispatcher",
    "approvals",
    "reviewer",
    "report",
    "case",
    "status",
    "plan",
    "tasks",
    "blackboard",
  ])("an agent may not be called %s, which is a part of the graph", (slug) => {
    expect(found(verify({ tasks: [{ task_id: "T1" }] }, { agents: [fakeAgent("A1", slug)] }))).toEqual([
      "reserved_name /agents",
    ]);
  });

  test("two agents may not share a slug", () => {
    const problems = verify(
      { tasks: [{ task_id: "T1" }] },
      { agents: [fakeAgent("A1", "worker"), fakeAgent("A2", "worker")] },
    );
    expect(found(problems)).toEqual(["duplicate_id /agents"]);
  });
});

describe("I1: the plan", () => {
  test("a cycle is told task by task", () => {
    const problems = verifyTasks(
      { task_id: "T0" },
      { task_id: "T1", depends_on: ["T0", "T3"] },
      { task_id: "T2", depends_on: ["T1"] },
      { task_id: "T3", depends_on: ["T2"] },
      { task_id: "T4", depends_on: ["T3"] },
    );

    expect(found(problems)).toEqual(["cycle /tasks/1/depends_on"]);
    expect(problems[0]?.message).toContain("T1 → T3 → T2 → T1");
  });

  test("a task that depends on itself is a cycle", () => {
    expect(found(verifyTasks({ task_id: "T1", depends_on: ["T1"] }))).toEqual(["cycle /tasks/0/depends_on"]);
  });

  test("a missing dependency names the nearest task", () => {
    const [problem] = verifyTasks({ task_id: "collect" }, { task_id: "T2", depends_on: ["colect"] });
    expect(problem).toMatchObject({ code: "missing_dependency", pointer: "/tasks/1/depends_on/0" });
    expect(problem?.message).toContain('Did you mean "collect"?');
  });

  test("a join that can never be reached is refused", () => {
    const problems = verifyTasks({ task_id: "T1" }, { task_id: "T2", depends_on: ["T1"], join: { need: 2 } });
    expect(found(problems)).toEqual(["join_impossible /tasks/1/join/need"]);
  });

  test("a route's targets exist and depend on it, and otherwise stands last", () => {
    const problems = verifyTasks(
      {
        task_id: "R",
        route: [
          { otherwise: true, to: "A" },
          { when: "R.y", to: "B" },
          { when: "R.x", to: "X" },
        ],
      },
      { task_id: "A", depends_on: ["R"] },
      { task_id: "B" },
    );
    expect(found(problems)).toEqual(
      [
        "route_invalid /tasks/0/route/0",
        "route_invalid /tasks/0/route/1/to",
        "unknown_task /tasks/0/route/2/to",
      ].sort(),
    );
  });

  test("a stand-in exists, is another task, and waits for nobody that waits for it", () => {
    const missing = verifyTasks({ task_id: "T1", on_failure: { task: "T9" } });
    const itself = verifyTasks({ task_id: "T1", on_failure: { task: "T1" } });
    const behind = verifyTasks({ task_id: "T1", on_failure: { task: "F" } }, { task_id: "F", depends_on: ["T1"] });
    const round = verifyTasks(
      { task_id: "T1", on_failure: { task: "F" } },
      { task_id: "T2", depends_on: ["T1"] },
      { task_id: "F", depends_on: ["T2"] },
    );

    expect(found(missing)).toEqual(["unknown_task /tasks/0/on_failure/task"]);
    expect(found(itself)).toContain("cycle /tasks/0/on_failure/task");
    expect(found(behind)).toContain("cycle /tasks/0/on_failure/task");
    expect(round.some(({ code }) => code === "cycle")).toBe(true);
  });

  test("a longest path beyond the mission's deadline is refused, naming the path", () => {
    const tasks = [
      { task_id: "T1", estimated_duration_minutes: 20 },
      { task_id: "T2", depends_on: ["T1"], estimated_duration_minutes: 20 },
    ];
    const [problem] = verify({ tasks, deadline_minutes: 30 });

    expect(verify({ tasks, deadline_minutes: 40 })).toEqual([]);
    expect(problem).toMatchObject({ code: "beyond_deadline", pointer: "/deadline_minutes" });
    expect(problem?.message).toContain("T1 → T2");
  });

  test("a task estimated beyond its own deadline is a warning", () => {
    expect(found(verifyTasks({ task_id: "T1", estimated_duration_minutes: 90 }))).toEqual([
      "warning beyond_deadline /tasks/0/estimated_duration_minutes",
    ]);
  });
});

describe("I1: property", () => {
  /** Tasks whose dependencies point backwards only, so that the plan is sound. */
  const plans = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 2, maxLength: 25 }).map((rows) =>
    rows.map((row, index): TaskParts => {
      const needs = index === 0 ? [] : [...new Set(row.map((pick) => `T${pick % index}`))];
      return { task_id: `T${index}`, order: index + 1, depends_on: needs };
    }),
  );

  test("a sound plan stays sound however its tasks are listed, and comes out in dependency order", () => {
    fc.assert(
      fc.property(
        plans.chain((tasks) => fc.shuffledSubarray(tasks, { minLength: tasks.length })),
        (tasks) => {
          const ids = missionOf({ tasks }).tasks.map(({ id }) => id);
          for (const { task_id, depends_on } of tasks) {
            for (const need of depends_on ?? []) expect(ids.indexOf(need)).toBeLessThan(ids.indexOf(task_id));
          }
          expect(verifyTasks(...tasks)).toEqual([]);
        },
      ),
    );
  });

  test("any dependency that closes a circle is found", () => {
    fc.assert(
      fc.property(plans, fc.nat(), fc.nat(), (tasks, one, other) => {
        const [early, late] = [one % tasks.length, other % tasks.length].sort((a, b) => a - b);
        const first = tasks[early ?? 0];
        const last = tasks[late ?? 0];
        if (!first || !last) return;
        const chained = tasks.map((task, index) => {
          if (index <= (early ?? 0) || index > (late ?? 0)) return task;
          return { ...task, depends_on: [...new Set([...(task.depends_on ?? []), `T${index - 1}`])] };
        });
        const closed = chained.map((task) => {
          return task.task_id === first.task_id
            ? { ...task, depends_on: [...(task.depends_on ?? []), last.task_id] }
            : task;
        });
        expect(verifyTasks(...chained)).toEqual([]);
        expect(verifyTasks(...closed).map(({ code }) => code)).toContain("cycle");
      }),
    );
  });
});

describe("F005: only capable agents are assigned", () => {
  test("a task that nobody can do is refused, with the nearest skill", () => {
    const agents = [fakeAgent("A1", "worker", [fakePlaybook({ skill: "verify_documents" })])];
    const [problem] = verify({ tasks: [{ task_id: "T1", skill: "verify_document" }] }, { agents });

    expect(problem?.code).toBe("no_capable_agent");
    expect(problem?.message).toContain('Did you mean "verify_documents"?');
  });

  test("an empty row is refused although the generalist could do it", () => {
    const agents = [fakeAgent("A1", "worker"), fakeAgent("A0", "generalist", [fakePlaybook({ skill: "*" })])];
    const problems = verify({ tasks: [{ task_id: "T1" }], capabilities: { T1: [] } }, { agents });
    expect(found(problems)).toEqual(["no_capable_agent /capabilities/T1"]);
  });

  test("a row names only agents that exist, are on the roster and have the skill", () => {
    const agents = [
      fakeAgent("A1", "worker"),
      fakeAgent("A2", "other", [fakePlaybook({ skill: "other" })]),
      fakeAgent("A3", "absent"),
    ];
    const tasks = [{ task_id: "T1" }, { task_id: "T2" }, { task_id: "T3" }];
    const capabilities = { T1: ["A9"], T2: ["A2"], T3: ["A3"], T8: ["A1"] };
    const problems = verify({ tasks, agents: ["A1", "A2", "A7"], capabilities }, { agents });

    expect(found(problems)).toEqual([
      "unknown_agent /agents/2",
      "unknown_task /capabilities/T8",
      "unknown_agent /capabilities/T1",
      "skill_unknown /capabilities/T2",
      "agent_not_on_roster /capabilities/T3",
    ]);
  });

  test("a task without a skill is refused", () => {
    const { mission } = assembleMission(
      missionFileOf({ tasks: [{ task_id: "T1", skill: "" }] }),
      agentsFor({ tasks: [] }),
    );
    expect(found(verifyMission(mission, { agents: agentsFor({ tasks: [{ task_id: "T1" }] }), tools: [] }))).toEqual([
      "skill_missing /tasks/0/skill",
    ]);
  });
});

describe("I3: tools", () => {
  const pay = defineTool({
    name: "pay",
    description: "Pays.",
    input: z.strictObject({ to: z.string(), amount: z.number() }),
    output: z.strictObject({}),
    effect: "irreversible",
    timeoutMs: 10,
    maxCostMicroUsd: 0,
    dedupeKey: ({ to }) => to,
    dedupeScope: "case",
    run: async () => ({}),
  });
  const output = z.strictObject({ to: z.string(), amount: z.number() });

  test("a playbook calls only tools that its agent holds, and an agent holds only tools that exist", () => {
    const agents = [fakeAgent("A1", "worker", [fakePlaybook({ tools: ["pay"] })], { tools: ["pya"] })];
    const holder = [fakeAgent("A1", "worker", [fakePlaybook({ tools: ["pay"] })], { tools: ["pay"] })];
    const tasks = [{ task_id: "T1" }];

    expect(verify({ tasks }, { agents, tools: [pay] }).map(({ code }) => code)).toEqual([
      "unknown_tool",
      "tool_not_held",
    ]);
    expect(verify({ tasks }, { agents: holder, tools: [pay] })).toEqual([]);
  });

  test("a proposed effect takes its arguments from fields that its result has", () => {
    const propose = (args: Record<string, string>) => {
      const agents = [
        fakeAgent("A1", "worker", [fakePlaybook({ output, proposes: [{ tool: "pay", args }] })], { tools: ["pay"] }),
      ];
      return verify({ tasks: [{ task_id: "T1" }] }, { agents, tools: [pay] }).map(({ message }) => message);
    };

    expect(propose({ to: "/to", amount: "/amount" })).toEqual([]);
    expect(propose({ to: "/too", amount: "/amount" })).toEqual([
      expect.stringContaining("from /too, which its result does not have"),
    ]);
    expect(propose({ to: "/to", sum: "/amount" })).toEqual([
      expect.stringContaining('the argument "sum", which it does not take'),
      expect.stringContaining('without its argument "amount"'),
    ]);
  });
});

describe("I1: one skill for each item", () => {
  test("a skill that proposes acts is refused, since nobody would do them", () => {
    const verified = (proposes: readonly { tool: string; args: Readonly<Record<string, string>> }[]) => {
      const agents = [fakeAgent("A1", "worker", [fakePlaybook({ proposes })])];
      return found(verify({ tasks: [{ task_id: "T1", for_each: "case.items" }] }, { agents }));
    };

    expect(verified([{ tool: "pay", args: {} }])).toContain("proposes_each /tasks/0/for_each");
    expect(verified([])).not.toContain("proposes_each /tasks/0/for_each");
  });
});

describe("I4: approvals", () => {
  test("an ask that no role may answer is refused", () => {
    const tasks = [{ task_id: "T1", approval: { role: " " } }];
    const problems = verify({ tasks, approvals: { role: " ", escalate_to: ["boss", ""] } });
    expect(found(problems)).toEqual([
      "role_empty /tasks/0/approval/role",
      "role_empty /approvals/role",
      "role_empty /approvals/escalate_to/1",
    ]);
  });

  test("the dataset's flags may not be loosened", () => {
    const tasks = [{ task_id: "T1", approval: { unless: "output.sure == true", sample: 0.1 } }];
    expect(verify({ tasks })).toEqual([]);
    expect(found(verify({ tasks }, { datasetTasks: ["T1"] }))).toEqual([
      "approval_loosened /tasks/0/approval/unless",
      "approval_loosened /tasks/0/approval/sample",
    ]);
  });
});

test("what finds a fault must have a task to send it back to", () => {
  const problems = verify({
    tasks: [{ task_id: "T1" }],
    limits: [
      { limit_id: "few", op: "<=", value: 1 },
      { limit_id: "fewer", op: "<", value: 1, measure: "run.steps", send_back: "T2" },
    ],
    review: [{ rule_id: "r", that: "T1.ok", reason: "It is not.", send_back: "T3" }],
  });
  expect(found(problems)).toEqual([
    "measure_missing /limits/0",
    "unknown_task /limits/1/send_back",
    "unknown_task /review/0/send_back",
  ]);
});

test("three thousand tasks are proved in one go", () => {
  const tasks = Array.from({ length: 3000 }, (_, index) => ({
    task_id: `T${index}`,
    order: index + 1,
    depends_on: index === 0 ? [] : [`T${index - 1}`],
  }));
  expect(verifyTasks(...tasks)).toEqual([]);
});
