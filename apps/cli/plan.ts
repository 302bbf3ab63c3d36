import type { ErrorSummaryView } from "../../core/calibration.js";
import type { ForecastErrorsView, PlanView } from "../../core/plan-view.js";
import { figureText, usd } from "../../core/words.js";
import { EXIT, numberOf } from "./failures.js";
import type { Io } from "./io.js";
import { jsonText } from "./paint.js";
import { table } from "./table.js";
import { count, minutesText, moment, pathText, wrap } from "./text.js";

/** A longer chart is no help under a table: `--format mermaid` gives it alone. */
const MAX_BARS = 60;
/** How a forecast of cost is wrong. */
const MUCH = { above: "too high", below: "too low" };

export interface PlanFlags {
  readonly case?: string;
  readonly agents?: string;
  readonly format: "table" | "mermaid" | "json";
}

/** `mission plan`: schedule, critical path, forecast of time and cost, and what such forecasts were worth. Runs nothing. */
export async function plan(io: Io, mission: string, flags: PlanFlags): Promise<number> {
  const agents = flags.agents === undefined ? undefined : numberOf("--agents", flags.agents);
  const orchestrator = await io.open();
  const view = await orchestrator.insight.plan(mission, {
    ...(flags.case !== undefined && { caseRef: flags.case }),
    ...(agents !== undefined && { agents }),
  });
  if (flags.format === "json" && !io.json) io.host.out(`${jsonText(view)}\n`);
  else io.print(view, () => (flags.format === "mermaid" ? view.gantt : planText(io, view, mission)));
  return EXIT.done;
}

function planText(io: Io, view: PlanView, wanted: string): string {
  const { paint } = io;
  const { forecast, gantt } = view;
  const part = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", paint.bold(title), ...lines];
  const notes = [...forecast.assumptions, ...brokenNote(io, view, wanted)].flatMap((note) =>
    wrap(note, io.host.columns),
  );
  const isShort = forecast.tasks.length <= MAX_BARS;
  return [
    `${paint.bold(view.mission)}  ${paint.dim(`${count(forecast.tasks.length, "task")}, ${view.places} at once`)}`,
    "",
    scheduleTable(io, view),
    "",
    ...forecastLines(io, view),
    ...part("Taken for granted", notes),
    ...part("Forecasts of past runs (measured)", errorLines(io, view.errors)),
    ...part("Runs on sample cases (simulated: their time goes by the estimates, so it proves nothing about these)", [
      ...simulatedLines(view.simulated_errors),
    ]),
    ...part("Cost of past runs (measured)", costLines(io, view.errors)),
    ...part("Cost of runs on sample cases", costLines(io, view.simulated_errors)),
    ...part("Gantt chart (Mermaid)", isShort ? [gantt] : [io.hint(`plan ${wanted} --format mermaid`)]),
  ].join("\n");
}

function scheduleTable(io: Io, { forecast, agent_names }: PlanView): string {
  const rows = forecast.tasks.map((task) => [
    task.title,
    task.task_id,
    task.agent_id === null ? "nobody yet" : (agent_names[task.agent_id] ?? task.agent_id),
    minutesText(task.start_minutes),
    minutesText(task.finish_minutes),
    task.is_critical ? "" : minutesText(task.slack_minutes),
    task.is_critical ? io.paint.red("●") : "",
  ]);
  return table(io, ["Task", "Id", "Agent", "Start", "End", "Slack", "Critical"], rows);
}

function forecastLines({ paint }: Io, view: PlanView): string[] {
  const { forecast, deadline, approval_wait: wait, cost } = view;
  const asks = forecast.tasks.some(({ waits_minutes }) => waits_minutes > 0) || wait.from === "nothing";
  if (!view.has_estimates) {
    const none = "no estimates: the mission says of no task how long it takes";
    return [`Time           ${paint.yellow(none)}`, `Cost           ${usd(cost.usd)}, ${cost.words}`];
  }
  return [
    `Time           ${paint.bold(minutesText(forecast.makespan_minutes))}${basisWords(view)}`,
    `Critical path  ${pathText(forecast.critical_path)}`,
    ...(asks ? [`Approvals      ${wait.minutes > 0 ? `${minutesText(wait.minutes)} each, ` : ""}${wait.words}`] : []),
    `Cost           ${usd(cost.usd)}, ${cost.words}`,
    ...(deadline === null ? [] : [`Deadline       ${deadlineWords(paint, view, deadline)}`]),
  ];
}

