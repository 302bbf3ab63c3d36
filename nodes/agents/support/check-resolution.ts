import type { Finding } from "../../../core/define-agent.js";
import type { Resolution, ResolutionInputs } from "./draft-resolution.js";

/** Stands under every message to a customer. */
export const DISCLOSURE =
  "This message was drafted by an automated agent, and your request is handled by automated AI agents.";

const CITATION = /\[([A-Za-z][\w-]*)\]/gu;

/** Holds a message against the ticket and the steps found: who gets it, whom it greets, what it cites, which numbers it names. */
export function checkResolution(output: Resolution, inputs: ResolutionInputs): readonly Finding[] {
  return [
    ...wrongRecipient(output, inputs),
    ...wrongName(output, inputs),
    ...unknownArticles(output, inputs),
    ...stepsWithoutCitation(output),
    ...numbersWithoutEvidence(output, inputs),
    ...missingDisclosure(output, inputs),
  ];
}

function wrongRecipient({ to }: Resolution, { ticket }: ResolutionInputs): Finding[] {
  if (to.toLowerCase() === ticket.customer_email.toLowerCase()) return [];
  return [
    {
      checkId: "recipient_is_customer",
      field: "/to",
      reason: `to: the message goes to ${to}, but ticket ${ticket.ticket_id} is from ${ticket.customer_email}.`,
    },
  ];
}

function wrongName({ body }: Resolution, { ticket }: ResolutionInputs): Finding[] {
  const greeting = body.split("\n", 1)[0] ?? "";
  const names = /^(?:Hello|Hi|Dear|Good (?:morning|day|afternoon))\s+(.+?)[,!:]?\s*$/iu.exec(greeting)?.[1] ?? greeting;
  if (names === ticket.customer_name) return [];
  return [
    {
      checkId: "greets_the_customer",
      field: "/body",
      reason: `body: the message greets "${names.slice(0, 100)}", but the customer of ticket ${ticket.ticket_id} is "${ticket.customer_name}".`,
    },
  ];
}

function unknownArticles({ body, cited }: Resolution, { articles }: ResolutionInputs): Finding[] {
  const known = articles.map(({ article_id }) => article_id);
  const unknown = (ids: readonly string[]) => [...new Set(ids)].filter((id) => !known.includes(id));
  const reason = (field: string, id: string) =>
    `${field}: the message cites [${id}], but the articles found for the ticket are ${known.join(", ")}.`;
  return [
    ...unknown(citationsIn(body)).map((id) => ({
      checkId: "cited_articles_were_found",
      field: "/body",
      reason: reason("body", id),
    })),
    ...unknown(cited).map((id) => ({
      checkId: "cited_articles_were_found",
      field: "/cited",
      reason: reason("cited", id),
    })),
  ];
}

function stepsWithoutCitation({ body }: Resolution): Finding[] {
  return body
    .split("\n")
    .filter((line) => /^\s*\d+[.)]\s/u.test(line) && !/\[[A-Za-z][\w-]*\]\s*$/u.test(line))
    .map((line) => ({
      checkId: "every_step_cites",
      field: "/body",
      reason: `body: the step "${line.trim().slice(0, 120)}" names no article that it comes from.`,
    }));
}

function numbersWithoutEvidence(
  { subject, body }: Resolution,
  { ticket, steps, articles, contact }: ResolutionInputs,
): Finding[] {
  const evidence = [ticket.ticket_id, ticket.subject, ticket.body, ticket.customer_name, contact];
  const sources = [...evidence, ...steps.map(({ text }) => text), ...articles.map(({ title }) => title)];
  const known = new Set(sources.flatMap(numbersIn));
  const fields = { subject, body: body.replace(CITATION, " ").replace(/^\s*\d+[.)]\s/gmu, "") };
  return Object.entries(fields).flatMap(([field, text]) =>
    [...new Set(numbersIn(text))]
      .filter((number) => !known.has(number))
      .map((number) => ({
        checkId: "numbers_have_evidence",
        field: `/${field}`,
        reason: `${field}: the message says "${number}", which stands neither in ticket ${ticket.ticket_id} nor in the steps of ${articles
          .map(({ article_id }) => article_id)
          .join(", ")}.`,
      })),
  );
}

function missingDisclosure({ body }: Resolution, { contact }: ResolutionInputs): Finding[] {
  return [DISCLOSURE, contact]
    .filter((needed) => !body.includes(needed))
    .map((needed) => ({
      checkId: "says_who_wrote_it",
      field: "/body",
      reason: `body: the message lacks "${needed}", which every message to a customer carries.`,
    }));
}

function citationsIn(text: string): readonly string[] {
  return [...text.matchAll(CITATION)].map(([, id]) => id ?? "");
}

/** Numbers as they are written, so that 1,260 and 1260 are told apart only where the evidence does. */
function numbersIn(text: string): readonly string[] {
  return [...text.matchAll(/\d+(?:[.,:]\d+)*/gu)].map(([number]) => number);
}
