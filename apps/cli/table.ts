import Table from "cli-table3";
import type { Io } from "./io.js";
import { shorten } from "./text.js";

const GAP = 2;
const MIN_LAST = 16;
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

/** Plain columns under a dim head. In a terminal the last column is shortened to fit; elsewhere nothing is cut. */
export function table(io: Io, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const fitted = io.host.isTerminal ? rows.map((row) => fitRow(row, widthsOf(head, rows), io.host.columns)) : rows;
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

function widthsOf(head: readonly string[], rows: readonly (readonly string[])[]): number[] {
  return head.map((name, index) => Math.max(name.length, ...rows.map((row) => visible(row[index] ?? "").length)));
}

function fitRow(row: readonly string[], widths: readonly number[], columns: number): string[] {
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP, 0);
  const room = Math.max(MIN_LAST, columns - before - 1);
  const last = row.at(-1) ?? "";
  return [...row.slice(0, -1), visible(last).length > room ? shorten(visible(last), room) : last];
}

/** The text without escape codes. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes begin with this character.
  return text.replaceAll(/\u001b\[\d+m/gu, "");
}
