import { z } from "zod";
import type { ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../define-tool.js";
import { disclosed } from "./disclosure.js";
import { made } from "./factory.js";
import type { Invitation } from "./invitation.js";
import { asCancelled, toIcs } from "./invitation.js";
import { eventIdOf, invitationInput, OrganizerSchema, toInvitation } from "./invitation-input.js";
import type { Mail } from "./smtp-delivery.js";
import { deliver } from "./smtp-delivery.js";
import { addressFor, domainOf, HALF_LOGIN, hasWholeLogin, SMTP_OPTIONS, serverOf } from "./smtp-options.js";

const OptionsSchema = z
  .strictObject({
    ...SMTP_OPTIONS,
    /** Who invites, and whose address the mail is from. */
    organizer: OrganizerSchema,
  })
  .refine(hasWholeLogin, HALF_LOGIN);

/** Where invitations are handed in, who invites, and whom. */
export type MailedInvitationsOptions = z.input<typeof OptionsSchema>;
type Settings = z.output<typeof OptionsSchema>;

/**
 * The tool `send_invitation` over SMTP: a mail whose calendar part has METHOD:REQUEST. Its undo is a mail with
 * METHOD:CANCEL under the same UID, which follows from the engine's idempotency key. As with every mail, nobody but the
 * attendees can say what became of one whose answer is lost, so a person is asked. Throws `config_invalid`.
 */
export function mailedInvitations(options: MailedInvitationsOptions): readonly ToolDefinition[] {
  return made("mailedInvitations", OptionsSchema, options, (settings) => [sendInvitation(settings)]);
}

function sendInvitation(settings: Settings) {
  const { organizer, maxRecipients } = settings;
  const domain = domainOf(organizer.email);
  const invite = (args: z.output<typeof input>, key: string, writtenAt: Date): Invitation => {
    const description = disclosed(args.description ?? "", settings.disclosure).trimStart();
    return toInvitation({ ...args, description }, { uid: `${eventIdOf(key)}@${domain}`, organizer, writtenAt });
  };
  const input = invitationInput(z.array(addressFor(settings)).min(1).max(maxRecipients));
  return defineTool({
    name: "send_invitation",
    description:
      "Mails an invitation that calendars understand to people outside and returns its ids, and who of them the server took " +
      "and refused. One for each subject within a case; it cannot move an event. Not for our own calendar.",
    input,
    output: z.strictObject({
      ...{ event_id: z.string(), uid: z.string(), message_id: z.string() },
      ...{ accepted: z.array(z.string()), refused: z.array(z.string()) },
    }),
    effect: "writes",
    reach: "outside",
    timeoutMs: settings.timeoutMs,
    maxCostMicroUsd: 0,
    idempotent: false,
    dedupeKey: ({ subject }) => subject,
    dedupeScope: "case",
    remedy: "Write to the attendees that the event does not take place.",

    async run(args, { idempotencyKey, now, signal }) {
      const invitation = invite(args, idempotencyKey, now());
      const messageId = `<${idempotencyKey}@${domain}>`;
      const mail = mailOf(invitation, messageId, { method: "REQUEST", ics: await toIcs(invitation) });
      const delivered = await deliver(mail, serverOf(settings), signal);
      return { event_id: eventIdOf(idempotencyKey), uid: invitation.uid, message_id: messageId, ...delivered };
    },

    /** Its mail has the undo's own id at every try, and calls off once what calendars know by the act's UID. */
    async compensate(args, result, { actKey, idempotencyKey, now, signal }) {
      const attendees = result?.accepted ?? args.attendees;
      const invitation = invite({ ...args, attendees }, actKey, now());
      const ics = asCancelled(await toIcs(invitation), invitation.writtenAt);
      const mail = mailOf(invitation, `<${idempotencyKey}@${domain}>`, { method: "CANCEL", ics });
      await deliver(mail, serverOf(settings), signal);
    },
  });
}

function mailOf(invitation: Invitation, messageId: string, calendar: NonNullable<Mail["calendar"]>): Mail {
  const { organizer, attendees, title, startsAt, endsAt, location, description = "", writtenAt } = invitation;
  const subject = `${calendar.method === "REQUEST" ? "Invitation" : "Cancelled"}: ${title}`;
  const facts = [
    subject,
    `When: ${spoken(startsAt)} to ${spoken(endsAt)}`,
    ...(location === undefined ? [] : [`Where: ${location}`]),
  ];
  const text = `${facts.join("\n")}\n\n${description}`;
  return { messageId, from: organizer.email, to: attendees, cc: [], subject, text, calendar, date: writtenAt };
}

function spoken(moment: Date): string {
  return `${moment.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
