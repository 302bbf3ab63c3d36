import { cut, figureText, spanText } from "../../core/words.js";

const LONGEST_LINE = 500;

/** The text broken into lines of at most `width`, at spaces where there are any; line breaks of its own stay. */
export function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((line) => wrapLine(line.trimEnd(), Math.max(1, width)));
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const space = rest.lastIndexOf(" ", width);
    const cut = space > width / 3 ? space : width;
    lines.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  return [...lines, rest];
}

/** As one line of a length that a screen bears; for titles and questions in the midst of other words. */
export function inOneLine(text: string): string {
  return cut(text, LONGEST_LINE);
}

/** `1 task`, `2 tasks`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** So many minutes as a person would say them, to the minute once they are hours: schedules are compared. */
export function minutesText(minutes: number): string {
  if (minutes === 0) return "0";
  if (minutes < 1) return spanText(minutes * 60_000);
  if (minutes < 60) return `${figureText(minutes)} min`;
  const whole = Math.round(minutes);
  const [days, hours, rest] = [Math.floor(whole / 1440), Math.floor((whole % 1440) / 60), whole % 60];
  const parts = [days > 0 ? `${days} d` : "", hours > 0 ? `${hours} h` : "", rest > 0 && days < 7 ? `${rest} min` : ""];
  return parts.filter((part) => part !== "").join(" ");
}

/** How far a moment lies ahead or back: `in 4 h`, `20 min ago`. */
export function distance(iso: string, now: Date): string {
  const ms = Date.parse(iso) - now.getTime();
  return ms >= 0 ? `in ${spanText(ms)}` : `${spanText(-ms)} ago`;
}

/** A moment in local time, to the minute. */
export function moment(iso: string | null): string {
  return iso === null ? "" : `${day(iso)} ${clock(iso).slice(0, 5)}`;
}

/** The day of a moment, in local time: `2026-03-02`. */
export function day(iso: string): string {
  const at = new Date(iso);
  return `${at.getFullYear()}-${twoDigits(at.getMonth() + 1)}-${twoDigits(at.getDate())}`;
}

/** The time of day of a moment, in local time: `13:02:05`. */
export function clock(iso: string): string {
  const at = new Date(iso);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(":");
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** Task ids in a row; the middle of a long one is counted. */
export function pathText(ids: readonly string[]): string {
  const ends = 6;
  if (ids.length <= 2 * ends) return ids.join(" → ");
  return [...ids.slice(0, ends), `… ${ids.length - 2 * ends} more …`, ...ids.slice(-ends)].join(" → ");
}

/** The shortest beginnings, of at least eight characters, by which these ids can be told apart. */
export function shortIds(ids: readonly string[]): Map<string, string> {
  const longest = Math.max(8, ...ids.map(({ length }) => length));
  for (let length = 8; length < longest; length++) {
    const short = new Set(ids.map((id) => id.slice(0, length)));
    if (short.size === new Set(ids).size) return new Map(ids.map((id) => [id, id.slice(0, length)]));
  }
  return new Map(ids.map((id) => [id, id]));
}
