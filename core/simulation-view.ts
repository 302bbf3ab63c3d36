import { forecastOf } from "./forecast.js";
import type { Mission } from "./mission.js";
import type { RunRecord, TaskRecord } from "./records.js";
import type { SimulationSettings } from "./simulation.js";
import type { ForecastView } from "./views.js";

const MINUTE_MS = 60_000;

/** One task as planned and as the engine did it, in milliseconds of real time from the beginning of the run. */
export interface SimulatedTaskView {
  readonly task_id: string;
  readonly title: string;
  readonly agent_id: string | null;
  readonly estimate_minutes: number;
  readonly planned_start_ms: number;
  readonly planned_finish_ms: number;
  /** Null when it did not begin before the simulation was stopped. */
  readonly start_ms: number | null;
  readonly finish_ms: number | null;
  readonly is_critical: boolean;
}

/** How much of the time an agent was at work; more than 1 when it did several tasks at once. */
export interface UtilisationView {
  readonly agent_id: string | null;
  readonly agent_name: string;
  readonly tasks: number;
  readonly busy_ms: number;
  /** Null when no time passed. */
  readonly share: number | null;
}

/** What a simulation came to. All `_ms` are real milliseconds, all `_minutes` the mission's own time. */
export interface SimulationView {
  readonly mission_id: string;
  readonly mission: string;
  readonly status: "completed" | "failed" | "stopped";
  readonly failure: string | null;
  readonly time_scale: number;
  readonly agents: number | null;
  /** From the run's beginning to its end. Loading, compiling and warming the process up before the run are not in it, nor in `ratio`. */
  readonly makespan_ms: number;
  readonly makespan_minutes: number;
  readonly planned_makespan_ms: number;
  readonly planned_makespan_minutes: number;
  /** What decides the end of the plan with its limit: the tasks that are `is_critical`. Without a limit the critical path. */
  readonly planned_path: readonly string[];
  /** The longest chain of estimates, whatever the limits. */
  readonly critical_path_ms: number;
  readonly critical_path_minutes: number;
  readonly critical_path: readonly string[];
  /** Makespan ÷ critical path; null for a mission without estimates, and when it was stopped. */
  readonly ratio: number | null;
  readonly tasks: readonly SimulatedTaskView[];
  readonly utilisation: readonly UtilisationView[];
  /** With `agents`: the share of all their time in which they were at work. */
  readonly utilisation_of_all: number | null;
  readonly assumptions: readonly string[];
  /** Errors that keep the mission from running for real. */
  readonly problems: number;
}

/** What is left in the rows when a simulated run has ended or was stopped. */
export interface SimulatedRun {
  readonly run: RunRecord;
  readonly tasks: readonly TaskRecord[];
  readonly endedAt: Date;
  readonly problems: number;
}

/** Plan and run side by side. */
export function toSimulationView(mission: Mission, settings: SimulationSettings, done: SimulatedRun): SimulationView {
  const { timeScale, agents } = settings;
  const { run, endedAt } = done;
  const unlimited = forecastOf(mission, { slots: Number.POSITIVE_INFINITY });
  const plan = agents === undefined ? unlimited : forecastOf(mission, { slots: agents });
  const toMs = (minutes: number) => minutes * MINUTE_MS * timeScale;
  const makespan = endedAt.getTime() - run.startedAt.getTime();
  const criticalMs = toMs(unlimited.makespan_minutes);
  const status = run.status === "completed" || run.status === "failed" ? run.status : "stopped";
  const tasks = tasksOf(mission, plan, done, toMs);
  const busy = tasks.reduce((sum, task) => sum + busyMs(task, makespan), 0);
  return {
    mission_id: mission.id,
    mission: mission.name,
    status,
    failure: run.failure ?? null,
    time_scale: timeScale,
    agents: agents ?? null,
    makespan_ms: makespan,
    makespan_minutes: rounded(makespan / MINUTE_MS / timeScale),
    planned_makespan_ms: rounded(toMs(plan.makespan_minutes)),
    planned_makespan_minutes: plan.makespan_minutes,
    planned_path: plan.critical_path,
    critical_path_ms: rounded(criticalMs),
    critical_path_minutes: unlimited.makespan_minutes,
    critical_path: unlimited.critical_path,
    ratio: status === "completed" && criticalMs > 0 ? rounded(makespan / criticalMs) : null,
    tasks,
    utilisation: utilisationOf(mission, tasks, makespan),
    utilisation_of_all: agents === undefined || makespan === 0 ? null : rounded(busy / (agents * makespan)),
    assumptions: [...plan.assumptions, ...taken(mission)],
    problems: done.problems,
  };
}

function tasksOf(
  mission: Mission,
  plan: ForecastView,
  { run, tasks }: SimulatedRun,
  toMs: (minutes: number) => number,
): readonly SimulatedTaskView[] {
  const rows = new Map(tasks.map((row) => [row.taskId, row]));
  const estimates = new Map(mission.tasks.map(({ id, estimatedMinutes }) => [id, estimatedMinutes]));
  const since = (moment: Date | undefined) => (moment ? moment.getTime() - run.startedAt.getTime() : null);
  return plan.tasks.map((task) => ({
    task_id: task.task_id,
    title: task.title,
    agent_id: task.agent_id,
    estimate_minutes: estimates.get(task.task_id) ?? 0,
    planned_start_ms: rounded(toMs(task.start_minutes)),
    planned_finish_ms: rounded(toMs(task.finish_minutes)),
    start_ms: since(rows.get(task.task_id)?.startedAt),
    finish_ms: since(rows.get(task.task_id)?.finishedAt),
    is_critical: task.is_critical,
  }));
}

function utilisationOf(mission: Mission, tasks: readonly SimulatedTaskView[], makespan: number): UtilisationView[] {
  const names = new Map(mission.agents.map(({ id, name }) => [id, name]));
  const ids = [...new Set(tasks.map(({ agent_id }) => agent_id))];
  return ids.map((id) => {
    const own = tasks.filter(({ agent_id }) => agent_id === id);
    const busy = own.reduce((sum, task) => sum + busyMs(task, makespan), 0);
    const name = id === null ? "nobody can do it yet" : (names.get(id) ?? id);
    const share = makespan === 0 ? null : rounded(busy / makespan);
    return { agent_id: id, agent_name: name, tasks: own.length, busy_ms: busy, share };
  });
}

function busyMs({ start_ms: start, finish_ms: finish }: SimulatedTaskView, makespan: number): number {
  return start === null ? 0 : (finish ?? makespan) - start;
}

/** What a simulation does in the place of what needs results or people. */
function taken(mission: Mission): readonly string[] {
  const approvals = mission.tasks.filter(({ requiresHumanApproval }) => requiresHumanApproval).length;
  return approvals === 0 ? [] : ["Approvals are granted as soon as the task's own time is over."];
}

function rounded(value: number): number {
  return Number(value.toFixed(6));
}
