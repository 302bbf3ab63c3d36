import type { EventDraft } from "../core/event.js";
import { toKpiView, toLimitView } from "../core/kpi.js";
import type { Figure, Wanted } from "../core/kpi-record.js";
import {
  alreadyRecorded,
  assertToldByPeople,
  findFigure,
  ruleOnRecording,
  scoreFigureOf,
  toObservedAt,
  toScore,
  toTeller,
  toValue,
} from "../core/kpi-record.js";
import type { FeedbackOptions, FeedbackOutcome, RecordKpiOptions, RecordKpiOutcome } from "../core/kpi-views.js";
import type { Mission } from "../core/mission.js";
import type { Statement, Store } from "../core/ports.js";
import type { ObservationRecord, RunRecord } from "../core/records.js";
import type { Composition } from "./compose.js";
import type { Masking } from "./personal.js";
import { maskOf } from "./personal.js";
import { findRun, missionOf } from "./run-views.js";

type Parts = Masking & Pick<Composition, "clock" | "localUser">;

/** What is written together about a figure that somebody told. */
interface Recording {
  readonly statements: readonly Statement[];
  readonly events: readonly EventDraft[];
}

/** Puts a figure on record that people know and the mission does not. A run that has ended keeps its status and report. */
export async function recordKpi(
  parts: Parts,
  runRef: string,
  kpiRef: string,
  given: number | string,
  options: RecordKpiOptions = {},
): Promise<RecordKpiOutcome> {
  const { store } = parts;
  const run = await findRun(store, runRef);
  const mission = await missionOf(store, run);
  const figure = findFigure(mission, kpiRef);
  const observed = await store.observations.of(run.runId);
  assertToldByPeople(figure, run, observed);
  const now = parts.clock.now();
  const wanted: Wanted = {
    value: toValue(figure, given, options.unit),
    at: toObservedAt(run, options.at, now),
    isAtGiven: options.at !== undefined,
    by: toTeller(options.by, parts.localUser),
    correct: options.correct === true,
    reason: options.reason,
  };
  const standing = recordedOf(observed, figure.id);
  const status = ruleOnRecording(figure, standing, wanted);
  if (status !== "unchanged") {
    const { statements, events } = recordingOf(store, run, figure, wanted, standing, now);
    await store.commit({ statements, events: (await maskOf(parts, run, mission)).told(events) });
  }
  const stands = status === "unchanged" && standing ? standing : wanted;
  return {
    run_id: run.runId,
    title: run.title,
    status,
    kpi_id: figure.id,
    value: stands.value,
    unit: figure.unit ?? null,
    at: stands.at.toISOString(),
    by: stands.by,
    before: status === "corrected" && standing ? { ...inWords(standing) } : null,
    ...(await viewsOf(store, mission, run, figure)),
  };
}

/**
 * Keeps what somebody thinks of a run's result, 1 to 5. It counts for the mission's KPI or limit that is a score known
 * later, where there is exactly one; else it is kept in the run's log alone.
 */
export async function giveFeedback(parts: Parts, runRef: string, options: FeedbackOptions): Promise<FeedbackOutcome> {
  const { store } = parts;
  const run = await findRun(store, runRef);
  const mission = await missionOf(store, run);
  const figure = scoreFigureOf(mission);
  const now = parts.clock.now();
  const wanted: Wanted = {
    value: toScore(options.score),
    at: now,
    isAtGiven: false,
    by: toTeller(options.by, parts.localUser),
    correct: options.correct === true,
    reason: options.reason,
  };
  const comment = options.comment?.trim() || null;
  const former = await feedbackOf(store, run.runId);
  const last = former.at(-1);
  const recorded = figure && recordedOf(await store.observations.of(run.runId), figure.id);
  const mask = await maskOf(parts, run, mission);
  const told = mask.json({ by: wanted.by, comment });
  const ruling = ruleOnRecording(
    figure ?? { id: "score" },
    figure ? recorded : last,
    figure ? wanted : { ...wanted, ...told },
  );
  const isKnown = last?.value === wanted.value && last.by === told.by && last.comment === told.comment;
  const status = ruling === "unchanged" && !isKnown ? "recorded" : ruling;
  if (status !== "unchanged") {
    const counted =
      figure && ruling !== "unchanged" ? recordingOf(store, run, figure, wanted, recorded, now) : undefined;
    const event = feedbackEvent(run, former.length + 1, wanted, comment, figure);
    const events = mask.told([...(counted?.events ?? []), event]);
    await store.commit({ statements: counted?.statements ?? [], events });
    await assertKept(store, run.runId, events.at(-1));
  }
  return {
    run_id: run.runId,
    title: run.title,
    status,
    score: wanted.value,
    comment,
    by: wanted.by,
    at: (status === "unchanged" ? (last?.at ?? now) : now).toISOString(),
    counts_for: figure?.id ?? null,
    ...(figure ? await viewsOf(store, mission, run, figure) : { kpi: null, limit: null }),
  };
}

