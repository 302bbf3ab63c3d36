import type { Html } from "./html.js";
import { html, said } from "./html.js";
import { percent, swatch } from "./html-bars.js";
import type { ReportTask } from "./report-sentences.js";
import { criticalTasks, isSimulated, plannedMs, taskState, tookMs } from "./report-sentences.js";
import type { FinalReport, OpenQuestion, ScheduledTaskView } from "./views.js";
import { cut, spanText } from "./words.js";

const MINUTE_MS = 60_000;
/** Beyond this the shorter of plan and run would be a speck beside the longer: each then has a scale of its own. */
const COMPARABLE = 6;
/** Steps on a scale that has the width for itself, and on one that shares it. */
const TICKS = { alone: 5, shared: 3 };
const LONGEST_ID = 24;
const LONGEST_ASSUMPTIONS = 260;
const LONGEST_TITLE = 64;
/** From here on every title has one line, so that more tasks have a row. */
const MANY_TASKS = 12;
const SHORT_TITLE = 32;
const UNITS = [
  { name: "days", ms: 86_400_000, from: 2 * 86_400_000 },
  { name: "hours", ms: 3_600_000, from: 2 * 3_600_000 },
  { name: "minutes", ms: MINUTE_MS, from: 2 * MINUTE_MS },
  { name: "seconds", ms: 1_000, from: 2_000 },
  { name: "milliseconds", ms: 1, from: 0 },
];

/** A task's title as its row has it, in a plan of so many tasks. */
export function shownTitle({ title }: Pick<ReportTask, "title">, tasks: number): string {
  return cut(title, tasks > MANY_TASKS ? SHORT_TITLE : LONGEST_TITLE);
}

interface Span {
  readonly from: number;
  readonly to: number;
}

interface Row {
  readonly task: ReportTask;
  readonly isCritical: boolean;
  /** False when a report does not say which tasks decided how long it took: then none is drawn as if it did not. */
  readonly knowsPath: boolean;
  readonly plan: ScheduledTaskView | undefined;
  readonly planned: Span | undefined;
  readonly ran: Span | undefined;
  /** When somebody was asked, within the time that it ran. */
  readonly waits: readonly Span[];
}

/** One column of bars on one scale. */
interface Panel {
  readonly shows: readonly ("plan" | "run")[];
  readonly spanMs: number;
}

/**
 * The run against its plan, a row for each task: planned in outline, ran filled, waiting for people hatched, the critical
 * path by weight and sign. `shown` says which tasks have a row. Nothing when neither plan nor times are known.
 */
export function gantt(report: FinalReport, shown: ReadonlySet<string>): Html | undefined {
  const rows = rowsOf(report);
  const panels = panelsOf(rows);
  if (panels.length === 0) return undefined;
  const hasPlan = rows.some(({ planned }) => planned);
  const visible = rows.filter(({ task }) => shown.has(task.task_id));
  return html`${scalesNote(panels, report)}
<table class="gantt">
${columns(panels.length, hasPlan)}
<thead><tr><th scope="col">Task</th>${panels.map((panel) => axis(panel))}${hasPlan && html`<th scope="col" class="figure">Planned</th>`}<th scope="col" class="figure">${isSimulated(report) ? "Took (real)" : "Took"}</th><th scope="col">State</th></tr></thead>
<tbody>${visible.map((row) => rowOf(row, panels, hasPlan, rows.length))}</tbody>
</table>
${legend(rows, panels)}${assumptions(report)}`;
}

function columns(panels: number, hasPlan: boolean): Html {
  const lanes = (hasPlan ? 37 : 46) / panels;
  return html`<colgroup><col style="width: 33%">${Array.from({ length: panels }, () => html`<col style="width: ${lanes}%">`)}${hasPlan && html`<col style="width: 9%">`}<col style="width: 9.5%"><col></colgroup>`;
}

