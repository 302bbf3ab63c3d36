import type { Task } from "./mission.js";

type Node = Pick<Task, "id" | "order" | "dependsOn" | "onFailure">;

/** Which tasks each task rests on, directly or not, and which of those are surely done when it runs. */
export interface Dependencies {
  isAncestor(ancestor: string, of: string): boolean;
  /** False when the producer may be skipped, may fail and be passed over, or need not be waited for. */
  isSurelyDone(producer: string, consumer: string): boolean;
}

/** The task that each fallback stands in for. */
export function fallbacksOf(tasks: readonly Pick<Task, "id" | "onFailure">[]): ReadonlyMap<string, string> {
  const fallbacks = new Map<string, string>();
  for (const { id, onFailure } of tasks) if (typeof onFailure === "object") fallbacks.set(onFailure.task, id);
  return fallbacks;
}

/**
 * What must be settled before each task, by position: its dependencies, the task it stands in for, and the fallbacks of
 * its dependencies. Unknown ids are left out; of two tasks with one id the first counts.
 */
export function needsOf(tasks: readonly Node[]): readonly (readonly number[])[] {
  const positions = positionsOf(tasks);
  const fallbacks = fallbacksOf(tasks);
  return tasks.map((task) => {
    const needs = task.dependsOn.flatMap((id) => {
      const onFailure = tasks[positions.get(id) ?? -1]?.onFailure;
      return typeof onFailure === "object" && onFailure.task !== task.id ? [id, onFailure.task] : [id];
    });
    const original = fallbacks.get(task.id);
    if (original !== undefined) needs.push(original);
    return [...new Set(needs)].flatMap((id) => positions.get(id) ?? []);
  });
}

/** Positions of the tasks in dependency order, then by `order`, then as written. Tasks on or behind a cycle come last. */
export function inDependencyOrder(tasks: readonly Node[]): readonly number[] {
  const needs = needsOf(tasks);
  const open = needs.map((list) => list.length);
  const users = tasks.map((): number[] => []);
  for (const [position, list] of needs.entries()) for (const need of list) users[need]?.push(position);
  const rank = (position: number) => (tasks[position]?.order ?? 0) * (tasks.length + 1) + position;

  const ready = open.flatMap((count, position) => (count === 0 ? [position] : [])).sort((a, b) => rank(a) - rank(b));
  const ordered: number[] = [];
  for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
    ordered.push(next);
    for (const user of users[next] ?? []) {
      const left = (open[user] ?? 0) - 1;
      open[user] = left;
      if (left === 0) insertSorted(ready, user, rank);
    }
  }
  const reached = new Set(ordered);
  return [...ordered, ...[...tasks.keys()].filter((position) => !reached.has(position))];
}

/** Works out all pairs once; bitsets keep thousands of tasks small. Tasks must come in dependency order. */
export function toDependencies(tasks: readonly Task[]): Dependencies {
  const positions = positionsOf(tasks);
  const ancestors = ancestorsOf(tasks, positions);
  const sure = sureOf(tasks, positions);
  const holds = (sets: readonly Bits[], member: string, of: string) => {
    const set = sets[positions.get(of) ?? -1];
    const position = positions.get(member);
    return set !== undefined && position !== undefined && set.has(position);
  };
  return {
    isAncestor: (ancestor, of) => holds(ancestors, ancestor, of),
    isSurelyDone: (producer, consumer) => holds(sure, producer, consumer),
  };
}

function ancestorsOf(tasks: readonly Task[], positions: ReadonlyMap<string, number>): readonly Bits[] {
  const sets: Bits[] = [];
  for (const task of tasks) {
    const own = new Bits(tasks.length);
    for (const id of task.dependsOn) {
      const position = positions.get(id);
      if (position === undefined) continue;
      own.add(position);
      own.addAll(sets[position]);
    }
    sets.push(own);
  }
  return sets;
}

function sureOf(tasks: readonly Task[], positions: ReadonlyMap<string, number>): readonly Bits[] {
  const routers = routersOf(tasks);
  const fallbacks = fallbacksOf(tasks);
  const sets: Bits[] = [];
  for (const task of tasks) {
    const own = new Bits(tasks.length);
    const isStrict = task.join !== undefined && task.join.need === "all" && task.join.else === "fail";
    for (const id of task.join && !isStrict ? [] : task.dependsOn) {
      const position = positions.get(id);
      const producer = position === undefined ? undefined : tasks[position];
      if (position === undefined || !producer) continue;
      if (isStrict) {
        own.add(position);
        own.addAll(sets[position]);
        continue;
      }
      const fallback = typeof producer.onFailure === "object" ? tasks[positions.get(producer.onFailure.task) ?? -1] : undefined;
      const passesOver = producer.onFailure === "continue" || fallbacks.has(id) || fallback?.when !== undefined;
      const choosers = routers.get(id) ?? [];
      if (passesOver) continue;
      if (choosers.length > 0) {
        for (const router of choosers.filter((chooser) => producer.dependsOn.includes(chooser))) {
          const at = positions.get(router);
          if (at === undefined) continue;
          own.addAll(sets[at]);
          if (!tasks[at]?.when && tasks[at]?.onFailure !== "continue") own.add(at);
        }
        continue;
      }
      if (producer.when === undefined) own.add(position);
      own.addAll(sets[position]);
    }
    sets.push(own);
  }
  return sets;
}

/** For each target of a route, the tasks that choose it or not. */
export function routersOf(tasks: readonly Task[]): ReadonlyMap<string, readonly string[]> {
  const routers = new Map<string, string[]>();
  for (const { id, route } of tasks) {
    for (const { to } of route ?? []) routers.set(to, [...(routers.get(to) ?? []), id]);
  }
  return routers;
}

function positionsOf(tasks: readonly Pick<Task, "id">[]): ReadonlyMap<string, number> {
  const positions = new Map<string, number>();
  for (const [position, { id }] of tasks.entries()) if (!positions.has(id)) positions.set(id, position);
  return positions;
}

function insertSorted(list: number[], item: number, rank: (position: number) => number): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rank(list[middle] ?? 0) < rank(item)) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, item);
}

/** A set of small integers, one bit each. */
class Bits {
  readonly #words: Uint32Array;

  constructor(size: number) {
    this.#words = new Uint32Array(Math.ceil(size / 32));
  }

  has(position: number): boolean {
    return (((this.#words[position >>> 5] ?? 0) >>> (position & 31)) & 1) === 1;
  }

  add(position: number): void {
    this.#words[position >>> 5] = (this.#words[position >>> 5] ?? 0) | (1 << (position & 31));
  }

  addAll(other: Bits | undefined): void {
    if (!other) return;
    for (const [index, word] of other.#words.entries()) this.#words[index] = (this.#words[index] ?? 0) | word;
  }
}
