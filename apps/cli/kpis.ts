import { kpiCsv } from "../../core/kpi-csv.js";
import { kpiHtml } from "../../core/kpi-html.js";
import type { KpiBoard, KpiFilter, KpiRow, MissionBoard } from "../../core/kpi-views.js";
import { figureOf, judgementText, runsText, shareText, sourcesOf, workLines } from "../../core/kpi-words.js";
import { valueText } from "../../core/report-sentences.js";
import { kpiName } from "../../core/words.js";
import { EXIT, usage } from "./failures.js";
import type { Io } from "./io.js";
import { writeOut } from "./out-file.js";
import { forTerminal, jsonText } from "./paint.js";
import { table } from "./table.js";
import { count, inOneLine } from "./text.js";

/** By RFC 4180; what goes through a terminal's filter has lost it. */
const CSV_LINE_END = "\r\n";

/** As the command line gives them; `out` is a file. */
export interface KpisFlags {
  readonly since?: string;
  readonly until?: string;
  readonly by?: "week";
  readonly format: "table" | "json" | "csv" | "html";
  readonly out?: string;
}

/** `mission kpis`: what missions reached over their runs, as a table, JSON, CSV or a page for paper. */
export async function kpis(io: Io, mission: string | undefined, flags: KpisFlags): Promise<number> {
  const { since, until, by, out } = flags;
  if (io.json && flags.format !== "table" && flags.format !== "json" && out === undefined)
    throw usage(`--json prints JSON, and --format ${flags.format} something else: leave one out.`);
  const filter: KpiFilter = {
    ...(mission !== undefined && { mission }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(by && { by }),
  };
  const orchestrator = await io.open();
  const board = await orchestrator.insight.kpis(filter);
  if (out === undefined) show(io, board, flags.format);
  else {
    const file = await writeOut(io, out, textOf(io, board, flags.format), flags.format === "csv" ? CSV_LINE_END : "\n");
    io.print(
      { format: flags.format, file },
      () => `The KPIs of ${count(board.missions.length, "mission")} are in ${file}`,
    );
  }
  return EXIT.done;
}

function show(io: Io, board: KpiBoard, format: KpisFlags["format"]): void {
  if (format === "csv" && !io.json) io.host.out(forTerminal(textOf(io, board, format)).replaceAll("\n", CSV_LINE_END));
  else io.print(board, () => textOf(io, board, format).trimEnd());
}

function textOf(io: Io, board: KpiBoard, format: KpisFlags["format"]): string {
  switch (format) {
    case "csv":
      return kpiCsv(board);
    case "html":
      return kpiHtml(board);
    case "json":
      return `${jsonText(board)}\n`;
    case "table":
      return `${boardText(io, board)}\n`;
  }
}

function boardText(io: Io, board: KpiBoard): string {
  if (board.missions.length === 0) {
    const isAnyTime = board.since === null && board.until === null;
    return isAnyTime
      ? `No mission has run yet. Try: ${io.hint("list")}`
      : `No mission has run in this time. Try: ${io.hint("runs")}`;
  }
  return board.missions.map((mission) => missionText(io, mission)).join("\n\n");
}

function missionText(io: Io, mission: MissionBoard): string {
  const { paint } = io;
  return [
    `${paint.bold(inOneLine(mission.mission))}  ${paint.dim(`${mission.mission_id}, ${mission.slug}`)}`,
    `Runs: ${runsText(mission.runs)}`,
    ...(mission.kpis.length === 0
      ? []
      : [
          "",
          kpiRowTable(
            io,
            mission.kpis.map((row) => ({ row })),
          ),
        ]),
    ...sourcesOf(mission.kpis).map((line) => paint.dim(line)),
    "",
    ...workLines(mission),
    ...(mission.value === null ? [] : [valueText(mission.value)]),
    ...(mission.weeks ? ["", ...weekLines(io, mission.weeks)] : []),
  ].join("\n");
}

function weekLines(io: Io, weeks: NonNullable<MissionBoard["weeks"]>): readonly string[] {
  if (weeks.length === 0) return ["No run has ended in this time."];
  const ends = weeks.map(
    ({ week, runs }) => `${week}: ${runs.completed} completed, ${runs.failed} failed, ${runs.cancelled} cancelled`,
  );
  const rows = weeks.flatMap(({ week, kpis }) => kpis.map((row) => ({ week, row })));
  return [...ends, ...(rows.length === 0 ? [] : [kpiRowTable(io, rows)])];
}

function kpiRowTable(io: Io, rows: readonly { readonly week?: string; readonly row: KpiRow }[]): string {
  const hasWeek = rows.some(({ week }) => week !== undefined);
  const head = ["KPI", "Basis", "Runs", "Baseline", "Target", "Median", "90th percentile", "At target", "Judged"];
  return table(
    io,
    [...(hasWeek ? ["Week"] : []), ...head],
    rows.map(({ week, row }) => [...(hasWeek ? [week ?? ""] : []), ...cells(io, row)]),
  );
}

function cells({ paint }: Io, row: KpiRow): readonly string[] {
  const { unit, n, median, p90, share_at_target } = row;
  const known = (value: number | null) => (value === null ? "" : figureOf(value, unit));
  return [
    kpiName(row),
    row.basis === "pending" ? paint.yellow("pending") : row.basis,
    String(n),
    figureOf(row.baseline, unit),
    figureOf(row.target, unit),
    known(median),
    known(p90),
    share_at_target === null ? "" : shareText(share_at_target),
    judgementText(row),
  ];
}
