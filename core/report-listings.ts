import type { Html } from "./html.js";
import { html, said } from "./html.js";
import { kpiBars } from "./html-bars.js";
import { CHECK, CROSS, DASH } from "./html-signs.js";
import { assumptionsOf, gantt, shownTitle } from "./report-gantt.js";
import { heightOf, tasksByWeight } from "./report-room.js";
import type { PaperRow } from "./report-rows.js";
import { actRow, decisionRow, openQuestionRow, resultRow } from "./report-rows.js";
import type { ReportTask } from "./report-sentences.js";
import { actsTitle, attainmentText, comparisons, criticalTasks, effectsShown, taskState } from "./report-sentences.js";
import type { FinalReport, KpiView, LimitView } from "./views.js";
import { cut, kpiName, limitText } from "./words.js";

/** Width of the text on the narrower paper. */
export const FULL_MM = 180;
const TABLE_HEAD_MM = 5;
const KPI_MM = 20;
const LIMIT_SIGN = { kept: CHECK, breached: CROSS, pending: DASH };

/** A list of the report, of which as many rows are drawn as there is room for. Heights are estimates in millimetres. */
export interface Listing {
  readonly title: string | undefined;
  /** What one row tells of. */
  readonly noun: string;
  /** Of each row, most important first. */
  readonly heights: readonly number[];
  /** Its share of the room, against that of the others. */
  readonly weight: number;
  /** Of head and notes around the rows. */
  readonly aroundMm: number;
  readonly draw: (count: number) => Html | undefined;
}

/** Each KPI as bars, with where its baseline comes from and what *simulated* and *pending* mean. */
export function kpiListing({ kpis }: FinalReport): Listing {
  const notes = (shown: readonly KpiView[]) => [
    ...comparisons(shown, (kpi) => cut(kpiName(kpi), 60)).map((line) => cut(line, 400)),
    ...(shown.some(({ basis }) => basis === "simulated")
      ? ["Simulated: sample cases run on a business clock, which advances by the tasks' estimates."]
      : []),
    ...(shown.some(({ basis, not_counted }) => basis === "pending" && not_counted === undefined)
      ? ["Pending: known only later; until it is recorded, nothing is claimed."]
      : []),
  ];
  return {
    title: "Result against baseline and target",
    noun: "KPI",
    weight: 3,
    heights: kpis.map(() => KPI_MM),
    aroundMm: notes(kpis).reduce((sum, line) => sum + heightOf(line, FULL_MM, 8), 0),
    draw: (count) =>
      html`${kpis.slice(0, count).map(kpiFigure)}<p class="small">${notes(kpis.slice(0, count)).map((line) => html`${said(line)} `)}</p>`,
  };
}

function kpiFigure(kpi: KpiView): Html {
  const way = attainmentText(kpi);
  return html`<figure class="kpi"><figcaption><b>${said(cut(kpiName(kpi), 80))}</b>${way !== undefined && html`<span><b class="large">${way}</b> of the way from baseline to target</span>`}</figcaption>${kpiBars({ ...kpi, unit: cut(kpi.unit, 24) }, "This run")}</figure>`;
}

/** Limits kept and breached. They stand below the KPIs, where there are any. */
export function limitListing({ limits, kpis }: FinalReport): Listing {
  const text = (limit: LimitView) => cut(limitText(limit), 140);
  return {
    title: kpis.length === 0 ? "Limits" : undefined,
    noun: "limit",
    weight: 1,
    heights: limits.map((limit) => heightOf(`${text(limit)} breached`, FULL_MM)),
    aroundMm: 0,
    draw: (count) =>
      html`<ul class="plain">${limits.slice(0, count).map((limit) => html`<li>${LIMIT_SIGN[limit.status]}${said(text(limit))}: <b>${limit.status}</b></li>`)}</ul>`,
  };
}

