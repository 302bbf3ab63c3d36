import { toDependencies } from "../../core/dependencies.js";
import type { Merge, Task } from "../../core/mission.js";
import { fc } from "./fast-check.js";
import type { MissionParts, TaskParts } from "./missions.js";
import { missionOf } from "./missions.js";
import { agentsOfRandomPlans } from "./random-agents.js";

/** How one attempt of a task goes; attempts behind the last of them go well. */
export type Outcome = "transient" | "permanent" | "contract" | "bug" | "refused" | "question" | "hangs";
/** What a task does to the outside, and how. */
export type Deed = "none" | "poke" | "send" | "proposed";
/** How the outside behaves at the first call of an act: throws before or after it, and can or cannot tell later. */
export type Mishap = "none" | "before" | "after" | "before_unknown" | "after_unknown";

/** What the agents of a random plan do for one task. */
export interface Script {
  readonly outcomes: readonly Outcome[];
  readonly deed: Deed;
  readonly mishap: Mishap;
  /** In turns of a clock of the test's own. */
  readonly duration: number;
  readonly base: number;
  readonly writes: readonly string[];
}

/** A sound mission with everything that happens in it but time: both ways to dispatch must come to the same end. */
export interface RandomPlan {
  readonly mission: MissionParts;
  readonly scripts: ReadonlyMap<string, Script>;
  /** Decides what the scripted person says, and in what order. */
  readonly seed: number;
  /** The share (0 to 1) of requests that are decided while the run is still at work. */
  readonly eagerness: number;
  /** The share (of 100) of moments at which people let everything that is asked expire. */
  readonly lateness: number;
  /** True when time decides by design: a join that need not wait, a deadline that cuts, items that one of them cuts short. */
  readonly isTimed: boolean;
}

const MERGES: Readonly<Record<string, Merge>> = {
  once: "once",
  latest: "latest",
  append: "append",
  union: "union",
  max: "max",
};
const KEYS = Object.keys(MERGES);

const rows = fc.record({
  needs: fc.array(fc.nat(), { maxLength: 3 }),
  shape: fc.constantFrom("plain", "plain", "plain", "when", "whenCase", "each", "eachMerge", "eachCel"),
  join: fc.constantFrom("none", "none", "none", "none", "continue", "fail", "any", "some", "within", "ask"),
  isRouter: fc.boolean(),
  onFailure: fc.constantFrom("stop", "continue", "ask", "standIn"),
  writes: fc.subarray(KEYS),
  reads: fc.subarray(KEYS),
  far: fc.nat(),
  approval: fc.constantFrom("none", "none", "always", "unless", "sample"),
  attempts: fc.integer({ min: 1, max: 4 }),
  outcomes: fc.array(
    fc.constantFrom<Outcome>(
      "transient",
      "transient",
      "transient",
      "permanent",
      "contract",
      "bug",
      "refused",
      "question",
    ),
    { maxLength: 3 },
  ),
  hangs: fc.nat({ max: 8 }),
  deed: fc.constantFrom<Deed>("none", "none", "none", "poke", "send", "proposed"),
  mishap: fc.constantFrom<Mishap>("none", "none", "before", "after", "before_unknown", "after_unknown"),
  duration: fc.nat({ max: 12 }),
  base: fc.nat({ max: 996 }),
  minutes: fc.nat({ max: 20 }),
});
type Row = typeof rows extends fc.Arbitrary<infer Of> ? Of : never;

const settings = fc.record({
  maxParallel: fc.integer({ min: 1, max: 5 }),
  rounds: fc.nat({ max: 2 }),
  hasGeneralist: fc.boolean(),
  isReviewed: fc.boolean(),
  mayBeTimed: fc.constantFrom(false, false, true),
  cases: fc.nat({ max: 1000 }),
  seed: fc.nat(),
  eagerness: fc.constantFrom(0, 0, 0.5, 1),
  lateness: fc.constantFrom(0, 0, 20),
  dueMinutes: fc.constantFrom(60, 1440),
});

/** Plans of every kind of task, made so that `verify` finds no error in them. */
export const randomPlans: fc.Arbitrary<RandomPlan> = fc
  .tuple(fc.array(rows, { minLength: 1, maxLength: 9 }), settings)
  .map(([made, set]) => toPlan(set.mayBeTimed ? made : made.map(untimed), set));

