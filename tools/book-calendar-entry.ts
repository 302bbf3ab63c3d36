import { z } from "zod";
import { defineTool } from "./define-tool.js";

const Input = z.strictObject({
  /** What the entry is for, such as `onboarding-call:C-1001`: there is one entry of a subject for a case. */
  subject: z.string().min(3).max(120),
  title: z.string().min(3).max(200),
  starts_at: z.iso.datetime(),
  ends_at: z.iso.datetime(),
  /** In which calendars it stands: `team:<id>`, `customer:<id>`. */
  calendar_ids: z.array(z.string().min(1)).min(1).max(12),
  attendees: z.array(z.string()).max(30),
});

/** Writes one meeting into all its calendars or into none. Safe to repeat: each calendar holds one entry for a key. */
export const bookCalendarEntry = defineTool({
  name: "book_calendar_entry",
  description:
    "Writes a meeting into our own calendar, once for each calendar named, and returns the entries' ids. Refuses a time " +
    "that is taken meanwhile. Invites nobody and cannot move an entry.",
  input: Input,
  output: z.strictObject({ entry_ids: z.array(z.string()) }),
  effect: "writes",
  reach: "own",
  timeoutMs: 10_000,
  maxCostMicroUsd: 0,
  idempotent: true,
  dedupeKey: ({ subject }) => subject,
  dedupeScope: "case",

  async reconcile(key, { calendar_ids }, { calendar }) {
    const ids = await Promise.all(calendar_ids.map((id) => calendar.find(keyFor(key, id))));
    const found = ids.filter((id) => id !== undefined);
    if (found.length < calendar_ids.length) return { outcome: "not_done" };
    return { outcome: "done", result: { entry_ids: found } };
  },

  async compensate({ calendar_ids }, _result, { calendar, actKey }) {
    await calendar.cancel(calendar_ids.map((id) => keyFor(actKey, id)));
  },
  remedy: "Take the entry out of each of its calendars.",

  async run(args, { calendar, idempotencyKey, runId }) {
    const startsAt = new Date(args.starts_at);
    const endsAt = new Date(args.ends_at);
    if (endsAt <= startsAt)
      throw new Error(`The entry ends at ${args.ends_at}, before it starts at ${args.starts_at}.`);
    const { title, attendees } = args;
    const entries = args.calendar_ids.map((calendarId) => {
      return { key: keyFor(idempotencyKey, calendarId), calendarId, title, startsAt, endsAt, attendees, runId };
    });
    return { entry_ids: [...(await calendar.book(entries))] };
  },
});

function keyFor(key: string, calendarId: string): string {
  return `${key}/${calendarId}`;
}
