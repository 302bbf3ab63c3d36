import { DateTime } from "luxon";
import { z } from "zod";
import { defineTool } from "./define-tool.js";

const HOLIDAYS_FILE = "sample/holidays.json";
const JULIAN_LAG_DAYS = 13;

const MonthDay = z.string().regex(/^\d{2}-\d{2}$/u, "a day of the year such as 12-25");

/** One holiday: a day of the year, a distance from Easter, the first weekday on or after a day, or listed dates. */
const Rule = z.strictObject({
  name: z.string().min(1),
  on: MonthDay.optional(),
  easter: z.int().optional(),
  orthodox_easter: z.int().optional(),
  weekday: z.int().min(1).max(7).optional(),
  on_or_after: MonthDay.optional(),
  dates: z.array(z.iso.date()).optional(),
});
type Rule = z.output<typeof Rule>;

/**
 * What a country does when a holiday with a fixed day falls on a weekend: `monday` moves Saturday and Sunday to the next
 * free weekday, `nearest` moves Saturday to Friday and Sunday to Monday, `sunday` moves Sunday only, `none` moves nothing.
 */
const Country = z.strictObject({
  name: z.string(),
  observed: z.enum(["none", "monday", "nearest", "sunday"]).default("none"),
  holidays: z.array(Rule),
});
type Country = z.output<typeof Country>;
const HolidaysFile = z.record(z.string().length(2), Country);

const Holiday = z.strictObject({ date: z.iso.date(), name: z.string() });
type Holiday = z.output<typeof Holiday>;

/** The days on which a country rests, substitutes included. */
export const findPublicHolidays = defineTool({
  name: "find_public_holidays",
  description:
    "Returns the nationwide public holidays of a country (two-letter code) between two dates, both included. `known` is " +
    "false when the house has no rules for the country. Not for regional holidays or people's days off.",
  input: z.strictObject({ country: z.string().length(2), from: z.iso.date(), to: z.iso.date() }),
  output: z.strictObject({ country: z.string(), known: z.boolean(), holidays: z.array(Holiday) }),
  effect: "reads",
  timeoutMs: 5_000,
  maxCostMicroUsd: 0,

  async run({ country, from, to }, { records }) {
    const file = HolidaysFile.parse((await records.read(HOLIDAYS_FILE)) ?? {});
    const rules = file[country];
    if (!rules) return { country, known: false, holidays: [] };
    // A substitute may fall into the next year, and New Year's may be observed on the last day of the old one.
    const years = range(Number(from.slice(0, 4)) - 1, Number(to.slice(0, 4)) + 1);
    const all = years.flatMap((year) => holidaysOf(rules, year));
    const inside = all.filter(({ date }) => date >= from && date <= to);
    return { country, known: true, holidays: inside.sort((a, b) => a.date.localeCompare(b.date)) };
  },
});

function holidaysOf(country: Country, year: number): Holiday[] {
  const fixed = country.holidays.flatMap((rule) => daysOf(rule, year).map((day) => ({ rule, day })));
  const taken = new Set(fixed.map(({ day }) => day.toISODate()));
  const found: Holiday[] = [];
  for (const { rule, day } of fixed) {
    found.push({ date: toDate(day), name: rule.name });
    const substitute = rule.on === undefined ? undefined : substituteOf(day, country.observed, taken);
    if (!substitute) continue;
    taken.add(substitute.toISODate());
    found.push({ date: toDate(substitute), name: `${rule.name} (observed)` });
  }
  return found;
}

function daysOf(rule: Rule, year: number): DateTime[] {
  if (rule.on !== undefined) return [dayOf(year, rule.on)];
  if (rule.easter !== undefined) return [easterSunday(year).plus({ days: rule.easter })];
  if (rule.orthodox_easter !== undefined) return [orthodoxEasterSunday(year).plus({ days: rule.orthodox_easter })];
  if (rule.weekday !== undefined && rule.on_or_after !== undefined) {
    const start = dayOf(year, rule.on_or_after);
    return [start.plus({ days: (rule.weekday - start.weekday + 7) % 7 })];
  }
  return (rule.dates ?? []).filter((date) => date.startsWith(String(year))).map((date) => DateTime.fromISO(date, UTC));
}

function substituteOf(day: DateTime, observed: Country["observed"], taken: ReadonlySet<string | null>) {
  const isSaturday = day.weekday === 6;
  const isSunday = day.weekday === 7;
  if (observed === "nearest" && isSaturday) return day.minus({ days: 1 });
  const moves = isSunday ? observed !== "none" : isSaturday && observed === "monday";
  if (!moves) return undefined;
  let next = day.plus({ days: 1 });
  while (next.weekday > 5 || taken.has(next.toISODate())) next = next.plus({ days: 1 });
  return next;
}

const UTC = { zone: "utc" } as const;

function dayOf(year: number, monthDay: string): DateTime {
  return DateTime.fromISO(`${year}-${monthDay}`, UTC);
}

/** Gregorian computus (Meeus/Jones/Butcher). */
function easterSunday(year: number): DateTime {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const f = Math.floor((b + 8) / 25);
  const g = Math.floor((b - f + 1) / 3);
  const h = (19 * a + b - Math.floor(b / 4) - g + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const sum = h + l - 7 * m + 114;
  return DateTime.utc(year, Math.floor(sum / 31), (sum % 31) + 1);
}

/** Julian computus (Meeus), shifted to the Gregorian calendar; right from 1900 to 2099. */
function orthodoxEasterSunday(year: number): DateTime {
  const d = (19 * (year % 19) + 15) % 30;
  const e = (2 * (year % 4) + 4 * (year % 7) - d + 34) % 7;
  const sum = d + e + 114;
  return DateTime.utc(year, Math.floor(sum / 31), (sum % 31) + 1).plus({ days: JULIAN_LAG_DAYS });
}

function toDate(day: DateTime): string {
  return day.toFormat("yyyy-MM-dd");
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
