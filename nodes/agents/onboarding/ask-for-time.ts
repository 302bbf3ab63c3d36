import { DateTime } from "luxon";
import { z } from "zod";
import type { Evidence, PlaybookContext } from "../../../core/define-agent.js";
import type { CallCalendars } from "./call-calendars.js";
import { searchOf } from "./call-calendars.js";
import type { Participant } from "./free-slot.js";
import { findFirstSlot, hoursInWords } from "./free-slot.js";
import type { CallInput } from "./schedule-onboarding-call.js";

const MAX_OBSTACLES = 6;

const AnswerSchema = z.union([
  z.strictObject({
    starts_at: z.iso
      .datetime({ offset: true })
      .describe("a start agreed with everybody, such as 2026-03-04T16:00:00+01:00"),
  }),
  z.strictObject({ search_days: z.int().min(1).max(60).describe("look this many days ahead instead") }),
]);

/** Asks for a time when no slot is free, or when a time was refused; shows everybody's hours and what stood in the way. */
export async function askForTime(
  ctx: PlaybookContext,
  inputs: CallInput,
  view: CallCalendars,
  round: number,
  problem: string | undefined,
): Promise<z.output<typeof AnswerSchema>> {
  const { customer, call } = inputs;
  const window = `${dayOf(view.earliest)} and ${dayOf(view.latest)}`;
  const why =
    problem === undefined
      ? `No time suits everybody between ${window}`
      : `The time cannot stand: ${problem.replace(/\.$/u, "")}`;
  return ctx.ask({
    key: `call_time_${round}`,
    question: `${why}. When should the ${call.duration_minutes}-minute onboarding call with ${customer.full_name} be?`,
    answer: AnswerSchema,
    evidence: [tried(inputs, view), ...view.participants.map((person) => hoursOf(person, view.earliest))],
  });
}

function tried(inputs: CallInput, view: CallCalendars): Evidence {
  const { startsTried, obstacles } = findFirstSlot(searchOf(inputs, view));
  const most = obstacles.slice(0, MAX_OBSTACLES).map(({ who, why, starts }) => `${starts} × ${who}, ${why}`);
  return {
    title: "What was tried",
    left: {
      label: "Searched",
      text: `${startsTried} starts from ${view.earliest.toISOString()} to ${view.latest.toISOString()}`,
    },
    right: { label: "In the way", text: most.join("\n") || "nothing" },
  };
}

/** Somebody's hours by their own clock and in UTC, so that one sees at a glance whether they meet. */
function hoursOf({ name, timeZone, hours, busy }: Participant, day: Date): Evidence {
  const utc = [hours.from, hours.to].map((clock) => toUtc(day, timeZone, clock)).join("–");
  return {
    title: name,
    left: { label: "Hours", text: `${hoursInWords(hours)} ${timeZone}` },
    right: { label: "In UTC", text: `${utc}; ${busy.length} busy times in the window` },
  };
}

function toUtc(day: Date, zone: string, clock: string): string {
  const [hour = 0, minute = 0] = clock.split(":").map(Number);
  return DateTime.fromJSDate(day, { zone }).set({ hour, minute }).toUTC().toFormat("HH:mm");
}

function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
