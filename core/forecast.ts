import { needsOf, wardsOf } from "./dependencies.js";
import type { Mission, Task } from "./mission.js";
import { toUsd } from "./money.js";
import type { Plan } from "./plan.js";
import { neededBy, toPlan } from "./plan.js";
import type { Schedule } from "./plan-schedule.js";
import { planSchedule } from "./plan-schedule.js";
import { plannedResources } from "./planned-resources.js";
import { expressionsOfResource } from "./resource.js";
import { longestRemaining } from "./schedule.js";
import type { Capacities, Work } from "./schedule-problem.js";
import type { ForecastView } from "./views.js";

/** What a forecast reckons with; what is not told comes from the mission's own files. */
export interface ForecastOptions {
  /** So many tasks at once whatever the files set, or `Infinity`; absent: `max_parallel` and each agent's own limit. */
  readonly slots?: number;
  /** Expected wait for each approval; 0 unless told. */
  readonly approvalWaitMinutes?: number;
  /** Minutes of work of a task; its estimate unless told. */
  readonly minutesOf?: (task: Task) => number;
  /** Expected cost of a task; 0 unless told. */
  readonly costMicroUsdOf?: (task: Task) => number;
}

/** What a run of the mission will come to, by its estimates and slots, when nothing fails. Tasks must be in dependency order. */
export function forecastOf(mission: Mission, options: ForecastOptions = {}): ForecastView {
  const plan = toPlan(mission.tasks);
  const left = leftOut(plan);
  const works = worksOf(mission, plan, left, options);
  const schedule = planSchedule(works, { capacities: capacitiesOf(mission, options.slots) });
  const counted = mission.tasks.filter(({ id }) => !left.has(id));
  const cost = counted.reduce((sum, task) => sum + (options.costMicroUsdOf?.(task) ?? 0), 0);
  return {
    makespan_minutes: tidy(schedule.makespanMinutes),
    critical_path: schedule.criticalPath,
    tasks: scheduledTasks(counted, schedule, options),
    cost_usd: toUsd(cost),
    assumptions: [...assumptionsOf(plan, left), ...lateInputs(plan, left, schedule)],
  };
}

/** Tasks that count nothing, each with the reason in words: ways not taken, and stand-ins for tasks that do not fail. */
export function leftOut(plan: Plan): ReadonlyMap<string, string> {
  const left = new Map<string, string>();
  for (const [id, wards] of wardsOf(plan.tasks)) left.set(id, `${id} only stands in when ${wards.join(" or ")} fails`);
  const chosen = chosenWays(plan);
  for (const [id, routers] of plan.routers) {
    if (!left.has(id) && !routers.some((router) => chosen.get(router) === id))
      left.set(id, `${id} is a way that ${routers.join(" and ")} does not take`);
  }
  return left;
}

/** For each task with a route the way that takes longest. */
export function chosenWays(plan: Plan): ReadonlyMap<string, string> {
  const remaining = longestRemaining(plan.tasks);
  const chosen = new Map<string, string>();
  for (const { id, route } of plan.tasks) {
    const ways = (route ?? []).map(({ to }) => to);
    const [first, ...others] = ways;
    if (first === undefined) continue;
    const length = (way: string) => remaining.get(way) ?? 0;
    chosen.set(
      id,
      others.reduce((best, way) => (length(way) > length(best) ? way : best), first),
    );
  }
  return chosen;
}

function worksOf(
  mission: Mission,
  plan: Plan,
  left: ReadonlyMap<string, string>,
  options: ForecastOptions,
): readonly Work[] {
  const { slots, approvalWaitMinutes = 0, minutesOf = (task: Task) => task.estimatedMinutes } = options;
  // As in the engine, who goes first is decided by the estimates, whatever is expected besides.
  const remaining = longestRemaining(plan.tasks);
  const needs = needsOf(plan.tasks);
  const chosen = chosenWays(plan);
  return plan.tasks.map((task, position): Work => {
    const all = (needs[position] ?? []).flatMap((need) => plan.tasks[need]?.id ?? []);
    const dependsOn = task.join ? task.dependsOn.filter((id) => !left.has(id)) : all;
    const base = { id: task.id, dependsOn, priority: remaining.get(task.id) ?? 0 };
    if (left.has(task.id)) return { ...base, minutes: 0 };
    const [agent] = task.agents;
    const within = limitOnInputs(plan, task, chosen);
    const asking = task.join?.else === "ask" ? approvalWaitMinutes : 0;
    return {
      ...base,
      minutes: minutesOf(task),
      ...(task.join && { need: neededBy(task, task.join) }),
      ...(within && task.join?.else !== "fail" && { within: { ...within, minutes: within.minutes + asking } }),
      ...(task.requiresHumanApproval && { waitMinutes: approvalWaitMinutes }),
      demands: {
        slots: 1,
        ...(slots === undefined && agent !== undefined && { [`agent ${agent}`]: 1 }),
        ...Object.fromEntries(plannedResources(mission, task).map((name) => [`resource ${name}`, 1])),
      },
    };
  });
}

