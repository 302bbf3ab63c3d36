import type { GraphNode } from "@langchain/langgraph";
import type { Blackboard } from "../core/blackboard.js";
import { mergeBoard } from "../core/blackboard.js";
import { isOnBusinessClock } from "../core/case.js";
import { approvalDelayMinutes, businessTime, measure, toKpiView, toLimitView } from "../core/kpi.js";
import type { Mission } from "../core/mission.js";
import type { Plan } from "../core/plan.js";
import { isTolerated, toPlan } from "../core/plan.js";
import type { ObservationRecord } from "../core/records.js";
import type { TerminalStatus } from "../core/run.js";
import { isDecided, isSettled } from "../core/run.js";
import type { NodeDeps, RunSession } from "../core/session.js";
import type { FinalReport } from "../core/views.js";
import { composeReport } from "./compose-report.js";
import { channelsOf } from "./dispatch.js";
import { runFigures } from "./figures.js";
import { toInvocation } from "./invocation.js";
import { isBug, wordsOf } from "./or-report.js";
import { boardSource } from "./task-inputs.js";
import { cancelled, failed } from "./task-moves.js";
import type { Waves } from "./wave.js";

type ReportDeps = Pick<NodeDeps, "sessions" | "clock"> & { readonly waves: Waves };
const MINUTE_MS = 60_000;

/**
 * Writes the final report from the run's rows and ends the run. Safe to repeat: the rows are the truth and events have
 * natural keys; a run that has ended keeps its first status and report.
 */
export function createReport(mission: Mission, deps: ReportDeps): GraphNode<typeof Blackboard> {
  const plan = toPlan(mission.tasks);

  return async function report(_state, config) {
    const visit = await deps.sessions.enter(mission, toInvocation(config));
    const { session } = visit;
    try {
      if (session.isOver && session.run.report)
        return ended(session, plan, session.run.report as unknown as FinalReport); // safe: only this node writes reports
      if (session.isCancelled) await cancelOpenTasks(session, plan, deps);
      if (session.brokenBy !== undefined) await failOpenTasks(session, plan, session.brokenBy, deps);
      await observeOrSayWhyNot(session, plan, deps);
      const { status, failure } = outcomeOf(session, plan);
      const finalReport = await toReport(session, plan, status, failure, deps);
      await session.finish(status, JSON.parse(JSON.stringify(finalReport)), failure);
      deps.waves.drop(session.runId);
      return ended(session, plan, finalReport);
    } finally {
      visit.leave();
    }
  };
}

function ended(session: RunSession, plan: Plan, finalReport: FinalReport) {
  return { ...channelsOf(session, plan), status: finalReport.status, finalReport: { ...finalReport } };
}

function outcomeOf(session: RunSession, plan: Plan): { status: TerminalStatus; failure: string | undefined } {
  if (session.isCancelled) return { status: "cancelled", failure: undefined };
  if (session.brokenBy !== undefined) return { status: "failed", failure: `A bug ended the run: ${session.brokenBy}` };
  const broken = session
    .tasks()
    .find((task) => task.status === "failed" && !isTolerated(plan, task.taskId, (id) => session.task(id)));
  if (broken) {
    const title = plan.byId.get(broken.taskId)?.title ?? broken.taskId;
    return {
      status: "failed",
      failure: `"${title}" failed (${broken.errorCode ?? "failed"}): ${broken.errorMessage ?? ""}`,
    };
  }
  const blocked = session.tasks().find((task) => task.status === "blocked");
  return blocked ? { status: "failed", failure: blocked.errorMessage } : { status: "completed", failure: undefined };
}

async function failOpenTasks(session: RunSession, plan: Plan, reason: string, deps: ReportDeps): Promise<void> {
  const open = plan.tasks.filter((task) => !isSettled(session.task(task.id).status));
  const at = deps.clock.now();
  await Promise.all(open.map((task) => session.commit(failed(task, session.task(task.id), "bug", reason, at))));
}