/** The tasks in time, planned and done. */
export function ganttListing(report: FinalReport): Listing {
  const byWeight = tasksByWeight(report, criticalTasks(report));
  const nameOf = (task: ReportTask) => `◆ ${task.task_id} ${shownTitle(task, byWeight.length)}`;
  return {
    title: report.forecast ? "The run against its plan" : "The run",
    noun: "task",
    weight: 6,
    heights: byWeight.map((task) =>
      Math.max(5.3, heightOf(nameOf(task), 56, 8.4) + 1.5, heightOf(taskState(task), 20, 8.4) + 1.5),
    ),
    aroundMm: TABLE_HEAD_MM + (assumptionsOf(report).length > 0 ? 24 : 16),
    draw: (count) => gantt(report, new Set(byWeight.slice(0, count).map(({ task_id }) => task_id))),
  };
}

/** Who decided what, after what nobody answered. */
export function decisionListing(report: FinalReport): Listing {
  const columns = { Question: 52, Decision: 11, By: 20, "When (UTC)": 17 };
  const open = report.open_questions ?? [];
  const rows = [
    ...open.map((question) => openQuestionRow(question, report)),
    ...report.decisions.map((decision) => decisionRow(decision, report)),
  ];
  return tableListing({
    title: open.length > 0 ? "What people were asked" : "What people decided",
    noun: "decision",
    columns,
    rows,
  });
}

/** What the run changed in the world. */
export function actListing(report: FinalReport): Listing {
  const title = actsTitle(report, " outside");
  const columns = { Act: 24, "For, by": 29, "Approved by": 18, "When (UTC)": 17, State: 12 };
  const rows = effectsShown(report).map((effect) => actRow(effect, report));
  if (rows.length > 0) return tableListing({ title, noun: "act", columns, rows });
  return { title, noun: "act", weight: 3, heights: [5], aroundMm: 0, draw: () => html`<p>Nothing.</p>` };
}

/** What came of the tasks, in the order of the plan. */
export function resultListing(report: FinalReport): Listing {
  const columns = { Task: 32, By: 26, "What came of it": 42 };
  const rows = tasksByWeight(report, criticalTasks(report)).map(resultRow);
  const places = new Map(report.tasks.map(({ task_id }, index) => [task_id, index]));
  const placeOf = ({ id }: PaperRow) => places.get(id) ?? 0;
  return tableListing(
    { title: "What came of each task", noun: "task", kind: "results", weight: 2, columns, rows },
    (picked) => picked.toSorted((a, b) => placeOf(a) - placeOf(b)),
  );
}

/** What was not done as it should be. */
export function lesserListing({ degraded }: FinalReport): Listing {
  const lines = degraded.map((line) => cut(line, 200));
  return {
    title: "Done the lesser way",
    noun: "task",
    weight: 1,
    heights: lines.map((line) => heightOf(line, FULL_MM)),
    aroundMm: 0,
    draw: (count) => html`<ul>${lines.slice(0, count).map((line) => html`<li>${said(line)}</li>`)}</ul>`,
  };
}

interface PaperTable {
  readonly title: string;
  readonly noun: string;
  readonly kind?: string;
  readonly weight?: number;
  /** Names of the columns, with their widths in percent. */
  readonly columns: Readonly<Record<string, number>>;
  /** Most important first. */
  readonly rows: readonly PaperRow[];
}

function tableListing(
  { title, noun, kind, weight = 3, columns, rows }: PaperTable,
  inOrder = (picked: readonly PaperRow[]) => picked,
): Listing {
  const widths = Object.values(columns).map((width) => html`<col style="width: ${width}%">`);
  const head = Object.keys(columns).map((name) => html`<th scope="col">${name}</th>`);
  return {
    title,
    noun,
    weight,
    heights: rows.map(({ height }) => height),
    aroundMm: TABLE_HEAD_MM,
    draw: (count) =>
      html`<table class="${kind}"><colgroup>${widths}</colgroup><thead><tr>${head}</tr></thead>${inOrder(rows.slice(0, count)).map((row) => row.html)}</table>`,
  };
}
