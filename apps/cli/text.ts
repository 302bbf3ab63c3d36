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

/** At most `width` characters; what was cut shows as an ellipsis. Line breaks become spaces. */
export function shorten(text: string, width: number): string {
  const line = text.replaceAll(/\s+/gu, " ").trim();
  return line.length > width ? `${line.slice(0, Math.max(0, width - 1)).trimEnd()}…` : line;
}

/** As one line of a length that a screen bears; for titles and questions in the midst of other words. */
export function inOneLine(text: string): string {
  return shorten(text, LONGEST_LINE);
}

/** `1 task`, `2 tasks`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** A span of time in the unit that a person would use. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 48 * 3_600_000) return `${rounded(ms / 3_600_000)} h`;
  return `${rounded(ms / 86_400_000)} days`;
}

function rounded(value: number): string {
  return value < 10 ? String(Number(value.toFixed(1))) : String(Math.round(value));
}

/** How far a moment lies ahead or back: `in 4 h`, `20 min ago`. */
export function distance(iso: string, now: Date): string {
  const ms = Date.parse(iso) - now.getTime();
  return ms >= 0 ? `in ${duration(ms)}` : `${duration(-ms)} ago`;
}

/** A moment in local time, to the minute. */
export function moment(iso: string | null): string {
  if (iso === null) return "";
  const at = new Date(iso);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** A figure without needless decimals. */
export function trimmed(value: number): string {
  return String(Number(value.toFixed(2)));
}

/** Dollars; fractions of a cent show. */
export function usd(value: number): string {
  return value === 0 || value >= 0.01 ? `$${value.toFixed(2)}` : `$${value.toFixed(6).replace(/0+$/u, "")}`;
}

/** A status in words: `waiting_for_person` is "waiting for person". */
export function inWords(status: string): string {
  return status.replaceAll("_", " ");
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
