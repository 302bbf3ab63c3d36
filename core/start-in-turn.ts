import type { ScheduleProblem } from "./schedule-problem.js";
import { EPSILON } from "./schedule-problem.js";

interface Happening {
  readonly at: number;
  readonly kind: "free" | "finished" | "due";
  readonly position: number;
}

/**
 * When each work begins if at every moment those that may begin do so in turn, most priority first, as far as there is
 * room: the rule by which the engine gives its slots. Nobody is held back for somebody who comes later.
 */
export function startInTurn(problem: ScheduleProblem, priorities: readonly number[]): readonly number[] {
  const { minutes, waits, users, needed, demands, due } = problem;
  const starts = minutes.map(() => Number.POSITIVE_INFINITY);
  const free = [...problem.capacities];
  const arrived = minutes.map(() => 0);
  const happenings: Happening[] = [];
  const waiting: number[] = [];
  // Among equals who came first: as in the engine's queue.
  const isBefore = (one: number, other: number) => (priorities[one] ?? 0) > (priorities[other] ?? 0);

  const isCalled = minutes.map(() => false);
  const timed = timedBy(due);

  const call = (position: number): void => {
    if (isCalled[position]) return;
    isCalled[position] = true;
    insert(waiting, position, isBefore);
  };
  const begin = (position: number, now: number): void => {
    starts[position] = now;
    const end = now + (minutes[position] ?? 0);
    take(free, demands[position], -1);
    insert(happenings, { at: end, kind: "free", position }, isEarlier);
    insert(happenings, { at: end + (waits[position] ?? 0), kind: "finished", position }, isEarlier);
  };
  const beginWhoCan = (now: number): void => {
    let kept = 0;
    for (const position of waiting) {
      if (hasRoom(free, demands[position])) begin(position, now);
      else waiting[kept++] = position;
    }
    waiting.length = kept;
  };

  for (const [position, need] of needed.entries()) if (need === 0) call(position);
  for (const [position, within] of due.entries())
    if (within?.of.length === 0) insert(happenings, { at: within.minutes, kind: "due", position }, isEarlier);
  beginWhoCan(0);
  for (let next = 0; next < happenings.length; ) {
    const first = happenings[next]?.at ?? 0;
    let now = first;
    for (let one = happenings[next]; one && one.at <= first + EPSILON; one = happenings[++next]) {
      now = one.at;
      if (one.kind === "free") take(free, demands[one.position], 1);
      if (one.kind === "due") call(one.position);
      if (one.kind !== "finished") continue;
      for (const user of users[one.position] ?? []) {
        const count = (arrived[user] ?? 0) + 1;
        arrived[user] = count;
        if (count === needed[user]) call(user);
      }
      for (const position of timed.get(one.position) ?? [])
        insert(happenings, { at: now + (due[position]?.minutes ?? 0), kind: "due", position }, isEarlier);
    }
    beginWhoCan(now);
  }
  return starts;
}

/** For each work those whose time to wait for others begins when it has finished. */
function timedBy(due: ScheduleProblem["due"]): ReadonlyMap<number, readonly number[]> {
  const timed = new Map<number, number[]>();
  for (const [position, within] of due.entries())
    for (const of of within?.of ?? []) timed.set(of, [...(timed.get(of) ?? []), position]);
  return timed;
}

function take(free: number[], demand: readonly number[] | undefined, sign: 1 | -1): void {
  for (const [resource, units] of (demand ?? []).entries()) free[resource] = (free[resource] ?? 0) + sign * units;
}

function hasRoom(free: readonly number[], demand: readonly number[] | undefined): boolean {
  return (demand ?? []).every((units, resource) => units <= (free[resource] ?? 0));
}

function isEarlier(one: Happening, other: Happening): boolean {
  return one.at < other.at;
}

/** Behind all that it is not before. */
function insert<Item>(list: Item[], item: Item, isBefore: (one: Item, other: Item) => boolean): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = list[middle];
    if (other !== undefined && isBefore(item, other)) high = middle;
    else low = middle + 1;
  }
  list.splice(low, 0, item);
}
