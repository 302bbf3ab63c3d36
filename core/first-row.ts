import type { TaskRecord } from "./records.js";

/** The row that a task has before anything was done for it. */
export function firstRow(runId: string, taskId: string): TaskRecord {
  const counts = { attempt: 1, failures: 0, refusals: 0, costMicroUsd: 0 };
  return { runId, taskId, status: "todo", ...counts, tried: [], degraded: false, feedback: [] };
}
