import type { ErrorSummaryView, RunErrorView, TaskRatioView } from "./calibration.js";
import type { CostErrorsView } from "./cost-errors.js";
import type { ForecastView } from "./views.js";

/** What a plan is made for. */
export interface PlanOptions {
  /** A case's id or file: its `approval_delay_minutes` is what approvals are expected to take. Else the mission's first. */
  readonly caseRef?: string;
  /** So many tasks at once, whatever the files set. */
  readonly agents?: number;
}

/** The forecasts of past runs beside what they came to. */
export interface ForecastErrorsView {
  readonly runs: readonly RunErrorView[];
  readonly by_estimates: ErrorSummaryView;
  readonly calibrated: ErrorSummaryView;
  /** Of what they cost. */
  readonly cost: CostErrorsView;
}

/** A mission's schedule, what it will take, and how good such forecasts were. */
export interface PlanView {
  readonly mission_id: string;
  readonly mission: string;
  /** The case whose expected wait for approvals is counted; null when none was needed. */
  readonly case_id: string | null;
  /** Tasks at once; each agent's own limit holds besides, unless `agents` was told. */
  readonly places: number;
  readonly forecast: ForecastView;
  /** By agent id. */
  readonly agent_names: Readonly<Record<string, string>>;
  /** False for a mission without estimates: there is nothing to forecast by. */
  readonly has_estimates: boolean;
  /** By the estimates as they are. */
  readonly estimates_makespan_minutes: number;
  /** Tasks whose estimate is corrected by past runs; empty when they are too few. */
  readonly calibration: readonly TaskRatioView[];
  readonly approval_wait: {
    readonly minutes: number;
    readonly from: "history" | "case" | "nothing";
    readonly words: string;
  };
  readonly cost: { readonly usd: number; readonly from: "history" | "tools"; readonly words: string };
  readonly deadline: { readonly minutes: number; readonly is_kept: boolean } | null;
  readonly gantt: string;
  /** Of runs that were measured. */
  readonly errors: ForecastErrorsView;
  /** Of runs on the business clock, whose time goes by the estimates: they prove nothing about these. */
  readonly simulated_errors: ForecastErrorsView;
  /** Errors that keep the mission from running for real. */
  readonly problems: number;
}
