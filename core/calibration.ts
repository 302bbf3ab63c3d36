import { median } from "simple-statistics";
import { forecastOf } from "./forecast.js";
import type { Mission, Task } from "./mission.js";

/** So many of the newest runs are compared and learnt from. */
export const WINDOW = 20;
/** Fewer say nothing about how long a task takes. */
const MIN_RUNS = 5;

/** What is known of a completed run that was measured, in minutes. */
export interface PastRun {
  readonly runId: string;
  readonly title: string;
  readonly finishedAt: string;
  /** As it was when the run began. */
  readonly mission: Mission;
  readonly actualMinutes: number;
  /** What its case assumed that each approval would take. */
  readonly expectedWaitMinutes: number;
  /** Of each task that was done, without its waiting for people. */
  readonly workMinutes: ReadonlyMap<string, number>;
  /** How long each answered question waited for its person. */
  readonly approvalWaits: readonly number[];
}

/** How much longer or shorter a task takes than estimated: the median over its past runs. */
export interface TaskRatioView {
  readonly task_id: string;
  readonly ratio: number;
  readonly runs: number;
}

/** What past runs teach. */
export interface Calibration {
  readonly ratios: readonly TaskRatioView[];
  /** The median wait for a person; undefined when nobody was asked yet. */
  readonly approvalWaitMinutes: number | undefined;
  readonly approvals: number;
  readonly minutesOf: (task: Task) => number;
}

/** One run beside what was expected of it. Errors are (forecast − actual) ÷ actual; null where there is nothing to divide by. */
export interface RunErrorView {
  readonly run_id: string;
  readonly title: string;
  readonly finished_at: string;
  readonly actual_minutes: number;
  readonly forecast_minutes: number;
  readonly error: number | null;
  /** What the runs before it would have made of the estimates; null while they taught nothing. */
  readonly calibrated_minutes: number | null;
  readonly calibrated_error: number | null;
}

/** Medians over several runs; null when there is nothing to judge by. */
export interface ErrorSummaryView {
  readonly runs: number;
  readonly median_absolute_error: number | null;
  /** The median error with its sign: above 0 the forecasts are too long. */
  readonly bias: number | null;
}

/** Newest first; older ones than the last `WINDOW` teach nothing. */
export function calibrationOf(runs: readonly PastRun[]): Calibration {
  const newest = runs.slice(0, WINDOW);
  const samples = new Map<string, number[]>();
  for (const { mission, workMinutes } of newest) {
    for (const { id, estimatedMinutes } of mission.tasks) {
      const worked = workMinutes.get(id);
      if (worked === undefined || estimatedMinutes <= 0) continue;
      samples.set(id, [...(samples.get(id) ?? []), worked / estimatedMinutes]);
    }
  }
  const known = [...samples].filter(([, list]) => list.length >= MIN_RUNS);
  const ratios = new Map(known.map(([id, list]) => [id, median(list)]));
  const waits = newest.flatMap(({ approvalWaits }) => approvalWaits);
  return {
    ratios: known.map(([id, list]) => ({ task_id: id, ratio: ratios.get(id) ?? 1, runs: list.length })),
    approvalWaitMinutes: waits.length === 0 ? undefined : median(waits),
    approvals: waits.length,
    minutesOf: (task) => task.estimatedMinutes * (ratios.get(task.id) ?? 1),
  };
}

/** The newest runs, each beside its forecast by estimates alone, and beside the one that the runs before it teach. */
export function errorsOf(runs: readonly PastRun[]): readonly RunErrorView[] {
  const plainly = memoised();
  return runs.slice(0, WINDOW).map((run, index) => {
    const { mission, actualMinutes } = run;
    const before = calibrationOf(runs.slice(index + 1));
    const plain = plainly(run);
    const taught = before.ratios.length > 0 || before.approvalWaitMinutes !== undefined;
    const { minutesOf, approvalWaitMinutes = 0 } = before;
    const calibrated = taught ? forecastOf(mission, { minutesOf, approvalWaitMinutes }).makespan_minutes : null;
    return {
      run_id: run.runId,
      title: run.title,
      finished_at: run.finishedAt,
      actual_minutes: actualMinutes,
      forecast_minutes: plain,
      error: errorOf(plain, actualMinutes),
      calibrated_minutes: calibrated,
      calibrated_error: calibrated === null ? null : errorOf(calibrated, actualMinutes),
    };
  });
}

/** By estimates alone: most runs of a mission expect the same. */
function memoised(): (run: PastRun) => number {
  const known = new Map<Mission, Map<number, number>>();
  return ({ mission, expectedWaitMinutes: wait }) => {
    const ofMission = known.get(mission) ?? new Map<number, number>();
    known.set(mission, ofMission);
    const minutes = ofMission.get(wait) ?? forecastOf(mission, { approvalWaitMinutes: wait }).makespan_minutes;
    ofMission.set(wait, minutes);
    return minutes;
  };
}

/** Over those errors that there are. */
export function summaryOf(errors: readonly (number | null)[]): ErrorSummaryView {
  const known = errors.filter((error) => error !== null);
  if (known.length === 0) return { runs: 0, median_absolute_error: null, bias: null };
  return { runs: known.length, median_absolute_error: median(known.map(Math.abs)), bias: median(known) };
}

/** A forecast of no time, as without estimates, is none, and so has no error. */
export function errorOf(forecast: number, actual: number): number | null {
  return forecast > 0 && actual > 0 ? (forecast - actual) / actual : null;
}
