import { DateTime } from "luxon";
import { z } from "zod";
import type { CalendarEntry } from "../core/services.js";
import { defineTool } from "./define-tool.js";

const CALENDARS_FILE = "sample/calendars.json";
const MAX_WINDOW_DAYS = 100;

const ClockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/u, "a time of day such as 09:30");
const Weekday = z.int().min(1).max(7);
const Hours = z.strictObject({ days: z.array(Weekday).min(1), from: ClockTime, to: ClockTime });

/** `every` repeats weekly; `after_days` counts from the day of the search, so that samples never grow old. */
const Pattern = z.strictObject({
  what: z.string().min(1),
  every: z.array(Weekday).min(1).optional(),
  after_days: z.int().optional(),
  for_days: z.int().positive().default(1),
  from: ClockTime.default("00:00"),
  to: ClockTime.optional(),
});
type Pattern = z.output<typeof Pattern>;

const KnownCalendar = z.strictObject({
  calendar_id: z.string(),
  name: z.string(),
  role: z.string().optional(),
  country: z.string().length(2),
  time_zone: z.string(),
  hours: Hours,
  busy: z.array(Pattern).default([]),
});
const CalendarsFile = z.strictObject({ calendars: z.array(KnownCalendar) });
type KnownCalendar = z.output<typeof KnownCalendar>;

const BusyTime = z.strictObject({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  what: z.string(),
  /** `booked` comes from our own calendar table, `calendar` from the owner's. */
  source: z.enum(["calendar", "booked"]),
});

const CalendarReply = z.strictObject({
  calendar_id: z.string(),
  /** Absent when the house knows nothing of this calendar but what we booked ourselves. */
  owner: KnownCalendar.omit({ calendar_id: true, busy: true }).optional(),
  busy: z.array(BusyTime),
});

/** What is taken in each calendar: the owner's recurring entries and those in our own table, with the owner's working hours. */
export const findBusyTimes = defineTool({
  name: "find_busy_times",
  description:
    "Returns for each calendar its owner's working hours and time zone and all busy times that overlap a window, in UTC. " +
    "Does not know public holidays and books nothing.",
  input: z.strictObject({
    calendar_ids: z.array(z.string().min(1)).min(1).max(12),
    from: z.iso.datetime(),
    to: z.iso.datetime(),
  }),
  output: z.strictObject({ calendars: z.array(CalendarReply) }),
  effect: "reads",
  timeoutMs: 10_000,
  maxCostMicroUsd: 0,

  async run({ calendar_ids, from, to }, { calendar, records, now }) {
    const window = { from: new Date(from), to: new Date(to) };
    if (window.to.getTime() - window.from.getTime() > MAX_WINDOW_DAYS * 86_400_000) {
      throw new Error(`The window is longer than ${MAX_WINDOW_DAYS} days. Ask for a shorter one.`);
    }
    const { calendars } = CalendarsFile.parse((await records.read(CALENDARS_FILE)) ?? { calendars: [] });
    const replies = [];
    for (const id of calendar_ids) {
      const known = calendars.find((candidate) => candidate.calendar_id === id);
      const booked = (await calendar.busy(id, window.from, window.to)).map(toBusyTime);
      replies.push(toReply(id, known, booked, window, now()));
    }
    return { calendars: replies };
  },
});

interface Window {
  readonly from: Date;
  readonly to: Date;
}
type BusyTime = z.output<typeof BusyTime>;

function toReply(id: string, known: KnownCalendar | undefined, booked: BusyTime[], window: Window, today: Date) {
  if (!known) return { calendar_id: id, busy: booked };
  const { calendar_id, busy, ...owner } = known;
  const recurring = busy.flatMap((pattern) => occurrences(pattern, known.time_zone, window, today));
  return { calendar_id, owner, busy: [...booked, ...recurring].sort((a, b) => a.from.localeCompare(b.from)) };
}

function toBusyTime(entry: CalendarEntry): BusyTime {
  return {
    from: entry.startsAt.toISOString(),
    to: entry.endsAt.toISOString(),
    what: entry.title,
    source: "booked",
  };
}

/** Days are taken in the owner's zone, so a weekly entry keeps its local hour when the clocks change. */
function occurrences(pattern: Pattern, zone: string, window: Window, today: Date): BusyTime[] {
  const firstDay = DateTime.fromJSDate(window.from, { zone }).startOf("day").minus({ days: 1 });
  const lastMs = window.to.getTime();
  const offsetDay = DateTime.fromJSDate(today, { zone }).startOf("day");
  const found: BusyTime[] = [];
  for (let day = firstDay; day.toMillis() < lastMs; day = day.plus({ days: 1 })) {
    if (!isOnDay(pattern, day, offsetDay)) continue;
    const start = at(day, pattern.from);
    const end = pattern.to === undefined ? day.plus({ days: 1 }) : at(day, pattern.to);
    if (end.toMillis() <= window.from.getTime() || start.toMillis() >= lastMs) continue;
    found.push({
      from: start.toJSDate().toISOString(),
      to: end.toJSDate().toISOString(),
      what: pattern.what,
      source: "calendar",
    });
  }
  return found;
}

function isOnDay(pattern: Pattern, day: DateTime, offsetDay: DateTime): boolean {
  if (pattern.every && !pattern.every.includes(day.weekday)) return false;
  if (pattern.after_days === undefined) return pattern.every !== undefined;
  const distance = Math.round(day.diff(offsetDay, "days").days);
  return distance >= pattern.after_days && distance < pattern.after_days + pattern.for_days;
}

function at(day: DateTime, clock: string): DateTime {
  const [hour = 0, minute = 0] = clock.split(":").map(Number);
  return day.set({ hour, minute });
}
