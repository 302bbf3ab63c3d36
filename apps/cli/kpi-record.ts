import type { RecordKpiOptions, RecordKpiOutcome } from "../../core/kpi-views.js";
import { toldMoment } from "../../core/moment.js";
import { figureText, kpiName } from "../../core/words.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { kpiTable, limitLines } from "./kpi-table.js";
import { inOneLine } from "./text.js";

export type KpiRecordFlags = RecordKpiOptions;

/** `mission kpi record`: puts a figure on record that only people know. */
export async function kpiRecord(
  io: Io,
  run: string,
  kpi: string,
  value: string,
  flags: KpiRecordFlags,
): Promise<number> {
  const orchestrator = await io.open();
  const outcome = await orchestrator.insight.recordKpi(run, kpi, value, flags);
  io.print(outcome, () => outcomeText(io, outcome));
  return EXIT.done;
}

function outcomeText(io: Io, outcome: RecordKpiOutcome): string {
  const { paint } = io;
  const { title, status, kpi_id, value, unit, at, by, before } = outcome;
  const figure = (n: number) => `${figureText(n)}${unit === null ? "" : ` ${unit}`}`;
  const told = `${figure(value)}, told by ${inOneLine(by)}, as of ${toldMoment(at)}`;
  const words = {
    recorded: `is recorded: ${told}.`,
    corrected: `is corrected: ${told}, instead of ${figure(before?.value ?? value)} by ${inOneLine(before?.by ?? by)}.`,
    unchanged: `is recorded already: ${told}. Nothing was changed.`,
  }[status];
  return [
    `${paint.bold(inOneLine(title))}  ${kpiName({ kpi_id, unit: unit ?? "" })} ${words}`,
    ...standing(io, outcome),
    `  ${paint.dim(io.hint(`status ${outcome.run_id}`))}`,
  ].join("\n");
}

/** Where the KPI or limit stands now. */
export function standing(io: Io, { kpi, limit }: Pick<RecordKpiOutcome, "kpi" | "limit">): string[] {
  return [...(kpi === null ? [] : [kpiTable(io, [{ kpi }])]), ...(limit === null ? [] : limitLines(io, [limit]))];
}