type Settings = typeof settings extends fc.Arbitrary<infer Of> ? Of : never;

function toPlan(made: readonly Row[], set: Settings): RandomPlan {
  const scripts = new Map<string, Script>();
  const tasks: TaskParts[] = [];
  for (const [index, row] of made.entries()) {
    const id = `T${index}`;
    const needs = index === 0 ? [] : [...new Set(row.needs.map((need) => `T${need % index}`))];
    const writes = writesOf(row, tasks);
    tasks.push({ ...toTask(id, row, needs, made), writes });
    scripts.set(id, scriptOf(row, writes));
    if (row.onFailure !== "standIn") continue;
    tasks.push({ task_id: `F${index}`, depends_on: needs.slice(0, row.base % 2), on_failure: "continue" });
    scripts.set(`F${index}`, { ...scriptOf(row, []), outcomes: row.outcomes.slice(2), deed: "none" });
  }
  addRoutes(tasks, made);
  const mission: MissionParts = {
    tasks: withReads(tasks, made),
    blackboard: Object.fromEntries(KEYS.map((key) => [key, { merge: MERGES[key] ?? "latest" }])),
    agents: ["A91", "A92", ...(set.hasGeneralist ? ["A0"] : [])],
    cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "sample", n: set.cases, list: [3, 1, 4] }] },
    max_parallel: set.maxParallel,
    max_review_rounds: set.rounds,
    approvals: { role: "approver", due_minutes: set.dueMinutes, escalate_to: ["boss"] },
    ...(set.isReviewed && { review: [reviewRule(made[0])] }),
  };
  const isTimed = made.some((row) => isTimedJoin(row) || doesHang(row) || isCutShort(row));
  return { mission, scripts, seed: set.seed, eagerness: set.eagerness, lateness: set.lateness, isTimed };
}

function toTask(id: string, row: Row, needs: readonly string[], made: readonly Row[]): TaskParts {
  const first = needs.find((need) => made[Number(need.slice(1))]?.shape !== "each");
  const join = needs.length > 0 ? joinOf(row, needs.length) : undefined;
  return {
    task_id: id,
    skill: row.deed === "proposed" && !row.shape.startsWith("each") ? "propose" : "work",
    depends_on: [...needs],
    estimated_duration_minutes: row.minutes / 1000,
    retry: { attempts: row.attempts, first_delay_seconds: 0 },
    deadline_minutes: doesHang(row) ? 0.001 : 60,
    on_failure: row.onFailure === "standIn" ? { task: `F${id.slice(1)}` } : row.onFailure,
    requires_human_approval: row.approval === "always" || row.approval === "unless",
    approval: {
      ...(row.approval === "unless" && { unless: `${sizeIn("output", row)} > ${thresholdOf(row)}`, role: "lead" }),
      ...(row.approval === "sample" && { sample: 1, due_minutes: 30 }),
    },
    ...(row.outcomes.includes("refused") &&
      !row.shape.startsWith("each") && {
        checks: [
          { check_id: "sound", that: "output.v >= 0.0", field: "/v", reason: "The value {{ output.v }} is below 0." },
        ],
      }),
    ...(row.shape === "when" && { when: first ? `has(${first}.v) && ${first}.v > 300.0` : "case.n > 300.0" }),
    ...(row.shape === "whenCase" && { when: "case.n > 500.0" }),
    ...(row.shape.startsWith("each") && { for_each: "case.list", collect: collectOf(row) }),
    ...(join && { join }),
  };
}

function collectOf(row: Row): NonNullable<TaskParts["collect"]> {
  if (row.shape === "each") return "list";
  return row.shape === "eachMerge" ? "merge" : { cel: "acc.v > item.v ? acc : item" };
}

function joinOf(row: Row, count: number): TaskParts["join"] {
  switch (row.join) {
    case "continue":
      return { need: "all", else: "continue" };
    case "fail":
      return { need: "all", else: "fail" };
    case "any":
      return { need: "any", else: "continue" };
    case "some":
      return { need: 1 + (row.base % count), else: "fail" };
    case "within":
      return { need: "all", within_minutes: 0.0002, else: "continue" };
    case "ask":
      return { need: "all", else: "ask" };
    default:
      return undefined;
  }
}

function untimed(row: Row): Row {
  return {
    ...row,
    hangs: 1,
    join: isTimedJoin(row) ? "none" : row.join,
    mishap: isCutShort(row) ? "none" : row.mishap,
  };
}