/** How long a task with a `join` waits for its inputs: from when it is known to be wanted, which is when its way was chosen. */
function limitOnInputs(plan: Plan, { id, join }: Task, chosen: ReadonlyMap<string, string>): Work["within"] {
  if (join?.withinMinutes === undefined) return undefined;
  const of = (plan.routers.get(id) ?? []).filter((router) => chosen.get(router) === id);
  return { minutes: join.withinMinutes, of };
}

function capacitiesOf(mission: Mission, slots: number | undefined): Capacities {
  const names = mission.tasks.flatMap((task) => plannedResources(mission, task));
  const resources = Object.fromEntries(names.map((name) => [`resource ${name}`, 1]));
  if (slots !== undefined) return { ...resources, ...(Number.isFinite(slots) && { slots }) };
  const agents = mission.agents.map(({ id, maxParallel }) => [`agent ${id}`, atLeastOne(maxParallel)]);
  return { ...resources, slots: mission.maxParallel, ...Object.fromEntries(agents) };
}

/** A limit lets one more in while it is not reached: a part of a place is a whole one. */
function atLeastOne(limit: number): number {
  return limit > 1 ? Math.ceil(limit) : 1;
}

function scheduledTasks(tasks: readonly Task[], schedule: Schedule, options: ForecastOptions): ForecastView["tasks"] {
  const placed = new Map(schedule.works.map((work) => [work.id, work]));
  return tasks.flatMap((task) => {
    const work = placed.get(task.id);
    if (!work) return [];
    return {
      task_id: task.id,
      title: task.title,
      agent_id: task.agents[0] ?? null,
      start_minutes: tidy(work.startMinutes),
      finish_minutes: tidy(work.finishMinutes),
      waits_minutes: task.requiresHumanApproval ? (options.approvalWaitMinutes ?? 0) : 0,
      slack_minutes: tidy(work.slackMinutes),
      is_critical: work.isCritical,
    };
  });
}

/** What the forecast takes for granted, in words; empty for a plain mission. */
function assumptionsOf({ tasks }: Plan, left: ReadonlyMap<string, string>): readonly string[] {
  const some = (words: string, holds: (task: Task) => boolean) => {
    const ids = tasks.filter((task) => !left.has(task.id) && holds(task)).map(({ id }) => id);
    return ids.length === 0 ? [] : [`${inShort(ids)}: ${words}.`];
  };
  return [
    ...(left.size === 0
      ? []
      : [`Of several ways the longest is taken, and nothing fails: ${inShort([...left.values()])}.`]),
    ...some("its condition is taken to hold", ({ when }) => when !== undefined),
    ...some("the estimate is for all its items together", ({ forEach }) => forEach !== undefined),
    ...some("begins when enough of its inputs have come", (task) => {
      return task.join !== undefined && neededBy(task, task.join) < task.dependsOn.length;
    }),
    ...some("when its inputs are late it goes on without them", ({ join }) => {
      return join?.withinMinutes !== undefined && join.else !== "fail";
    }),
    ...some("writes to what others write to where both name it with the same words", ({ resources = [] }) =>
      resources.some(hasExpression),
    ),
  ];
}

function hasExpression(resource: string): boolean {
  return expressionsOfResource(resource).length > 0;
}

/** Tasks that would fail: by the estimates their inputs come later than they wait for them. */
function lateInputs(plan: Plan, left: ReadonlyMap<string, string>, { works }: Schedule): readonly string[] {
  const finish = new Map(works.map(({ id, finishMinutes }) => [id, finishMinutes]));
  const chosen = chosenWays(plan);
  return plan.tasks.flatMap((task) => {
    const within = limitOnInputs(plan, task, chosen);
    if (!within || !task.join || task.join.else !== "fail" || left.has(task.id)) return [];
    const arrivals = task.dependsOn.flatMap((id) => (left.has(id) ? [] : (finish.get(id) ?? [])));
    const came = arrivals.sort((a, b) => a - b)[Math.min(neededBy(task, task.join), arrivals.length) - 1] ?? 0;
    const since = within.of.length === 0 ? 0 : Math.min(...within.of.map((id) => finish.get(id) ?? 0));
    if (came <= since + within.minutes) return [];
    return `${task.id}: waits ${within.minutes} minutes for its inputs, which come after ${tidy(came - since)}: it would fail.`;
  });
}

const SHOWN = 8;

function inShort(words: readonly string[]): string {
  const rest = words.length - SHOWN;
  return rest > 0 ? `${words.slice(0, SHOWN).join(", ")} and ${rest} more` : words.join(", ");
}

/** Sums of fractions without the dust of the calculation. */
function tidy(minutes: number): number {
  return Number(minutes.toFixed(6));
}
