import type { Json, JsonObject } from "./digest.js";
import { inWords } from "./words.js";

/** Every kind of fact that a run's log can hold. */
export const EVENT_TYPES = [
  "run_started",
  "run_resumed",
  "run_waiting",
  "run_cancel_requested",
  "run_ending",
  "kill_on",
  "kill_off",
  "run_completed",
  "run_failed",
  "run_cancelled",
  "task_started",
  "task_done",
  "task_skipped",
  "task_failed",
  "task_blocked",
  "task_undone",
  "task_attempt",
  "attempt_failed",
  "task_waiting",
  "resource_awaited",
  "task_released",
  "task_progress",
  "agent_changed",
  "join_settled",
  "route_chosen",
  "check_refused",
  "presentation_failed",
  "review_sent_back",
  "limit_breached",
  "blackboard_conflict",
  "approval_requested",
  "approval_decided",
  "approval_expired",
  "approval_withdrawn",
  "tool_called",
  "tool_refused",
  "effect_claimed",
  "effect_done",
  "effect_not_done",
  "effect_reused",
  "effect_in_doubt",
  "effect_undone",
  "undo_failed",
  "kpi_observed",
  "feedback_given",
  "report_written",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** An event before it has a place in the chain. `key` is natural and unique in the run: appending it twice adds nothing. */
export interface EventDraft {
  readonly runId: string;
  readonly type: EventType;
  readonly key: string;
  readonly taskId?: string;
  readonly data: JsonObject;
}

/** What listeners get: on LangGraph's `custom` stream, from `orchestrator.events`, from `mission watch`. */
export interface MissionEvent {
  readonly type: EventType;
  readonly run_id: string;
  readonly task_id?: string;
  readonly at: string;
  /** One line for a person. */
  readonly line: string;
  readonly data: JsonObject;
}

/** One line for a person about an event. */
export function lineOf(type: EventType, taskId: string | undefined, data: JsonObject): string {
  const what = typeof data["title"] === "string" ? data["title"] : (taskId ?? "run");
  const detail = [data["summary"], data["reason"], data["by"], data["agent"], data["note"]].find(isText);
  return `${inWords(type)}: ${taskId && what !== taskId ? `${taskId} ` : ""}${what}${detail ? ` (${detail})` : ""}`;
}

function isText(value: Json | undefined): value is string {
  return typeof value === "string" && value.length > 0;
}
