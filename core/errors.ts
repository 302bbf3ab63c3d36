/** Every code that an `OrchestratorError` can carry: what the caller of the system did or met. */
export const ERROR_CODES = [
  "already_decided",
  "ambiguous_id",
  "approval_expired",
  "approval_not_found",
  "case_invalid",
  "case_not_found",
  "checkpoint_damaged",
  "closed",
  "config_invalid",
  "decision_invalid",
  "decision_not_allowed",
  "external_run",
  "file_malformed",
  "file_not_found",
  "killed",
  "kpi_invalid",
  "kpi_not_found",
  "kpi_recorded",
  "mission_changed",
  "mission_invalid",
  "mission_not_found",
  "name_unknown",
  "policy_invalid",
  "reason_missing",
  "resource_taken",
  "run_busy",
  "run_exists",
  "run_finished",
  "run_not_ended",
  "run_not_found",
  "secret_missing",
  "stale_digest",
  "stale_owner",
  "store_failed",
  "store_foreign",
  "store_full",
  "store_locked",
  "store_newer",
  "store_read_only",
  "time_taken",
  "usage",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** How a task's failure is routed: only `transient` is tried again by the same agent. */
export const FAILURE_CLASSES = ["transient", "permanent", "contract", "policy", "bug"] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** Why a task is `failed`, `blocked` or `skipped`; stored in its row and shown by `status`. */
export type TaskErrorCode =
  | FailureClass
  | "deadline_exceeded"
  | "rejected"
  | "escalation_rejected"
  | "attempts_exhausted"
  /** Of a task that is done by a person's result, while acts of the one before were not. */
  | "acts_not_done"
  | "join_incomplete"
  | "route_unmatched"
  | "dependency_failed"
  | "cancelled"
  | "no_progress";

/** What the gate answers instead of a tool's result; the agent can read the reason and act on it. */
export type RefusalCode =
  | "unknown_tool"
  | "bad_arguments"
  | "not_held"
  | "killed"
  | "forbidden"
  | "over_budget"
  | "already_done"
  | "effect_conflict"
  | "constraint_broken"
  | "effect_unsettled"
  | "rejected_by_person"
  | "tool_failed"
  | "tool_timeout"
  | "bad_output";

/** The one error that the system raises on purpose. The message says what, which, and what to do; it is shown without a stack. */
export class OrchestratorError extends Error {
  override readonly name = "OrchestratorError";
  readonly code: ErrorCode;
  /** Machine-readable particulars, shown under `--json`. */
  readonly details: unknown;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions & { details?: unknown }) {
    super(message, options);
    this.code = code;
    this.details = options?.details;
  }
}

/** Thrown by a playbook or the engine to end an attempt; the class decides what happens next. */
export class TaskFailure extends Error {
  override readonly name = "TaskFailure";
  readonly failureClass: FailureClass;
  readonly code: TaskErrorCode;

  constructor(failureClass: FailureClass, message: string, options?: ErrorOptions & { code?: TaskErrorCode }) {
    super(message, options);
    this.failureClass = failureClass;
    this.code = options?.code ?? failureClass;
  }
}

/** True for an `OrchestratorError` with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is OrchestratorError {
  return error instanceof OrchestratorError && codes.includes(error.code);
}
