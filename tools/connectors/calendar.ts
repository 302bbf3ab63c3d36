import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../define-tool.js";
import { made } from "./factory.js";
import { asCancelled, isCancelled, toIcs } from "./invitation.js";
import { eventIdOf, invitationInput, OrganizerSchema, toInvitation } from "./invitation-input.js";

const EVENT_ID = z.string().regex(/^[0-9a-f]{32}$/u, "the event_id that write_calendar_file gave");
const TIMEOUT_MS = 5_000;

const OptionsSchema = z.strictObject({
  /** Made when it is not there. */
  folder: z.string().min(1),
  /** Who invites. */
  organizer: OrganizerSchema,
});

/** Where invitations are put, and who invites. */
export type IcsCalendarOptions = z.input<typeof OptionsSchema>;
type Settings = z.output<typeof OptionsSchema>;

/**
 * The tools `write_calendar_file` and `cancel_calendar_file`: one iCalendar file for each event, `<event_id>.ics`, with
 * METHOD:REQUEST, or METHOD:CANCEL under the same UID. The UID follows from the engine's idempotency key, so that the same
 * event is never two in anybody's calendar. Files appear whole or not at all. Throws `config_invalid`.
 */
export function icsCalendar(options: IcsCalendarOptions): readonly ToolDefinition[] {
  return made("icsCalendar", OptionsSchema, options, (settings) => [
    writeCalendarFile(settings),
    cancelCalendarFile(settings),
  ]);
}

function writeCalendarFile({ folder, organizer }: Settings) {
  const domain = organizer.email.slice(organizer.email.lastIndexOf("@") + 1);
  const resultOf = (eventId: string) => ({ event_id: eventId, uid: `${eventId}@${domain}`, file: `${eventId}.ics` });
  return defineTool({
    name: "write_calendar_file",
    description:
      "Writes an invitation as a calendar file (.ics) into our folder and returns its id. One for each subject within a " +
      "case; it cannot move an event. Not for our own calendar: that is book_calendar_entry.",
    input: invitationInput(z.array(z.email()).max(50)),
    output: z.strictObject({ event_id: z.string(), uid: z.string(), file: z.string() }),
    effect: "writes",
    reach: "outside",
    timeoutMs: TIMEOUT_MS,
    maxCostMicroUsd: 0,
    idempotent: true,
    dedupeKey: ({ subject }) => subject,
    dedupeScope: "case",

    async reconcile(key) {
      const eventId = eventIdOf(key);
      const isThere = (await readEvent(folder, eventId)) !== undefined;
      return isThere ? { outcome: "done", result: resultOf(eventId) } : { outcome: "not_done" };
    },

    async compensate(_args, _result, { actKey, now, signal }) {
      await cancel(folder, eventIdOf(actKey), now(), signal);
    },
    remedy: "Send the attendees a cancellation of the event.",

    async run(args, { idempotencyKey, now, signal }) {
      const result = resultOf(eventIdOf(idempotencyKey));
      const invitation = toInvitation(args, { uid: result.uid, organizer, writtenAt: now() });
      await writeWhole(folder, result.event_id, await toIcs(invitation), signal);
      return result;
    },
  });
}

function cancelCalendarFile({ folder }: Settings) {
  return defineTool({
    name: "cancel_calendar_file",
    description: "Turns an invitation that we wrote into its cancellation, under the same id. It cannot be taken back.",
    input: z.strictObject({ event_id: EVENT_ID }),
    output: z.strictObject({ event_id: z.string(), was_cancelled_before: z.boolean() }),
    effect: "writes",
    reach: "outside",
    timeoutMs: TIMEOUT_MS,
    maxCostMicroUsd: 0,
    idempotent: true,
    remedy: "Invite the attendees anew if the event takes place.",
    dedupeKey: ({ event_id }) => event_id,
    dedupeScope: "case",

    async reconcile(_key, { event_id }) {
      const text = await readEvent(folder, event_id);
      if (text === undefined || !isCancelled(text)) return { outcome: "not_done" };
      return { outcome: "done", result: { event_id, was_cancelled_before: false } };
    },

    async run({ event_id }, { now, signal }) {
      const was = await cancel(folder, event_id, now(), signal);
      if (was === "missing") throw new Error(`There is no event ${event_id}.`);
      return { event_id, was_cancelled_before: was === "cancelled" };
    },
  });
}

/** Calls an event off, and says what it was before. A second time changes nothing. */
async function cancel(folder: string, eventId: string, now: Date, signal: AbortSignal) {
  const text = await readEvent(folder, eventId);
  if (text === undefined) return "missing";
  if (isCancelled(text)) return "cancelled";
  await writeWhole(folder, eventId, asCancelled(text, now), signal);
  return "invited";
}

async function readEvent(folder: string, eventId: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, `${eventId}.ics`), "utf8");
  } catch (error) {
    // Safe: errors of the file system have a code.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** A reader of the folder sees the old file or the new one, never a part. */
async function writeWhole(folder: string, eventId: string, text: string, signal: AbortSignal): Promise<void> {
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `.${eventId}-${randomUUID()}.tmp`);
  try {
    await writeFile(draft, text, { flag: "wx", flush: true, signal });
    await rename(draft, join(folder, `${eventId}.ics`));
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
