import { DateTime } from "luxon";

/** When somebody works, by the clock of their own zone. Days are ISO: Monday is 1. */
export interface WorkingHours {
  readonly days: readonly number[];
  readonly from: string;
  readonly to: string;
}

/** Somebody whose calendar must be free. */
export interface Participant {
  readonly calendarId: string;
  readonly name: string;
  readonly country: string;
  readonly timeZone: string;
  readonly hours: WorkingHours;
  readonly busy: readonly { readonly from: Date; readonly to: Date; readonly what: string }[];
  /** Name by ISO date. */
  readonly holidays: ReadonlyMap<string, string>;
}

export interface Slot {
  readonly startsAt: Date;
  readonly endsAt: Date;
}

/** What stood in the way, and how many starts it spoilt. */
export interface Obstacle {
  readonly who: string;
  readonly why: string;
  readonly starts: number;
}

/** Who tries which starts: every `stepMs` from `earliest`, until the slot would end after `latest`. */
export interface SlotSearch {
  readonly earliest: Date;
  readonly latest: Date;
  readonly durationMs: number;
  readonly stepMs: number;
  readonly participants: readonly Participant[];
}

export interface SlotFound {
  readonly slot: Slot | undefined;
  readonly startsTried: number;
  /** Most frequent first; each start counts for the first participant it does not suit. */
  readonly obstacles: readonly Obstacle[];
}

/** The first slot that suits everybody. Starts lie on the step's grid in UTC, so a quarter hour suits every zone. */
export function findFirstSlot({ earliest, latest, durationMs, stepMs, participants }: SlotSearch): SlotFound {
  const spoilt = new Map<string, Obstacle>();
  let startsTried = 0;
  const first = Math.ceil(earliest.getTime() / stepMs) * stepMs;
  for (let start = first; start + durationMs <= latest.getTime(); start += stepMs) {
    startsTried++;
    const slot = { startsAt: new Date(start), endsAt: new Date(start + durationMs) };
    const obstacle = firstObstacle(participants, slot);
    if (!obstacle) return { slot, startsTried, obstacles: byFrequency(spoilt) };
    const key = `${obstacle.who}/${obstacle.why}`;
    spoilt.set(key, { ...obstacle, starts: (spoilt.get(key)?.starts ?? 0) + 1 });
  }
  return { slot: undefined, startsTried, obstacles: byFrequency(spoilt) };
}

/** Why a slot does not suit somebody; nothing when it does. */
export function obstacleFor(participant: Participant, slot: Slot): string | undefined {
  return outsideHours(participant, slot) ?? onHoliday(participant, slot) ?? busyWith(participant, slot);
}

/** Why a slot lies outside somebody's working hours; a slot that runs over midnight always does. */
export function outsideHours(
  { timeZone, hours }: Pick<Participant, "timeZone" | "hours">,
  slot: Slot,
): string | undefined {
  const start = DateTime.fromJSDate(slot.startsAt, { zone: timeZone });
  const isWithin =
    hours.days.includes(start.weekday) &&
    minutesOf(start) >= minutesAt(hours.from) &&
    endsInTime(slot, start, hours, timeZone);
  return isWithin ? undefined : `outside working hours (${hoursInWords(hours)} ${timeZone})`;
}

function endsInTime(slot: Slot, start: DateTime, hours: WorkingHours, zone: string): boolean {
  const end = DateTime.fromJSDate(slot.endsAt, { zone });
  return end.day === start.day && minutesOf(end) <= minutesAt(hours.to);
}

function minutesOf({ hour, minute }: DateTime): number {
  return hour * 60 + minute;
}

function minutesAt(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));
}

/** `Mon–Fri 09:00–17:00`. */
export function hoursInWords({ days, from, to }: WorkingHours): string {
  const names = days.map((day) => ["", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][day] ?? String(day));
  const isRun = days.length > 2 && days.every((day, index) => index === 0 || day === (days[index - 1] ?? 0) + 1);
  return `${isRun ? `${names[0]}–${names.at(-1)}` : names.join(", ")} ${from}–${to}`;
}

function firstObstacle(participants: readonly Participant[], slot: Slot) {
  for (const participant of participants) {
    const why = obstacleFor(participant, slot);
    if (why !== undefined) return { who: participant.name, why };
  }
  return undefined;
}

function onHoliday({ timeZone, holidays }: Participant, { startsAt }: Slot): string | undefined {
  const name = holidays.get(DateTime.fromJSDate(startsAt, { zone: timeZone }).toFormat("yyyy-MM-dd"));
  return name === undefined ? undefined : `public holiday: ${name}`;
}

/** Half-open: what ends when the slot starts is not in its way. */
function busyWith({ busy }: Participant, { startsAt, endsAt }: Slot): string | undefined {
  const entry = busy.find(({ from, to }) => from < endsAt && to > startsAt);
  return entry && `busy: ${entry.what}`;
}

function byFrequency(spoilt: ReadonlyMap<string, Obstacle>): Obstacle[] {
  return [...spoilt.values()].sort((a, b) => b.starts - a.starts);
}
