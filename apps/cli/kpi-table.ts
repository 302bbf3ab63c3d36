import { attainmentText, noFigure } from "../../core/report-sentences.js";
import type { KpiView, LimitView } from "../../core/views.js";
import { figureText, inWords, kpiName } from "../../core/words.js";
import type { Io } from "./io.js";
import { statusWord } from "./status-word.js";
import { table } from "./table.js";

/** KPIs against their baseline. With `of` the first column says whose each is. */
export function kpiTable(io: Io, rows: readonly { readonly of?: string; readonly kpi: KpiView }[]): string {
  const hasOwner = rows.some(({ of }) => of !== undefined);
  const head = [...(hasOwner ? ["Mission"] : []), "KPI", "Baseline", "Target", "Actual", "Reached"];
  return table(
    io,
    head,
    rows.map(({ of, kpi }) => [...(hasOwner ? [of ?? ""] : []), ...cells(io, kpi)]),
  );
}

function cells({ paint }: Io, kpi: KpiView): string[] {
  const figure = (value: number | null) => (value === null ? "none" : `${figureText(value)} ${kpi.unit}`);
  const basis = kpi.basis === "measured" || kpi.basis === "pending" ? "" : ` (${kpi.basis})`;
  const actual = kpi.actual === null ? paint.yellow(noFigure(kpi)) : `${figure(kpi.actual)}${basis}`;
  return [kpiName(kpi), figure(kpi.baseline), figure(kpi.target), actual, attainmentText(kpi) ?? ""];
}

/** One line for each limit. */
export function limitLines({ paint }: Io, limits: readonly LimitView[]): string[] {
  return limits.map(({ limit_id, op, value, actual, status, basis }) => {
    const found = actual === null ? "" : `, is ${figureText(actual)}${basis === "simulated" ? " (simulated)" : ""}`;
    return `${inWords(limit_id)} ${op} ${figureText(value)}${found}: ${statusWord(status, paint)}`;
  });
}
