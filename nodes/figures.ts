import type { RunFigures } from "../core/kpi.js";
import { businessTimeOf } from "../core/kpi.js";
import type { TimedRun } from "../core/lead-time.js";
import { businessLeadTime, leadTime, receivedAtOf } from "../core/lead-time.js";
import { costUsd } from "../core/money.js";
import type { ApprovalRecord, RunRecord, TaskRecord } from "../core/records.js";
import type { RunSession } from "../core/session.js";
import type { LeadTimeView } from "../core/views.js";

const HOUR_MS = 3_600_000;

/** What figures are taken from: a run at work, or one that is replayed. */
type FiguredRun = Pick<RunSession, "mission" | "run" | "tasks" | "requests">;

/** Where the run's time went until now: by the business clock where the case is on it, else by the events. */
export function leadTimeOf(session: FiguredRun, marks: TimedRun["marks"], finishedAt: Date): LeadTimeView {
  const { startedAt, caseData } = session.run;
  const receivedAt = receivedAtOf(caseData);
  const time = businessTimeOf(session.mission, session.run, session.tasks(), session.requests());
  if (time) return businessLeadTime(time, startedAt, receivedAt);
  return leadTime({ receivedAt, startedAt, finishedAt, marks, requests: session.requests() });
}

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
