import type { ApprovalKind, ApprovalShown, Decision, DecisionType } from "./approval.js";
import type { AuditView } from "./audit.js";
import type { JsonObject } from "./digest.js";
import type { EffectDetailView, EffectView } from "./effect-views.js";
import type { MissionEvent } from "./event.js";
import type { ExecutionLog } from "./execution-log.js";
import type { KillApi, KillView } from "./kill-views.js";
import type {
  FeedbackOptions,
  FeedbackOutcome,
  KpiBoard,
  KpiFilter,
  RecordKpiOptions,
  RecordKpiOutcome,
} from "./kpi-views.js";
import type { Mission } from "./mission.js";
import type { MissionFacts } from "./mission-header.js";
import type { CaseTestView, MissionTestView } from "./mission-test.js";
import type { PlanOptions, PlanView } from "./plan-view.js";
import type { Problem } from "./problem.js";
import type { ProgressView } from "./progress.js";
import type { RefusalsView } from "./refusals.js";
import type { Replay } from "./replay-view.js";
import type { ApprovalStatus, RunStatus, TaskStatus } from "./run.js";
import type { SimulateOptions } from "./simulation.js";
import type { SimulationView } from "./simulation-view.js";
import type { RunLogView } from "./story.js";

/** One task in `status --json`. Moments are ISO 8601 UTC. */
export interface TaskView {
  readonly title: string;
  readonly status: TaskStatus;
  readonly agent_id: string | null;
  readonly agent_name: string | null;
  readonly attempts: number;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly cost_usd: number;
  readonly degraded: boolean;
  readonly waiting_for: string | null;
  readonly summary: string | null;
  readonly error_code: string | null;
  readonly error: string | null;
  readonly progress: number | null;
  readonly result_digest: string | null;
}

/** One approval as lists, `status --json` and the inbox show it. */
export interface ApprovalView {
  readonly approval_id: string;
  readonly run_id: string;
  readonly title: string;
  readonly mission: string;
  readonly kind: ApprovalKind;
  readonly task_id: string;
  readonly digest: string;
  /** The question, one sentence. */
  readonly summary: string;
  readonly allowed: readonly DecisionType[];
  readonly assigned_to: string;
  readonly due_at: string;
  readonly created_at: string;
  readonly status: ApprovalStatus;
  readonly decided_by: string | null;
  readonly decided_at: string | null;
  readonly shown: ApprovalShown;
}

export interface KpiView {
  readonly kpi_id: string;
  readonly unit: string;
  readonly direction: "lower" | "higher";
  readonly baseline: number | null;
  readonly target: number | null;
  /** Null while pending, and when not counted. */
  readonly actual: number | null;
  readonly basis: "measured" | "recorded" | "simulated" | "pending";
  /** 0 is the baseline, 1 the target, unclamped. */
  readonly attainment: number | null;
  readonly source: string | null;
  /** How the run ended, when it reached nothing: its figures tell of work that did not come to its end. */
  readonly not_counted?: "failed" | "cancelled";
}

export interface LimitView {
  readonly limit_id: string;
  readonly op: string;
  readonly value: number;
  readonly actual: number | null;
  readonly status: "kept" | "breached" | "pending";
  /** Absent in reports of older versions. */
  readonly basis?: KpiView["basis"];
}

/** The document of `status --json` (DESIGN section 11). */
export interface StatusView {
  readonly run_id: string;
  readonly title: string;
  readonly mission_id: string;
  readonly mission: string;
  readonly mission_version: string;
  readonly status: RunStatus;
  /** The switches that stop work of it now; absent when there are none. */
  readonly stopped?: readonly KillView[];
  readonly failure: string | null;
  readonly tasks: Readonly<Record<string, TaskView>>;
  readonly blackboard: JsonObject;
  readonly approvals: readonly ApprovalView[];
  readonly kpis: readonly KpiView[];
  readonly limits: readonly LimitView[];
  readonly cost_usd: number;
  readonly started_at: string;
  readonly finished_at: string | null;
  readonly makespan_ms: number | null;
  /** Longest path through the tasks' real durations. */
  readonly critical_path_ms: number | null;
  /** Where the time went; null until the run has ended. */
  readonly lead_time: LeadTimeView | null;
}

export interface RunSummary {
  readonly run_id: string;
  readonly title: string;
  readonly mission_id: string;
  readonly mission: string;
  readonly case_id: string;
  readonly status: RunStatus;
  readonly stopped?: readonly KillView[];
  readonly tasks_done: number;
  readonly tasks_total: number;
  readonly pending_approvals: number;
  readonly started_at: string;
  readonly finished_at: string | null;
}

/** What working on a run came to: it ended, or it waits for people, or it was stopped. */
export interface RunOutcome {
  readonly run_id: string;
  readonly title: string;
  readonly status: RunStatus;
  readonly approvals: readonly ApprovalView[];
  /** Set when `start` returned an existing run instead of a new one; says which and why. */
  readonly note: string | null;
  /** True when another live process has the run: it goes on there, and there is nothing to resume. */
  readonly is_elsewhere: boolean;
}

