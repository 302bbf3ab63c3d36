import type { FinalReport } from "./views.js";

const MM_PER_POINT = 0.3528;
const LINE = 1.37;
/** Words do not fill a line to its end. */
const FILLED = 0.9;
const WIDE = /[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\u{1f000}-\u{3ffff}]/u;

/** Height in millimetres of a text set in a column, by the widths of a wide common font: rather too much than too little. */
export function heightOf(text: string, columnMm: number, points = 9): number {
  let ems = 0;
  for (const sign of text)
    ems += sign === " " ? 0.34 : WIDE.test(sign) ? 1.05 : /\p{Lu}|[mwMW%@&—…]/u.test(sign) ? 0.82 : 0.56;
  const lines = Math.max(1, Math.ceil((ems * points * MM_PER_POINT) / (columnMm * FILLED)));
  return lines * points * MM_PER_POINT * LINE;
}

/** A list that wants room: the heights of its rows, most important first, and how much of the room it is worth. */
export interface Claim {
  readonly heights: readonly number[];
  readonly weight: number;
}

/**
 * How many rows of each list fit into the room. The next row goes to the list that has least of its share, so that a
 * long list does not crowd out a short one.
 */
export function share(roomMm: number, claims: readonly Claim[]): readonly number[] {
  const lists = claims.map((claim) => ({ ...claim, count: 0, usedMm: 0 }));
  let left = roomMm;
  let open = lists;
  while (open.length > 0) {
    const next = open.reduce((least, list) => (list.usedMm / list.weight < least.usedMm / least.weight ? list : least));
    const height = next.heights[next.count];
    if (height === undefined || height > left) {
      open = open.filter((list) => list !== next);
      continue;
    }
    next.count++;
    next.usedMm += height;
    left -= height;
  }
  return lists.map(({ count }) => count);
}

/** Tasks with those first that a reader must see: what went wrong, the lesser way, the critical path, what people were asked about. */
export function tasksByWeight(report: FinalReport, critical: ReadonlySet<string>): FinalReport["tasks"] {
  const asked = new Set([...report.decisions, ...(report.open_questions ?? [])].map(({ task_id }) => task_id));
  const weight = (task: FinalReport["tasks"][number]) =>
    Number(task.status === "failed") * 32 +
    Number(task.status !== "done" && task.status !== "skipped") * 16 +
    Number(task.degraded) * 8 +
    Number(critical.has(task.task_id)) * 4 +
    Number(asked.has(task.task_id)) * 2 +
    Number(task.attempts > 1);
  return report.tasks.toSorted((a, b) => weight(b) - weight(a));
}
