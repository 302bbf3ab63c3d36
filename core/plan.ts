import type { Task } from "./mission.js";
import type { TaskStatus } from "./run.js";
import { isSettled } from "./run.js";

/** What the plan needs to know of a task. */
export interface TaskState {
  readonly status: TaskStatus;
  /** The task that its `route` chose. */
  readonly chosen?: string;
  readonly errorCode?: string;
}

/** The tasks of a run with what follows from them: who waits for whom, who stands in for whom. */
export interface Plan {
  readonly tasks: readonly Task[];
  readonly byId: ReadonlyMap<string, Task>;
  /** Tasks with a `route` to this one. */
  readonly routers: ReadonlyMap<string, readonly string[]>;
  /** Tasks that this one stands in for when they fail. */
  readonly standsInFor: ReadonlyMap<string, readonly string[]>;
}

/**
 * What may become of an unsettled task now. `ready`: it may work; `arrived` are the dependencies it works with.
 * `waits`: for these tasks, any of which may change the answer.
 */
export type Verdict =
  | { readonly verdict: "ready"; readonly arrived: readonly string[]; readonly missing: readonly string[] }
  | { readonly verdict: "waits"; readonly for: readonly string[] }
  | { readonly verdict: "skip"; readonly reason: string }
  | { readonly verdict: "block"; readonly by: string };

/** What the run can do next. */
export interface Settlement {
  /** Tasks that settle without working, in plan order. */
  readonly skipped: readonly { readonly taskId: string; readonly reason: string }[];
  readonly blocked: readonly { readonly taskId: string; readonly by: string }[];
  /** Unsettled tasks that no failure stands in front of, in dependency order. */
  readonly sendable: readonly string[];
  /** Those of them that could work at once. */
  readonly ready: readonly string[];
  /** True when nothing is left to do. */
  readonly over: boolean;
}

export type StateOf = (taskId: string) => TaskState;

/** Indexes the tasks once; they must be in dependency order. */
export function toPlan(tasks: readonly Task[]): Plan {
  const routers = new Map<string, string[]>();
  const standsInFor = new Map<string, string[]>();
  for (const task of tasks) {
    for (const target of new Set(task.route?.map((entry) => entry.to))) push(routers, target, task.id);
    if (typeof task.onFailure === "object") push(standsInFor, task.onFailure.task, task.id);
  }
  return { tasks, byId: new Map(tasks.map((task) => [task.id, task])), routers, standsInFor };
}

/** The task of this id. Throws when the plan has none, which is an error of the code that names it. */
export function taskOf(plan: Plan, taskId: string): Task {
  const task = plan.byId.get(taskId);
  if (!task) throw new Error(`The plan has no task ${taskId}.`);
  return task;
}

/**
 * The rule of the whole system about one task: `done` and `skipped` satisfy a need, `failed` and `blocked` block, unless
 * the task says otherwise by `join`, its route was not taken, or a failed need has somebody standing in for it.
 */
export function ruleOn(plan: Plan, task: Task, stateOf: StateOf): Verdict {
  // First whether it is wanted, then what came: else it would matter whether a need failed before or after the choice.
  const unwanted = ruleOnStandIn(plan, task, stateOf) ?? ruleOnRoutes(plan, task, stateOf);
  if (unwanted) return unwanted;
  if (task.join) return ruleOnJoin(plan, task, task.join, stateOf);

  const arrived: string[] = [];
  const missing: string[] = [];
  const open = new Set<string>();
  for (const id of task.dependsOn) {
    const arrival = arrivalOf(plan, id, stateOf);
    if (arrival.kind === "broken") return { verdict: "block", by: id };
    if (arrival.kind === "open") open.add(arrival.waitsFor);
    else (arrival.kind === "come" ? arrived : missing).push(id);
  }
  return open.size > 0 ? { verdict: "waits", for: [...open] } : { verdict: "ready", arrived, missing };
}

/** False while no route has chosen a task that routes lead to, or nobody has failed for whom it stands in. */
export function isCalledFor(plan: Plan, task: Task, stateOf: StateOf): boolean {
  const routers = plan.routers.get(task.id);
  const wards = plan.standsInFor.get(task.id);
  const isChosen = !routers || routers.some((id) => stateOf(id).chosen === task.id);
  return isChosen && (!wards || wards.some((id) => mayBeForgiven(stateOf(id))));
}