function rowsOf(report: FinalReport): readonly Row[] {
  const critical = criticalTasks(report);
  const plan = new Map(report.forecast?.tasks.map((task) => [task.task_id, task]));
  const begun = Date.parse(report.started_at);
  const untilTheEnd = (question: OpenQuestion) => ({ ...question, at: report.finished_at });
  return report.tasks.map((task) => {
    const planned = plan.get(task.task_id);
    const ran = spanOf(task.started_at, task.finished_at ?? (task.started_at && report.finished_at), begun);
    const waits = [...report.decisions, ...(report.open_questions ?? []).map(untilTheEnd)]
      .filter(({ task_id, asked_at }) => task_id === task.task_id && asked_at !== undefined)
      .flatMap(({ asked_at, at }) => within(spanOf(asked_at ?? null, at, begun), ran));
    return {
      task,
      isCritical: critical.has(task.task_id),
      knowsPath: critical.size > 0,
      plan: planned,
      planned: planned && { from: planned.start_minutes * MINUTE_MS, to: planned.finish_minutes * MINUTE_MS },
      ran,
      waits,
    };
  });
}

function spanOf(from: string | null, to: string | null, begun: number): Span | undefined {
  if (from === null || to === null) return undefined;
  const start = Math.max(0, Date.parse(from) - begun);
  return { from: start, to: Math.max(start, Date.parse(to) - begun) };
}

function within(span: Span | undefined, frame: Span | undefined): readonly Span[] {
  if (!span || !frame) return [];
  const [from, to] = [Math.max(span.from, frame.from), Math.min(span.to, frame.to)];
  return to > from ? [{ from, to }] : [];
}

function panelsOf(rows: readonly Row[]): readonly Panel[] {
  const end = (spans: readonly (Span | undefined)[]) => spans.reduce((most, span) => Math.max(most, span?.to ?? 0), 0);
  const [plan, run] = [end(rows.map(({ planned }) => planned)), end(rows.map(({ ran }) => ran))];
  if (plan > 0 && run > 0) {
    const isComparable = Math.max(plan, run) / Math.min(plan, run) <= COMPARABLE;
    if (isComparable) return [{ shows: ["plan", "run"], spanMs: Math.max(plan, run) }];
    return [
      { shows: ["plan"], spanMs: plan },
      { shows: ["run"], spanMs: run },
    ];
  }
  if (plan > 0) return [{ shows: ["plan"], spanMs: plan }];
  return run > 0 ? [{ shows: ["run"], spanMs: run }] : [];
}

function scalesNote(panels: readonly Panel[], report: FinalReport): Html | undefined {
  const [plan, run] = panels;
  if (!plan || !run) return undefined;
  const why = isSimulated(report)
    ? " of real time, since its work and the people's answers are simulated: each has a scale of its own"
    : ": each has a scale of its own";
  return html`<p class="small">The plan spans ${spanText(plan.spanMs)}, the run ${spanText(run.spanMs)}${why}, so compare order and shares, not lengths.</p>`;
}

/** What the plan takes for granted. Reports stored before there were any lack the list. */
export function assumptionsOf({ forecast }: FinalReport): readonly string[] {
  return forecast?.assumptions ?? [];
}

function assumptions(report: FinalReport): Html | undefined {
  const taken = assumptionsOf(report);
  return taken.length === 0
    ? undefined
    : html`<p class="small">The plan: ${said(cut(taken.join(" "), LONGEST_ASSUMPTIONS))}</p>`;
}

function unitOf(spanMs: number) {
  return UNITS.find(({ from }) => spanMs >= from) ?? { name: "milliseconds", ms: 1 };
}

