import type { BoardSource } from "../../core/kpi-board.js";
import type { Kpi, Limit } from "../../core/mission.js";
import type { ObservationRecord, RunFigure } from "../../core/records.js";
import type { LeadTimeView } from "../../core/views.js";

/** A Friday in week 47. */
const NOW = new Date("2026-11-20T12:00:00.000Z");
const HOUR_MS = 3_600_000;

export const DAYS: Kpi = {
  id: "pipeline_days",
  unit: "days",
  direction: "lower",
  baseline: 14,
  target: 7,
  source: "the dataset",
  known: "later",
};
export const CSAT: Limit = { id: "csat", unit: "score", op: ">=", value: 4, known: "later" };

/** A completed run that ended so many days before now. */
export function ended(runId: string, daysAgo: number, parts: Partial<RunFigure> = {}): RunFigure {
  const finishedAt = new Date(NOW.getTime() - daysAgo * 24 * HOUR_MS);
  return {
    runId,
    missionId: "M002",
    missionSlug: "sales-pipeline",
    missionName: "Sales",
    missionVersion: "v1",
    status: "completed",
    startedAt: new Date(finishedAt.getTime() - HOUR_MS),
    finishedAt,
    costMicroUsd: 0,
    hasRework: false,
    isDegraded: false,
    ...parts,
  };
}

export function observed(
  runId: string,
  value: number,
  basis: ObservationRecord["basis"] = "recorded",
  kpiId = DAYS.id,
): ObservationRecord {
  return { runId, kpiId, value, at: NOW, basis, by: "Ada" };
}

/** A lead time of so many hours of work, waiting for people and waiting for others. */
export function hours(work: number, people: number, others: number, basis: LeadTimeView["basis"]): LeadTimeView {
  return {
    total_ms: (work + people + others) * HOUR_MS,
    work_ms: work * HOUR_MS,
    waiting_for_people_ms: people * HOUR_MS,
    waiting_for_others_ms: others * HOUR_MS,
    basis,
  };
}

/** What a board is counted from: one version with the KPI and the limit above, unless told. */
export function boardSource(parts: Partial<BoardSource>): BoardSource {
  const definition = { kpis: [DAYS], limits: [CSAT] };
  return {
    mission: { mission_id: "M002", slug: "sales-pipeline", mission: "Sales" },
    runs: [],
    observations: [],
    decisions: [],
    definitionOf: () => definition,
    newest: definition,
    from: undefined,
    to: NOW,
    byWeek: false,
    ...parts,
  };
}
