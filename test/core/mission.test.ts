import { describe, expect, test } from "vitest";
import { z } from "zod";
import { assembleMission } from "../../core/assemble-mission.js";
import { MissionFileSchema, toTaskInput } from "../../core/mission.js";
import { missionVersion } from "../../core/mission-version.js";
import { shapeOf } from "../../core/shape.js";
import { verifyMission } from "../../core/verify.js";
import type { MissionParts } from "../support/missions.js";
import { agentsFor, fakeAgent, fakePlaybook, missionDocument, missionFileOf, missionOf } from "../support/missions.js";

const TASKS = [{ task_id: "T1" }, { task_id: "T2", skill: "write", depends_on: ["T1"] }];
const WORKER = fakeAgent("A1", "worker");
const WRITER = fakeAgent("A2", "writer", [fakePlaybook({ skill: "write" }), fakePlaybook()]);
const GENERALIST = fakeAgent("A0", "generalist", [fakePlaybook({ skill: "*" })]);
const AGENTS = [GENERALIST, WORKER, WRITER, fakeAgent("A3", "idle", [fakePlaybook({ skill: "sleep" })])];
const rowsOf = (mission: ReturnType<typeof missionOf>) =>
  Object.fromEntries(mission.tasks.map(({ id, agents }) => [id, agents]));

describe("F005: roster and rows", () => {
  test("without any, they come from skills, and the generalist stands last in every row", () => {
    const mission = missionOf({ tasks: TASKS }, AGENTS);

    expect(rowsOf(mission)).toEqual({ T1: ["A1", "A2", "A0"], T2: ["A2", "A0"] });
    expect(mission.agents.map(({ slug }) => slug)).toEqual(["generalist", "worker", "writer"]);
  });

  test("a mission's own rows and roster are kept, by id or slug", () => {
    const rows = missionOf({ tasks: TASKS, capabilities: { T1: ["writer", "A1"] } }, AGENTS);
    const roster = missionOf({ tasks: TASKS, agents: ["writer", "A1"] }, AGENTS);

    expect(rowsOf(rows)).toEqual({ T1: ["A2", "A1", "A0"], T2: ["A2", "A0"] });
    expect(rowsOf(roster)).toEqual({ T1: ["A2", "A1"], T2: ["A2"] });
    expect(roster.agents.map(({ id }) => id)).toEqual(["A2", "A1"]);
  });

  test("the generalist alone does a task only where the mission names it", () => {
    const tasks = [{ task_id: "T1", skill: "unheard_of" }];

    expect(rowsOf(missionOf({ tasks }, AGENTS))).toEqual({ T1: [] });
    expect(rowsOf(missionOf({ tasks, capabilities: { T1: ["A0"] } }, AGENTS))).toEqual({ T1: ["A0"] });
    expect(rowsOf(missionOf({ tasks, agents: ["generalist"] }, AGENTS))).toEqual({ T1: ["A0"] });
  });

  test("the dataset's roster gives its agents their names", () => {
    const names = new Map([["A1", { name: "Data Collection Agent", description: "Gathers." }]]);
    const { mission } = assembleMission(missionFileOf({ tasks: TASKS }), AGENTS, { rosterNames: names });

    expect(mission.agents.find(({ id }) => id === "A1")).toMatchObject({
      slug: "worker",
      name: "Data Collection Agent",
      description: "Gathers.",
    });
  });
});