/** Figures that cannot be taken stay pending, and the log says why: a run that did its work ends all the same. */
async function observeOrSayWhyNot(session: RunSession, plan: Plan, deps: ReportDeps): Promise<void> {
  try {
    await observe(session, plan, deps);
  } catch (error) {
    if (!isBug(session, error)) throw error;
    const data = { reason: `The figures could not be taken: ${wordsOf(error)}` };
    await session.commit({ events: [{ type: "presentation_failed", key: "figures_failed", data }] });
  }
}

async function cancelOpenTasks(session: RunSession, plan: Plan, deps: ReportDeps): Promise<void> {
  const open = plan.tasks.filter((task) => !isSettled(session.task(task.id).status));
  await Promise.all(open.map((task) => session.commit(cancelled(task, session.task(task.id), deps.clock.now()))));
}

/** Writes what is known at the end: one row for each figure. Runs on sample cases go by the business clock. */
async function observe(session: RunSession, plan: Plan, deps: ReportDeps): Promise<void> {
  const now = deps.clock.now();
  const simulated = isOnBusinessClock(session.run.caseData);
  const figures = {
    ...runFigures(session.run, session.tasks(), session.requests(), now),
    ...(simulated && businessFigures(session, plan)),
  };
  const all = new Set(plan.tasks.map((task) => task.id));
  const outputs = Object.fromEntries(
    [...all].map((id) => [id, session.output(id)]).filter(([, output]) => output !== undefined),
  );
  const { board } = mergeBoard(boardSource(session, plan), all);
  const measured = measure(session.mission, {
    ...outputs,
    case: session.run.caseData,
    blackboard: board,
    run: figures,
  });
  const kpis = new Set(session.mission.kpis.map((kpi) => kpi.id));
  const observations: ObservationRecord[] = measured.flatMap((entry) =>
    "value" in entry
      ? [
          {
            runId: session.runId,
            kpiId: entry.id,
            value: entry.value,
            at: now,
            basis: simulated && kpis.has(entry.id) ? "simulated" : "measured",
            by: "mission",
          },
        ]
      : [],
  );
  const breaches = session.mission.limits
    .map((limit) => toLimitView(limit, observations))
    .filter((limit) => limit.status === "breached");
  await session.commit({
    observations,
    events: [
      ...observations.map((entry) => ({
        type: "kpi_observed" as const,
        key: `kpi_observed:${entry.kpiId}`,
        data: { kpi: entry.kpiId, value: entry.value, basis: entry.basis },
      })),
      ...breaches.map((limit) => ({
        type: "limit_breached" as const,
        key: `limit_breached:${limit.limit_id}`,
        data: { limit: limit.limit_id, op: limit.op, value: limit.value, actual: limit.actual },
      })),
    ],
  });
}

function businessFigures(session: RunSession, plan: Plan): { finished_at: string; waited_for_people_hours: number } {
  const done = session.tasks().filter((task) => task.status === "done");
  const approvals = new Map<string, number>();
  for (const request of session.requests()) {
    if (isDecided(request.status)) approvals.set(request.taskId, (approvals.get(request.taskId) ?? 0) + 1);
  }
  const time = businessTime(plan.tasks, {
    startedAt: session.run.startedAt,
    doneTasks: new Set(done.map((task) => task.taskId)),
    approvals,
    approvalDelayMinutes: approvalDelayMinutes(session.run.caseData),
  });
  return {
    finished_at: time.finishedAt.toISOString(),
    waited_for_people_hours: (time.waitedMinutes * MINUTE_MS) / 3_600_000,
  };
}

async function toReport(
  session: RunSession,
  plan: Plan,
  status: TerminalStatus,
  failure: string | undefined,
  deps: ReportDeps,
): Promise<FinalReport> {
  const evidence = await session.evidence();
  return composeReport({
    session,
    status,
    failure,
    finishedAt: deps.clock.now(),
    board: mergeBoard(boardSource(session, plan), new Set(plan.tasks.map((task) => task.id))).board,
    kpis: session.mission.kpis.map((kpi) => toKpiView(kpi, evidence.observations)),
    limits: session.mission.limits.map((limit) => toLimitView(limit, evidence.observations)),
    effects: evidence.effects,
    chainHead: evidence.chainHead,
  });
}
