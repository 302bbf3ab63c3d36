import { DateTime } from "luxon";
import { z } from "zod";
import type { PlaybookContext } from "../../../core/define-agent.js";
import { definePlaybook, giveUp, valueFrom } from "../../../core/define-agent.js";
import type { bookCalendarEntry } from "../../../tools/book-calendar-entry.js";
import { askForTime } from "./ask-for-time.js";
import type { CallCalendars } from "./call-calendars.js";
import { CallSchema, HoursSchema, readCallCalendars, SearchRulesSchema, searchOf } from "./call-calendars.js";
import { checkCall } from "./check-call.js";
import { CustomerSchema } from "./customer.js";
import { repeatedFeedback } from "./feedback.js";
import type { Participant, Slot } from "./free-slot.js";
import { findFirstSlot, obstacleFor } from "./free-slot.js";

const MAX_ROUNDS = 4;
const MINUTE_MS = 60_000;

const InputSchema = z.strictObject({
  customer: CustomerSchema,
  verdict: z.enum(["verified", "needs_attention"]),
  call: CallSchema,
  rules: SearchRulesSchema,
});
/** What the task is given. */
export type CallInput = z.output<typeof InputSchema>;

const OutputSchema = z.strictObject({
  customer_id: z.string(),
  customer_name: z.string(),
  title: z.string(),
  onboarding_call: z.strictObject({
    starts_at: z.iso.datetime(),
    ends_at: z.iso.datetime(),
    duration_minutes: z.number(),
    entry_ids: z.array(z.string()),
    chosen_by: z.enum(["rule", "person"]),
  }),
  /** Everybody in the call, with the hours it was judged by and the local time it gives them. */
  participants: z.array(
    z.strictObject({
      calendar_id: z.string(),
      name: z.string(),
      country: z.string(),
      time_zone: z.string(),
      hours: HoursSchema,
      local_start: z.string(),
      local_end: z.string(),
    }),
  ),
  /** Public holidays of all countries involved, within the search. */
  holidays: z.array(z.strictObject({ country: z.string(), date: z.iso.date(), name: z.string() })),
  notes: z.array(z.string()),
});
/** What the task gives. */
export type CallOutput = z.output<typeof OutputSchema>;

interface Choice {
  readonly slot: Slot;
  readonly by: "rule" | "person";
}

/** Finds the first time that suits both sides' hours, calendars and holidays, and writes it into our own calendar, once. */
export const scheduleOnboardingCall = definePlaybook({
  skill: "schedule_onboarding_call",
  version: "1",
  input: InputSchema,
  output: OutputSchema,
  tools: ["find_busy_times", "find_public_holidays", "book_calendar_entry"],

  async run(ctx, inputs) {
    const title = `Onboarding call: ${inputs.customer.company_name} (${inputs.customer.customer_id})`;
    let searchDays = inputs.rules.search_days;
    let problem = repeatedFeedback(ctx.feedback).at(-1)?.reason;
    let asked = 0;
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      const view = await readCallCalendars(ctx, inputs, searchDays, title);
      let choice = problem === undefined ? chooseByRule(ctx, inputs, view) : undefined;
      if (!choice) {
        const answer = await askForTime(ctx, inputs, view, ++asked, problem);
        problem = undefined;
        if ("search_days" in answer) {
          searchDays = answer.search_days;
          continue;
        }
        choice = { slot: toSlot(answer.starts_at, inputs), by: "person" };
        problem = personsProblem(ctx, choice.slot, view);
        if (problem !== undefined) continue;
      }
      const booked = await book(ctx, inputs, view, choice, title);
      if (booked) return toOutput(inputs, view, booked.choice, title, booked.entryIds);
    }
    throw giveUp(
      "permanent",
      `No time for the call with ${inputs.customer.full_name} after ${MAX_ROUNDS} rounds of searching and asking.`,
    );
  },

  check: checkCall,

  summary({ customer_name, onboarding_call: { starts_at }, participants }) {
    const zone = participants[0]?.time_zone ?? "utc";
    const when = DateTime.fromISO(starts_at, { zone }).toFormat("ccc d LLL yyyy HH:mm");
    return `Call with ${customer_name} on ${when} (${zone})`.slice(0, 120);
  },
});

/** The entry of an earlier attempt when it still suits and nobody objected, else the first free slot. */
function chooseByRule(ctx: PlaybookContext, inputs: CallInput, view: CallCalendars): Choice | undefined {
  const { booked, participants } = view;
  const isKept =
    booked !== undefined &&
    ctx.feedback.length === 0 &&
    booked.startsAt >= ctx.now() &&
    participants.every((participant) => obstacleFor(participant, booked) === undefined);
  if (isKept) return { slot: booked, by: "rule" };
  const { slot } = findFirstSlot(searchOf(inputs, view));
  return slot && { slot, by: "rule" };
}