/** A score as the run's log keeps it. */
interface Feedback {
  readonly key: string;
  readonly value: number;
  readonly at: Date;
  readonly by: string;
  readonly comment: string | null;
}

async function feedbackOf(store: Store, runId: string): Promise<readonly Feedback[]> {
  const events = await store.events.of(runId, { types: ["feedback_given"] });
  return events.map(({ key, at, data }) => ({
    key,
    value: Number(data["score"]),
    at,
    by: String(data["by"]),
    comment: typeof data["comment"] === "string" ? data["comment"] : null,
  }));
}

function feedbackEvent(
  { runId, title }: RunRecord,
  position: number,
  { value, by, reason }: Wanted,
  comment: string | null,
  figure: Figure | undefined,
): EventDraft {
  const data = { title, summary: `${value} of 5 by ${by}`, score: value, by, comment, counts_for: figure?.id, reason };
  return { runId, type: "feedback_given", key: `feedback_given:${position}`, data };
}

/** An event whose key was taken adds nothing: then somebody else was faster, and this score was not kept. */
async function assertKept(store: Store, runId: string, told: EventDraft | undefined): Promise<void> {
  const kept = (await feedbackOf(store, runId)).find(({ key }) => key === told?.key);
  const data = told?.data;
  const isOurs = kept?.by === data?.["by"] && kept?.value === data?.["score"] && kept?.comment === data?.["comment"];
  if (kept && !isOurs) throw alreadyRecorded({ id: "score" }, kept);
}

function recordingOf(
  store: Store,
  run: RunRecord,
  figure: Figure,
  { value, at, by, reason }: Wanted,
  standing: ObservationRecord | undefined,
  now: Date,
): Recording {
  const { runId } = run;
  const observation: ObservationRecord = { runId, kpiId: figure.id, value, at, basis: "recorded", by };
  const way = standing ? `corrected:${now.toISOString()}` : "recorded";
  const data = {
    title: run.title,
    summary: `${figure.id} is ${value}${figure.unit === undefined ? "" : ` ${figure.unit}`}, told by ${by}`,
    kpi: figure.id,
    value,
    unit: figure.unit,
    basis: observation.basis,
    as_of: at.toISOString(),
    by,
    ...(standing && { instead_of: { ...inWords(standing) }, reason }),
  };
  const limit = figure.kind === "limit" ? toLimitView(figure, [observation]) : undefined;
  const breach: EventDraft[] =
    limit?.status === "breached"
      ? [
          {
            runId,
            type: "limit_breached",
            key: `limit_breached:${figure.id}:${way}`,
            data: { limit: limit.limit_id, op: limit.op, value: limit.value, actual: value },
          },
        ]
      : [];
  return {
    statements: store.observations.record(observation, standing),
    events: [{ runId, type: "kpi_observed", key: `kpi_observed:${figure.id}:${way}`, data }, ...breach],
  };
}

async function viewsOf(store: Store, mission: Mission, run: RunRecord, { id }: Figure) {
  const observed = await store.observations.of(run.runId);
  const kpi = mission.kpis.find((each) => each.id === id);
  const limit = mission.limits.find((each) => each.id === id);
  return { kpi: kpi ? toKpiView(kpi, observed, run.status) : null, limit: limit ? toLimitView(limit, observed) : null };
}

function recordedOf(observed: readonly ObservationRecord[], kpiId: string): ObservationRecord | undefined {
  return observed.find((observation) => observation.kpiId === kpiId && observation.basis === "recorded");
}

function inWords({ value, at, by }: Pick<ObservationRecord, "value" | "at" | "by">) {
  return { value, at: at.toISOString(), by };
}
