import { median } from "simple-statistics";
import type { ErrorSummaryView } from "./calibration.js";
import { errorOf, summaryOf, WINDOW } from "./calibration.js";
import type { Mission } from "./mission.js";

/** Fewer runs say nothing about what one costs. */
const MIN_RUNS = 5;

/** What is known of a completed run. */
export interface CostedRun {
  readonly runId: string;
  readonly title: string;
  readonly finishedAt: string;
  /** As it was when the run began. */
  readonly mission: Mission;
  readonly costUsd: number;
}

/** One run's cost beside what was to be expected. Errors are (forecast − actual) ÷ actual; null where there is nothing to divide by. */
export interface CostErrorView {
  readonly run_id: string;
  readonly title: string;
  readonly finished_at: string;
  readonly actual_usd: number;
  /** One call of each tool that its tasks name, at what it may cost at most. */
  readonly forecast_usd: number;
  readonly error: number | null;
  /** The median of the runs before it; null while they were too few. */
  readonly taught_usd: number | null;
  readonly taught_error: number | null;
}

/** How good forecasts of cost were. */
export interface CostErrorsView {
  readonly runs: readonly CostErrorView[];
  readonly by_tools: ErrorSummaryView;
  readonly by_past_runs: ErrorSummaryView;
}

/** What the newest of these runs, newest first, cost in the median; undefined while they are too few. */
export function usualCostUsd(runs: readonly CostedRun[]): { readonly usd: number; readonly runs: number } | undefined {
  const costs = runs.slice(0, WINDOW).map(({ costUsd }) => costUsd);
  return costs.length < MIN_RUNS ? undefined : { usd: median(costs), runs: costs.length };
}

/** The newest runs, each beside its forecast by the tools, and beside what the runs before it cost. */
export function costErrorsOf(runs: readonly CostedRun[], forecastUsdOf: (mission: Mission) => number): CostErrorsView {
  const known = new Map<Mission, number>();
  const views = runs.slice(0, WINDOW).map((run, index): CostErrorView => {
    const { mission, costUsd: actual } = run;
    const forecast = known.get(mission) ?? forecastUsdOf(mission);
    known.set(mission, forecast);
    const taught = usualCostUsd(runs.slice(index + 1))?.usd ?? null;
    return {
      run_id: run.runId,
      title: run.title,
      finished_at: run.finishedAt,
      actual_usd: actual,
      forecast_usd: forecast,
      error: errorOf(forecast, actual),
      taught_usd: taught,
      taught_error: taught === null ? null : errorOf(taught, actual),
    };
  });
  return {
    runs: views,
    by_tools: summaryOf(views.map(({ error }) => error)),
    by_past_runs: summaryOf(views.map(({ taught_error: error }) => error)),
  };
}
