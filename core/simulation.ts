import type { JsonObject } from "./digest.js";
import { OrchestratorError } from "./errors.js";
import { chosenWays, leftOut } from "./forecast.js";
import type { AgentCard, Mission, Task } from "./mission.js";
import { neededBy, toPlan } from "./plan.js";
import { plannedResources } from "./planned-resources.js";

const MINUTE_MS = 60_000;
/** Timers know no longer wait. */
const MAX_WAIT_MS = 2 ** 31 - 1;
/** With it a year of estimates takes 32 microseconds. */
const SMALLEST_SCALE = 1e-12;
/** Nobody has so many tasks at work. */
const UNLIMITED = 1_000_000;
/** The skill of every task in a simulation: to take its time. */
export const TAKE_TIME = "take_time";

export interface SimulationSettings {
  /** Real time for each unit of estimated time: 0.01 makes a minute 0.6 s. */
  readonly timeScale: number;
  /** So many tasks at once; absent: no limit, whatever the files set. */
  readonly agents?: number;
}

/** How far a simulation is. */
export interface SimulationProgress {
  readonly done: number;
  readonly total: number;
  readonly at_work: readonly string[];
  readonly elapsed_ms: number;
  readonly expected_ms: number;
}

export interface SimulateOptions extends SimulationSettings {
  /** Ends it early; what came of it until then is returned. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SimulationProgress) => void;
}

/** Refuses what no simulation can go by; `usage` says what would do. */
export function assertSettings({ timeScale, agents }: SimulationSettings): void {
  if (!(Number.isFinite(timeScale) && timeScale > 0))
    throw new OrchestratorError(
      "usage",
      `The time scale is ${timeScale}, but it must be a number above 0: with 0.01 a minute of the estimates takes 0.6 seconds.`,
    );
  if (timeScale < SMALLEST_SCALE)
    throw new OrchestratorError(
      "usage",
      `The time scale is ${timeScale}, but no clock tells times so short. Give at least ${SMALLEST_SCALE}.`,
    );
  if (agents !== undefined && !(Number.isInteger(agents) && agents > 0))
    throw new OrchestratorError(
      "usage",
      `The number of agents is ${agents}, but it must be a whole number from 1. Leave it out for no limit.`,
    );
}

/** Real milliseconds of so many estimated minutes. `usage` when no timer waits so long. */
export function scaledMs(minutes: number, timeScale: number): number {
  const ms = minutes * MINUTE_MS * timeScale;
  if (ms <= MAX_WAIT_MS) return ms;
  throw new OrchestratorError(
    "usage",
    `With a time scale of ${timeScale} a task of ${minutes} minutes would take ${Math.round(ms / 86_400_000)} days, more than the 24 that can be waited. Give a smaller scale.`,
  );
}

/**
 * The mission as the engine runs it in a simulation: the same tasks, dependencies, agents and estimates, but nothing
 * that needs a result. Conditions hold, of several ways the longest is taken, nothing fails, and whoever may be asked is.
 */
export function toSimulated(mission: Mission, { agents: slots, timeScale }: SimulationSettings): Mission {
  const plan = toPlan(mission.tasks);
  const left = leftOut(plan);
  const ways = chosenWays(plan);
  const anybody = anybodyBut(mission.agents);
  const tasks = mission.tasks.map((task): Task => {
    const plain = simulatedTask(task, { way: ways.get(task.id), left, anybodyId: anybody.id, timeScale });
    return { ...plain, resources: plannedResources(mission, task).map(asName) };
  });
  const isAnybodyNeeded = tasks.some((task) => task.agents.includes(anybody.id));
  const cards = mission.agents.map(
    (card): AgentCard => ({
      ...withoutContracts(card),
      tools: [],
      maxParallel: UNLIMITED,
      skills: { [TAKE_TIME]: "1" },
    }),
  );
  return {
    ...mission,
    kpis: [],
    limits: [],
    blackboard: {},
    review: [],
    constraints: [],
    maxParallel: slots ?? UNLIMITED,
    tasks,
    agents: isAnybodyNeeded ? [...cards, anybody] : cards,
    datasetTasks: [],
  };
}

/** The case of a simulation: no task reads it. */
export function simulatedCase(mission: Mission): JsonObject {
  return { [mission.cases.id]: "simulation" };
}

/** Without its braces: there is no case to fill them in from. */
function asName(resource: string): string {
  return resource.replace(/[{}]/gu, "'");
}

function simulatedTask(
  task: Task,
  by: {
    readonly way: string | undefined;
    readonly left: ReadonlyMap<string, unknown>;
    readonly anybodyId: string;
    readonly timeScale: number;
  },
): Task {
  const { inputs: _, output: __, when: ___, forEach: ____, route, join, ...plain } = task;
  const { way, left, anybodyId, timeScale } = by;
  return {
    ...plain,
    skill: TAKE_TIME,
    inputs: {},
    reads: [],
    writes: [],
    checks: [],
    approval: {},
    deadlineMs: MAX_WAIT_MS,
    agents: [task.agents[0] ?? anybodyId],
    ...(route && {
      route: [...new Set(route.map(({ to }) => to))].map((to) => (to === way ? { to } : { to, when: "false" })),
    }),
    ...(join && simulatedJoin(task, join, left, timeScale)),
  };
}

/** Where late inputs would fail the task it waits for them: a simulation takes for granted that nothing fails. */
function simulatedJoin(
  task: Task,
  join: NonNullable<Task["join"]>,
  left: ReadonlyMap<string, unknown>,
  timeScale: number,
): Pick<Task, "join"> {
  const need = Math.min(neededBy(task, join), task.dependsOn.filter((id) => !left.has(id)).length);
  if (need === 0) return {};
  const { withinMinutes } = join;
  const isLimited = withinMinutes !== undefined && join.else !== "fail";
  return { join: { need, else: "continue", ...(isLimited && { withinMinutes: withinMinutes * timeScale }) } };
}

function withoutContracts({ contracts: _, ...card }: AgentCard): AgentCard {
  return card;
}

/** Stands for whoever will do the tasks that nobody can do yet. */
function anybodyBut(others: readonly AgentCard[]): AgentCard {
  const taken = new Set(others.flatMap(({ id, slug }) => [id, slug]));
  let name = "anybody";
  while (taken.has(name)) name = `${name}-else`;
  return {
    id: name,
    slug: name,
    name: "Anybody",
    description: "Stands for whoever will do it.",
    tools: [],
    maxParallel: UNLIMITED,
    skills: { [TAKE_TIME]: "1" },
  };
}