describe("the document of a mission", () => {
  test("has the defaults of the format, tasks in dependency order, then by order", () => {
    const mission = missionOf({
      tasks: [
        { task_id: "last", depends_on: ["second", "first"], order: 1 },
        { task_id: "second", order: 3 },
        { task_id: "first", order: 2 },
      ],
    });

    expect(mission.tasks.map(({ id }) => id)).toEqual(["first", "second", "last"]);
    expect(mission).toMatchObject({
      budgetUsd: 5,
      maxParallel: 8,
      maxReviewRounds: 2,
      approvals: { role: "approver", dueMinutes: 1440, escalateTo: [] },
    });
    expect(mission.tasks[0]).toMatchObject({
      retry: { attempts: 3, firstDelayMs: 1000 },
      deadlineMs: 3_600_000,
      onFailure: "ask",
    });
  });

  test("is plain JSON: stored and read back it is the same", () => {
    const mission = missionOf(
      { tasks: TASKS, kpis: [{ kpi_id: "k", unit: "days", direction: "lower", known: "later" }], deadline_minutes: 30 },
      AGENTS,
    );
    expect(JSON.parse(JSON.stringify(mission))).toEqual(mission);
  });

  test("reads an input as reference, value or expression", () => {
    expect(["T1.x", "T1.x?", { value: 3 }, { cel: "case.a" }].map(toTaskInput)).toEqual([
      { from: "reference", path: "T1.x", optional: false },
      { from: "reference", path: "T1.x", optional: true },
      { from: "value", value: 3 },
      { from: "cel", expression: "case.a" },
    ]);
  });

  test("F001: a violation names its JSON pointer, what was found and what is allowed, all at once", () => {
    const document = missionDocument({ tasks: [{ task_id: "T1" }, { task_id: "T2" }] });
    const broken = {
      ...document,
      slug: 7,
      limits: [{ limit_id: "l", op: "=<", value: 1 }],
      tasks: [
        { ...document.tasks[0], dependson: [] },
        { ...document.tasks[1], task: undefined, inputs: { a: { vale: 1 } } },
      ],
    };
    const shaped = shapeOf(MissionFileSchema, broken);

    expect(shaped.ok ? [] : shaped.problems.map(({ pointer, message }) => `${pointer}: ${message}`)).toEqual([
      "/slug: found 7; allowed: string.",
      '/limits/0/op: found "=<"; allowed: "<=", "<", ">=", ">", "==".',
      expect.stringMatching(
        /^\/tasks\/0\/dependson: "dependson" is not a field here\. Did you mean "depends_on".* Allowed: task_id, task, order/u,
      ),
      '/tasks/1/task: "task" is missing; allowed: string.',
      '/tasks/1/inputs/a/value: "value" is missing; allowed: string or number or boolean or null or array or record.',
      expect.stringContaining('/tasks/1/inputs/a/vale: "vale" is not a field here. Did you mean "value"'),
    ]);
  });
});

describe("a time in a mission", () => {
  const BEYOND = 5_256_001;
  const [task] = missionDocument({ tasks: [{ task_id: "T1" }] }).tasks;

  test.each<[string, object]>([
    ["/deadline_minutes", { deadline_minutes: BEYOND }],
    ["/approvals/due_minutes", { approvals: { due_minutes: 1e300 } }],
    ["/tasks/0/deadline_minutes", { tasks: [{ ...task, deadline_minutes: BEYOND }] }],
    ["/tasks/0/estimated_duration_minutes", { tasks: [{ ...task, estimated_duration_minutes: 1e300 }] }],
    ["/tasks/0/join/within_minutes", { tasks: [{ ...task, join: { within_minutes: BEYOND } }] }],
    ["/tasks/0/approval/due_minutes", { tasks: [{ ...task, approval: { due_minutes: BEYOND } }] }],
  ])("at %s is ten years at most", (pointer, parts) => {
    const shaped = shapeOf(MissionFileSchema, { ...missionDocument({ tasks: [{ task_id: "T1" }] }), ...parts });

    expect(shaped.ok ? [] : shaped.problems.map((problem) => problem.pointer)).toEqual([pointer]);
  });
});

