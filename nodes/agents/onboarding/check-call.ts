import { DateTime } from "luxon";
import type { Finding } from "../../../core/define-agent.js";
import { hoursInWords, outsideHours } from "./free-slot.js";
import type { CallInput, CallOutput } from "./schedule-onboarding-call.js";

const MINUTE_MS = 60_000;

type Attendee = CallOutput["participants"][number];

/** The call's own rules: everybody is there, it lies within everybody's hours and on nobody's holiday, and lasts as long as wanted. */
export function checkCall(output: CallOutput, inputs: CallInput): Finding[] {
  const findings = [...wrongLength(output, inputs), ...absentees(output, inputs), ...wrongZone(output, inputs)];
  // A person may choose a time that no rule would; the notes say what was set aside.
  if (output.onboarding_call.chosen_by === "person") return findings;
  const people = output.participants.map((person) => trusted(person, inputs));
  return [...findings, ...people.flatMap((person) => [...offHours(output, person), ...onHoliday(output, person)])];
}

/** The customer's zone and hours are taken from the inputs: the result cannot vouch for itself. */
function trusted(person: Attendee, { customer, call }: CallInput): Attendee {
  if (person.calendar_id !== `customer:${customer.customer_id}`) return person;
  return { ...person, time_zone: customer.time_zone, hours: call.hours };
}

function offHours({ onboarding_call: { starts_at, ends_at } }: CallOutput, person: Attendee): Finding[] {
  const slot = { startsAt: new Date(starts_at), endsAt: new Date(ends_at) };
  if (outsideHours({ timeZone: person.time_zone, hours: person.hours }, slot) === undefined) return [];
  const local = DateTime.fromISO(starts_at, { zone: person.time_zone }).toFormat("ccc yyyy-MM-dd HH:mm");
  return [
    {
      checkId: "outside_working_hours",
      field: "/onboarding_call/starts_at",
      reason:
        `onboarding_call.starts_at ${starts_at} is ${local} for ${person.name} (${person.time_zone}), ` +
        `outside their hours ${hoursInWords(person.hours)}.`,
    },
  ];
}

function onHoliday({ onboarding_call: { starts_at }, holidays }: CallOutput, person: Attendee): Finding[] {
  const date = DateTime.fromISO(starts_at, { zone: person.time_zone }).toFormat("yyyy-MM-dd");
  const holiday = holidays.find((each) => each.country === person.country && each.date === date);
  if (!holiday) return [];
  return [
    {
      checkId: "on_public_holiday",
      field: "/onboarding_call/starts_at",
      reason: `onboarding_call.starts_at ${starts_at} falls on ${holiday.name} (${date}), a public holiday of ${person.name} in ${person.country}.`,
    },
  ];
}

function wrongLength({ onboarding_call: { starts_at, ends_at } }: CallOutput, { call }: CallInput): Finding[] {
  const minutes = (Date.parse(ends_at) - Date.parse(starts_at)) / MINUTE_MS;
  if (minutes === call.duration_minutes) return [];
  const reason = `onboarding_call lasts ${minutes} minutes (${starts_at} to ${ends_at}), but ${call.duration_minutes} are wanted.`;
  return [{ checkId: "call_length", field: "/onboarding_call/ends_at", reason }];
}

function absentees({ participants }: CallOutput, { customer, call }: CallInput): Finding[] {
  const wanted = [`customer:${customer.customer_id}`, ...call.team];
  const there = participants.map(({ calendar_id }) => calendar_id);
  return wanted
    .filter((id) => !there.includes(id))
    .map((id) => ({
      checkId: "participant_missing",
      field: "/participants",
      reason: `participants has ${there.join(", ") || "nobody"}, but ${id} must be in the call.`,
    }));
}

function wrongZone({ participants }: CallOutput, { customer }: CallInput): Finding[] {
  const index = participants.findIndex(({ calendar_id }) => calendar_id === `customer:${customer.customer_id}`);
  const person = participants[index];
  if (!person || person.time_zone === customer.time_zone) return [];
  return [
    {
      checkId: "customer_time_zone",
      field: `/participants/${index}/time_zone`,
      reason: `The customer's time zone is "${person.time_zone}" in the call, but "${customer.time_zone}" in the application.`,
    },
  ];
}