export interface DecideOutcome {
  readonly approval_id: string;
  readonly run_id: string;
  readonly title: string;
  readonly status: ApprovalStatus;
  readonly decided_by: string;
  readonly run_status: RunStatus;
  /** Where the run goes on: here until it ended or waits again, in the live process that owns it, or nowhere yet. */
  readonly continued: "here" | "by_owner" | "not_continued" | "elsewhere";
  readonly note: string | null;
}

/** Where the time of a run went; the three parts add up to the total. */
export interface LeadTimeView {
  readonly total_ms: number;
  /** At least one task was at work. */
  readonly work_ms: number;
  /** No task was at work, and somebody was asked. */
  readonly waiting_for_people_ms: number;
  /** Neither: before the start, outside services, retries, a process that was away. */
  readonly waiting_for_others_ms: number;
  readonly basis: "measured" | "simulated";
}

/** One task in a schedule; minutes count from the start of the run. */
export interface ScheduledTaskView {
  readonly task_id: string;
  readonly title: string;
  readonly agent_id: string | null;
  readonly start_minutes: number;
  /** The expected wait for a person included. */
  readonly finish_minutes: number;
  /** The part of it, at its end, that is spent waiting for a person. */
  readonly waits_minutes: number;
  /** How much later it could begin without delaying the end. */
  readonly slack_minutes: number;
  readonly is_critical: boolean;
}

/** What was expected of a run before it began, by its mission's estimates and slots. */
export interface ForecastView {
  readonly makespan_minutes: number;
  /** Task ids, first to last. */
  readonly critical_path: readonly string[];
  /** In dependency order; what is not expected to run is not among them. */
  readonly tasks: readonly ScheduledTaskView[];
  readonly cost_usd: number;
  /** What it takes for granted, a sentence each. */
  readonly assumptions: readonly string[];
}

/** What the mission's author takes the work to be worth: an assumption of the mission, never a finding. */
export interface ValueView {
  readonly minutes_by_hand: number;
  readonly rate_usd_per_hour: number;
}

/** A question that nobody had answered when its run ended. */
export interface OpenQuestion {
  readonly task_id: string;
  readonly kind: ApprovalKind;
  readonly question: string;
  readonly asked_at: string;
}

/** The final report as stored; Markdown and HTML are made from it. What a report of an older version lacks is optional. */
export interface FinalReport {
  readonly run_id: string;
  readonly title: string;
  readonly mission_id: string;
  readonly mission: string;
  readonly mission_version: string;
  readonly status: "completed" | "failed" | "cancelled";
  readonly failure: string | null;
  /** What was done, for whom, with what result. */
  readonly summary: string;
  readonly tasks: readonly (TaskView & { readonly task_id: string })[];
  readonly blackboard: JsonObject;
  readonly kpis: readonly KpiView[];
  readonly limits: readonly LimitView[];
  readonly decisions: readonly {
    readonly task_id: string;
    readonly kind: ApprovalKind;
    readonly question: string;
    readonly decision: ApprovalStatus;
    readonly by: string;
    readonly authenticated: boolean;
    readonly at: string;
    readonly comment: string | null;
    /** Names the approval that an effect's `approval_id` points to. */
    readonly approval_id?: string;
    readonly asked_at?: string;
  }[];
  /** What people were asked and had not answered when the run ended. */
  readonly open_questions?: readonly OpenQuestion[];
  readonly cancelled_by?: string;
  readonly effects: readonly EffectView[];
  readonly degraded: readonly string[];
  /** What the result rests on: mission version, agents, tools used. */
  readonly rests_on: readonly string[];
  readonly cost_usd: number;
  readonly started_at: string;
  readonly finished_at: string;
  readonly lead_time?: LeadTimeView;
  readonly forecast?: ForecastView;
  /** Task ids on the longest path by real durations, first to last. */
  readonly actual_path?: readonly string[];
  readonly value?: ValueView;
  /** Hash of the newest event before the report. */
  readonly chain_head: string;
  readonly disclosure: string;
}

export interface MissionSummary extends MissionFacts {
  /** Errors that keep it from running; `verify` shows them. */
  readonly problems: number;
}

/** A mission as it would run now: the whole definition and the version that a new run would carry. */
export interface MissionView {
  readonly mission: Mission;
  readonly version: string;
  readonly file: string;
}

/** One case that a mission brings along. */
export interface CaseView {
  readonly case_id: string;
  readonly title: string;
  /** What the case is good for, when its file says so under `about`. */
  readonly about: string | null;
}

