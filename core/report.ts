import type { Json } from "./digest.js";
import type { EffectView } from "./effect-views.js";
import { md } from "./markdown.js";
import type { DecisionView, ReportTask } from "./report-sentences.js";
import {
  actsTitle,
  approverOf,
  attainmentText,
  byText,
  comparisons,
  criticalTasks,
  effectState,
  effectsShown,
  isSimulated,
  kpiFigure,
  noFigure,
  planAndRun,
  plannedMs,
  taskState,
  timeParts,
  timeTotal,
  tookMs,
  unansweredText,
  undoText,
  valueText,
} from "./report-sentences.js";
import type { FinalReport, KpiView } from "./views.js";
import { capital, inWords, kpiName, limitText, momentText, spanText, spentInWords, usd } from "./words.js";

/**
 * The final report as Markdown for people: the same facts as its JSON, nothing added and nothing left out that matters.
 * Every value from outside goes through `md`, so that none can pass for a heading, a decision or markup of the report.
 */
export function reportMarkdown(report: FinalReport): string {
  return [
    `# ${md(report.title)}`,
    `${md(report.mission)} (${md(report.mission_id)}): **${report.status}**, ${momentText(report.started_at)} to ${momentText(report.finished_at)} UTC.`,
    md(report.summary),
    ...(report.failure === null ? [] : [`Why it ended: ${md(report.failure)}`]),
    ...section(
      "KPIs",
      report.kpis.length === 0 ? [] : [kpiTable(report.kpis), ...comparisons(report.kpis, kpiName).map(md)],
    ),
    ...section("Limits", bullets(report.limits.map((limit) => `${md(limitText(limit))}: **${limit.status}**`))),
    ...section("Time", timeLines(report)),
    ...section("Tasks", [taskTable(report)]),
    ...section("Decisions", bullets([...report.decisions.map(decisionLine), ...openLines(report)])),
    ...section(actsTitle(report), effectLines(report)),
    ...section("Done the lesser way", bullets(report.degraded.map(md))),
    ...section("Cost", [
      `${usd(report.cost_usd)}.${costForecast(report)}`,
      ...(report.value ? [valueText(report.value)] : []),
    ]),
    ...section("What it rests on", bullets(report.rests_on.map(md))),
    `---\n${md(report.disclosure)}`,
    `Run ${md(report.run_id)}, mission version ${md(report.mission_version)}, head of the event chain ${md(report.chain_head)}.`,
  ]
    .join("\n\n")
    .concat("\n");
}

function section(title: string, blocks: readonly string[]): string[] {
  return blocks.length === 0 ? [] : [`## ${title}`, ...blocks];
}

function bullets(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [lines.map((line) => `- ${line}`).join("\n")];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${head.map(() => " --- |").join("")}`, ...rows.map(line)].join("\n");
}

function kpiTable(kpis: readonly KpiView[]): string {
  const rows = kpis.map((kpi) => {
    const basis = kpi.basis === "simulated" || kpi.basis === "recorded" ? ` (*${kpi.basis}*)` : "";
    const actual = kpi.actual === null ? `*${noFigure(kpi)}*` : `${md(kpiFigure(kpi.actual, kpi))}${basis}`;
    const [baseline, target] = [md(kpiFigure(kpi.baseline, kpi)), md(kpiFigure(kpi.target, kpi))];
    return [md(kpiName(kpi)), baseline, target, actual, attainmentText(kpi) ?? ""];
  });
  return table(["KPI", "Baseline", "Target", "Actual", "Way from baseline to target"], rows);
}

function timeLines(report: FinalReport): string[] {
  const { lead_time } = report;
  const plan = planAndRun(report);
  const path = [...criticalTasks(report)];
  return [
    ...(lead_time
      ? [
          `Lead time: ${timeTotal(lead_time)}.`,
          ...bullets(timeParts(lead_time).map(({ label, ms }) => `${label}: ${spentInWords(ms)}`)),
        ]
      : []),
    ...(plan === undefined ? [] : [plan]),
    ...(path.length === 0
      ? []
      : [`Critical path${report.actual_path ? "" : " by the plan"}: ${path.map(md).join(", ")}.`]),
  ];
}

function taskTable(report: FinalReport): string {
  const { tasks, forecast } = report;
  const plan = new Map(forecast?.tasks.map((task) => [task.task_id, task]));
  const took = isSimulated(report) ? "Took (real time)" : "Took";
  const head = ["Task", "Status", "Agent", ...(forecast ? ["Planned"] : []), took, "What came of it"];
  const rows = tasks.map((task) => {
    const planned = plan.get(task.task_id);
    return [
      md(`${task.task_id} ${task.title}`),
      taskState(task),
      md(task.agent_name ?? ""),
      ...(forecast ? [planned ? spanText(plannedMs(planned)) : ""] : []),
      tookText(task),
      md(task.error ?? task.summary ?? ""),
    ];
  });
  return table(head, rows);
}

function tookText(task: ReportTask): string {
  const took = tookMs(task);
  return took === undefined ? "" : spanText(took);
}

function costForecast({ forecast }: FinalReport): string {
  return forecast ? ` Expected: ${usd(forecast.cost_usd)}.` : "";
}

/** The words of whoever decided have a line of their own, so that they cannot go on as the report's. */
function decisionLine(decision: DecisionView): string {
  const { task_id, kind, question, at, comment } = decision;
  const said = comment === null ? "" : `\n  - In their words: ${md(comment)}`;
  return `${md(task_id)}, ${inWords(kind)}: ${md(question)} **${capital(decision.decision)}** by ${md(byText(decision))}, ${momentText(at)} UTC.${said}`;
}

function openLines(report: FinalReport): readonly string[] {
  return (report.open_questions ?? []).map(
    ({ task_id, kind, question, asked_at }) =>
      `${md(task_id)}, ${inWords(kind)}: ${md(question)} **${md(unansweredText(report))}**, asked ${momentText(asked_at)} UTC.`,
  );
}

function effectLines(report: FinalReport): string[] {
  const shown = effectsShown(report);
  if (shown.length === 0) return ["Nothing."];
  return bullets(
    shown.map((effect) => [effectLine(effect, report), ...undoLines(effect), ...argLines(effect.args)].join("\n")),
  );
}

function effectLine(effect: EffectView, { status, decisions }: FinalReport): string {
  const approval = effect.approval_id === null ? "" : `, approved by ${md(approverOf(effect, decisions))}`;
  return `${md(capital(inWords(effect.tool)))}, by ${md(effect.agent_id)} for ${md(effect.task_id)}, ${momentText(effect.at)} UTC: **${effectState(effect, status)}**${approval}`;
}

function undoLines(effect: EffectView): string[] {
  const text = undoText(effect);
  return text === undefined ? [] : [`  - ${md(text)}`];
}

/** What exactly was done, one line for each argument; text of several lines stays readable. */
function argLines(args: Json): string[] {
  if (typeof args !== "object" || args === null) return [`  - ${md(JSON.stringify(args))}`];
  return Object.entries(args).map(([key, value]) => {
    const name = md(inWords(key));
    if (typeof value !== "string") return `  - ${name}: ${md(JSON.stringify(value) ?? "")}`;
    const lines = value.split(/\r\n|\r|\n/u);
    return lines.length === 1
      ? `  - ${name}: ${md(value)}`
      : `  - ${name}:\n${lines.map((line) => `    > ${md(line)}`.trimEnd()).join("\n")}`;
  });
}
