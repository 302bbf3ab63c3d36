import { DateTime } from "luxon";
import { fold } from "./names.js";

/** A date as ISO, two dates that it may mean, or nothing that is a date. */
export type DateReading = { readonly value: string } | { readonly candidates: readonly string[] } | undefined;

const MONTHS: readonly (readonly string[])[] = [
  ["jan", "gen", "ene", "sty", "януари"],
  ["feb", "fev", "fevr", "lut", "февруари"],
  ["mar", "mars", "marz", "mrz", "март"],
  ["apr", "avr", "abr", "kwi", "април"],
  ["may", "mai", "mag", "maj", "май"],
  ["jun", "juin", "giu", "cze", "юни"],
  ["jul", "juil", "lug", "lip", "юли"],
  ["aug", "aout", "ago", "sie", "август"],
  ["sep", "set", "wrz", "септември"],
  ["oct", "okt", "ott", "paz", "октомври"],
  ["nov", "lis", "ноември"],
  ["dec", "dez", "dic", "gru", "декември"],
];

/**
 * Reads a date in the usual ways of writing: `14.03.1986`, `14 March 1986`, `14 MAR / MARS 1986`, `March 14, 1986`,
 * `1986年3月14日`. Without an `order` a date of three numbers that works both ways gives both.
 */
export function readDate(text: string, order?: "dmy" | "mdy" | "ymd"): DateReading {
  const plain = text.trim().replace(/\.$/u, "");
  const iso = /^(\d{4})[-/.年]\s*(\d{1,2})[-/.月]\s*(\d{1,2})日?(?:$|T)/u.exec(plain);
  if (iso) return only(iso[1], iso[2], iso[3]);
  const dayFirst = /^(\d{1,2})(?:st|nd|rd|th)?[.\s-]+(\p{L}+)\.?(?:\s*\/\s*\p{L}+\.?)?[,\s-]+(\d{4})/u.exec(plain);
  if (dayFirst) return only(dayFirst[3], monthOf(dayFirst[2]), dayFirst[1]);
  const monthFirst = /^(\p{L}+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})/u.exec(plain);
  if (monthFirst) return only(monthFirst[3], monthOf(monthFirst[1]), monthFirst[2]);
  const numbers = /^(\d{1,2})[./\s-]+(\d{1,2})[./\s-]+(\d{4})/u.exec(plain);
  return numbers ? readNumbers(numbers, plain.includes("/") ? order : (order ?? "dmy")) : undefined;
}

function readNumbers(numbers: RegExpExecArray, order: "dmy" | "mdy" | "ymd" | undefined): DateReading {
  const dayFirst = toIso(numbers[3], numbers[2], numbers[1]);
  const monthFirst = toIso(numbers[3], numbers[1], numbers[2]);
  if (order === "mdy") return given(monthFirst);
  if (order !== undefined) return given(dayFirst);
  if (dayFirst !== undefined && monthFirst !== undefined && dayFirst !== monthFirst)
    return { candidates: [dayFirst, monthFirst] };
  return given(dayFirst ?? monthFirst);
}

function monthOf(name: string | undefined): string | undefined {
  const plain = fold(name ?? "");
  const index = MONTHS.findIndex((starts) => starts.some((start) => plain.startsWith(start)));
  return index < 0 ? undefined : String(index + 1);
}

function only(year: string | undefined, month: string | undefined, day: string | undefined): DateReading {
  return given(toIso(year, month, day));
}

function given(iso: string | undefined): DateReading {
  return iso === undefined ? undefined : { value: iso };
}

/** Undefined for days that no calendar has, such as the 31st of February. */
function toIso(year: string | undefined, month: string | undefined, day: string | undefined): string | undefined {
  const date = DateTime.fromObject({ year: Number(year), month: Number(month), day: Number(day) }, { zone: "utc" });
  return date.isValid ? date.toFormat("yyyy-MM-dd") : undefined;
}
