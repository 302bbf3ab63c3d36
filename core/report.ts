import type { Json } from "./digest.js";
import type { EffectView, FinalReport, KpiView, LimitView } from "./views.js";

/** The final report as Markdown for people: the same facts as its JSON, nothing added and nothing left out that matters. */
export function reportMarkdown(report: FinalReport): string {
  return [
    `# ${report.title}`,
    `${report.mission} (${report.mission_id}): **${report.status}**, ${moment(report.started_at)} to ${moment(report.finished_at)} UTC.`,
    report.summary,
    ...(report.failure === null ? [] : [`Why it ended: ${report.failure}`]),
    ...section("KPIs", report.kpis.length === 0 ? [] : [kpiTable(report.kpis), ...comparisons(report.kpis)]),
    ...section("Limits", bullets(report.limits.map(limitLine))),
    ...section("Tasks", [taskTable(report)]),
    ...section("Decisions", bullets(report.decisions.map(decisionLine))),
    ...section(effectsTitle(report), effectLines(report)),
    ...section("Done the lesser way", bullets(report.degraded)),
    ...section("Cost", [`${usd(report.cost_usd)}.`]),
    ...section("What it rests on", bullets(report.rests_on)),
    `---\n${report.disclosure}`,
    `Run ${report.run_id}, mission version ${report.mission_version}, head of the event chain ${report.chain_head}.`,
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
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(" | ")} |`;
  return [line(head), `|${head.map(() => " --- |").join("")}`, ...rows.map(line)].join("\n");
}

/** A pipe or a line break would end the cell. */
function escapeCell(text: string): string {
  return text.replaceAll(/\s+/gu, " ").replaceAll("|", "\\|");
}

function kpiTable(kpis: readonly KpiView[]): string {
  const rows = kpis.map((kpi) => {
    const figure = (value: number | null) => (value === null ? "none" : `${trimmed(value)} ${kpi.unit}`);
    const actual = kpi.actual === null ? "*pending*" : `${figure(kpi.actual)}${basisOf(kpi)}`;
    const way = kpi.attainment === null ? "" : `${Math.round(kpi.attainment * 100)} %`;
    return [words(kpi.kpi_id), figure(kpi.baseline), figure(kpi.target), actual, way];
  });
  return table(["KPI", "Baseline", "Target", "Actual", "Way from baseline to target"], rows);
}

function basisOf({ basis }: KpiView): string {
  return basis === "simulated" || basis === "recorded" ? ` (*${basis}*)` : "";
}

/** Where each baseline comes from; never a claim that something was saved. */
function comparisons(kpis: readonly KpiView[]): string[] {
  const sources = new Map<string, string[]>();
  for (const { kpi_id, source, baseline } of kpis) {
    if (source === null || baseline === null) continue;
    sources.set(source, [...(sources.get(source) ?? []), words(kpi_id)]);
  }
  return [...sources].map(([source, ids]) => `${capital(ids.join(", "))}: compared with the baseline of ${source}.`);
}

function limitLine({ limit_id, op, value, actual, status }: LimitView): string {
  const found = actual === null ? "" : `, is ${trimmed(actual)}`;
  return `${words(limit_id)} ${op} ${trimmed(value)}${found}: **${status}**`;
}

function taskTable({ tasks }: FinalReport): string {
  const rows = tasks.map((task) => [
    `${task.task_id} ${task.title}`,
    `${words(task.status)}${task.degraded ? " (lesser way)" : ""}`,
    task.agent_name ?? "",
    String(task.attempts),
    task.error ?? task.summary ?? "",
  ]);
  return table(["Task", "Status", "Agent", "Attempts", "What came of it"], rows);
}

function decisionLine({
  task_id,
  kind,
  question,
  decision,
  by,
  authenticated,
  at,
  comment,
}: FinalReport["decisions"][number]): string {
  const proof = authenticated ? "" : " (not authenticated)";
  const said = comment === null ? "" : `, with the words "${comment}"`;
  return `${task_id}, ${words(kind)}: ${question} **${capital(decision)}** by ${by}${proof}, ${moment(at)} UTC${said}.`;
}

function effectsTitle({ status }: FinalReport): string {
  return status === "completed" ? "What was done" : "What was done and is not undone";
}

/** A run that did not complete leaves its acts standing: each is listed, so that a person can see to it. */
function effectLines(report: FinalReport): string[] {
  const isStanding = ({ status }: EffectView) => status !== "not_done";
  const shown = report.status === "completed" ? report.effects : report.effects.filter(isStanding);
  if (shown.length === 0) return ["Nothing."];
  return bullets(shown.map((effect) => [effectLine(effect, report), ...argLines(effect.args)].join("\n")));
}

function effectLine(effect: EffectView, report: FinalReport): string {
  const approval = effect.approval_id === null ? "" : `, approved (${effect.approval_id})`;
  return `${capital(words(effect.tool))}, by ${effect.agent_id} for ${effect.task_id}, ${moment(effect.at)} UTC: **${stateOf(effect, report)}**${approval}`;
}

/** What exactly was done, one line for each argument; text of several lines stays readable. */
function argLines(args: Json): string[] {
  if (typeof args !== "object" || args === null) return [`  - ${JSON.stringify(args)}`];
  return Object.entries(args).map(([name, value]) => {
    if (typeof value !== "string") return `  - ${words(name)}: ${JSON.stringify(value)}`;
    const lines = value.split("\n");
    return lines.length === 1
      ? `  - ${words(name)}: ${value}`
      : `  - ${words(name)}:\n${lines.map((line) => `    > ${line}`.trimEnd()).join("\n")}`;
  });
}

function stateOf({ status }: EffectView, report: FinalReport): string {
  if (status === "claimed") return "not known whether it happened";
  if (status === "done" && report.status !== "completed") return "not undone";
  return words(status);
}

function moment(iso: string): string {
  return iso.slice(0, 16).replace("T", " ");
}

function words(id: string): string {
  return id.replaceAll("_", " ");
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(2)));
}

function usd(value: number): string {
  return value === 0 || value >= 0.01 ? `$${value.toFixed(2)}` : `$${value.toFixed(6)}`;
}
