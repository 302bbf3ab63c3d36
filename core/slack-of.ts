import type { ScheduleProblem } from "./schedule-problem.js";
import { EPSILON } from "./schedule-problem.js";

interface Link {
  readonly from: number;
  /** False when the later one only takes over what the earlier one held: it need not wait for a yes about its result. */
  readonly isNeed: boolean;
}

/** What a schedule leaves open: by how much each work could begin later without delaying the end, and what decides the end. */
export interface ScheduleSlack {
  readonly slack: readonly number[];
  /** Positions of a chain without a gap, from the beginning to the end. */
  readonly chain: readonly number[];
}

/** Slack under the same resources: who follows whom on a place stays as it is. */
export function slackOf(problem: ScheduleProblem, starts: readonly number[]): ScheduleSlack {
  const { minutes, waits } = problem;
  const end = (position: number) => (starts[position] ?? 0) + (minutes[position] ?? 0);
  const finish = (position: number) => end(position) + (waits[position] ?? 0);
  const order = [...starts.keys()].sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0) || end(a) - end(b) || a - b);
  const links = linksOf(problem, starts, order);
  const last = order.reduce((best, position) => Math.max(best, finish(position)), 0);

  const latest = starts.map(() => last);
  for (const position of [...order].reverse()) {
    const latestStart = (latest[position] ?? 0) - (waits[position] ?? 0) - (minutes[position] ?? 0);
    for (const { from, isNeed } of links[position] ?? []) {
      const bound = latestStart + (isNeed ? 0 : (waits[from] ?? 0));
      latest[from] = Math.min(latest[from] ?? 0, bound);
    }
  }
  const slack = starts.map((_, position) => Math.max(0, clean((latest[position] ?? 0) - finish(position))));

  const chain: number[] = [];
  let at = order.find((position) => finish(position) >= last - EPSILON);
  while (at !== undefined) {
    chain.unshift(at);
    const begins = starts[at] ?? 0;
    const tight = (links[at] ?? []).filter(
      ({ from, isNeed }) => (isNeed ? finish(from) : end(from)) >= begins - EPSILON,
    );
    at = (tight.find(({ isNeed }) => isNeed) ?? tight[0])?.from;
  }
  return { slack, chain };
}

/** For each work what it directly follows: the needs that had come, and whoever held its places before. */
function linksOf(problem: ScheduleProblem, starts: readonly number[], order: readonly number[]): readonly Link[][] {
  const { needs, minutes, waits, demands, capacities } = problem;
  const end = (position: number) => (starts[position] ?? 0) + (minutes[position] ?? 0);
  const links = starts.map((start, position): Link[] =>
    (needs[position] ?? [])
      .filter((need) => end(need) + (waits[need] ?? 0) <= start + EPSILON)
      .map((from) => ({ from, isNeed: true })),
  );
  for (const [resource, capacity] of capacities.entries()) {
    const places: number[] = [];
    for (const position of order) {
      const units = (minutes[position] ?? 0) > 0 ? (demands[position]?.[resource] ?? 0) : 0;
      const own = new Set(needs[position]);
      for (let unit = 0; unit < units; unit++) {
        const place = placeFor(places, capacity, (from) => end(from) <= (starts[position] ?? 0) + EPSILON, own, end);
        const from = places[place];
        if (from !== undefined && from !== position) links[position]?.push({ from, isNeed: false });
        places[place] = position;
      }
    }
  }
  return links;
}

/** Best a place that one of its needs had, then the one that was free for the shortest time: the others stay loose. */
function placeFor(
  places: readonly number[],
  capacity: number,
  isFree: (position: number) => boolean,
  own: ReadonlySet<number>,
  end: (position: number) => number,
): number {
  let best: number | undefined;
  for (const [place, holder] of places.entries()) {
    if (!isFree(holder)) continue;
    if (own.has(holder)) return place;
    if (best === undefined || end(holder) > end(places[best] ?? 0)) best = place;
  }
  return best ?? Math.min(places.length, Math.max(0, Math.ceil(capacity) - 1));
}

function clean(minutes: number): number {
  return minutes < EPSILON ? 0 : minutes;
}
