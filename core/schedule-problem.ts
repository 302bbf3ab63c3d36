import { cyclicPositions, inDependencyOrder } from "./dependencies.js";
import { OrchestratorError } from "./errors.js";

/** Minutes that count as none: calculated sums differ in their last digits. */
export const EPSILON = 1e-6;

/** One piece of work to be scheduled. Minutes may be fractions; any unit will do when it is the same throughout. */
export interface Work {
  readonly id: string;
  readonly minutes: number;
  readonly dependsOn: readonly string[];
  /** How many of `dependsOn` must have finished before it may begin; all unless told. */
  readonly need?: number;
  /** It begins with what has come so many minutes after the first of these has finished, or without any after the beginning. */
  readonly within?: { readonly minutes: number; readonly of: readonly string[] };
  /** Minutes after its work, holding nothing, until those behind it may begin: such as waiting for a person's yes. */
  readonly waitMinutes?: number;
  /** Units of each resource that it holds while at work; a resource without a capacity is unlimited. */
  readonly demands?: Readonly<Record<string, number>>;
  /** Who goes first when not all can begin, most first; the longest remaining path unless told. */
  readonly priority?: number;
}

/** Units of each resource that there are, such as `{ slots: 4 }`; every unit is free again when its work has ended. */
export type Capacities = Readonly<Record<string, number>>;

/** Work by position, in dependency order: what the algorithms calculate with. */
export interface ScheduleProblem {
  readonly works: readonly Work[];
  readonly minutes: readonly number[];
  readonly waits: readonly number[];
  readonly needs: readonly (readonly number[])[];
  readonly users: readonly (readonly number[])[];
  /** How many of its needs must have finished. */
  readonly needed: readonly number[];
  /** When it begins with what has come: so many minutes after the first of these has finished. */
  readonly due: readonly ({ readonly minutes: number; readonly of: readonly number[] } | undefined)[];
  readonly capacities: readonly number[];
  /** Per work the units of each limited resource. */
  readonly demands: readonly (readonly number[])[];
}

/** Proves what is to be scheduled; `usage` names what is wrong. Works on a cycle, unknown needs and demands beyond the capacity are wrong. */
export function toScheduleProblem(given: readonly Work[], capacities: Capacities): ScheduleProblem {
  const nodes = given.map(({ id, dependsOn }) => ({ id, dependsOn, order: 1, onFailure: "stop" as const }));
  const works = inDependencyOrder(nodes).flatMap((position) => given[position] ?? []);
  const at = new Map(works.map(({ id }, position) => [id, position]));
  const limits = Object.entries(capacities);
  for (const [name, units] of limits) if (!(units >= 0)) throw unfit(`the capacity of "${name}" is ${units}`);
  for (const work of works) assertWork(work, at, capacities);
  if (at.size < works.length) throw unfit("two works share one id");
  const knot = cyclicPositions(nodes).map((position) => nodes[position]?.id);
  if (knot.length > 0) throw unfit(`these wait for each other: ${knot.join(", ")}`);

  const needs = works.map(({ dependsOn }) => [...new Set(dependsOn)].map((id) => at.get(id) ?? 0));
  const users = works.map((): number[] => []);
  for (const [position, list] of needs.entries()) for (const need of list) users[need]?.push(position);
  return {
    works,
    minutes: works.map((work) => work.minutes),
    waits: works.map((work) => work.waitMinutes ?? 0),
    needs,
    users,
    needed: works.map((work, position) =>
      Math.min(work.need ?? Number.POSITIVE_INFINITY, needs[position]?.length ?? 0),
    ),
    due: works.map(({ within }) => within && { ...within, of: within.of.flatMap((id) => at.get(id) ?? []) }),
    capacities: limits.map(([, units]) => units),
    demands: works.map(({ demands }) => limits.map(([name]) => demands?.[name] ?? 0)),
  };
}

function assertWork(work: Work, known: ReadonlyMap<string, number>, capacities: Capacities): void {
  const { id, minutes, waitMinutes = 0, dependsOn, demands = {}, within } = work;
  if (!isSpan(minutes) || !isSpan(waitMinutes))
    throw unfit(`"${id}" takes ${minutes} minutes and waits ${waitMinutes}`);
  if (within && !isSpan(within.minutes)) throw unfit(`"${id}" begins within ${within.minutes} minutes`);
  const unknown = [...dependsOn, ...(within?.of ?? [])].find((need) => !known.has(need));
  if (unknown !== undefined) throw unfit(`"${id}" depends on "${unknown}", which is not among them`);
  for (const [name, units] of Object.entries(demands)) {
    const capacity = capacities[name] ?? Number.POSITIVE_INFINITY;
    if (!(units >= 0) || units > capacity)
      throw unfit(`"${id}" needs ${units} of "${name}", of which there are ${capacity}`);
  }
}

function isSpan(minutes: number): boolean {
  return Number.isFinite(minutes) && minutes >= 0;
}

function unfit(why: string): OrchestratorError {
  return new OrchestratorError("usage", `This cannot be scheduled: ${why}. Mend it and try again.`);
}
