import type { ApprovalKind, ApprovalShown, Decision, DecisionType } from "./approval.js";
import type { Json, JsonObject } from "./digest.js";
import type { MissionEvent } from "./event.js";
import type { Mission } from "./mission.js";
import type { Problem } from "./problem.js";
import type { ApprovalStatus, RunStatus, TaskStatus } from "./run.js";

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
  /** Null while pending. */
  readonly actual: number | null;
  readonly basis: "measured" | "recorded" | "simulated" | "pending";
  /** 0 is the baseline, 1 the target, unclamped. */
  readonly attainment: number | null;
  readonly source: string | null;
}

export interface LimitView {
  readonly limit_id: string;
  readonly op: string;
  readonly value: number;
  readonly actual: number | null;
  readonly status: "kept" | "breached" | "pending";
}

/** The document of `status --json` (DESIGN section 11). */
export interface StatusView {
  readonly run_id: string;
  readonly title: string;
  readonly mission_id: string;
  readonly mission: string;
  readonly mission_version: string;
  readonly status: RunStatus;
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
}

export interface RunSummary {
  readonly run_id: string;
  readonly title: string;
  readonly mission_id: string;
  readonly mission: string;
  readonly case_id: string;
  readonly status: RunStatus;
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

/** One effect in reports and `status`. */
export interface EffectView {
  readonly effect_id: string;
  readonly task_id: string;
  readonly agent_id: string;
  readonly tool: string;
  readonly status: "claimed" | "done" | "not_done" | "not_undone";
  readonly args: Json;
  readonly approval_id: string | null;
  readonly at: string;
}

/** The final report as stored; Markdown is made from it. */
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
  }[];
  readonly effects: readonly EffectView[];
  readonly degraded: readonly string[];
  /** What the result rests on: mission version, agents, tools used. */
  readonly rests_on: readonly string[];
  readonly cost_usd: number;
  readonly started_at: string;
  readonly finished_at: string;
  /** Hash of the newest event before the report. */
  readonly chain_head: string;
  readonly disclosure: string;
}

export interface MissionSummary {
  readonly mission_id: string;
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly tasks: number;
  readonly cases: number;
  readonly kpis: readonly string[];
  readonly file: string;
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
  cancel(run: string, options: { by?: string }): Promise<RunOutcome>;
  status(run: string): Promise<StatusView>;
  runs(filter?: { status?: readonly RunStatus[]; mission?: string }): Promise<readonly RunSummary[]>;
  approvals(filter?: { run?: string; all?: boolean }): Promise<readonly ApprovalView[]>;
  approval(id: string): Promise<ApprovalView>;
  report(run: string): Promise<FinalReport>;
  /** Events of runs of this process as they happen, and of other processes within a second; ends with the signal. */
  events(run?: string, options?: { signal?: AbortSignal }): AsyncIterable<MissionEvent>;
  /** Stops taking up work, lets running tasks reach a safe point, and gives leases back. */
  drain(): Promise<void>;
  close(): Promise<void>;
}
