import type { Task } from "./mission.js";

type Node = Pick<Task, "id" | "order" | "dependsOn" | "onFailure">;

/** Which tasks each task rests on, directly or not, and which of those are surely done when it runs. */
export interface Dependencies {
  isAncestor(ancestor: string, of: string): boolean;
  /** False when the producer may be skipped, may fail and be passed over, or need not be waited for. */
  isSurelyDone(producer: string, consumer: string): boolean;
}

/** For each task that stands in for others when they fail, those others. */
export function wardsOf(tasks: readonly Pick<Task, "id" | "onFailure">[]): ReadonlyMap<string, readonly string[]> {
  const wards = new Map<string, string[]>();
  for (const { id, onFailure } of tasks) {
    if (typeof onFailure === "object") wards.set(onFailure.task, [...(wards.get(onFailure.task) ?? []), id]);
  }
  return wards;
}

/**
 * What must be settled before each task, by position: its dependencies, who stands in for these, and the tasks that it
 * stands in for itself. Unknown ids are left out; of two tasks with one id the first counts.
 */
export function needsOf(tasks: readonly Node[]): readonly (readonly number[])[] {
  const positions = positionsOf(tasks);
  const wards = wardsOf(tasks);
  return tasks.map((task) => {
    const needs = task.dependsOn.flatMap((id) => {
      const onFailure = tasks[positions.get(id) ?? -1]?.onFailure;
      return typeof onFailure === "object" && onFailure.task !== task.id ? [id, onFailure.task] : [id];
    });
    return [...new Set([...needs, ...(wards.get(task.id) ?? [])])].flatMap((id) => positions.get(id) ?? []);
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

/** Positions of the tasks on a cycle, or between two; empty for a plan that can run. */
export function cyclicPositions(tasks: readonly Node[]): readonly number[] {
  const needs = needsOf(tasks);
  const left = new Set(tasks.keys());
  for (let size = Number.POSITIVE_INFINITY; left.size < size; ) {
    size = left.size;
    for (const position of left) if (!(needs[position] ?? []).some((need) => left.has(need))) left.delete(position);
    const needed = new Set([...left].flatMap((position) => needs[position] ?? []));
    for (const position of left) if (!needed.has(position)) left.delete(position);
  }
  return [...left];
}

/** Works out all pairs once; bitsets keep thousands of tasks small. Tasks should come in dependency order. */
export function toDependencies(tasks: readonly Task[]): Dependencies {
  const positions = positionsOf(tasks);
  const ancestors = ancestorsOf(tasks);
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

function ancestorsOf(tasks: readonly Task[]): readonly Bits[] {
  const needs = needsOf(tasks);
  const sets = tasks.map(() => new Bits(tasks.length));
  for (let changed = true; changed; ) {
    changed = false;
    for (const [position, own] of sets.entries()) {
      for (const need of needs[position] ?? []) {
        own.add(need);
        if (own.addAll(sets[need])) changed = true;
      }
    }
  }
  return sets;
}

/** The same rules as `core/plan.ts`, read backwards: what must have come for the task to work. */
function sureOf(tasks: readonly Task[], positions: ReadonlyMap<string, number>): readonly Bits[] {
  const routers = routersOf(tasks);
  const wards = wardsOf(tasks);
  const sets: Bits[] = [];
  /** What has come once the task has settled well, be it skipped. */
  const whenSettled: Bits[] = [];
  for (const task of tasks) {
    const own = new Bits(tasks.length);
    const [ward, ...otherWards] = wards.get(task.id) ?? [];
    const wardAt = positions.get(ward ?? "") ?? -1;
    // A ward with a join may have failed for want of its inputs.
    if (otherWards.length === 0 && !tasks[wardAt]?.join) own.addAll(sets[wardAt]);
    const isStrict = task.join !== undefined && task.join.need === "all" && task.join.else === "fail";
    for (const id of task.join && !isStrict ? [] : task.dependsOn) {
      const position = positions.get(id);
      const producer = position === undefined ? undefined : tasks[position];
      if (position === undefined || !producer) continue;
      const choosers = routers.get(id) ?? [];
      const mayBeAbsent =
        producer.when !== undefined || producer.onFailure === "continue" || choosers.length > 0 || wards.has(id);
      const hasWorked = isStrict || !mayBeAbsent;
      if (hasWorked) own.add(position);
      // One with a join may have failed for want of its inputs, and another stands in for it.
      if (producer.join && typeof producer.onFailure === "object") continue;
      own.addAll(hasWorked ? sets[position] : whenSettled[position]);
    }
    const choosers = wards.has(task.id) ? [] : (routers.get(task.id) ?? []);
    const [router] = choosers.length === 1 ? choosers : [];
    const settled = new Bits(tasks.length);
    if (isOnlyConditional(task, choosers, wards)) settled.addAll(own);
    else if (router !== undefined) settled.addAll(whenSettled[positions.get(router) ?? -1]);
    sets.push(own);
    whenSettled.push(settled);
  }
  return sets;
}

/** Skipped by `when` alone, it had all it needed: the condition is read once its dependencies have come. */
function isOnlyConditional(producer: Task, choosers: readonly string[], wards: ReadonlyMap<string, unknown>): boolean {
  return producer.onFailure !== "continue" && choosers.length === 0 && !wards.has(producer.id);
}

/** For each target of a route, the tasks that choose it or not. */
function routersOf(tasks: readonly Task[]): ReadonlyMap<string, readonly string[]> {
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

  /** True when that added anything. */
  addAll(other: Bits | undefined): boolean {
    if (!other || other === this) return false;
    let grew = false;
    for (const [index, word] of other.#words.entries()) {
      const before = this.#words[index] ?? 0;
      const after = (before | word) >>> 0;
      if (after !== before) grew = true;
      this.#words[index] = after;
    }
    return grew;
  }
}
