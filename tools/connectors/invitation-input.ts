import { z } from "zod";
import { sha256 } from "../../core/digest.js";
import { ONE_LINE } from "../../core/one-line.js";
import type { Invitation } from "./invitation.js";

const line = (max: number) => z.string().min(1).max(max).regex(ONE_LINE, "one line, without control characters");

/** The option that says who invites. */
export const OrganizerSchema = z.strictObject({ name: line(100), email: z.email() });

/** The arguments of a tool that invites these. */
export function invitationInput(attendees: z.ZodType<string[], string[]>) {
  return z
    .strictObject({
      /** What the event is for, such as `kick-off:C-1001`. */
      subject: line(120),
      title: line(200),
      /** A moment with its offset, such as `2026-03-29T09:00:00+02:00`; a time without one is nobody's. */
      starts_at: z.iso.datetime({ offset: true }),
      ends_at: z.iso.datetime({ offset: true }),
      attendees,
      location: line(200).optional(),
      description: z.string().max(5_000).optional(),
    })
    .refine(({ starts_at, ends_at }) => Date.parse(starts_at) < Date.parse(ends_at), {
      error: "ends_at is not after starts_at",
    });
}

/** The invitation that the arguments mean. */
export function toInvitation(
  { starts_at, ends_at, subject: _, ...words }: z.output<ReturnType<typeof invitationInput>>,
  of: Pick<Invitation, "uid" | "organizer" | "writtenAt">,
): Invitation {
  return { ...words, ...of, startsAt: new Date(starts_at), endsAt: new Date(ends_at) };
}

/** The id of an event by the key of its act: the same act is the same event in everybody's calendar. */
export function eventIdOf(key: string): string {
  return sha256(key).slice(0, 32);
}
