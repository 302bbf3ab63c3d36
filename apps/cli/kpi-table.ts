import type { KpiView, LimitView } from "../../core/views.js";
import type { Io } from "./io.js";
import { statusWord } from "./status-word.js";
import { table } from "./table.js";
import { inWords, trimmed } from "./text.js";

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
  const figure = (value: number | null) => (value === null ? "none" : `${trimmed(value)} ${kpi.unit}`);
  const basis = kpi.basis === "measured" || kpi.basis === "pending" ? "" : ` (${kpi.basis})`;
  const actual = kpi.actual === null ? paint.yellow("pending") : `${figure(kpi.actual)}${basis}`;
  const way = kpi.attainment === null ? "" : `${Math.round(kpi.attainment * 100)} %`;
  return [inWords(kpi.kpi_id), figure(kpi.baseline), figure(kpi.target), actual, way];
}

/** One line for each limit. */
export function limitLines({ paint }: Io, limits: readonly LimitView[]): string[] {
  return limits.map(({ limit_id, op, value, actual, status }) => {
    const found = actual === null ? "" : `, is ${trimmed(actual)}`;
    return `${inWords(limit_id)} ${op} ${trimmed(value)}${found}: ${statusWord(status, paint)}`;
  });
}
