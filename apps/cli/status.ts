import type { LeadTimeView, StatusView, TaskView } from "../../core/views.js";
import { percentText, spanText, usd } from "../../core/words.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { killLines } from "./kill.js";
import { kpiTable, limitLines } from "./kpi-table.js";
import { decideHint } from "./outcome-text.js";
import { statusWord } from "./status-word.js";
import { table } from "./table.js";
import { inOneLine, moment, shortIds } from "./text.js";

/** `mission status`: one run with its tasks, open questions, KPIs and limits. */
export async function status(io: Io, run: string): Promise<number> {
  const orchestrator = await io.open();
  const view = await orchestrator.status(run);
  io.print(view, () => statusText(io, view));
  return EXIT.done;
}

/** A run with its tasks, questions, KPIs and limits; `isOpen` when its questions can be answered here. */
export function statusText(io: Io, view: StatusView, isOpen = true): string {
  const { paint } = io;
  const open = view.approvals.filter(({ status: state }) => state === "pending");
  const ids = shortIds(open.map(({ approval_id }) => approval_id));
  const questions = open.flatMap((approval) => [
    `${paint.yellow("?")} ${inOneLine(approval.summary)}`,
    ...(isOpen ? [`  ${decideHint(io, approval, ids.get(approval.approval_id))}`] : []),
  ]);
  return [
    ...head(io, view),
    "",
    taskTable(io, view),
    ...section(paint.bold("Waits for a person"), questions),
    ...section(
      paint.bold("KPIs"),
      view.kpis.length === 0
        ? []
        : [
            kpiTable(
              io,
              view.kpis.map((kpi) => ({ kpi })),
            ),
          ],
    ),
    ...section(paint.bold("Limits"), limitLines(io, view.limits)),
  ].join("\n");
}

function head(io: Io, view: StatusView): string[] {
  const { paint } = io;
  const times = [
    `began ${moment(view.started_at)}`,
    ...(view.finished_at === null ? [] : [`ended ${moment(view.finished_at)}`]),
    ...(view.makespan_ms === null ? [] : [`took ${spanText(view.makespan_ms)}`]),
    ...(view.critical_path_ms === null ? [] : [`longest path ${spanText(view.critical_path_ms)}`]),
    `cost ${usd(view.cost_usd)}`,
  ];
  return [
    `${paint.bold(inOneLine(view.title))}  ${statusWord(view.status, paint)}`,
    paint.dim(`${view.mission} (${view.mission_id}), version ${view.mission_version.slice(0, 12)}, run ${view.run_id}`),
    paint.dim(times.join(", ")),
    ...(view.lead_time === null ? [] : [paint.dim(leadTimeLine(view.lead_time))]),
    ...killLines(io, view.stopped),
    ...(view.failure === null ? [] : [paint.red(inOneLine(view.failure))]),
  ];
}

/** The parts are named even when nothing is in them: a reader adds them up. */
function leadTimeLine(time: LeadTimeView): string {
  const basis = time.basis === "simulated" ? " (simulated)" : "";
  const parts = [
    `${spanText(time.work_ms)} work`,
    `${spanText(time.waiting_for_people_ms)} waiting for people`,
    `${spanText(time.waiting_for_others_ms)} waiting for others`,
  ];
  return `lead time ${spanText(time.total_ms)}${basis}: ${parts.join(", ")}`;
}

function taskTable(io: Io, view: StatusView): string {
  const rows = Object.entries(view.tasks).map(([id, task]) => [
    task.title,
    id,
    statusWord(task.status, io.paint) + (task.degraded ? io.paint.yellow(" (lesser way)") : ""),
    task.agent_name ?? "",
    task.attempts === 0 ? "" : String(task.attempts),
    timeOf(task),
    whatCameOf(task),
  ]);
  return table(io, ["Task", "Id", "Status", "Agent", "Attempt", "Time", "What came of it"], rows);
}

function timeOf({ started_at, finished_at }: TaskView): string {
  return started_at === null || finished_at === null ? "" : spanText(Date.parse(finished_at) - Date.parse(started_at));
}

function whatCameOf({ error, error_code, waiting_for, summary, progress, status: state }: TaskView): string {
  if (error !== null && (state === "failed" || state === "blocked")) return `${error} [${error_code ?? "failed"}]`;
  if (waiting_for !== null) return waiting_for;
  if (state === "running" && progress !== null) return `${percentText(progress)} done`;
  return summary ?? "";
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines];
}
