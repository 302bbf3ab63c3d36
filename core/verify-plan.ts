import { alg, Graph } from "@dagrejs/graphlib";
import { cyclicPositions, needsOf } from "./dependencies.js";
import { didYouMean } from "./lookup.js";
import type { Task } from "./mission.js";
import { criticalPath } from "./schedule.js";
import type { Subject } from "./verify-subject.js";

/** Who waits for whom: every task can be reached, nobody waits for himself, and the whole ends in time. */
export function verifyPlan(subject: Subject): void {
  for (const [index, task] of subject.mission.tasks.entries()) {
    verifyDependencies(subject, task, index);
    verifyJoin(subject, task, index);
    verifyRoute(subject, task, index);
    verifyStandIn(subject, task, index);
  }
  verifyCycles(subject);
  verifyTime(subject);
}

function verifyDependencies({ tasks, report }: Subject, task: Task, index: number): void {
  for (const [at, id] of task.dependsOn.entries()) {
    const pointer = `/tasks/${index}/depends_on/${at}`;
    if (!tasks.has(id))
      report(
        "missing_dependency",
        pointer,
        `${task.id} depends on "${id}", which no task is called.${didYouMean(id, tasks.keys())}`,
      );
    if (task.dependsOn.indexOf(id) < at) report("duplicate_id", pointer, `${task.id} names ${id} twice.`);
  }
}

function verifyJoin({ report }: Subject, { id, join, dependsOn }: Task, index: number): void {
  if (!join) return;
  const pointer = `/tasks/${index}/join`;
  if (dependsOn.length === 0) report("join_impossible", pointer, `${id} joins nothing: it depends on no task.`);
  else if (typeof join.need === "number" && join.need > dependsOn.length) {
    report("join_impossible", `${pointer}/need`, `${id} needs ${join.need} tasks but depends on ${dependsOn.length}.`);
  }
}

function verifyRoute({ tasks, report }: Subject, { id, route }: Task, index: number): void {
  for (const [at, { to, when }] of (route ?? []).entries()) {
    const pointer = `/tasks/${index}/route/${at}`;
    const target = tasks.get(to);
    if (!target)
      report(
        "unknown_task",
        `${pointer}/to`,
        `${id} routes to "${to}", which no task is called.${didYouMean(to, tasks.keys())}`,
      );
    else if (!target.dependsOn.includes(id))
      report("route_invalid", `${pointer}/to`, `${id} routes to ${to}, so ${to} must depend on ${id}.`);
    if (when === undefined && at < (route?.length ?? 0) - 1) {
      report(
        "route_invalid",
        pointer,
        `"otherwise" must be the last entry of a route, and only once: what follows is never read.`,
      );
    }
  }
}

function verifyStandIn({ tasks, report }: Subject, { id, onFailure }: Task, index: number): void {
  if (typeof onFailure !== "object") return;
  const pointer = `/tasks/${index}/on_failure/task`;
  const standIn = tasks.get(onFailure.task);
  if (!standIn)
    report(
      "unknown_task",
      pointer,
      `"${onFailure.task}" is to stand in for ${id}, but no task is called so.${didYouMean(onFailure.task, tasks.keys())}`,
    );
  else if (onFailure.task === id) report("cycle", pointer, `${id} cannot stand in for itself.`);
  else if (standIn.dependsOn.includes(id)) {
    report(
      "cycle",
      pointer,
      `${standIn.id} stands in for ${id}, so it must not depend on it: it runs after ${id} has failed anyway.`,
    );
  }
}

function verifyCycles({ mission, report }: Subject): void {
  const positions = cyclicPositions(mission.tasks);
  if (positions.length === 0) return;
  const needs = needsOf(mission.tasks);
  const graph = new Graph();
  for (const position of positions)
    for (const need of needs[position] ?? []) graph.setEdge(String(position), String(need));

  for (const knot of alg.findCycles(graph)) {
    const path = cycleIn(new Set(knot.map(Number)), needs);
    const first = path[0] ?? 0;
    const ids = [...path, first].map((position) => mission.tasks[position]?.id);
    report(
      "cycle",
      `/tasks/${first}/depends_on`,
      `a cycle, each task waiting for the next: ${ids.join(" → ")}. Take out one dependency.`,
    );
  }
}

/** One round through a knot of tasks that all wait for each other, from its first task. */
function cycleIn(knot: ReadonlySet<number>, needs: readonly (readonly number[])[]): readonly number[] {
  const start = Math.min(...knot);
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (const at of queue) {
    for (const need of needs[at] ?? []) {
      if (need === start) return trail(at, start, cameFrom);
      if (!knot.has(need) || cameFrom.has(need)) continue;
      cameFrom.set(need, at);
      queue.push(need);
    }
  }
  return [start];
}

function trail(from: number, start: number, cameFrom: ReadonlyMap<number, number>): readonly number[] {
  const path: number[] = [];
  for (let at: number | undefined = from; at !== undefined && at !== start; at = cameFrom.get(at)) path.unshift(at);
  return [start, ...path];
}

function verifyTime({ mission, report }: Subject): void {
  const { minutes, tasks } = criticalPath(mission.tasks);
  if (mission.deadlineMinutes !== undefined && minutes > mission.deadlineMinutes) {
    report(
      "beyond_deadline",
      "/deadline_minutes",
      `the longest path takes ${minutes} minutes (${tasks.join(" → ")}), the mission has ${mission.deadlineMinutes}.`,
    );
  }
  for (const [index, task] of mission.tasks.entries()) {
    const deadline = task.deadlineMs / 60_000;
    if (task.estimatedMinutes <= deadline) continue;
    const message = `${task.id} is estimated at ${task.estimatedMinutes} minutes but ends at its deadline of ${deadline}; raise deadline_minutes.`;
    report("beyond_deadline", `/tasks/${index}/estimated_duration_minutes`, message, { severity: "warning" });
  }
}
