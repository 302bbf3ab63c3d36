import type { JsonObject } from "../core/digest.js";
import { costUsd } from "../core/money.js";
import type { EffectRecord } from "../core/records.js";
import { inThreeSentences } from "../core/report-summary.js";
import type { TerminalStatus } from "../core/run.js";
import { isDecided } from "../core/run.js";
import { actualPath } from "../core/schedule.js";
import type { RunSession } from "../core/session.js";
import { actsAmong, toEffectView, toTaskView } from "../core/to-view.js";
import type { FinalReport, ForecastView, KpiView, LeadTimeView, LimitView } from "../core/views.js";

/** Stands on every report and outward message: who reads it knows that no person wrote it. */
const DISCLOSURE =
  "The tasks of this mission were handled by automated AI agents. People decided where a decision is listed with a name.";

/** Everything that the report is made from. */
export interface ReportSource {
  readonly session: Pick<RunSession, "mission" | "run" | "task" | "tasks" | "requests">;
  readonly status: TerminalStatus;
  readonly failure: string | undefined;
  readonly cancelledBy: string | undefined;
  readonly finishedAt: Date;
  readonly leadTime: LeadTimeView;
  readonly board: JsonObject;
  readonly kpis: readonly KpiView[];
  readonly limits: readonly LimitView[];
  readonly effects: readonly EffectRecord[];
  readonly chainHead: string;
  readonly forecast: ForecastView;
}

/** The final report as data; `core/report.ts` writes it as Markdown. */
export function composeReport(source: ReportSource): FinalReport {
  const { session, status } = source;
  const { mission, run } = session;
  const tasks = mission.tasks.map((task) => ({
    task_id: task.id,
    ...toTaskView(task, session.task(task.id), mission),
  }));
  const cost = costUsd(session.tasks());
  const facts = {
    run_id: run.runId,
    title: run.title,
    mission_id: mission.id,
    mission: mission.name,
    mission_version: run.missionVersion,
    status,
    failure: source.failure ?? null,
    tasks,
    blackboard: source.board,
    kpis: source.kpis,
    limits: source.limits,
    decisions: decisionsOf(session),
    ...openQuestionsOf(session),
    ...(source.cancelledBy !== undefined && { cancelled_by: source.cancelledBy }),
    effects: actsAmong(source.effects).map((effect) => toEffectView(effect, status)),
    degraded: tasks.filter((task) => task.degraded).map(lesserLine),
    rests_on: restsOn(source),
    cost_usd: cost,
    started_at: run.startedAt.toISOString(),
    finished_at: source.finishedAt.toISOString(),
    forecast: source.forecast,
    lead_time: source.leadTime,
    actual_path: actualPath(mission.tasks, (id) => session.task(id)).tasks,
    ...(mission.value && {
      value: { minutes_by_hand: mission.value.minutesByHand, rate_usd_per_hour: mission.value.rateUsdPerHour },
    }),
    chain_head: source.chainHead,
    disclosure: DISCLOSURE,
  };
  return { ...facts, summary: inThreeSentences(facts) };
}

/** Who did it the lesser way, and what of it was not done. */
function lesserLine({ task_id, title, status, agent_name, error }: FinalReport["tasks"][number]): string {
  const left = status === "done" && error !== null ? `. ${error}` : "";
  return `${task_id} ${title}, by ${agent_name ?? "a person"}${left}`;
}

function decisionsOf(session: ReportSource["session"]): FinalReport["decisions"] {
  return session
    .requests()
    .filter((request) => isDecided(request.status))
    .map((request) => ({
      task_id: request.taskId,
      kind: request.kind,
      question: request.shown.question,
      decision: request.status,
      by: request.decidedBy ?? "unknown",
      authenticated: request.authenticated ?? false,
      at: (request.decidedAt ?? request.createdAt).toISOString(),
      comment: request.decision?.comment ?? null,
      approval_id: request.approvalId,
      asked_at: request.createdAt.toISOString(),
    }));
}

/** A cancel takes back what its tasks were asking at that moment: those questions stayed open. */
function openQuestionsOf(session: ReportSource["session"]): Pick<FinalReport, "open_questions"> {
  const open = session.requests().filter(({ taskId, attempt, status }) => {
    const task = session.task(taskId);
    const isTakenBack = status === "withdrawn" && task.errorCode === "cancelled" && task.attempt === attempt;
    return status === "pending" || isTakenBack;
  });
  if (open.length === 0) return {};
  return {
    open_questions: open.map(({ taskId, kind, shown, createdAt }) => ({
      task_id: taskId,
      kind,
      question: shown.question,
      asked_at: createdAt.toISOString(),
    })),
  };
}

function restsOn({ session, effects }: ReportSource): readonly string[] {
  const { mission, run } = session;
  const agents = new Set(session.tasks().flatMap((task) => (task.agentId !== undefined ? [task.agentId] : [])));
  return [
    `mission ${mission.slug}, version ${run.missionVersion.slice(0, 12)}`,
    `case ${run.caseId}, digest ${run.caseDigest.slice(0, 12)}`,
    ...mission.agents.filter((agent) => agents.has(agent.id)).map((agent) => `agent ${agent.name} (${agent.id})`),
    ...new Set(effects.map((effect) => `tool ${effect.tool}`)),
  ];
}
