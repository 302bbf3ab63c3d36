import type { EventType } from "./event.js";
import type { TaskStatus } from "./run.js";

/** The status that a task is in from each event on that tells one. */
export const TOLD_STATUS: Readonly<Partial<Record<EventType, TaskStatus>>> = {
  task_started: "running",
  task_attempt: "todo",
  task_waiting: "waiting_for_person",
  task_done: "done",
  task_failed: "failed",
  task_skipped: "skipped",
  task_blocked: "blocked",
  task_undone: "undone",
};

/** The event that tells that a task came to this status; undefined where none does. */
export function eventThatTells(status: TaskStatus): EventType | undefined {
  const types = Object.keys(TOLD_STATUS) as EventType[]; // safe: the table's keys are event types
  return types.find((type) => TOLD_STATUS[type] === status);
}
