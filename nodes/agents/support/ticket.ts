import { z } from "zod";

/** A support case as its file has it; fields that the skills do not need may stand beside these. */
export const TicketSchema = z.looseObject({
  ticket_id: z.string().min(1),
  customer_name: z.string().min(1),
  customer_email: z.email(),
  subject: z.string(),
  body: z.string().min(1),
});
export type Ticket = z.output<typeof TicketSchema>;

/** What a person is shown of a ticket beside a question or a draft. */
export function ticketText(ticket: Ticket): string {
  return `${ticket.customer_name} <${ticket.customer_email}>\n${ticket.subject}\n\n${ticket.body}`;
}

/** Lower case, no accents, no addresses, no punctuation: the form in which words are compared. */
export function toPlainWords(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/\S+@\S+|https?:\/\/\S+/gu, " ")
    .replace(/['’]/gu, "")
    .replace(/\be-?mails?\b/gu, "email")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}
