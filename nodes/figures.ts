import type { RunFigures } from "../core/kpi.js";
import { costUsd } from "../core/money.js";
import type { ApprovalRecord, RunRecord, TaskRecord } from "../core/records.js";

const HOUR_MS = 3_600_000;

/** What KPI, limit and review expressions read under `run`. Hours of waiting are summed over requests. */
export function runFigures(
  run: RunRecord,
  tasks: readonly TaskRecord[],
  requests: readonly ApprovalRecord[],
  now: Date,
): RunFigures {
  const waitedMs = requests.reduce(
    (sum, request) => sum + ((request.decidedAt ?? now).getTime() - request.createdAt.getTime()),
    0,
  );
  return {
    started_at: run.startedAt.toISOString(),
    finished_at: (run.finishedAt ?? now).toISOString(),
    steps: tasks.filter((task) => task.status === "done").length,
    cost_usd: costUsd(tasks),
    waited_for_people_hours: waitedMs / HOUR_MS,
  };
}
