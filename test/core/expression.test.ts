import { describe, expect, test } from "vitest";
import { checkExpression, evaluate, evaluateBoolean, expressionsIn, fillIn, rootsOf } from "../../core/expression.js";
import { verifyMission } from "../../core/verify.js";
import type { MissionParts, TaskParts } from "../support/missions.js";
import { agentsFor, missionOf } from "../support/missions.js";

describe("the language", () => {
  test("reads JSON and gives JSON", () => {
    const scope = { case: { name: "Ada", size: 3, tags: ["a", "b"] } };

    expect(evaluate("case.size * 2.0", scope)).toBe(6);
    expect(evaluate("size(case.tags)", scope)).toBe(2);
    expect(evaluate("{'who': case.name, 'first': case.tags[0]}", scope)).toEqual({ who: "Ada", first: "a" });
    expect(evaluateBoolean("case.size <= 3", scope)).toBe(true);
  });

  test.each([
    ["hours_between('2026-03-02T09:00:00Z', '2026-03-03T10:30:00Z')", 25.5],
    ["days_between('2026-03-02T09:00:00Z', '2026-03-03T21:00:00Z')", 1.5],
    // From Friday 16:00 to Monday 10:00 there are two working hours.
    ["business_hours_between('2026-03-06T16:00:00Z', '2026-03-09T10:00:00Z')", 2],
    ["business_hours_between('2026-03-09T10:00:00Z', '2026-03-06T16:00:00Z')", -2],
    ["median([3.0, 1.0, 2.0])", 2],
    ["median([1, 2])", 1.5],
    ["matches('A-17', '^[A-Z]-[0-9]+$')", true],
    ["'A-17'.matches('^[A-Z]-' + '[0-9]+$')", true],
    ["('a' + 'b').matches('^a$') || [1].exists(n, 'x'.matches('y'))", false],
  ])("%s gives %s", (expression, value) => {
    expect(evaluate(expression, {})).toBe(value);
  });

  test.each(["matches(case.text, '^(a+)+$')", "case.text.matches('^(a+)+$')"])(
    "a pattern that tries every way ends: %s",
    (expression) => {
      expect(evaluate(expression, { case: { text: `${"a".repeat(10_000)}!` } })).toBe(false);
    },
  );

  test("a pattern that cannot be used is a problem with its column before it runs, in both forms", () => {
    expect(checkExpression("true && matches(case.text, '(a)\\\\1')")).toMatchObject({
      column: 28,
      message: expect.stringContaining("refer back"),
    });
    expect(checkExpression("case.list.all(x, x.matches('(?<=a)b'))")).toMatchObject({
      column: 28,
      message: expect.stringContaining("look behind"),
    });
    expect(checkExpression("matches(case.text, case.pattern)")).toBeUndefined();
    expect(() => evaluate("matches('a', case.pattern)", { case: { pattern: "(a" } })).toThrow("Invalid regular");
  });

  test("a failure names expression and column", () => {
    expect(() => evaluate("case.size + case.nope", { case: { size: 1 } })).toThrow(
      /CEL "case\.size \+ case\.nope", column \d+: No such key: nope/u,
    );
    expect(() => evaluateBoolean("case.size", { case: { size: 1 } })).toThrow("true or false is needed");
    expect(() => evaluate("hours_between('soon', 'late')", {})).toThrow("is no moment");
    expect(() => evaluate("median([])", {})).toThrow("median of an empty list");
  });

  test("a name that is absent is null to who asks whether it is there, and an error to who does not", () => {
    expect(evaluate("has(T1.sum) ? T1.sum : 0.0", {})).toBe(0);
    expect(evaluate("T1 == null || T1.sum > 3.0", {})).toBe(true);
    expect(evaluate("has(T1.sum) ? T1.sum : 0.0", { T1: { sum: 4 } })).toBe(4);
    expect(() => evaluate("T1.sum", {})).toThrow("Unknown variable: T1");
  });

  test("what an expression reads is known without running it", () => {
    const roots = rootsOf("has(T1.sum) && case.lines.exists(line, line.owner == T2.owner) || run['steps'] > 3");
    expect(Object.fromEntries([...roots].map(([root, fields]) => [root, [...fields]]))).toEqual({
      T1: ["sum"],
      case: ["lines"],
      T2: ["owner"],
      run: ["steps"],
    });
  });

  test("a text is filled from the scope, and what cannot be told shows as unknown", () => {
    const text = "{{ case.name }} has {{ case.size }} and {{ case.nope }}.";
    expect(fillIn(text, { case: { name: "Ada", size: 3 } })).toBe("Ada has 3 and (unknown).");
    expect(expressionsIn(text)).toEqual(["case.name", "case.size", "case.nope"]);
  });

  test("syntax and types are checked without running", () => {
    expect(checkExpression("T1.sum > 2.0")).toBeUndefined();
    expect(checkExpression("1 +")).toMatchObject({ column: 4 });
    expect(checkExpression("case.name == 'x' && 'a' > 1")?.message).toContain("string > int");
    expect(checkExpression("nope(1)")?.message).toContain("nope");
  });
});

