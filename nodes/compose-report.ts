import type { JsonObject } from "../core/digest.js";
import { costUsd } from "../core/money.js";
import type { EffectRecord } from "../core/records.js";
import type { TerminalStatus } from "../core/run.js";
import { isDecided } from "../core/run.js";
import type { RunSession } from "../core/session.js";
import { toEffectView, toTaskView } from "../core/to-view.js";
import type { FinalReport, KpiView, LimitView } from "../core/views.js";

/** Stands on every report and outward message: who reads it knows that no person wrote it. */
const DISCLOSURE =
  "The tasks of this mission were handled by automated AI agents. People decided where a decision is listed with a name.";

/** Everything that the report is made from. */
export interface ReportSource {
  readonly session: RunSession;
  readonly status: TerminalStatus;
  readonly failure: string | undefined;
  readonly finishedAt: Date;
  readonly board: JsonObject;
  readonly kpis: readonly KpiView[];
  readonly limits: readonly LimitView[];
  readonly effects: readonly EffectRecord[];
  readonly chainHead: string;
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
  return {
    run_id: run.runId,
    title: run.title,
    mission_id: mission.id,
    mission: mission.name,
    mission_version: run.missionVersion,
    status,
    failure: source.failure ?? null,
    summary: inThreeSentences(source),
    tasks,
    blackboard: source.board,
    kpis: source.kpis,
    limits: source.limits,
    decisions: decisionsOf(session),
    effects: source.effects.map((effect) => toEffectView(effect, status)),
    degraded: tasks
      .filter((task) => task.degraded)
      .map((task) => `${task.task_id} ${task.title}, by ${task.agent_name ?? "a person"}`),
    rests_on: restsOn(source),
    cost_usd: cost,
    started_at: run.startedAt.toISOString(),
    finished_at: source.finishedAt.toISOString(),
    chain_head: source.chainHead,
    disclosure: DISCLOSURE,
  };
}

function inThreeSentences({ session, status, failure, effects }: ReportSource): string {
  const { mission, run } = session;
  const done = session.tasks().filter((task) => task.status === "done");
  const last = done.at(-1);
  const words = { completed: "was completed", failed: "failed", cancelled: "was cancelled" }[status];
  const people = [
    ...new Set(
      session
        .requests()
        .flatMap((request) => (isDecided(request.status) && request.decidedBy ? [request.decidedBy] : [])),
    ),
  ];
  const first = `"${mission.name}" for ${run.title} ${words}: ${done.length} of ${mission.tasks.length} tasks were done.`;
  const second =
    failure ?? (last?.summary ? `The last result: ${last.summary.replace(/\.$/u, "")}.` : "No result came of it.");
  const acts = effects.filter((effect) => effect.status === "done").length;
  const decided =
    people.length === 0 ? "Nobody had to decide anything" : `${people.join(" and ")} decided what was asked`;
  return `${first} ${second.endsWith(".") ? second : `${second}.`} ${decided}, and ${acts === 0 ? "nothing was changed outside this report" : `${acts} ${acts === 1 ? "act was" : "acts were"} done`}.`;
}

function decisionsOf(session: RunSession): FinalReport["decisions"] {
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
    }));
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
