/** An event as people are invited to it. */
export interface Invitation {
  readonly uid: string;
  readonly title: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly writtenAt: Date;
  readonly organizer: { readonly name: string; readonly email: string };
  readonly attendees: readonly string[];
  readonly location?: string | undefined;
  readonly description?: string | undefined;
}

/** What a cancellation says instead. No text of an event makes a line of its own: its line ends are escaped. */
const CANCELLED: Readonly<Record<string, string>> = {
  "METHOD:REQUEST": "METHOD:CANCEL",
  "STATUS:CONFIRMED": "STATUS:CANCELLED",
  "SEQUENCE:0": "SEQUENCE:1",
};

/** The invitation by RFC 5545 and 5546. Times are in UTC, which every calendar shows in its owner's zone. */
export async function toIcs(invitation: Invitation): Promise<string> {
  // Loaded when the first invitation is written.
  const { default: ical, ICalCalendarMethod, ICalEventStatus } = await import("ical-generator");
  const { uid, title, startsAt, endsAt, writtenAt, organizer, attendees, location, description } = invitation;
  const calendar = ical({ prodId: "//mission-orchestrator//EN", method: ICalCalendarMethod.REQUEST });
  const event = calendar.createEvent({
    id: uid,
    sequence: 0,
    status: ICalEventStatus.CONFIRMED,
    summary: title,
    start: startsAt,
    end: endsAt,
    stamp: writtenAt,
    organizer,
    ...(location !== undefined && { location }),
    ...(description !== undefined && { description }),
  });
  for (const email of attendees) event.createAttendee({ email, rsvp: true });
  return `${calendar.toString().trimEnd()}\r\n`;
}

/** The same event called off: the text of `toIcs` with method, status and sequence of a cancellation that is written now. */
export function asCancelled(text: string, now: Date): string {
  const stamp = `DTSTAMP:${now.toISOString().replace(/[-:]|\.\d+/gu, "")}`;
  const lines = text.split("\r\n").map((line) => (line.startsWith("DTSTAMP:") ? stamp : (CANCELLED[line] ?? line)));
  return lines.join("\r\n");
}

/** True for a text of `asCancelled`. */
export function isCancelled(text: string): boolean {
  return text.split("\r\n").includes("METHOD:CANCEL");
}
