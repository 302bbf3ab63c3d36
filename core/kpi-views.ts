import type { KpiView, LimitView, ValueView } from "./views.js";

/** What may be told with a figure that a person records. */
export interface RecordKpiOptions {
  /** A day or moment; now when absent. */
  readonly at?: string;
  /** Who tells it; the user of this machine when absent. */
  readonly by?: string;
  /** Refused as `kpi_invalid` when it is not the KPI's own. */
  readonly unit?: string;
  /** Takes the place of what stands; needs `reason`. */
  readonly correct?: boolean;
  readonly reason?: string;
}

/** A figure as it was on record before a correction. */
export interface EarlierFigure {
  readonly value: number;
  readonly at: string;
  readonly by: string;
}

/** What came of recording a figure. `unchanged`: exactly this stood already. */
export interface RecordKpiOutcome {
  readonly run_id: string;
  readonly title: string;
  readonly status: "recorded" | "corrected" | "unchanged";
  readonly kpi_id: string;
  readonly value: number;
  readonly unit: string | null;
  readonly at: string;
  readonly by: string;
  /** What a correction replaced. */
  readonly before: EarlierFigure | null;
  /** The KPI against its baseline now; null for a limit. */
  readonly kpi: KpiView | null;
  /** The limit now; null for a KPI. */
  readonly limit: LimitView | null;
}

/** What somebody thinks of a run's result, and who says so. */
export interface FeedbackOptions {
  /** A whole number from 1 to 5. */
  readonly score: number | string;
  readonly by?: string;
  readonly comment?: string;
  /** Takes the place of the score that stands; needs `reason`. */
  readonly correct?: boolean;
  readonly reason?: string;
}

/** What came of a score. */
export interface FeedbackOutcome {
  readonly run_id: string;
  readonly title: string;
  readonly status: "recorded" | "corrected" | "unchanged";
  readonly score: number;
  readonly comment: string | null;
  readonly by: string;
  readonly at: string;
  /** The KPI or limit of the mission that the score counts for; null when it has none, and the score is kept in the log. */
  readonly counts_for: string | null;
  readonly kpi: KpiView | null;
  readonly limit: LimitView | null;
}

/** Which runs the KPI board counts; days are whole, and both ends are included. */
export interface KpiFilter {
  /** Id, slug or file; all missions that have runs when absent. */
  readonly mission?: string;
  readonly since?: string;
  readonly until?: string;
  /** Also week by week. */
  readonly by?: "week";
}

/** What a figure over runs is worth: `too_few` under five runs, `pending` while nobody knows it. */
export type Judgement = "pending" | "too_few" | "no_target" | "at_target" | "on_the_way" | "no_better";

/** One KPI of completed runs on one basis: bases are never mixed. */
export interface KpiRow {
  readonly kpi_id: string;
  readonly unit: string;
  readonly direction: "lower" | "higher";
  readonly baseline: number | null;
  readonly target: number | null;
  /** Where the baseline comes from. */
  readonly source: string | null;
  readonly basis: "measured" | "recorded" | "simulated" | "pending";
  /** Runs with the figure; for `pending`, completed runs without it. */
  readonly n: number;
  readonly median: number | null;
  readonly p90: number | null;
  /** Share (0 to 1) of these runs that reached the target. */
  readonly share_at_target: number | null;
  /** Of the median: 0 is the baseline, 1 the target, unclamped. */
  readonly attainment: number | null;
  readonly judgement: Judgement;
}

/** A limit over completed runs on one basis; those that it is not known of are `pending`. */
export interface LimitRow {
  readonly limit_id: string;
  readonly op: string;
  readonly value: number;
  readonly unit: string | null;
  readonly basis: KpiRow["basis"];
  readonly n: number;
  readonly kept: number;
  readonly breached: number;
}

/** Means over completed runs: the three parts add up to the total, as they do in every single run. */
export interface LeadTimeRow {
  readonly basis: "measured" | "simulated";
  readonly n: number;
  readonly total_ms: number;
  readonly work_ms: number;
  readonly waiting_for_people_ms: number;
  readonly waiting_for_others_ms: number;
}

/** How the runs of some time went. Shares are of completed runs, and null while there are none. */
export interface RunsRow {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Share without rework: nothing was refused, sent back or taken over by another agent. */
  readonly first_time_right: number | null;
  /** Share in which something was done the lesser way. */
  readonly degraded: number | null;
  readonly decisions: number;
  /** Of runs that ended and are not on the business clock: on it nobody really waited. */
  readonly median_decision_wait_ms: number | null;
  /** Mean over completed runs. */
  readonly cost_usd_per_run: number | null;
}

/** What one week brought, by ISO 8601 in UTC: `2026-W47`. A run belongs to the week that it ended in. */
export interface WeekRow {
  readonly week: string;
  readonly runs: RunsRow;
  readonly kpis: readonly KpiRow[];
}

/** The KPIs of one mission over its runs. */
export interface MissionBoard {
  readonly mission_id: string;
  readonly slug: string;
  readonly mission: string;
  readonly runs: RunsRow & { readonly open: number; readonly completed_per_week: number };
  readonly kpis: readonly KpiRow[];
  readonly limits: readonly LimitRow[];
  readonly lead_time: readonly LeadTimeRow[];
  readonly value: ValueView | null;
  /** Absent unless asked for. */
  readonly weeks?: readonly WeekRow[];
}

/** The document of `mission kpis --json`: each mission's figures over its runs. */
export interface KpiBoard {
  readonly made_at: string;
  readonly since: string | null;
  readonly until: string | null;
  readonly by: "week" | null;
  readonly missions: readonly MissionBoard[];
}