/** The task whose result stands for this one: itself, or who stood in for it when it failed. */
export function standingFor(plan: Plan, taskId: string, stateOf: StateOf): string {
  const onFailure = plan.byId.get(taskId)?.onFailure;
  if (typeof onFailure === "object" && mayBeForgiven(stateOf(taskId)))
    return standingFor(plan, onFailure.task, stateOf);
  return taskId;
}

/** Settles what follows from what is settled, until nothing follows any more; pure. */
export function settle(plan: Plan, stateOf: StateOf): Settlement {
  const settled = new Map<string, TaskState>();
  const now: StateOf = (id) => settled.get(id) ?? stateOf(id);
  const skipped: { taskId: string; reason: string }[] = [];
  const blocked: { taskId: string; by: string }[] = [];

  for (let changed = true; changed; ) {
    changed = false;
    for (const task of plan.tasks) {
      if (isSettled(now(task.id).status)) continue;
      const ruling = ruleOn(plan, task, now);
      if (ruling.verdict !== "skip" && ruling.verdict !== "block") continue;
      changed = true;
      settled.set(task.id, { status: ruling.verdict === "skip" ? "skipped" : "blocked" });
      if (ruling.verdict === "skip") skipped.push({ taskId: task.id, reason: ruling.reason });
      else blocked.push({ taskId: task.id, by: ruling.by });
    }
  }
  const unsettled = plan.tasks.filter((task) => !isSettled(now(task.id).status));
  return {
    skipped,
    blocked,
    sendable: unsettled.map((task) => task.id),
    ready: unsettled.filter((task) => ruleOn(plan, task, now).verdict === "ready").map((task) => task.id),
    over: unsettled.length === 0,
  };
}

/** A person who was told that their no fails the run is taken at their word: nothing stands in for such a failure. */
function mayBeForgiven({ status, errorCode }: TaskState): boolean {
  return status === "failed" && errorCode !== "escalation_rejected";
}

/** True when the task's failure does not fail the run: the mission goes on without it, or somebody stood in. */
export function isTolerated(plan: Plan, taskId: string, stateOf: StateOf): boolean {
  if (!mayBeForgiven(stateOf(taskId))) return false;
  const onFailure = plan.byId.get(taskId)?.onFailure;
  if (onFailure === "continue") return true;
  if (typeof onFailure !== "object") return false;
  return stateOf(standingFor(plan, taskId, stateOf)).status === "done";
}

/**
 * The tasks whose results this one may read: of what it depends on those that came (with a `join`) or settled, who stood
 * in for these, and what they rested on in turn. What nobody waited for is left out, since it may be done or not by now:
 * what stands before a way not taken, or before a stand-in not needed. So it does not matter what finished first.
 */
export function restsOn(plan: Plan, task: Task, arrived: readonly string[], stateOf: StateOf): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...(task.join ? arrived : task.dependsOn), ...onlyWardOf(plan, task.id)];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id) || id === task.id) continue;
    found.add(id);
    open.push(standingFor(plan, id, stateOf));
    const before = plan.byId.get(id);
    if (before) open.push(...waitedForBy(plan, before, stateOf));
  }
  return found;
}

/** Whose inputs a stand-in can count on: with several wards, another may be undecided yet. */
function onlyWardOf(plan: Plan, taskId: string): readonly string[] {
  const wards = plan.standsInFor.get(taskId) ?? [];
  return wards.length === 1 ? wards : [];
}

/** What had surely settled when the task did. One skipped by its own condition had its inputs: the condition is read then. */
function waitedForBy(plan: Plan, task: Task, stateOf: StateOf): readonly string[] {
  const { status } = stateOf(task.id);
  if (status === "failed" && task.join) return [];
  const wasNotTaken = status === "skipped" && ruleOn(plan, task, stateOf).verdict === "skip";
  if (!wasNotTaken)
    return status === "done" || status === "failed" || status === "skipped"
      ? [...task.dependsOn, ...onlyWardOf(plan, task.id)]
      : [];
  const wards = plan.standsInFor.get(task.id) ?? [];
  const wasNotNeeded = wards.length > 0 && !wards.some((id) => mayBeForgiven(stateOf(id)));
  return wasNotNeeded ? wards : (plan.routers.get(task.id) ?? []);
}

