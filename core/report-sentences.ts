import type { EffectView } from "./effect-views.js";
import type { FinalReport, KpiView, LeadTimeView, ScheduledTaskView, ValueView } from "./views.js";
import { capital, cut, figureText, inWords, listInWords, momentText, percentText, spanInWords, usd } from "./words.js";

const MINUTE_MS = 60_000;
const LONGEST_NAME = 60;

/** One decision of a report. */
export type DecisionView = FinalReport["decisions"][number];
/** One task of a report. */
export type ReportTask = FinalReport["tasks"][number];

/** Where each baseline comes from, one sentence for each source; never a claim that something was saved. */
export function comparisons<Figure extends Pick<KpiView, "source" | "baseline">>(
  kpis: readonly Figure[],
  nameOf: (kpi: Figure) => string,
): readonly string[] {
  const sources = new Map<string, string[]>();
  for (const kpi of kpis) {
    if (kpi.source === null || kpi.baseline === null) continue;
    sources.set(kpi.source, [...(sources.get(kpi.source) ?? []), nameOf(kpi)]);
  }
  return [...sources].map(([source, names]) => `${listInWords(names, 6)}: compared with the baseline of ${source}.`);
}

/** The attainment in percent: 0 is the baseline, 100 the target. Nothing when there is none. */
export function attainmentText({ attainment }: Pick<KpiView, "attainment">): string | undefined {
  return attainment === null ? undefined : percentText(attainment);
}

/** One part of the time that a run took. */
export interface TimePart {
  readonly key: "work" | "people" | "others";
  readonly label: string;
  readonly ms: number;
}

/** Where the time went, in the order in which it is drawn. */
export function timeParts(time: LeadTimeView): readonly TimePart[] {
  return [
    { key: "work", label: "Work", ms: time.work_ms },
    { key: "people", label: "Waiting for people", ms: time.waiting_for_people_ms },
    { key: "others", label: "Waiting for others", ms: time.waiting_for_others_ms },
  ];
}

/** What stands before the split: the total, and whether a business clock made it. */
export function timeTotal({ total_ms, basis }: LeadTimeView): string {
  const simulated = basis === "simulated" ? " (simulated, by the business clock of the sample cases)" : "";
  return `${spanInWords(total_ms)} in all${simulated}`;
}

/** What was expected and what came, in one sentence; nothing for a report of a run that no forecast was kept of. */
export function planAndRun(report: FinalReport): string | undefined {
  if (!report.forecast) return undefined;
  const minutes = report.forecast.makespan_minutes;
  const planned = minutes === 0 ? "no estimates" : spanInWords(minutes * MINUTE_MS);
  const note = isSimulated(report)
    ? ": its work and the people's answers are simulated, so the two do not compare"
    : "";
  return `Planned: ${planned}. The run itself took ${tookInWords(report)}${note}.`;
}

/** The run is of a sample case: its lead time is the business clock's, while its own moments are real. */
export function isSimulated({ lead_time }: Pick<FinalReport, "lead_time">): boolean {
  return lead_time?.basis === "simulated";
}

/** How long the run took; of a sample case with the word that this, unlike its lead time, is real time. */
export function tookInWords(report: Pick<FinalReport, "lead_time" | "started_at" | "finished_at">): string {
  const took = spanInWords(Date.parse(report.finished_at) - Date.parse(report.started_at));
  return isSimulated(report) ? `${took} of real time` : took;
}

/** The tasks that decided how long it took: of the run where they are known, else of the plan. */
export function criticalTasks(report: FinalReport): ReadonlySet<string> {
  return new Set(report.actual_path ?? report.forecast?.critical_path ?? []);
}

/** How long a task was planned to take, in milliseconds. */
export function plannedMs({ start_minutes, finish_minutes }: ScheduledTaskView): number {
  return (finish_minutes - start_minutes) * MINUTE_MS;
}

/** How long a task took from its start to its end, waiting included; undefined when it did not run to an end. */
export function tookMs({ started_at, finished_at }: ReportTask): number | undefined {
  if (started_at === null || finished_at === null) return undefined;
  return Math.max(0, Date.parse(finished_at) - Date.parse(started_at));
}

