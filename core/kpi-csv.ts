import type { KpiBoard, MissionBoard, WeekRow } from "./kpi-views.js";

const HEAD = [
  "mission_id",
  "mission",
  "week",
  "kpi_id",
  "basis",
  "unit",
  "direction",
  "baseline",
  "target",
  "source",
  "n",
  "median",
  "p90",
  "share_at_target",
  "attainment",
  "judgement",
  "completed",
  "failed",
  "cancelled",
] as const;

/**
 * The board as CSV by RFC 4180, with a head: one row for each mission, KPI, basis and, where it was asked for by week,
 * week; where there is no KPI to tell of, one row with the counts of runs alone. Figures are not rounded, and what is
 * not known is empty.
 */
export function kpiCsv(board: KpiBoard): string {
  const rows = board.missions.flatMap((mission) =>
    (mission.weeks ?? [{ ...mission, week: null }]).flatMap((time) => toRows(mission, time)),
  );
  return [HEAD, ...rows].map((row) => `${row.map(toCell).join(",")}\r\n`).join("");
}

type Cells = Partial<Readonly<Record<(typeof HEAD)[number], string | number | null>>>;

function toRows(
  { mission_id, mission }: MissionBoard,
  { week, runs, kpis }: Omit<WeekRow, "week"> & { readonly week: string | null },
) {
  const { completed, failed, cancelled } = runs;
  const counts: Cells = { mission_id, mission, week, completed, failed, cancelled };
  const rows: readonly Cells[] = kpis.length === 0 ? [counts] : kpis.map((kpi) => ({ ...counts, ...kpi }));
  return rows.map((row) => HEAD.map((name) => row[name] ?? null));
}

/** A text that a spreadsheet would take for a formula begins with an apostrophe, which it shows as text. */
function toCell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/u.test(value) ? `'${value}` : value;
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
