/** Task statuses, a closed list. */
export const TASK_STATUSES = [
  "todo",
  "waiting_for_input",
  "running",
  "waiting_for_person",
  "done",
  "failed",
  "skipped",
  "blocked",
  "undone",
] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** Run statuses, a closed list. */
export const RUN_STATUSES = ["queued", "running", "waiting", "completed", "failed", "cancelled"] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];
export type TerminalStatus = "completed" | "failed" | "cancelled";

/** Approval statuses, a closed list. */
export const APPROVAL_STATUSES = [
  "pending",
  "approved",
  "edited",
  "rejected",
  "answered",
  "expired",
  "withdrawn",
] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

/** True when the run has ended: nothing moves it any more. */
export function isTerminal(status: RunStatus): status is TerminalStatus {
  return status === "completed" || status === "failed" || status === "cancelled";
}

/** True when the task will not change by itself any more: its dependents can be ruled on. */
export function isSettled(status: TaskStatus): boolean {
  return (
    status === "done" || status === "skipped" || status === "failed" || status === "blocked" || status === "undone"
  );
}

/** True when somebody has decided: the task or run that asked can go on. */
export function isDecided(status: ApprovalStatus): boolean {
  return status === "approved" || status === "edited" || status === "rejected" || status === "answered";
}
