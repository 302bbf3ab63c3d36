import { DateTime } from "luxon";
import { z } from "zod";
import type { PlaybookContext } from "../../../core/define-agent.js";
import { giveUp, valueFrom } from "../../../core/define-agent.js";
import type { ValueOf } from "../../../core/tool.js";
import type { findBusyTimes } from "../../../tools/find-busy-times.js";
import type { findPublicHolidays } from "../../../tools/find-public-holidays.js";
import type { Customer } from "./customer.js";
import type { Participant, Slot, SlotSearch } from "./free-slot.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export const HoursSchema = z.strictObject({
  days: z.array(z.int().min(1).max(7)).min(1),
  from: z.string(),
  to: z.string(),
});

/** The call as the case wants it: how long, when the customer can be reached, and who of ours must be there. */
export const CallSchema = z.strictObject({
  duration_minutes: z.int().min(5).max(480),
  hours: HoursSchema,
  team: z.array(z.string().min(1)).min(1).max(8),
});

/** How the house searches: how long before a call people must know, how far ahead, and on which grid. */
export const SearchRulesSchema = z.strictObject({
  lead_hours: z.number().nonnegative(),
  search_days: z.int().min(1).max(60),
  step_minutes: z.int().min(5).max(60),
});

/** All that a search for a slot looks at, read at one moment. */
export interface CallCalendars {
  readonly participants: readonly Participant[];
  readonly earliest: Date;
  readonly latest: Date;
  /** When this very call already stands in our calendar: an earlier attempt wrote it. */
  readonly booked: Slot | undefined;
  /** Countries whose holidays the house does not know. */
  readonly unknownHolidays: readonly string[];
}

interface CallWanted {
  readonly customer: Customer;
  readonly call: z.output<typeof CallSchema>;
  readonly rules: z.output<typeof SearchRulesSchema>;
}

/** Reads everybody's calendar and public holidays from now until the end of the search. Entries titled `title` are our own call. */
export async function readCallCalendars(
  ctx: PlaybookContext,
  { customer, call, rules }: CallWanted,
  searchDays: number,
  title: string,
): Promise<CallCalendars> {
  const now = ctx.now();
  const earliest = new Date(now.getTime() + rules.lead_hours * HOUR_MS);
  const latest = new Date(earliest.getTime() + searchDays * 24 * HOUR_MS);
  const customersId = `customer:${customer.customer_id}`;
  const { calendars } = valueFrom(
    await ctx.call<typeof findBusyTimes>("find_busy_times", {
      calendar_ids: [customersId, ...call.team],
      from: now.toISOString(),
      to: latest.toISOString(),
    }),
  );
  const people = calendars.map((calendar) =>
    calendar.calendar_id === customersId ? asCustomer(customer, call) : asTeam(calendar),
  );
  const holidays = await readHolidays(ctx, people, now, latest);
  const participants = people.map((person, index) => ({
    ...person,
    busy: (calendars[index]?.busy ?? []).filter((entry) => !isOwn(entry, title)).map(toBusy),
    holidays: holidays.get(person.country)?.days ?? new Map<string, string>(),
  }));
  const own = calendars
    .find(({ calendar_id }) => calendar_id === customersId)
    ?.busy.find((entry) => isOwn(entry, title));
  return {
    participants,
    earliest,
    latest,
    booked: own && { startsAt: new Date(own.from), endsAt: new Date(own.to) },
    unknownHolidays: [...holidays].filter(([, { known }]) => !known).map(([country]) => country),
  };
}

/** The search that a wanted call and a view of the calendars make. */
export function searchOf({ call, rules }: Omit<CallWanted, "customer">, view: CallCalendars): SlotSearch {
  const { earliest, latest, participants } = view;
  const durationMs = call.duration_minutes * MINUTE_MS;
  return { earliest, latest, participants, durationMs, stepMs: rules.step_minutes * MINUTE_MS };
}

type Calendar = ValueOf<typeof findBusyTimes>["calendars"][number];
type Person = Omit<Participant, "busy" | "holidays">;

function asCustomer(customer: Customer, { hours }: CallWanted["call"]): Person {
  return {
    calendarId: `customer:${customer.customer_id}`,
    name: customer.full_name,
    country: customer.country,
    timeZone: customer.time_zone,
    hours,
  };
}

function asTeam({ calendar_id, owner }: Calendar): Person {
  if (!owner) throw giveUp("permanent", `Nobody knows the calendar ${calendar_id}, so no call with it can be planned.`);
  return {
    calendarId: calendar_id,
    name: owner.name,
    country: owner.country,
    timeZone: owner.time_zone,
    hours: owner.hours,
  };
}

async function readHolidays(ctx: PlaybookContext, people: readonly Person[], from: Date, to: Date) {
  const found = new Map<string, { known: boolean; days: Map<string, string> }>();
  for (const country of new Set(people.map((person) => person.country))) {
    // A day more on both sides: somewhere it is already tomorrow.
    const window = { from: dateOf(from, -1), to: dateOf(to, 1) };
    const { known, holidays } = valueFrom(
      await ctx.call<typeof findPublicHolidays>("find_public_holidays", { country, ...window }),
    );
    found.set(country, { known, days: new Map(holidays.map(({ date, name }) => [date, name])) });
  }
  return found;
}

function isOwn(entry: Calendar["busy"][number], title: string): boolean {
  return entry.source === "booked" && entry.what === title;
}

function toBusy({ from, to, what }: Calendar["busy"][number]) {
  return { from: new Date(from), to: new Date(to), what };
}

function dateOf(moment: Date, days: number): string {
  return DateTime.fromJSDate(moment, { zone: "utc" }).plus({ days }).toFormat("yyyy-MM-dd");
}