describe("I10: the version of a mission", () => {
  const version = (agents = AGENTS, parts = {}) => missionVersion(missionOf({ tasks: TASKS, ...parts }, agents));
  const withWriter = (parts: Parameters<typeof fakePlaybook>[0]) =>
    AGENTS.map((agent) =>
      agent === WRITER
        ? fakeAgent("A2", "writer", [fakePlaybook({ skill: "write", ...parts }), fakePlaybook()])
        : agent,
    );

  test("is the same for the same definitions", () => {
    expect(version()).toBe(version(AGENTS.map((agent) => ({ ...agent }))));
    expect(version()).toMatch(/^[0-9a-f]{64}$/u);
  });

  test("changes with the mission, its agents and the contracts of their skills", () => {
    const versions = [
      version(),
      version(AGENTS, { budget_usd: 6 }),
      version(AGENTS, { kpis: [{ kpi_id: "k", unit: "days", direction: "lower", known: "later" }] }),
      version(AGENTS.filter((agent) => agent !== WORKER)),
      version(withWriter({ output: z.object({ text: z.string() }) })),
      version(withWriter({ input: z.object({ text: z.string() }) })),
    ];
    expect(new Set(versions).size).toBe(versions.length);
  });

  test("does not change with code or sample cases, which are not part of it", () => {
    expect(version(withWriter({ version: "2" }))).toBe(version());
    expect(version(AGENTS, { cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C2" }] } })).toBe(
      version(),
    );
  });
});

test("F011: a mission of another business needs data only", () => {
  const billing = fakeAgent("A20", "billing-agent", [
    fakePlaybook({
      skill: "collect_records",
      output: z.object({ invoice: z.object({ id: z.string() }), contract: z.object({ rate: z.number() }) }),
    }),
    fakePlaybook({
      skill: "judge_dispute",
      input: z.object({ invoice: z.object({ id: z.string() }), contract: z.unknown(), claim: z.string() }),
      output: z.object({ owed_usd: z.number() }),
    }),
    fakePlaybook({ skill: "credit_invoice", input: z.strictObject({ owed_usd: z.number() }) }),
    fakePlaybook({
      skill: "write_resolution",
      input: z.object({ facts: z.object({ owed_usd: z.number() }), credit: z.unknown().optional() }),
    }),
  ]);
  const parts: MissionParts = {
    slug: "invoice-disputes",
    cases: { id: "dispute_id", title: "case.customer + ', invoice ' + case.invoice_id", file: "sample/disputes.json" },
    kpis: [
      {
        kpi_id: "settle_time",
        unit: "hours",
        direction: "lower",
        baseline: 72,
        target: 8,
        measure: "hours_between(case.received_at, run.finished_at)",
      },
    ],
    limits: [{ limit_id: "max_steps", measure: "run.steps", op: "<=", value: 5 }],
    blackboard: { owed_usd: { schema: { type: "number" }, merge: "once" } },
    tasks: [
      { task_id: "D1", skill: "collect_records" },
      {
        task_id: "D2",
        skill: "judge_dispute",
        depends_on: ["D1"],
        writes: ["owed_usd"],
        inputs: { invoice: "D1.invoice", contract: "D1.contract", claim: "case.claim" },
      },
      { task_id: "D3", skill: "credit_invoice", depends_on: ["D2"], when: "D2.owed_usd > 0.0", inputs: { "*": "D2" } },
      { task_id: "D4", skill: "write_resolution", depends_on: ["D2", "D3"], inputs: { facts: "D2", credit: "D3?" } },
    ],
  };
  const sampleCase = {
    dispute_id: "D-1",
    customer: "Ada",
    invoice_id: "I-1",
    claim: "Charged twice.",
    received_at: "-PT5H",
  };
  expect(verifyMission(missionOf(parts, [billing]), { agents: [billing], tools: [], sampleCase })).toEqual([]);
});

test("the tests' own worker does every skill that their tasks name", () => {
  expect(rowsOf(missionOf({ tasks: TASKS }))).toEqual({ T1: ["A1"], T2: ["A1"] });
  expect(Object.keys(agentsFor({ tasks: TASKS })[0]?.skills ?? {})).toEqual(["work", "write"]);
});
