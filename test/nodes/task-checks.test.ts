import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Json } from "../../core/digest.js";
import { TaskFailure } from "../../core/errors.js";
import type { Mission, Task } from "../../core/mission.js";
import { toPlan } from "../../core/plan.js";
import type { RunSession } from "../../core/session.js";
import {
  checkWrites,
  contractSchema,
  findingsOf,
  parseInputs,
  parseItem,
  parseOutput,
  Refused,
} from "../../nodes/task-checks.js";
import type { MissionParts, TaskParts } from "../support/missions.js";
import { fakePlaybook, missionOf } from "../support/missions.js";

const skill = fakePlaybook({
  input: z.looseObject({ name: z.string() }),
  output: z.strictObject({ amount: z.number(), notes: z.array(z.string()).default([]) }),
  check: (output) =>
    (output as { amount: number }).amount > 100 ? [{ checkId: "cap", field: "/amount", reason: "Above 100." }] : [],
});

function taskOf(
  parts: Partial<TaskParts> = {},
  others: Omit<MissionParts, "tasks"> = {},
): { mission: Mission; task: Task } {
  const mission = missionOf({
    tasks: [
      { task_id: "T1", ...parts },
      { task_id: "T2", writes: ["note"] },
    ],
    ...others,
  });
  const [task] = mission.tasks;
  if (!task) throw new Error("The mission has no task.");
  return { mission, task };
}

function refusalOf(act: () => unknown): Refused {
  try {
    act();
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
  throw new Error("It was not refused.");
}

describe("I4: a result exists for nobody before its contract and its own rules have passed it", () => {
  test("inputs that do not fit are the mission's failure, with every pointer named", () => {
    const { task } = taskOf();

    expect(parseInputs(task, skill, { name: "Ada", more: 1 })).toEqual({ name: "Ada", more: 1 });
    expect(() => parseInputs(task, skill, { name: 7 })).toThrow(TaskFailure);
    expect(() => parseInputs(task, skill, {})).toThrow(/T1.*skill work.*\/name/u);
  });

  test("a result is read by the skill's contract, then by the task's, and each breach names its place", () => {
    const { task } = taskOf({ output: { type: "object", properties: { amount: { type: "number", maximum: 50 } } } });

    expect(parseOutput(task, skill, { amount: 5 })).toEqual({ amount: 5, notes: [] });
    expect(refusalOf(() => parseOutput(task, skill, { amount: 60 })).findings[0]).toMatchObject({ field: "/amount" });
    const refused = refusalOf(() => parseOutput(task, skill, { amount: "much", notes: ["a", 1], extra: true }));
    expect(refused.breaksContract).toBe(true);
    expect(refused.findings.map(({ field }) => field).sort()).toEqual(["", "/amount", "/notes/1"]);
    expect(refused.message).toContain("/notes/1");
  });

  test("with for_each the skill's contract holds for each item, and what is collected has the task's alone", () => {
    const { task } = taskOf({ for_each: "case.list" });

    expect(parseOutput(task, skill, { items: [] })).toEqual({ items: [] });
    expect(parseItem(skill, { amount: 1 }, 2)).toEqual({ amount: 1, notes: [] });
    expect(refusalOf(() => parseItem(skill, {}, 2)).findings[0]?.field).toBe("/items/2/amount");
    expect(contractSchema(task, skill)).toEqual({});
  });

  test("the skill's check and the task's rules each give their reason, filled in, and all are told at once", () => {
    const checks = [
      {
        check_id: "round",
        that: "output.amount == 100.0",
        field: "/amount",
        reason: "{{ output.amount }} is not 100 for {{ case.name }}.",
      },
      { check_id: "kept", that: "output.amount > 0.0", reason: "It must be above 0." },
      { check_id: "odd", that: "output.nothing > 1.0", field: "/nothing", reason: "There must be something." },
    ];
    const { task } = taskOf({ checks });
    const result = { output: { amount: 140 }, inputs: { name: "Ada" }, caseData: { name: "Ada" } };

    const findings = findingsOf(task, skill, result);

    expect(findings.map(({ checkId, field }) => `${checkId}${field}`)).toEqual([
      "cap/amount",
      "round/amount",
      "odd/nothing",
    ]);
    expect(findings[1]?.reason).toBe("140 is not 100 for Ada.");
    expect(findings[2]?.reason).toContain("There must be something.");
  });
});

describe("I8: the blackboard stays small", () => {
  const board = {
    blackboard: {
      note: { schema: { type: "string" }, merge: "latest" as const },
      tags: { schema: { type: "array" }, merge: "append" as const },
    },
  };
  const check = (
    writes: string[],
    output: Json,
    known: Readonly<Record<string, Json>> = {},
    parts: typeof board = board,
  ) => {
    const { mission, task } = taskOf({ writes }, parts);
    const session: Pick<RunSession, "mission" | "requests" | "output"> & { task: (id: string) => { status: string } } =
      {
        mission,
        requests: () => [],
        task: (id) => ({ status: id in known ? "done" : "running" }),
        output: (id) => known[id],
      };
    // Safe: these are the parts of a session that the check reads.
    return () => checkWrites(session as unknown as RunSession, toPlan(mission.tasks), task, output);
  };

  test("what is written must fit the key's schema; a key that collects takes single values", () => {
    expect(check(["note", "tags"], { note: "short", tags: "one" })).not.toThrow();
    expect(refusalOf(check(["note"], { note: 7 })).findings[0]).toMatchObject({
      checkId: "blackboard",
      field: "/note",
    });
    expect(check(["note"], {})).not.toThrow();
    expect(check([], { note: 7 })).not.toThrow();
  });

  test("a board beyond 64 KB is refused; what a task does not write does not count, nor what a key shortens", () => {
    const wide = Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [`k${at}`, { schema: {}, merge: "latest" as const }]),
    );
    const full = Object.fromEntries(Object.keys(wide).map((key) => [key, "x".repeat(8_000)]));
    const parts = { blackboard: { ...board.blackboard, ...wide } };

    expect(refusalOf(check(Object.keys(wide), full, {}, parts)).message).toContain("64 KB");
    expect(check(Object.keys(wide).slice(1), full, {}, parts)).not.toThrow();
    expect(check(["note"], { note: "short", long: "x".repeat(70_000) })).not.toThrow();
    expect(check(["note"], { note: "x".repeat(70_000) })).not.toThrow();
  });

  test("writing a key anew counts once", () => {
    const wide = Object.fromEntries(
      Array.from({ length: 7 }, (_, at) => [`k${at}`, { schema: {}, merge: "latest" as const }]),
    );
    const full = Object.fromEntries(Object.keys(wide).map((key) => [key, "x".repeat(8_000)]));
    const parts = { blackboard: { ...board.blackboard, ...wide } };
    const { mission } = taskOf({ writes: Object.keys(wide) }, parts);

    expect(mission.tasks.map(({ id }) => id)).toEqual(["T1", "T2"]);
    expect(check(Object.keys(wide), full, { T2: { note: "x".repeat(7_000) } }, parts)).not.toThrow();
    expect(check(["note"], { note: "new" }, { T2: { note: "old" } })).not.toThrow();
  });
});