function isTimedJoin(row: Row): boolean {
  return row.join === "any" || row.join === "some" || row.join === "within" || row.join === "ask";
}

/** The first item that fails ends the attempt: who of the others has met its mishap by then hangs on when people answer. */
function isCutShort({ shape, mishap }: Row): boolean {
  return shape.startsWith("each") && mishap.startsWith("before");
}

function doesHang(row: Row): boolean {
  return row.hangs === 0;
}

function scriptOf(row: Row, writes: readonly string[]): Script {
  // Items ask one by one, and the first answer begins a new attempt: a question of one attempt would be luck.
  const own = row.outcomes.filter((outcome) => outcome !== "question" || !row.shape.startsWith("each"));
  const outcomes = doesHang(row) ? (["hangs", ...own] as const) : own;
  return { outcomes, deed: row.deed, mishap: row.mishap, duration: row.duration, base: row.base, writes };
}

/** A key that takes one value gets a second writer only where that is no more than a warning. */
function writesOf(row: Row, before: readonly TaskParts[]): string[] {
  if (row.shape === "each") return [];
  const isFirst = !before.some((task) => task.writes?.includes("once"));
  return row.writes.filter((key) => key !== "once" || isFirst || row.shape.startsWith("when"));
}

/** Some tasks choose between those that depend on them. */
function addRoutes(tasks: TaskParts[], made: readonly Row[]): void {
  for (const [index, row] of made.entries()) {
    const at = tasks.findIndex((task) => task.task_id === `T${index}`);
    const task = tasks[at];
    const targets = tasks.filter((other) => other.depends_on?.includes(`T${index}`)).map((other) => other.task_id);
    const [one, other = one] = targets.slice(row.base % 2);
    if (!row.isRouter || !task || one === undefined || other === undefined) continue;
    const when = `${sizeIn(task.task_id, row)} > ${thresholdOf(row)}`;
    const otherwise = one === other ? [] : [{ otherwise: true as const, to: other }];
    tasks[at] = { ...task, route: [{ when, to: one }, ...otherwise] };
  }
}

function sizeIn(root: string, row: Row): string {
  return row.shape === "each" ? `size(${root}.items)` : `${root}.v`;
}

function thresholdOf(row: Row): string {
  return row.shape === "each" ? "2" : "400.0";
}

/** Keys that somebody before wrote, and now and then the result of a task further back. */
function withReads(tasks: readonly TaskParts[], made: readonly Row[]): TaskParts[] {
  const ordered: readonly Task[] = missionOf({ tasks, agents: ["A91", "A92"] }, agentsOfRandomPlans()).tasks;
  const dependencies = toDependencies(ordered);
  return tasks.map((task) => {
    const row = made[Number(task.task_id.slice(1))];
    if (!row) return task;
    const before = ordered.filter(({ id }) => dependencies.isAncestor(id, task.task_id));
    const reads = row.reads.filter((key) => before.some(({ writes }) => writes.includes(key)));
    const far = before[row.far % Math.max(1, before.length)];
    const isSure = far && dependencies.isSurelyDone(far.id, task.task_id) && !far.forEach;
    const inputs = {
      "*": { cel: inputsFor(ordered.filter(({ id }) => task.depends_on?.includes(id))) },
      ...(far && { far: `${far.id}.${far.forEach?.collect === "list" ? "items" : "v"}${isSure ? "" : "?"}` }),
      ...Object.fromEntries(reads.map((key) => [`board_${key}`, `blackboard.${key}?`])),
    };
    return { ...task, reads, ...(row.far % 3 > 0 && { inputs }) };
  });
}

/** What came of the dependencies, as one object. */
function inputsFor(needs: readonly Task[]): string {
  const parts = needs.map(({ id, forEach }) => {
    const [field, otherwise] = forEach?.collect === "list" ? ["items", "[]"] : ["v", "0.0"];
    return `"${id.toLowerCase()}": has(${id}.${field}) ? ${id}.${field} : ${otherwise}`;
  });
  return `{${parts.join(", ")}}`;
}

function reviewRule(first: Row | undefined) {
  const that = first && !first.shape.startsWith("each") ? "!has(T0.v) || T0.v < 500.0" : "true";
  return { rule_id: "small", that, reason: "The first value must stay below 500.", send_back: "T0" };
}