export interface StartOptions {
  /** A case id (or a unique beginning), a file with one case, or the case itself; the first sample when absent. */
  readonly caseRef?: string | JsonObject;
  readonly approver?: string;
  readonly dispatch?: "dataflow" | "stepwise";
  /** A new run although the case has ended runs; needs `reason`. */
  readonly again?: boolean;
  readonly reason?: string;
  /** Told the id of the run that is begun or found, before any work on it. */
  readonly onRun?: (runId: string) => void;
}

export interface DecideOptions {
  readonly decision: Decision;
  readonly by?: string;
  readonly authenticated?: boolean;
  /** Refused as `stale_digest` when it is not the request's. Absent: the request's own digest, as just shown. */
  readonly digest?: string;
  /** False: only write the row. */
  readonly continue?: boolean;
}

/** What is learnt from runs: nothing here begins or continues one. */
export interface InsightApi {
  /** The mission's schedule and forecast, corrected by past runs where they are enough, and how good such forecasts were. Runs nothing. */
  plan(mission: string, options?: PlanOptions): Promise<PlanView>;
  /** Runs the mission on the real engine in a store of its own; agents only take their estimated time × scale. Nothing is kept. */
  simulate(mission: string, options: SimulateOptions): Promise<SimulationView>;
  /** What a run changed in the world, and what came of each act, in order. */
  effects(run: string): Promise<readonly EffectDetailView[]>;
  /** Puts a figure on record that only people know, as a number or text with its unit. The same again changes nothing. */
  recordKpi(run: string, kpi: string, value: number | string, options?: RecordKpiOptions): Promise<RecordKpiOutcome>;
  /** Keeps a score from 1 to 5 for the run's result; it counts for the mission's KPI or limit that is a score. */
  feedback(run: string, options: FeedbackOptions): Promise<FeedbackOutcome>;
  /** How far the run is: what is done, at work and waited for. */
  progress(run: string): Promise<ProgressView>;
  /** What happened in the run, in order and in sentences; of one task when named. Of all tasks it is what `audit verify --file` checks. */
  log(run: string, options?: { readonly task?: string }): Promise<RunLogView>;
  /** KPIs over runs: for each mission, KPI and basis; bases are never mixed. */
  kpis(filter?: KpiFilter): Promise<KpiBoard>;
  /** Recomputes the event chain of one run, or of all, from what is stored. `head`: a hash printed elsewhere that must turn up. */
  audit(options?: { readonly run?: string; readonly head?: string }): Promise<AuditView>;
  /** What the gate refused in one run, or in all, counted by agent, tool and cause; `since` is a day or a moment. */
  refusals(options?: { readonly run?: string; readonly since?: string }): Promise<RefusalsView>;
  /** Everything that its status and report are made from, as one log that can be kept as a file and replayed. */
  executionLog(run: string): Promise<ExecutionLog>;
  /** Runs the cases that carry `expect`, in stores of their own, without acts outside. `usage` when there is none. */
  test(
    mission: string,
    options?: { readonly case?: string; readonly onCase?: (view: CaseTestView) => void },
  ): Promise<MissionTestView>;
  /** Status and report that the run of each log had when the log ends. Reads no store and changes nothing. */
  replay(logs: readonly ExecutionLog[]): Promise<Replay>;
}

/** What CLI, HTTP and library call. Every `run`, `approval` and `mission` argument may be a unique beginning of the id. */
export interface OrchestratorApi {
  list(): Promise<readonly MissionSummary[]>;
  /** By id, slug or file. `mission_invalid` when it cannot be put together; `verify` says why. */
  mission(mission: string): Promise<MissionView>;
  /** Every problem of the mission at once; empty when it is sound. */
  verify(mission: string): Promise<readonly Problem[]>;
  /** The mission's own cases, in the order of their file. */
  cases(mission: string): Promise<readonly CaseView[]>;
  start(mission: string, options?: StartOptions): Promise<RunOutcome>;
  /** Works on the run until it ends or only people can move it. Without an id: on all that dead processes left. */
  resume(run?: string): Promise<readonly RunOutcome[]>;
  decide(approval: string, options: DecideOptions): Promise<DecideOutcome>;
  cancel(run: string, options?: { by?: string }): Promise<RunOutcome>;
  status(run: string): Promise<StatusView>;
  runs(filter?: { status?: readonly RunStatus[]; mission?: string }): Promise<readonly RunSummary[]>;
  approvals(filter?: { run?: string; all?: boolean }): Promise<readonly ApprovalView[]>;
  approval(id: string): Promise<ApprovalView>;
  report(run: string): Promise<FinalReport>;
  readonly insight: InsightApi;
  readonly kill: KillApi;
  /** Events of runs of this process as they happen, and of other processes within a second; ends with the signal. */
  events(run?: string, options?: { signal?: AbortSignal }): AsyncIterable<MissionEvent>;
  /** Stops taking up work, lets running tasks reach a safe point, and gives leases back. */
  drain(): Promise<void>;
  close(): Promise<void>;
}
