import Table from "cli-table3";
import { cut } from "../../core/words.js";
import type { Io } from "./io.js";
import { harmless, unpainted } from "./paint.js";

const GAP = 2;
const MIN_COLUMN = 12;
const WIDE = 140;
/** Nobody reads a cell to its end beyond this, and every row is padded to the longest. */
const MAX_COLUMN = 500;
const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
};
const NO_RULES = {
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: " ".repeat(GAP),
};

/** Plain columns under a dim head. In a terminal the widest columns are shortened until all fit; elsewhere only what no reader could use is cut. */
export function table(io: Io, head: readonly string[], raw: readonly (readonly string[])[]): string {
  const rows = raw.map((row) => row.map((cell) => fitCell(inOneCell(cell), MAX_COLUMN)));
  const widths = io.host.isTerminal ? fittingWidths(head, rows, io.host.columns) : undefined;
  const fitted = widths ? rows.map((row) => row.map((cell, index) => fitCell(cell, widths[index] ?? 0))) : rows;
  const drawn = new Table({
    head: head.map((name) => io.paint.dim(name)),
    chars: { ...NO_LINES, ...NO_RULES },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  drawn.push(...fitted.map((row) => [...row]));
  return drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** True when there is room for columns that are good to have. */
export function isWide({ host }: Io): boolean {
  return !host.isTerminal || host.columns >= WIDE;
}

function fittingWidths(head: readonly string[], rows: readonly (readonly string[])[], columns: number): number[] {
  const cells = head.map((_, index) => rows.map((row) => unpainted(row[index] ?? "")));
  const widths = head.map((name, index) => Math.max(name.length, ...(cells[index] ?? []).map(({ length }) => length)));
  // Ids and names to type are single words: they must stay whole, or they cannot be copied.
  const isProse = cells.map((column) => column.some((cell) => cell.includes(" ")));
  const total = () => widths.reduce((sum, width) => sum + width + GAP, 1 - GAP);
  while (total() > columns) {
    const widest = Math.max(...widths.filter((_, index) => isProse[index]));
    if (widest <= MIN_COLUMN) break;
    const at = widths.findLastIndex((width, index) => width === widest && isProse[index]);
    widths[at] = widest - 1;
  }
  return widths;
}

/** Colours go with what is cut: a cell that fits keeps them. */
function fitCell(cell: string, width: number): string {
  return unpainted(cell).length > width ? cut(unpainted(cell), width) : cell;
}

/** A line break would end the row, and whatever steers a terminal would be counted as no width. */
function inOneCell(cell: string): string {
  return harmless(cell.replaceAll(/\s+/gu, " "));
}
