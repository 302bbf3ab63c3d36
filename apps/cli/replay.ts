import type { ExecutionLog } from "../../core/execution-log.js";
import { ExecutionLogsSchema } from "../../core/execution-log.js";
import { lookUp } from "../../core/lookup.js";
import type { Problem } from "../../core/problem.js";
import type { ReplayView } from "../../core/replay-view.js";
import { reportMarkdown } from "../../core/report.js";
import { attainmentText, kpiFigure, noFigure } from "../../core/report-sentences.js";
import { parseJsonFile } from "../../runtime/json-file.js";
import { shown } from "../../runtime/shown.js";
import { EXIT, usage } from "./failures.js";
import type { Io } from "./io.js";
import { jsonText } from "./paint.js";
import { onScratchStore } from "./scratch.js";
import { statusText } from "./status.js";
import { statusWord } from "./status-word.js";
import { table } from "./table.js";
import { count } from "./text.js";
import { problemLines } from "./verify.js";

export interface ReplayFlags {
  readonly run?: string;
  readonly format: "text" | "md" | "json";
}

/** `mission replay`: what logs come to. A log that contradicts itself is refused with every contradiction, and nothing is shown. */
export async function replay(io: Io, file: string, flags: ReplayFlags): Promise<number> {
  const all = await parseJsonFile(file, ExecutionLogsSchema);
  const { replayed, problems } = await onScratchStore(io, ({ insight }) => insight.replay(all));
  if (problems.length > 0) return refuse(io, file, all, problems);
  const wanted = flags.run === undefined ? replayed : [findLog(replayed, flags.run)];
  const document = wanted.map((view) => ({ file: shown(file), ...view }));
  io.print(document, () => (flags.format === "json" ? jsonText(document) : replayText(io, wanted, flags, file)));
  return EXIT.done;
}

function refuse(io: Io, file: string, logs: readonly ExecutionLog[], problems: readonly Problem[]): number {
  const placed = problems.map((problem) => ({ ...problem, file: shown(file) }));
  io.print({ file: shown(file), ok: false, problems: placed }, () =>
    [
      ...placed.flatMap((problem) =>
        problemLines(io, { ...problem, message: `${logOf(logs, problem)}${problem.message}` }),
      ),
      io.paint.red(`${shown(file)}: ${count(problems.length, "contradiction")}. Nothing was replayed.`),
    ].join("\n"),
  );
  return EXIT.failed;
}

function logOf(logs: readonly ExecutionLog[], { pointer }: Problem): string {
  const log = logs[Number(pointer.split("/")[1])];
  return log === undefined ? "" : `${log.log_id}: `;
}

function findLog(replayed: readonly ReplayView[], wanted: string): ReplayView {
  const found = lookUp(wanted, replayed, ({ log_id }) => [log_id]);
  if (found.kind === "found") return found.item;
  if (found.kind === "ambiguous")
    throw usage(`"${wanted}" begins several logs: ${found.candidates.join(", ")}. Give more of the id.`);
  const ids = replayed.map(({ log_id }) => log_id);
  throw usage(`There is no log "${wanted}" in the file. There are: ${ids.join(", ")}.`);
}

function replayText(io: Io, wanted: readonly ReplayView[], flags: ReplayFlags, file: string): string {
  const [only, ...others] = wanted;
  if (only && others.length === 0) return oneText(io, only, flags.format === "md");
  if (flags.format === "md") return wanted.map((view) => oneText(io, view, true)).join("\n\n");
  const hint = io.paint.dim(`One of them in full: ${io.hint(`replay ${shown(file)} --run <log>`)}`);
  return [logTable(io, wanted), hint].join("\n");
}

function oneText(io: Io, { status, report, about, note }: ReplayView, isMarkdown: boolean): string {
  if (isMarkdown && report) return reportMarkdown(report).trimEnd();
  const remarks = [about, note].filter((line) => line !== null).map((line) => io.paint.dim(line));
  return [...remarks, statusText(io, status, false), ...(report ? ["", reportMarkdown(report).trimEnd()] : [])].join(
    "\n",
  );
}

function logTable(io: Io, wanted: readonly ReplayView[]): string {
  const rows = wanted.map(({ log_id, status }) => {
    const tasks = Object.values(status.tasks);
    const open = status.approvals.filter((approval) => approval.status === "pending");
    const kpis = status.kpis.map((kpi) => {
      const way = attainmentText(kpi);
      return kpi.actual === null
        ? noFigure(kpi)
        : `${kpiFigure(kpi.actual, kpi)}${way === undefined ? "" : `, ${way}`}`;
    });
    return [
      status.title,
      status.mission,
      statusWord(status.status, io.paint) + (open.length === 0 ? "" : `, ${count(open.length, "question")}`),
      `${tasks.filter((task) => task.status === "done").length}/${tasks.length}`,
      kpis.join("; "),
      log_id,
    ];
  });
  return table(io, ["Title", "Mission", "Status", "Tasks", "KPI", "Log"], rows);
}