/** Round figures from zero on, at most six, in milliseconds. */
function ticksOf({ spanMs, shows }: Panel, unitMs: number): readonly number[] {
  const rough = spanMs / unitMs / (shows.length === 2 ? TICKS.alone : TICKS.shared);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step =
    Math.max(1, [1, 2, 3, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough) * unitMs;
  const count = Math.floor(spanMs / step + 1e-9) + 1;
  return Array.from({ length: count }, (_, index) => index * step);
}

function axis(panel: Panel): Html {
  const { shows, spanMs } = panel;
  const unit = unitOf(spanMs);
  const labels = ticksOf(panel, unit.ms).map((tick) => {
    const anchor = tick === 0 ? "start" : tick > spanMs * 0.93 ? "end" : "middle";
    return html`<text x="${percent(tick, spanMs)}" y="9" text-anchor="${anchor}">${Number((tick / unit.ms).toFixed(2))}</text>`;
  });
  const name = shows.length === 2 ? "Plan and run" : shows[0] === "plan" ? "Plan" : "Run";
  return html`<th scope="col" class="axis">${name}, in ${unit.name}<svg width="100%" height="11" aria-hidden="true">${labels}</svg></th>`;
}

function rowOf(row: Row, panels: readonly Panel[], hasPlan: boolean, tasks: number): Html {
  const { task, plan, isCritical } = row;
  const took = tookMs(task);
  return html`<tr${isCritical && html` class="critical"`}><th scope="row">${isCritical && CRITICAL}${said(cut(task.task_id, LONGEST_ID))} ${said(shownTitle(task, tasks))}</th>${panels.map((panel) => lane(row, panel))}${hasPlan && html`<td class="figure">${plan ? spanText(plannedMs(plan)) : "not planned"}</td>`}<td class="figure">${took === undefined ? "–" : spanText(took)}</td><td>${taskState(task)}</td></tr>`;
}

const CRITICAL = html`<span class="sign" title="critical path" role="img" aria-label="critical path">◆</span> `;

/** Bars by share of the panel's span, so that they need no width of their own. */
function lane(row: Row, panel: Panel): Html {
  const { shows, spanMs } = panel;
  const unit = unitOf(spanMs);
  const grid = ticksOf(panel, unit.ms).map((tick) => {
    const x = percent(tick, spanMs);
    return html`<line x1="${x}" x2="${x}" y1="0" y2="100%" stroke="#ccc"/>`;
  });
  const both = shows.length === 2;
  const bars = [
    shows.includes("plan") && row.planned && planBar(row, row.planned, spanMs, both ? [3, 5] : [5, 9]),
    shows.includes("run") && row.ran && runBar(row, row.ran, spanMs, both ? [10, 7] : [4, 11]),
  ];
  return html`<td class="lane"><svg width="100%" height="100%" role="img" aria-label="${laneWords(row, shows)}">${grid}${bars}</svg></td>`;
}

type Place = readonly [y: number, height: number];

function planBar({ plan }: Row, span: Span, whole: number, [y, height]: Place): Html {
  const bar = (from: number, fill: string, weight: number) =>
    html`<rect x="${percent(from, whole)}" width="${percent(span.to - from, whole)}" y="${y}" height="${height}" fill="${fill}" stroke="#222" stroke-width="${weight}"/>`;
  const waits = (plan?.waits_minutes ?? 0) * MINUTE_MS;
  return html`${bar(span.from, "#fff", plan?.is_critical ? 1.8 : 0.8)}${waits > 0 && bar(span.to - waits, "url(#hatched)", 0.8)}`;
}

function runBar({ isCritical, knowsPath, waits }: Row, span: Span, whole: number, [y, height]: Place): Html {
  const bar = (each: Span, fill: string) =>
    html`<rect x="${percent(each.from, whole)}" width="${percent(each.to - each.from, whole)}" y="${y}" height="${height}" fill="${fill}" stroke="#222" stroke-width="0.8"/>`;
  return html`${bar(span, isCritical || !knowsPath ? "#222" : "#a6a6a6")}${waits.map((wait) => bar(wait, "url(#hatched)"))}`;
}

function laneWords({ planned, ran, waits }: Row, shows: Panel["shows"]): string {
  const fromTo = ({ from, to }: Span) => `from ${spanText(from)} to ${spanText(to)}`;
  const waited = waits.reduce((sum, { from, to }) => sum + to - from, 0);
  return [
    shows.includes("plan") && (planned ? `planned ${fromTo(planned)}` : "not planned"),
    shows.includes("run") && (ran ? `ran ${fromTo(ran)}` : "did not run"),
    shows.includes("run") && waited > 0 && `waited for people for ${spanText(waited)}`,
  ]
    .filter(Boolean)
    .join("; ");
}

function legend(rows: readonly Row[], panels: readonly Panel[]): Html {
  const shows = (what: "plan" | "run") => panels.some((panel) => panel.shows.includes(what));
  return html`<ul class="legend small">
${shows("plan") && html`<li>${swatch("outline")}planned${rows.some(({ plan }) => plan?.is_critical) && ", heavy on its critical path"}</li>`}
${shows("run") && html`<li>${swatch("solid")}ran${rows.some(({ ran, isCritical, knowsPath }) => ran && knowsPath && !isCritical) && ", grey off the critical path"}</li>`}
${rows.some(({ waits, plan }) => waits.length > 0 || (plan?.waits_minutes ?? 0) > 0) && html`<li>${swatch("hatched")}waits for people</li>`}
${rows.some(({ isCritical }) => isCritical) && html`<li><b class="sign">◆</b> critical path: a delay here delays the end</li>`}
</ul>`;
}
