import { isOnBusinessClock } from "./case.js";
import type { JsonObject } from "./digest.js";
import type { Scope } from "./expression.js";
import { ExpressionError, evaluate } from "./expression.js";
import type { Kpi, Limit, Mission, Task } from "./mission.js";
import type { ApprovalRecord, ObservationRecord, RunRecord, TaskRecord } from "./records.js";
import type { RunStatus } from "./run.js";
import { isDecided } from "./run.js";
import { criticalPath } from "./schedule.js";
import type { KpiView, LimitView } from "./views.js";

const MINUTE_MS = 60_000;

/** What happened in a run, as KPI and limit expressions read it under `run`. Moments are ISO 8601. */
export interface RunFigures {
  readonly started_at: string;
  readonly finished_at: string;
  /** Tasks done, not attempts. */
  readonly steps: number;
  readonly cost_usd: number;
  readonly waited_for_people_hours: number;
}

/** (baseline − actual) / (baseline − target): 0 is the baseline, 1 the target, unclamped; undefined when these are equal or missing. */
export function attainment(kpi: Pick<Kpi, "baseline" | "target">, actual: number): number | undefined {
  if (kpi.baseline === undefined || kpi.target === undefined || kpi.baseline === kpi.target) return undefined;
  return (kpi.baseline - actual) / (kpi.baseline - kpi.target);
}

/** True when the figure keeps within the limit. */
export function isKept({ op, value }: Pick<Limit, "op" | "value">, actual: number): boolean {
  switch (op) {
    case "<=":
      return actual <= value;
    case "<":
      return actual < value;
    case ">=":
      return actual >= value;
    case ">":
      return actual > value;
    case "==":
      return actual === value;
  }
}

/** A figure of a run, or why it cannot be told. `later` figures are neither: nobody has told them yet. */
export type Measured =
  | { readonly id: string; readonly value: number }
  | { readonly id: string; readonly problem: string };

/** Measures the KPIs and limits that are known at the end; `scope` holds `case`, `run`, `blackboard` and outputs by task id. */
export function measure(mission: Pick<Mission, "kpis" | "limits">, scope: Scope): readonly Measured[] {
  return [...mission.kpis, ...mission.limits].flatMap(({ id, known, measure: expression }) =>
    known === "at_end" && expression !== undefined ? [measureOne(id, expression, scope)] : [],
  );
}

/** True for a figure that is read off the run's clock: on the business clock it is *simulated*, whatever else it reads. */
export function readsClock(expression: string): boolean {
  return /\brun\.(?:started_at|finished_at|waited_for_people_hours)\b/u.test(expression);
}

function measureOne(id: string, expression: string, scope: Scope): Measured {
  try {
    const value = evaluate(expression, scope);
    if (typeof value === "number" && Number.isFinite(value)) return { id, value };
    return { id, problem: `CEL "${expression}" gives ${JSON.stringify(value)}, but a number is needed.` };
  } catch (error) {
    if (error instanceof ExpressionError) return { id, problem: error.message };
    throw error;
  }
}

/**
 * What to show of a KPI: its newest observation, or *pending* while there is none. A run that failed or was cancelled
 * reached nothing: what was observed of it stays in the store, and is neither shown nor counted.
 */
export function toKpiView(kpi: Kpi, observations: readonly ObservationRecord[], status: RunStatus): KpiView {
  const isLost = status === "failed" || status === "cancelled";
  const newest = isLost ? undefined : newestOf(kpi.id, observations);
  return {
    kpi_id: kpi.id,
    unit: kpi.unit,
    direction: kpi.direction,
    baseline: kpi.baseline ?? null,
    target: kpi.target ?? null,
    actual: newest?.value ?? null,
    basis: newest?.basis ?? "pending",
    attainment: newest ? (attainment(kpi, newest.value) ?? null) : null,
    source: kpi.source ?? null,
    ...(isLost && { not_counted: status }),
  };
}

/** What to show of a limit: kept or breached by its newest observation, or *pending* while there is none. */
export function toLimitView(limit: Limit, observations: readonly ObservationRecord[]): LimitView {
  const newest = newestOf(limit.id, observations);
  const status = newest === undefined ? "pending" : isKept(limit, newest.value) ? "kept" : "breached";
  const basis = newest?.basis ?? "pending";
  return { limit_id: limit.id, op: limit.op, value: limit.value, actual: newest?.value ?? null, status, basis };
}

function newestOf(kpiId: string, observations: readonly ObservationRecord[]): ObservationRecord | undefined {
  return observations
    .filter((observation) => observation.kpiId === kpiId)
    .reduce<ObservationRecord | undefined>(
      (best, next) => (best === undefined || next.at >= best.at ? next : best),
      undefined,
    );
}

/** What a business clock needs of a run: which tasks are done, and how many approvals each waited for. */
export interface BusinessRun {
  readonly startedAt: Date;
  readonly doneTasks: ReadonlySet<string>;
  readonly approvals: ReadonlyMap<string, number>;
  /** The case's `approval_delay_minutes`. */
  readonly approvalDelayMinutes: number;
}

/** When the run would have ended by the business clock, where the work takes its estimate and people the case's delay. */
export interface BusinessTime {
  readonly finishedAt: Date;
  /** Tasks on the path that took longest. */
  readonly path: readonly string[];
  /** Minutes on that path that were spent waiting for people. */
  readonly waitedMinutes: number;
}

/**
 * When the run would have ended in business life: estimates along the longest path of done tasks, plus the case's delay
 * for each approval on that path. Every figure taken from it is `simulated`. Tasks must come in dependency order.
 */
export function businessTime(tasks: readonly Task[], run: BusinessRun): BusinessTime {
  const delayOf = (id: string) => (run.approvals.get(id) ?? 0) * run.approvalDelayMinutes;
  const estimates = new Map(tasks.map((task) => [task.id, task.estimatedMinutes]));
  const { minutes, tasks: path } = criticalPath(tasks, ({ id }) =>
    run.doneTasks.has(id) ? (estimates.get(id) ?? 0) + delayOf(id) : 0,
  );
  const waitedMinutes = path.reduce((sum, id) => sum + delayOf(id), 0);
  return { finishedAt: new Date(run.startedAt.getTime() + minutes * MINUTE_MS), path, waitedMinutes };
}

/** A run on the business clock of its case, from its rows; undefined when the case is not on it. */
export function businessTimeOf(
  mission: Pick<Mission, "tasks">,
  { startedAt, caseData }: Pick<RunRecord, "startedAt" | "caseData">,
  tasks: readonly Pick<TaskRecord, "taskId" | "status">[],
  requests: readonly Pick<ApprovalRecord, "taskId" | "status">[],
): BusinessTime | undefined {
  if (!isOnBusinessClock(caseData)) return undefined;
  const approvals = new Map<string, number>();
  for (const { taskId, status } of requests) {
    if (isDecided(status)) approvals.set(taskId, (approvals.get(taskId) ?? 0) + 1);
  }
  const done = tasks.filter(({ status }) => status === "done");
  return businessTime(mission.tasks, {
    startedAt,
    doneTasks: new Set(done.map(({ taskId }) => taskId)),
    approvals,
    approvalDelayMinutes: approvalDelayMinutes(caseData),
  });
}

/** Minutes that one approval takes in business life, as the case says; 0 when it does not. */
export function approvalDelayMinutes(caseData: JsonObject): number {
  const delay = caseData["approval_delay_minutes"];
  return typeof delay === "number" && delay > 0 ? delay : 0;
}
