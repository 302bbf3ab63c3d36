import { DateTime } from "luxon";

const DAY = /^\d{4}-\d{2}-\d{2}$/u;
const MOMENT = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/u;

/** How a moment may be written, for messages. */
export const MOMENT_FORMS = "a day (2026-11-20) or a moment (2026-11-20T16:30Z); without a zone it is UTC";

/** A day, from its first to its last millisecond in UTC, or a moment, where both are the same. */
export interface Span {
  readonly from: Date;
  readonly to: Date;
}

/** Reads a day or a moment in ISO 8601; undefined when it is neither, or no date of the calendar. */
export function parseMoment(text: string): Span | undefined {
  const trimmed = text.trim();
  const isDay = DAY.test(trimmed);
  if (!isDay && !MOMENT.test(trimmed)) return undefined;
  const at = DateTime.fromISO(trimmed.replace(" ", "T"), { zone: "utc" });
  if (!at.isValid) return undefined;
  return { from: at.toJSDate(), to: isDay ? at.endOf("day").toJSDate() : at.toJSDate() };
}

/** A moment as it is told, in UTC: "2026-11-20 14:30 UTC", and the last one of a day as that day, "2026-11-20 (UTC)". */
export function toldMoment(iso: string): string {
  const [day, time] = [iso.slice(0, 10), iso.slice(11)];
  return parseMoment(day)?.to.toISOString() === iso ? `${day} (UTC)` : `${day} ${time.slice(0, 5)} UTC`;
}

/** The week of a moment by ISO 8601, in UTC: `2026-W47`. */
export function isoWeek(at: Date): string {
  const { weekYear, weekNumber } = DateTime.fromJSDate(at, { zone: "utc" });
  return `${weekYear}-W${String(weekNumber).padStart(2, "0")}`;
}