/** A person may set working hours and holidays aside, but not the past and not what is already in a calendar. */
function personsProblem(ctx: PlaybookContext, slot: Slot, { participants }: CallCalendars): string | undefined {
  if (slot.startsAt <= ctx.now()) return `${slot.startsAt.toISOString()} is past.`;
  for (const participant of participants) {
    const why = obstacleFor(
      { ...participant, hours: { days: [1, 2, 3, 4, 5, 6, 7], from: "00:00", to: "23:59" }, holidays: new Map() },
      slot,
    );
    if (why?.startsWith("busy")) return `At ${slot.startsAt.toISOString()} ${participant.name} is ${why}.`;
  }
  return undefined;
}

/** Nothing when the time was taken since it was found free: then the search begins again. */
async function book(ctx: PlaybookContext, inputs: CallInput, view: CallCalendars, choice: Choice, title: string) {
  const args = {
    subject: `onboarding-call:${inputs.customer.customer_id}`,
    title,
    starts_at: choice.slot.startsAt.toISOString(),
    ends_at: choice.slot.endsAt.toISOString(),
    calendar_ids: view.participants.map(({ calendarId }) => calendarId),
    attendees: view.participants.map(({ name }) => name),
  };
  const reply = await ctx.call<typeof bookCalendarEntry>("book_calendar_entry", args);
  if (reply.ok) return { choice: asEdited(choice, reply.editedArgs), entryIds: reply.value.entry_ids };
  if (reply.code === "tool_failed" && reply.reason.includes(" is taken at ")) return undefined;
  if (reply.code !== "effect_conflict") return valueFrom<never>(reply);
  // The call stands at another time already. The gate asks a person whether a second one is meant, and shows both.
  const again = `a call at ${args.starts_at}`;
  const second = await ctx.call<typeof bookCalendarEntry>("book_calendar_entry", args, { again });
  if (second.ok) {
    return { choice: asEdited({ ...choice, by: "person" }, second.editedArgs), entryIds: second.value.entry_ids };
  }
  if (second.code !== "rejected_by_person" || !view.booked) return valueFrom<never>(second);
  return { choice: { slot: view.booked, by: "person" as const }, entryIds: [] };
}

/** A person who edited the call's arguments chose the time. */
function asEdited(choice: Choice, editedArgs: unknown): Choice {
  const edited = z.object({ starts_at: z.iso.datetime(), ends_at: z.iso.datetime() }).safeParse(editedArgs);
  if (!edited.success) return choice;
  return { slot: { startsAt: new Date(edited.data.starts_at), endsAt: new Date(edited.data.ends_at) }, by: "person" };
}

function toOutput(
  inputs: CallInput,
  view: CallCalendars,
  { slot, by }: Choice,
  title: string,
  entryIds: readonly string[],
): CallOutput {
  const { customer, call, verdict } = inputs;
  return {
    customer_id: customer.customer_id,
    customer_name: customer.full_name,
    title,
    onboarding_call: {
      starts_at: slot.startsAt.toISOString(),
      ends_at: slot.endsAt.toISOString(),
      duration_minutes: call.duration_minutes,
      entry_ids: [...entryIds],
      chosen_by: by,
    },
    participants: view.participants.map((participant) => toParticipant(participant, slot)),
    holidays: holidaysOf(view.participants),
    notes: [
      ...view.unknownHolidays.map((country) => `No public holidays of ${country} are known.`),
      ...(verdict === "needs_attention" ? ["The documents were accepted by a person in spite of open findings."] : []),
      ...view.participants.flatMap((participant) => setAside(participant, slot, by)),
    ],
  };
}

function toParticipant(
  { calendarId, name, country, timeZone, hours }: Participant,
  slot: Slot,
): CallOutput["participants"][number] {
  const local = (moment: Date) => DateTime.fromJSDate(moment, { zone: timeZone }).toFormat("yyyy-MM-dd'T'HH:mm");
  return {
    calendar_id: calendarId,
    name,
    country,
    time_zone: timeZone,
    hours: { days: [...hours.days], from: hours.from, to: hours.to },
    local_start: local(slot.startsAt),
    local_end: local(slot.endsAt),
  };
}

function holidaysOf(participants: readonly Participant[]): CallOutput["holidays"] {
  const byCountry = new Map(participants.map(({ country, holidays }) => [country, holidays]));
  return [...byCountry].flatMap(([country, days]) => [...days].map(([date, name]) => ({ country, date, name })));
}

function setAside(participant: Participant, slot: Slot, by: Choice["by"]): string[] {
  const why = by === "person" ? obstacleFor(participant, slot) : undefined;
  return why === undefined ? [] : [`A person chose this time although for ${participant.name} it is ${why}.`];
}

function toSlot(startsAt: string, { call }: CallInput): Slot {
  const start = new Date(startsAt);
  return { startsAt: start, endsAt: new Date(start.getTime() + call.duration_minutes * MINUTE_MS) };
}
