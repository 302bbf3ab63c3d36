import type { ScheduleProblem } from "./schedule-problem.js";
import { EPSILON } from "./schedule-problem.js";

/** How much may be spent on a better schedule. The same budget and seed give the same schedule. */
export interface Improvement {
  /** Schedules that are tried at most. */
  readonly schedules: number;
  readonly seed?: number;
  /** Ends the search early, such as when the caller's time is up. */
  readonly isOver?: () => boolean;
}

/** Schedules of one cooling; then the search begins again from the best. */
const ROUND = 800;
/** In shares of the schedule's length: how much worse a neighbour may be at the beginning of a round. */
const WARMTH = 0.02;

/**
 * Looks for a schedule that ends earlier: simulated annealing over the order in which works are placed, each as early
 * as its needs and the resources let it. Never worse than `starts`.
 */
export function improveStarts(
  problem: ScheduleProblem,
  starts: readonly number[],
  { schedules, seed = 1, isOver = () => false }: Improvement,
): readonly number[] {
  const random = randomOf(seed);
  const bound = lowerBound(problem);
  const placer = new Placer(problem);
  let best = { starts, length: lengthOf(problem, starts) };
  let bestOrder = [...starts.keys()].sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0) || a - b);
  let order = [...bestOrder];
  let length = best.length;
  for (let tried = 0; tried < schedules && best.length > bound + EPSILON && !isOver(); tried++) {
    const step = tried % ROUND;
    if (step === 0 && tried > 0) {
      order = [...bestOrder];
      length = best.length;
    }
    const neighbour = moved(problem, order, random);
    const placed = placer.place(neighbour);
    const found = lengthOf(problem, placed);
    const warmth = WARMTH * best.length * (1 - step / ROUND);
    if (found > length && random() >= Math.exp((length - found) / Math.max(warmth, EPSILON))) continue;
    order = neighbour;
    length = found;
    if (found > best.length - EPSILON) continue;
    best = { starts: [...placed], length: found };
    bestOrder = neighbour;
  }
  return best.starts;
}

/** When the last work has finished. */
export function lengthOf({ minutes, waits }: ScheduleProblem, starts: readonly number[]): number {
  let last = 0;
  for (const [position, start] of starts.entries())
    last = Math.max(last, start + (minutes[position] ?? 0) + (waits[position] ?? 0));
  return last;
}

/** No schedule is shorter than the longest chain, nor than all the work on one resource spread over its units. */
function lowerBound({ minutes, waits, needs, needed, due, demands, capacities }: ScheduleProblem): number {
  const ends: number[] = [];
  for (const [position, list] of needs.entries()) {
    const arrivals = list.map((need) => ends[need] ?? 0).sort((a, b) => a - b);
    const ready = due[position] ? 0 : (arrivals[(needed[position] ?? 0) - 1] ?? 0);
    ends.push(ready + (minutes[position] ?? 0) + (waits[position] ?? 0));
  }
  const loads = capacities.map((units, resource) => {
    const load = minutes.reduce((sum, span, position) => sum + span * (demands[position]?.[resource] ?? 0), 0);
    return load === 0 ? 0 : load / units;
  });
  return Math.max(
    0,
    ...loads,
    ends.reduce((most, end) => Math.max(most, end), 0),
  );
}

/** The order with one work elsewhere between the last of its needs and the first of its users. */
function moved({ needs, users }: ScheduleProblem, order: readonly number[], random: () => number): number[] {
  const result = [...order];
  for (let tries = 0; tries < 10; tries++) {
    const from = Math.floor(random() * result.length);
    const work = result[from] ?? 0;
    const own = new Set(needs[work]);
    const others = new Set(users[work]);
    let low = from;
    while (low > 0 && !own.has(result[low - 1] ?? 0)) low--;
    let high = from;
    while (high < result.length - 1 && !others.has(result[high + 1] ?? 0)) high++;
    if (low === high) continue;
    const draw = low + Math.floor(random() * (high - low));
    const to = draw >= from ? draw + 1 : draw;
    result.splice(from, 1);
    result.splice(to, 0, work);
    return result;
  }
  return result;
}

/** Places works one after the other, each at the earliest moment where its needs have come and all it holds is free. */
class Placer {
  readonly #problem: ScheduleProblem;
  readonly #starts: number[];
  /** Moments where something changes, and what is free from each to the next. */
  #moments: number[] = [];
  #free: number[][] = [];

  constructor(problem: ScheduleProblem) {
    this.#problem = problem;
    this.#starts = problem.minutes.map(() => 0);
  }

  /** The starts are overwritten by the next call. */
  place(order: readonly number[]): readonly number[] {
    this.#moments = [0];
    this.#free = [[...this.#problem.capacities]];
    for (const position of order) this.#starts[position] = this.#put(position, this.#ready(position));
    return this.#starts;
  }

  #ready(position: number): number {
    const { minutes, waits, needs, needed } = this.#problem;
    const list = needs[position] ?? [];
    const count = needed[position] ?? 0;
    const end = (need: number) => (this.#starts[need] ?? 0) + (minutes[need] ?? 0) + (waits[need] ?? 0);
    if (count < list.length) return list.map(end).sort((a, b) => a - b)[count - 1] ?? 0;
    let ready = 0;
    for (const need of list) ready = Math.max(ready, end(need));
    return ready;
  }

  #put(position: number, ready: number): number {
    const span = this.#problem.minutes[position] ?? 0;
    const demand = this.#problem.demands[position] ?? [];
    if (span === 0 || demand.every((units) => units === 0)) return ready;
    let at = this.#moments.length - 1;
    while (at > 0 && (this.#moments[at] ?? 0) > ready + EPSILON) at--;
    let start = Math.max(ready, this.#moments[at] ?? 0);
    for (let look = at; look < this.#moments.length && (this.#moments[look] ?? 0) < start + span - EPSILON; look++) {
      if (this.#hasRoom(look, demand)) continue;
      start = this.#moments[look + 1] ?? start;
    }
    const first = this.#cut(start);
    const last = this.#cut(start + span);
    for (let look = first; look < last; look++) {
      const free = this.#free[look] ?? [];
      for (const [resource, units] of demand.entries()) free[resource] = (free[resource] ?? 0) - units;
    }
    return start;
  }

  #hasRoom(look: number, demand: readonly number[]): boolean {
    const free = this.#free[look] ?? [];
    for (let resource = 0; resource < demand.length; resource++)
      if ((demand[resource] ?? 0) > (free[resource] ?? 0)) return false;
    return true;
  }

  /** The index of this moment, made when it is new. */
  #cut(moment: number): number {
    let at = this.#moments.length - 1;
    while (at > 0 && (this.#moments[at] ?? 0) > moment + EPSILON) at--;
    if (Math.abs((this.#moments[at] ?? 0) - moment) <= EPSILON) return at;
    this.#moments.splice(at + 1, 0, moment);
    this.#free.splice(at + 1, 0, [...(this.#free[at] ?? [])]);
    return at + 1;
  }
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
