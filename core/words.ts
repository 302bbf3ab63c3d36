import type { KpiView, LimitView } from "./views.js";

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const NUMBERS = [
  "no",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
];
const TIME_UNIT = /^(?:second|minute|hour|day|week|month|year)s?$/iu;
const OPERATORS: Readonly<Record<string, string>> = {
  "<=": "at most",
  "<": "less than",
  ">=": "at least",
  ">": "more than",
  "==": "exactly",
};

/** An id as words: `max_steps` is "max steps". */
export function inWords(id: string): string {
  return id.replaceAll("_", " ");
}

/** The text with a capital letter first. */
export function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/**
 * A KPI's one name for people, wherever it stands with its figure. A unit of time stands behind that figure, so the
 * name says what it is instead: `pipeline_days` is "Pipeline time".
 */
export function kpiName({ kpi_id, unit }: Pick<KpiView, "kpi_id" | "unit">): string {
  const end = `_${unit.toLowerCase()}`;
  if (!TIME_UNIT.test(unit) || !kpi_id.toLowerCase().endsWith(end)) return capital(inWords(kpi_id));
  const name = inWords(kpi_id.slice(0, -end.length));
  return capital(/\btime$/iu.test(name) ? name : `${name} time`);
}

/** A figure without needless decimals; very large or small ones by powers of ten. */
export function figureText(value: number): string {
  if (value !== 0 && (Math.abs(value) >= 1e9 || Math.abs(value) < 0.005)) return value.toPrecision(3);
  return String(Number(value.toFixed(2)));
}

/** A limit with its figure, in words: "Max steps: 3 (limit: at most 5)". */
export function limitText({ actual, ...limit }: LimitView): string {
  const simulated = limit.basis === "simulated" ? " simulated" : "";
  const found = actual === null ? "not known yet" : `${figureText(actual)}${simulated}`;
  return `${capital(inWords(limit.limit_id))}: ${found} (limit: ${limitRule(limit)})`;
}

/** What a limit allows: "at most 5". */
export function limitRule({ op, value }: Pick<LimitView, "op" | "value">): string {
  return `${OPERATORS[op] ?? op} ${figureText(value)}`;
}

/** A share in percent, 1 being all: what falls short of all, or is not quite nothing, is never rounded to it. */
export function percentText(share: number): string {
  const percent = Math.round(share * 100);
  if (percent === 100 && share < 1) return "over 99 %";
  if (percent === 0 && share !== 0) return share > 0 ? "under 1 %" : "under 0 %";
  return `${percent} %`;
}

/** Dollars, never less than they are: fractions of a cent show below a dollar, to the µ$; from there on cents round up. */
export function usd(value: number): string {
  // Calculated sums differ in their last digits.
  const microUsd = Math.ceil(value * 1_000_000 - 1e-3);
  const cents = Math.ceil(microUsd / 10_000);
  if (microUsd >= 1_000_000 || microUsd === cents * 10_000) return `$${(cents / 100).toFixed(2)}`;
  return `$${(microUsd / 1_000_000).toFixed(6).replace(/0{1,2}$/u, "")}`;
}

/** A moment in UTC, to the minute, for tables: "20 Nov 2026 13:52". */
export function momentText(iso: string): string {
  const at = new Date(iso);
  return `${at.getUTCDate()} ${(MONTHS[at.getUTCMonth()] ?? "").slice(0, 3)} ${at.getUTCFullYear()} ${iso.slice(11, 16)}`;
}

/** A day for a sentence: "Friday, 20 November 2026". */
export function dayInWords(iso: string): string {
  const at = new Date(iso);
  return `${WEEKDAYS[at.getUTCDay()]}, ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
}

/** A span of time for a sentence, in its two largest units: "2 days and 4 hours", "less than a second". */
export function spanInWords(ms: number): string {
  if (ms < SECOND) return "less than a second";
  const parts = partsOf(ms).map(([amount, unit]) => `${amount} ${unit}${amount === 1 ? "" : "s"}`);
  return parts.join(" and ");
}

/** An amount of time that went somewhere: a part in which nothing of it went claims no second. */
export function spentInWords(ms: number): string {
  return ms === 0 ? "none" : spanInWords(ms);
}

/** A span of time for a table: "55 ms", "1.2 s", "1 h 5 min". */
export function spanText(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${Number((ms / SECOND).toFixed(1))} s`;
  const short: Readonly<Record<string, string>> = { second: "s", minute: "min", hour: "h", day: "d" };
  return partsOf(ms)
    .map(([amount, unit]) => `${amount} ${short[unit]}`)
    .join(" ");
}

/** Small numbers as words, as sentences have them. */
export function numberInWords(count: number): string {
  return NUMBERS[count] ?? String(count);
}

/** "Ada", "Ada and Ben", "Ada, Ben and Cleo"; beyond `most` the rest as a number. */
export function listInWords(items: readonly string[], most = 4): string {
  const shown = items.length > most ? [...items.slice(0, most - 1), `${items.length - most + 1} more`] : items;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** At most `width` signs in one line; what was cut shows as an ellipsis. */
export function cut(text: string, width: number): string {
  const line = text
    .slice(0, width * 4)
    .replaceAll(/\s+/gu, " ")
    .trim();
  const signs = [...line];
  return signs.length > width
    ? `${signs
        .slice(0, Math.max(0, width - 1))
        .join("")
        .trimEnd()}…`
    : line;
}

function partsOf(ms: number): readonly (readonly [number, string])[] {
  const rounded =
    ms < MINUTE
      ? Math.round(ms / SECOND) * SECOND
      : ms < DAY
        ? roundTo(ms, ms < HOUR ? SECOND : MINUTE)
        : roundTo(ms, HOUR);
  const units = [
    [DAY, "day"],
    [HOUR, "hour"],
    [MINUTE, "minute"],
    [SECOND, "second"],
  ] as const;
  const first = units.findIndex(([size]) => rounded >= size);
  return units.slice(first, first + 2).flatMap(([size, unit], index) => {
    const before = index === 0 ? rounded : rounded % (units[first]?.[0] ?? 1);
    const amount = Math.floor(before / size);
    return amount > 0 ? [[amount, unit] as const] : [];
  });
}

function roundTo(ms: number, step: number): number {
  return Math.round(ms / step) * step;
}
