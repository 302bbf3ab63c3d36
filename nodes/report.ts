import type { GraphNode } from "@langchain/langgraph";
import type { Blackboard } from "../core/blackboard.js";
import { mergeBoard } from "../core/blackboard.js";
import { boardSource } from "../core/board-source.js";
import type { JsonObject } from "../core/digest.js";
import { approvalDelayMinutes, businessTimeOf, measure, readsClock, toKpiView, toLimitView } from "../core/kpi.js";
import type { TimedRun } from "../core/lead-time.js";
import type { Mission } from "../core/mission.js";
import type { Plan } from "../core/plan.js";
import { toPlan } from "../core/plan.js";
import type { ObservationRecord } from "../core/records.js";
import type { TerminalStatus } from "../core/run.js";
import type { NodeDeps, RunSession } from "../core/session.js";
import type { FinalReport } from "../core/views.js";
import { composeReport } from "./compose-report.js";
import type { Channels } from "./dispatch.js";
import { channelsOf } from "./dispatch.js";
import { leadTimeOf, runFigures } from "./figures.js";
import type { Forecaster } from "./forecaster.js";
import { forecaster } from "./forecaster.js";
import { toInvocation } from "./invocation.js";
import { isBug, wordsOf } from "./or-report.js";
import { brokenRun, failureOf, settleOpenTasks } from "./run-end.js";
import type { Waves } from "./wave.js";

type ReportDeps = Pick<NodeDeps, "sessions" | "clock" | "playbooks" | "toolbox"> & { readonly waves: Waves };

/**
 * Writes the final report from the run's rows and ends the run. Safe to repeat: the rows are the truth and events have
 * natural keys; a run that has ended keeps its first status and report.
 */
export function createReport(mission: Mission, deps: ReportDeps): GraphNode<typeof Blackboard> {
  const plan = toPlan(mission.tasks);
  const forecast = forecaster(mission, deps);

  return async function report(state, config) {
    const visit = await deps.sessions.enter(mission, toInvocation(config));
    const { session } = visit;
    try {
      if (session.isOver && session.run.report)
        return ended(session, plan, state, session.run.report as unknown as FinalReport); // safe: only this node writes reports
      if (session.brokenBy !== undefined) await settleOpenTasks(session, plan, brokenRun(session.brokenBy), deps);
      await observeOrSayWhyNot(session, plan, deps);
      const end = { ...outcomeOf(session, plan), at: deps.clock.now() };
      const finalReport = await toReport(session, plan, end, forecast);
      // safe: a report is plain JSON by its definition
      await session.finish(end.status, finalReport as unknown as JsonObject, end.failure, end.at);
      deps.waves.drop(session.runId);
      return ended(session, plan, state, finalReport);
    } finally {
      visit.leave();
    }
  };
}

function ended(session: RunSession, plan: Plan, state: Partial<Channels>, finalReport: FinalReport) {
  return { ...channelsOf(session, plan, finalReport.status, state), finalReport: { ...finalReport } };
}

/** As was noted when the run began to close; a cancel that comes after everything was done is too late. */
function outcomeOf(session: RunSession, plan: Plan): { status: TerminalStatus; failure: string | undefined } {
  const ending =
    session.ending ?? (session.brokenBy === undefined ? failureOf(session, plan) : brokenRun(session.brokenBy));
  return { status: ending?.status ?? "completed", failure: ending?.failure };
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

/** Writes what is known at the end: one row for each figure. Runs on sample cases go by the business clock. */
async function observe(session: RunSession, plan: Plan, deps: ReportDeps): Promise<void> {
  const now = deps.clock.now();
  const time = businessTimeOf(session.mission, session.run, session.tasks(), session.requests());
  const figures = {
    ...runFigures(session.run, session.tasks(), session.requests(), now),
    ...(time && { finished_at: time.finishedAt.toISOString(), waited_for_people_hours: time.waitedMinutes / 60 }),
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
  const { kpis, limits } = session.mission;
  const timed = [...kpis, ...limits].filter(({ measure: expression = "" }) => readsClock(expression));
  const isTimed = (id: string) => timed.some((figure) => figure.id === id);
  const observations: ObservationRecord[] = measured.flatMap((entry) =>
    "value" in entry
      ? [
          {
            runId: session.runId,
            kpiId: entry.id,
            value: entry.value,
            at: now,
            basis: time && isTimed(entry.id) ? "simulated" : "measured",
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

/** What a run's report is made from, whether it ran here or its log is replayed. */
export type ReportedRun = Pick<RunSession, "mission" | "run" | "task" | "tasks" | "output" | "requests"> & {
  evidence(): Promise<
    Omit<Awaited<ReturnType<RunSession["evidence"]>>, "timeMarks"> & { readonly timeMarks: TimedRun["marks"] }
  >;
};

/** How a run ended. */
export interface RunEnd {
  readonly status: TerminalStatus;
  readonly failure: string | undefined;
  readonly at: Date;
}

/** The final report of a run that ended so, from its rows. */
export async function toReport(
  session: ReportedRun,
  plan: Plan,
  end: RunEnd,
  forecast: Forecaster,
): Promise<FinalReport> {
  const evidence = await session.evidence();
  return composeReport({
    session,
    status: end.status,
    failure: end.failure,
    finishedAt: end.at,
    leadTime: leadTimeOf(session, evidence.timeMarks, end.at),
    board: mergeBoard(boardSource(session, plan), new Set(plan.tasks.map((task) => task.id))).board,
    kpis: session.mission.kpis.map((kpi) => toKpiView(kpi, evidence.observations, end.status)),
    limits: session.mission.limits.map((limit) => toLimitView(limit, evidence.observations)),
    effects: evidence.effects,
    cancelledBy: end.status === "cancelled" ? evidence.cancelledBy : undefined,
    chainHead: evidence.chainHead,
    forecast: forecast(approvalDelayMinutes(session.run.caseData)),
  });
}