/** What the mission's author takes the work to be worth, said as the assumption it is. */
export function valueText({ minutes_by_hand, rate_usd_per_hour }: ValueView): string {
  const worth = usd((minutes_by_hand / 60) * rate_usd_per_hour);
  const time = spanInWords(minutes_by_hand * MINUTE_MS);
  return `The mission assumes that by hand this takes ${time} at ${usd(rate_usd_per_hour)} an hour, so ${worth}: an assumption of its author, nothing that was measured.`;
}

/** How a task ended, in words that say whether a lesser way was taken. */
export function taskState({ status, degraded, attempts }: ReportTask): string {
  const again = attempts > 1 ? `, attempt ${attempts}` : "";
  return `${inWords(status)}${degraded ? " (lesser way)" : ""}${again}`;
}

/** What is known of an act: done, not done, still standing after a run that did not complete, or not known. */
export function effectState({ status, undo }: EffectView, runStatus: FinalReport["status"]): string {
  if (status === "claimed") return "not known whether it happened";
  if (status === "left") return "left as it is";
  if (undo?.outcome === "nothing") return "done, nothing to undo";
  if (status === "done" && runStatus !== "completed") return "not undone";
  return inWords(status);
}

/** Who took an act back or let it stand, when, and what they said; nothing for an act that was not to be taken back. */
export function undoText({ undo }: EffectView): string | undefined {
  if (!undo || undo.outcome === "nothing") return undefined;
  const verb = undo.outcome === "left" ? "Left as it is" : `Undone${undo.outcome === "by_hand" ? " by hand" : ""}`;
  const said = undo.note === null || undo.note === "" ? "" : `: ${undo.note}`;
  return `${verb} by ${undo.by}, ${momentText(undo.at)} UTC${said}`;
}

/** What the list of acts is called: what a run did, and what became of it when it did not complete. */
export function actsTitle({ status, effects }: FinalReport, where = ""): string {
  if (status === "completed") return `What was done${where}`;
  const isKnown = effects.some(({ undo }) => undo);
  return isKnown ? `What was done${where}, and what became of it` : `What was done${where} and is not undone`;
}

/** What did not happen is no news in a run that did not complete. */
export function effectsShown({ effects, status }: FinalReport): readonly EffectView[] {
  return status === "completed" ? effects : effects.filter((effect) => effect.status !== "not_done");
}

/** Who let an act be done: the names on its approval, else that its mission's rules let it pass. */
export function approverOf({ approval_id }: EffectView, decisions: readonly DecisionView[]): string {
  if (approval_id === null) return "not asked: the rules allow it";
  const decision = decisions.find((each) => each.approval_id === approval_id);
  return decision ? byText(decision) : `approval ${approval_id}`;
}

/** Why a question stayed open: "Not answered when eve cancelled the run". */
export function unansweredText(report: Pick<FinalReport, "status" | "cancelled_by">): string {
  return `Not answered when ${endedBy(report)}`;
}

/** How the run ended, and who ended it: "eve cancelled the run". */
export function endedBy({ status, cancelled_by }: Pick<FinalReport, "status" | "cancelled_by">): string {
  if (status !== "cancelled") return status === "failed" ? "the run failed" : "the run was completed";
  return cancelled_by === undefined ? "the run was cancelled" : `${cut(cancelled_by, LONGEST_NAME)} cancelled the run`;
}

/** The same where it begins a sentence: a name stays as it was given. */
export function endedFirst(report: Pick<FinalReport, "status" | "cancelled_by">): string {
  const text = `${endedBy(report)} first`;
  return report.status === "cancelled" && report.cancelled_by !== undefined ? text : capital(text);
}

/** A person, and whether it was proved who that is. */
export function byText({ by, authenticated }: Pick<DecisionView, "by" | "authenticated">): string {
  return authenticated ? by : `${by} (not authenticated)`;
}

/** What stands where a KPI has no figure. */
export function noFigure({ not_counted: ended }: Pick<KpiView, "not_counted">): string {
  if (ended === undefined) return "pending";
  return `not counted: the run ${ended === "failed" ? "failed" : "was cancelled"}`;
}

/** A KPI's figure with its unit, or that there is none. */
export function kpiFigure(value: number | null, { unit }: KpiView): string {
  return value === null ? "none" : `${figureText(value)} ${unit}`;
}