/** All tasks that used this one's result, directly or not, also as it stood for another's, in plan order. */
export function descendantsOf(plan: Plan, taskId: string): readonly string[] {
  const found = new Set([taskId]);
  for (const task of plan.tasks) {
    const standIns = task.dependsOn.flatMap((id) => {
      const onFailure = plan.byId.get(id)?.onFailure;
      return typeof onFailure === "object" ? [onFailure.task] : [];
    });
    const before = [...task.dependsOn, ...standIns, ...(plan.standsInFor.get(task.id) ?? [])];
    if (before.some((id) => found.has(id))) found.add(task.id);
  }
  found.delete(taskId);
  return plan.tasks.filter((task) => found.has(task.id)).map((task) => task.id);
}

type Arrival = { kind: "come" | "absent" | "broken" } | { kind: "open"; waitsFor: string };

function arrivalOf(plan: Plan, taskId: string, stateOf: StateOf): Arrival {
  const state = stateOf(taskId);
  const { status } = state;
  if (!isSettled(status)) return { kind: "open", waitsFor: taskId };
  if (status === "done") return { kind: "come" };
  if (status === "skipped") return { kind: "absent" };
  const onFailure = plan.byId.get(taskId)?.onFailure;
  if (!mayBeForgiven(state)) return { kind: "broken" };
  if (onFailure === "continue") return { kind: "absent" };
  if (typeof onFailure === "object") {
    const standIn = arrivalOf(plan, onFailure.task, stateOf);
    return standIn.kind === "absent" ? { kind: "broken" } : standIn;
  }
  return { kind: "broken" };
}

function ruleOnStandIn(plan: Plan, task: Task, stateOf: StateOf): Verdict | undefined {
  const wards = plan.standsInFor.get(task.id);
  if (!wards || wards.some((id) => stateOf(id).status === "failed")) return undefined;
  const open = wards.filter((id) => !isSettled(stateOf(id).status));
  if (open.length > 0) return { verdict: "waits", for: open };
  return { verdict: "skip", reason: `${wards.join(", ")} did not fail` };
}

function ruleOnRoutes(plan: Plan, task: Task, stateOf: StateOf): Verdict | undefined {
  const routers = plan.routers.get(task.id);
  if (!routers || routers.some((id) => stateOf(id).chosen === task.id)) return undefined;
  const open: string[] = [];
  let broken: string | undefined;
  for (const id of routers) {
    const arrival = arrivalOf(plan, id, stateOf);
    if (arrival.kind === "open") open.push(arrival.waitsFor);
    if (arrival.kind === "broken") broken ??= id;
  }
  if (open.length > 0) return { verdict: "waits", for: open };
  if (broken !== undefined) return { verdict: "block", by: broken };
  return { verdict: "skip", reason: `${routers.join(", ")} chose another way` };
}

function ruleOnJoin(plan: Plan, task: Task, join: NonNullable<Task["join"]>, stateOf: StateOf): Verdict {
  const arrived: string[] = [];
  const missing: string[] = [];
  const notYet: string[] = [];
  for (const id of task.dependsOn) {
    const arrival = arrivalOf(plan, id, stateOf);
    if (arrival.kind === "come") arrived.push(id);
    else missing.push(id);
    if (arrival.kind === "open") notYet.push(arrival.waitsFor);
  }
  const need = neededBy(task, join);
  const isReached = arrived.length >= need;
  const isOutOfReach = arrived.length + notYet.length < need;
  const mayGoOn = isReached || notYet.length === 0 || (isOutOfReach && join.else !== "continue");
  return mayGoOn ? { verdict: "ready", arrived, missing } : { verdict: "waits", for: notYet };
}

/** How many dependencies must be done before the task may work. */
export function neededBy(task: Task, join: NonNullable<Task["join"]>): number {
  if (join.need === "all") return task.dependsOn.length;
  return join.need === "any" ? Math.min(1, task.dependsOn.length) : join.need;
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