describe("I1: expressions are proved before a run", () => {
  const SAMPLE = { case_id: "C1", name: "Ada", size: 3, received_at: "-P1DT4H" };

  function verify(parts: MissionParts) {
    const agents = agentsFor(parts);
    return verifyMission(missionOf(parts, agents), { agents, tools: [], sampleCase: SAMPLE });
  }
  const found = (parts: MissionParts) => verify(parts).map(({ code, pointer }) => `${code} ${pointer}`);
  const foundIn = (...tasks: readonly TaskParts[]) => found({ tasks });

  test("a syntax error names its column", () => {
    const [problem] = verify({ tasks: [{ task_id: "T1", when: "case.size >" }] });
    expect(problem).toMatchObject({ code: "expression_invalid", pointer: "/tasks/0/when", column: 12 });
    expect(problem?.message).toContain("column 12");
  });

  test("a name that nothing has is refused, with the nearest", () => {
    const [problem] = verify({
      tasks: [{ task_id: "collect" }, { task_id: "T2", depends_on: ["collect"], when: "colect.x" }],
    });
    expect(problem).toMatchObject({ code: "unknown_name", pointer: "/tasks/1/when" });
    expect(problem?.message).toContain('Did you mean "collect"?');
  });

  test("each place has its own names", () => {
    expect(
      foundIn(
        {
          task_id: "T1",
          checks: [{ check_id: "c", that: "T1.x && inputs.a", reason: "It is {{ blackboard.k }}." }],
          inputs: { b: "case.name" },
        },
        { task_id: "T2", depends_on: ["T1"], for_each: "T1.list", collect: { cel: "acc + item + index" } },
        { task_id: "T3", inputs: { a: { cel: "output.x" } } },
      ),
    ).toEqual([
      "unknown_name /tasks/0/checks/0/that",
      "no_such_field /tasks/0/checks/0/that",
      "unknown_name /tasks/0/checks/0/reason",
      "unknown_name /tasks/1/collect/cel",
      "unknown_name /tasks/2/inputs/a/cel",
    ]);
  });

  test("nothing that steers a run may read what differs from pass to pass", () => {
    const problems = verify({
      tasks: [
        {
          task_id: "T1",
          when: "run.steps < 3",
          approval: { unless: "run.cost_usd < 1.0" },
          route: [{ when: "run.steps > 1", to: "T2" }],
        },
        { task_id: "T2", depends_on: ["T1"] },
      ],
      limits: [{ limit_id: "few", op: "<=", value: 3, measure: "run.steps" }],
    });
    expect(problems.map(({ pointer }) => pointer)).toEqual([
      "/tasks/0/when",
      "/tasks/0/route/0/when",
      "/tasks/0/approval/unless",
    ]);
    for (const { message } of problems) expect(message).toContain("may not read run");
  });

  test("run has only the figures that it has", () => {
    const problems = verify({
      tasks: [{ task_id: "T1" }],
      limits: [{ limit_id: "few", op: "<=", value: 3, measure: "run.step" }],
    });
    expect(problems[0]).toMatchObject({ code: "no_such_field", pointer: "/limits/0/measure" });
    expect(problems[0]?.message).toContain('Did you mean "steps"?');
  });

  test("a task that is read must be depended on, and be there unless absence is provided for", () => {
    expect(foundIn({ task_id: "T1" }, { task_id: "T2", when: "T1.x" })).toEqual(["not_depended_on /tasks/1/when"]);
    const optional = { task_id: "T1", when: "case.size > 1.0" };
    expect(foundIn(optional, { task_id: "T2", depends_on: ["T1"], when: "T1.x" })).toEqual([
      "input_may_be_absent /tasks/1/when",
    ]);
    expect(foundIn(optional, { task_id: "T2", depends_on: ["T1"], when: "has(T1.x)" })).toEqual([]);
  });

  test("the first sample case must be able to answer", () => {
    const parts = (title: string): MissionParts => ({ tasks: [{ task_id: "T1" }], cases: { id: "case_id", title } });
    const unread = "cases_unreadable /cases";

    expect(found(parts("case.name + '!'"))).toEqual([unread]);
    expect(found(parts("case.nmae"))).toContain("expression_fails /cases/title");
    expect(found(parts("case.size"))).toContain("expression_type /cases/title");
    expect(foundIn({ task_id: "T1", when: "case.name" })).toEqual(["expression_type /tasks/0/when"]);
    expect(
      found({
        tasks: [{ task_id: "T1" }],
        kpis: [
          { kpi_id: "k", unit: "hours", direction: "lower", measure: "hours_between(case.received, run.finished_at)" },
        ],
      }),
    ).toEqual(["expression_fails /kpis/0/measure"]);
    expect(
      found({
        tasks: [{ task_id: "T1" }],
        kpis: [
          {
            kpi_id: "k",
            unit: "hours",
            direction: "lower",
            measure: "hours_between(case.received_at, run.finished_at)",
          },
        ],
      }),
    ).toEqual([]);
  });
});
