import type { Finding } from "../../../core/define-agent.js";
import type { Claim, Fact, MailInputs } from "./outreach-facts.js";
import { factAt, factsOf } from "./outreach-facts.js";

/** Every outward message says so; law and decency ask for it. */
export const DISCLOSURE = "prepared by an automated AI agent";

const MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December";
const WEEKDAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday";
/** The share of words from which on two sentences count as one that was altered. */
const SAME_SENTENCE = 0.6;
/** Dates in words, weekdays, and every number with its separators: what a reader takes for a fact. */
const FIGURES = new RegExp(`\\d{1,2} (?:${MONTHS})(?: \\d{4})?|\\b(?:${WEEKDAYS})\\b|\\d+(?:[.,:/-]\\d+)*`, "gu");

/** A mail as the check sees it. */
export interface ProvenMail {
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  readonly claims: readonly Claim[];
}

/** Proves that a mail goes to the right person and says nothing that is not a fact. Empty when it holds. */
export function checkOutreach(mail: ProvenMail, inputs: MailInputs): Finding[] {
  return [
    ...checkRecipient(mail, inputs),
    ...checkGreeting(mail, inputs),
    ...checkClaims(mail, inputs),
    ...checkFigures(mail, inputs),
    ...checkDisclosure(mail),
  ];
}

function checkRecipient({ to }: ProvenMail, inputs: MailInputs): Finding[] {
  const { email, name, pointer } = expectedContact(inputs);
  const optedOut = inputs.deal.contacts.find((contact) => contact.opted_out && contact.email === to);
  if (optedOut) {
    const at = inputs.deal.contacts.indexOf(optedOut);
    return [
      finding(
        "recipient_may_be_written_to",
        "/to",
        `${to} belongs to ${optedOut.name}, who asked not to be written to (/deal/contacts/${at}).`,
      ),
    ];
  }
  if (to === email) return [];
  return [
    finding(
      "recipient_is_contact",
      "/to",
      `The mail goes to "${to}", but the address of ${name} is "${email}" (${pointer}).`,
    ),
  ];
}

/** A person may be greeted by the whole name or a part of it, with or without a title. */
function checkGreeting({ body }: ProvenMail, inputs: MailInputs): Finding[] {
  const { name, pointer } = expectedContact(inputs);
  const greeting = body.split("\n")[0]?.trim() ?? "";
  const others = inputs.deal.contacts.filter((contact) => contact.name !== name && greeting.includes(contact.name));
  if (others.length === 0 && wordsOf(name).some((word) => wordsOf(greeting).includes(word))) return [];
  const reason = `The greeting says "${greeting}", but the contact is ${name} (${pointer}/name).`;
  return [finding("greeting_names_contact", "/body", reason)];
}

function checkClaims({ subject, body, claims }: ProvenMail, inputs: MailInputs): Finding[] {
  if (claims.length === 0)
    return [
      finding("claims_are_linked", "/claims", "The mail links no sentence to a fact: required field claims is empty."),
    ];
  return claims.flatMap(({ sentence, fact, value }, index): Finding[] => {
    const at = `/claims/${index}`;
    const known = factAt(inputs, fact);
    if (!known) {
      const reason = `"${sentence}" rests on ${fact || "(no fact)"}, which is not among the facts: ${namesOf(factsOf(inputs))}.`;
      return [finding("claim_has_fact", `${at}/fact`, reason)];
    }
    if (known.value !== value) {
      return [finding("claim_says_fact", `${at}/value`, `The claim says "${value}", but ${fact} is "${known.value}".`)];
    }
    if (!sentence.includes(value)) {
      return [finding("sentence_says_fact", `${at}/sentence`, `"${sentence}" does not say "${value}" (${fact}).`)];
    }
    if (subject === sentence || body.includes(sentence)) return [];
    const altered = alteredFrom(sentence, value, { subject, body });
    if (altered === undefined) return [];
    const reason = `The mail says "${altered}" instead of "${sentence}": ${fact} is "${value}".`;
    return [finding("sentence_keeps_fact", subject === altered ? "/subject" : "/body", reason)];
  });
}

function checkFigures(mail: ProvenMail, inputs: MailInputs): Finding[] {
  const allowed = new Set(mail.claims.flatMap(({ value }) => figuresIn(value)));
  return (["subject", "body"] as const).flatMap((part) =>
    sentencesOf(mail[part]).flatMap((sentence) =>
      figuresIn(sentence)
        .filter((figure) => !allowed.has(figure))
        .map((figure) => {
          const known = factsOf(inputs).filter(({ value }) => figuresIn(value).length > 0);
          const reason = `The ${part} says "${figure}" in "${sentence}", which no claim carries; the facts with figures are: ${shown(known)}.`;
          return finding("figures_are_claimed", `/${part}`, reason);
        }),
    ),
  );
}

function checkDisclosure({ body }: ProvenMail): Finding[] {
  if (body.includes(DISCLOSURE)) return [];
  return [finding("agent_is_disclosed", "/body", `The body does not say that it was "${DISCLOSURE}".`)];
}

/** The case's own record of the contact wins over what the analysis says; only what the case lacks comes from a person. */
function expectedContact({ deal, analysis }: MailInputs): { name: string; email: string; pointer: string } {
  const contact = analysis.contact;
  const at = deal.contacts.findIndex(({ contact_id: id }) => id === contact?.contact_id);
  const inCase = deal.contacts[at];
  if (!inCase) return { name: contact?.name ?? "", email: contact?.email ?? "", pointer: "/analysis/contact" };
  const email = contact?.source === "person" ? contact.email : (inCase.email ?? "");
  return { name: inCase.name, email, pointer: `/deal/contacts/${at}` };
}

/**
 * The sentence of the mail that took this claim's place and lost its fact. A person may leave a claimed sentence out,
 * or put it in other words that keep the fact: then there is none.
 */
function alteredFrom(
  sentence: string,
  value: string,
  { subject, body }: Pick<ProvenMail, "subject" | "body">,
): string | undefined {
  const claimed = new Set(wordsOf(sentence));
  const isClose = (other: string) => {
    const words = new Set(wordsOf(other));
    const shared = [...words].filter((word) => claimed.has(word)).length;
    return shared / new Set([...words, ...claimed]).size >= SAME_SENTENCE;
  };
  return [subject, ...sentencesOf(body)].find((other) => isClose(other) && !other.includes(value));
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** A full stop ends a sentence only before white space, so that "EUR 48,000.50" stays whole. */
function sentencesOf(text: string): string[] {
  return text.split(/(?<=[.?!])\s+|\n+/u).filter((sentence) => sentence.trim() !== "");
}

function figuresIn(text: string): string[] {
  return [...text.matchAll(FIGURES)].map(([figure]) => figure);
}

function finding(checkId: string, field: string, reason: string): Finding {
  return { checkId, field, reason };
}

function namesOf(facts: readonly Fact[]): string {
  return facts.map(({ fact }) => fact).join(", ");
}

function shown(facts: readonly Fact[]): string {
  return facts.length === 0 ? "none" : facts.map(({ fact, value }) => `${value} (${fact})`).join(", ");
}
