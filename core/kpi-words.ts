import { ENOUGH_RUNS } from "./kpi-board.js";
import type { KpiRow, LeadTimeRow, LimitRow, MissionBoard } from "./kpi-views.js";
import { attainmentText, comparisons } from "./report-sentences.js";
import {
  capital,
  figureText,
  inWords,
  kpiName,
  limitRule,
  percentText,
  spanInWords,
  spentInWords,
  usd,
} from "./words.js";

/** What a row is worth, in words that claim nothing: figures are compared with a baseline, nothing is *saved*. */
export function judgementText({ judgement, n, attainment }: KpiRow): string {
  const way = attainmentText({ attainment }) ?? "";
  switch (judgement) {
    case "pending":
      return n === 0 ? "no completed run yet" : "pending: known later";
    case "too_few":
      return `too few to judge (under ${ENOUGH_RUNS} runs)`;
    case "no_target":
      return "no target to judge by";
    case "at_target":
      return `target reached (${way} of the way)`;
    case "on_the_way":
      return `${way} of the way to the target`;
    case "no_better":
      return `no better than the baseline (${way})`;
  }
}

/** A figure with its unit; "none" where there is none. */
export function figureOf(value: number | null, unit: string): string {
  return value === null ? "none" : `${figureText(value)} ${unit}`;
}

/** A share of runs as a percentage; "none" without runs. */
export function shareText(share: number | null): string {
  return share === null ? "none" : percentText(share);
}

/** Where the baselines of these rows come from, one sentence for each source. */
export function sourcesOf(rows: readonly KpiRow[]): readonly string[] {
  const once = rows.filter(({ kpi_id }, index) => rows.findIndex((row) => row.kpi_id === kpi_id) === index);
  return comparisons(once, kpiName);
}

/** How many runs there were, and how they ended: "12 completed, 1 failed, 0 cancelled, 2 open". */
export function runsText({ completed, failed, cancelled, open }: MissionBoard["runs"]): string {
  return `${completed} completed, ${failed} failed, ${cancelled} cancelled, ${open} open`;
}

/** How the work went besides the KPIs, one line for each fact; those that have no runs to tell of are left out. */
export function workLines({ runs, lead_time, limits }: MissionBoard): readonly string[] {
  const wait = runs.median_decision_wait_ms;
  const waited = wait === null ? "" : `, median wait ${spanInWords(wait)}`;
  return [
    ...(runs.completed === 0
      ? []
      : [
          `Completed per calendar week: ${figureText(runs.completed_per_week)}`,
          `Right the first time: ${shareText(runs.first_time_right)} (nothing refused, sent back or taken over)`,
          `Done the lesser way in part: ${shareText(runs.degraded)}`,
          `Cost of a completed run: ${usd(runs.cost_usd_per_run ?? 0)}`,
        ]),
    `Decisions by people: ${runs.decisions}${waited}`,
    ...lead_time.map(leadTimeText),
    ...limits.map(limitRowText),
  ];
}

/** Over how many runs a lead time is the mean: "mean of 5 runs". */
export function meanText({ n }: LeadTimeRow): string {
  return n === 1 ? "1 run" : `mean of ${n} runs`;
}

/** Where the time of the runs on one basis went: the parts add up to the total. */
function leadTimeText(row: LeadTimeRow): string {
  const basis = row.basis === "simulated" ? " (simulated)" : "";
  const parts = [
    `${spentInWords(row.work_ms)} work`,
    `${spentInWords(row.waiting_for_people_ms)} waiting for people`,
    `${spentInWords(row.waiting_for_others_ms)} waiting for others`,
  ];
  return `Lead time${basis}, ${meanText(row)}: ${spanInWords(row.total_ms)} in all; ${parts.join(", ")}`;
}

function limitRowText({ unit, basis, n, kept, breached, ...limit }: LimitRow): string {
  const rule = `${capital(inWords(limit.limit_id))}, ${limitRule(limit)}${unit === null || unit === "score" ? "" : ` ${unit}`}`;
  if (basis === "pending") return `${rule}: pending in ${n}`;
  return `${rule}${basis === "measured" ? "" : ` (${basis})`}: kept in ${kept}, breached in ${breached}`;
}
