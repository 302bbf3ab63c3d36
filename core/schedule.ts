import { needsOf, wardsOf } from "./dependencies.js";
import type { Task } from "./mission.js";
import type { TaskRecord } from "./records.js";

const MINUTE_MS = 60_000;

type Timed = Pick<Task, "id" | "order" | "dependsOn" | "onFailure" | "estimatedMinutes">;

/** The chain of tasks that decides how long a mission takes at best. */
export interface CriticalPath {
  readonly minutes: number;
  /** Task ids, first to last. */
  readonly tasks: readonly string[];
}

/**
 * For each task the minutes, by estimates, from its start to the end of the longest chain behind it, its own included.
 * Who asks for a slot with more goes first. Tasks must come in dependency order.
 */
export function longestRemaining(tasks: readonly Timed[]): ReadonlyMap<string, number> {
  const needs = needsOf(tasks);
  const remaining = tasks.map(({ estimatedMinutes }) => estimatedMinutes);
  for (let position = tasks.length - 1; position >= 0; position--) {
    for (const need of needs[position] ?? []) {
      const through = (remaining[position] ?? 0) + (tasks[need]?.estimatedMinutes ?? 0);
      remaining[need] = Math.max(remaining[need] ?? 0, through);
    }
  }
  return new Map(tasks.map(({ id }, position) => [id, remaining[position] ?? 0]));
}

/**
 * The longest chain of tasks by `minutesOf` (their estimates unless told). Tasks that only stand in for failed ones
 * count only when `minutesOf` is given. Tasks must come in dependency order.
 */
export function criticalPath(
  tasks: readonly Timed[],
  minutesOf: (task: Timed) => number = plannedMinutes(tasks),
): CriticalPath {
  const needs = needsOf(tasks);
  const ends: number[] = [];
  const before: (number | undefined)[] = [];
  for (const [position, task] of tasks.entries()) {
    // Only what stands before it: on a cycle there would be no first task.
    const earlier = (needs[position] ?? []).filter((need) => need < position);
    const latest = earlier.reduce<number | undefined>(
      (best, need) => (best === undefined || (ends[need] ?? 0) > (ends[best] ?? 0) ? need : best),
      undefined,
    );
    before.push(latest);
    ends.push((latest === undefined ? 0 : (ends[latest] ?? 0)) + minutesOf(task));
  }
  const minutes = Math.max(0, ...ends);
  const path: string[] = [];
  for (let at: number | undefined = ends.indexOf(minutes); at !== undefined && at >= 0; at = before[at]) {
    const task = tasks[at];
    if (task && minutesOf(task) > 0) path.unshift(task.id);
  }
  return { minutes, tasks: path };
}

/** The longest chain of tasks by the time that each really took, its waiting for people and retries included. */
export function actualPath(
  tasks: readonly Timed[],
  rowOf: (id: string) => Pick<TaskRecord, "startedAt" | "finishedAt"> | undefined,
): CriticalPath {
  return criticalPath(tasks, ({ id }) => {
    const { startedAt, finishedAt } = rowOf(id) ?? {};
    return startedAt && finishedAt ? (finishedAt.getTime() - startedAt.getTime()) / MINUTE_MS : 0;
  });
}

function plannedMinutes(tasks: readonly Timed[]): (task: Timed) => number {
  const wards = wardsOf(tasks);
  return ({ id, estimatedMinutes }) => (wards.has(id) ? 0 : estimatedMinutes);
}