function basisWords({ calibration, estimates_makespan_minutes: plain }: PlanView): string {
  if (calibration.length === 0) return ", by the estimates as they are (fewer than 5 measured runs of each task)";
  const shown = calibration
    .slice(0, 6)
    .map(({ task_id, ratio, runs }) => `${task_id} × ${ratioText(ratio)} (${runs} runs)`);
  const rest = calibration.length > shown.length ? ` and ${calibration.length - shown.length} more` : "";
  return `, corrected by past runs: ${shown.join(", ")}${rest}; by the estimates alone ${minutesText(plain)}`;
}

function ratioText(ratio: number): string {
  return ratio >= 0.01 ? figureText(ratio) : ratio.toExponential(1);
}

function deadlineWords(
  paint: Io["paint"],
  { forecast }: PlanView,
  deadline: NonNullable<PlanView["deadline"]>,
): string {
  const { minutes, is_kept: isKept } = deadline;
  const gap = minutesText(Math.abs(minutes - forecast.makespan_minutes));
  return isKept
    ? paint.green(`${minutesText(minutes)}, kept with ${gap} to spare`)
    : paint.red(`${minutesText(minutes)}, missed by ${gap}`);
}

function brokenNote(io: Io, { problems }: PlanView, wanted: string): string[] {
  return problems === 0
    ? []
    : [`It cannot run yet, for ${count(problems, "error")}: see "${io.hint(`verify ${wanted}`)}".`];
}

function errorLines(io: Io, { runs, by_estimates, calibrated }: ForecastErrorsView): string[] {
  if (runs.length === 0) return ["No run was measured yet."];
  const rows = runs.map((run) => [
    run.title,
    moment(run.finished_at),
    minutesText(run.forecast_minutes),
    percent(run.error),
    run.calibrated_minutes === null ? "" : minutesText(run.calibrated_minutes),
    percent(run.calibrated_error),
    minutesText(run.actual_minutes),
  ]);
  const head = ["Run", "Ended", "By estimates", "Error", "Corrected", "Error", "Actual"];
  return [
    table(io, head, rows),
    "",
    `By the estimates: ${summaryText(by_estimates)}`,
    `Corrected by the runs before each: ${summaryText(calibrated)}`,
  ];
}

/** Forecast and run are made of the same estimates here: that they agree is no merit of the forecast. */
function simulatedLines({ runs, by_estimates: { median_absolute_error: error } }: ForecastErrorsView): string[] {
  if (runs.length === 0) return [];
  const words =
    error === null
      ? "nothing to compare."
      : isNone(error)
        ? "as long as the estimates say, by construction."
        : `${percent(error, "")} off in the median: by other tasks, questions or places than are planned with, never by how long they took.`;
  return [`${count(runs.length, "run")}: ${words}`];
}

/** Nothing where nothing costs anything. */
function costLines(io: Io, { cost: { runs, by_tools, by_past_runs } }: ForecastErrorsView): string[] {
  if (runs.every(({ actual_usd, forecast_usd }) => actual_usd === 0 && forecast_usd === 0)) return [];
  const rows = runs.map((run) => [
    run.title,
    moment(run.finished_at),
    usd(run.forecast_usd),
    percent(run.error),
    run.taught_usd === null ? "" : usd(run.taught_usd),
    percent(run.taught_error),
    usd(run.actual_usd),
  ]);
  return [
    table(io, ["Run", "Ended", "By tools", "Error", "By past runs", "Error", "Actual"], rows),
    "",
    `By what its tools may cost: ${summaryText(by_tools, MUCH)}`,
    `By the runs before each: ${summaryText(by_past_runs, MUCH)}`,
  ];
}

function summaryText(
  { runs, median_absolute_error: error, bias }: ErrorSummaryView,
  { above, below } = { above: "too long", below: "too short" },
): string {
  if (error === null || bias === null) return "nothing to judge by.";
  const way = bias > 0 ? above : below;
  if (runs === 1)
    return `${isNone(bias) ? "no error" : `${percent(bias)} (${way})`} in 1 run, too few for a median or a bias.`;
  const lean = isNone(bias) ? "no bias" : `${percent(bias)} bias (${way})`;
  return `median error ${percent(error, "")}, ${lean}, over ${count(runs, "run")}.`;
}

/** Less than half a percent. */
function isNone(error: number): boolean {
  return Math.abs(error) < 0.005;
}

/** A share as a percentage; errors carry their sign. */
function percent(share: number | null, plus = "+"): string {
  if (share === null) return "";
  const value =
    Math.abs(share) >= 10 ? Math.round(share * 100).toLocaleString("en-US") : String(Math.round(share * 1000) / 10);
  return `${share > 0 ? plus : ""}${value} %`;
}
