import { z } from "zod";
import type { Evidence, PlaybookContext } from "../../../core/define-agent.js";
import type { ScoringRules } from "../../../tools/get-scoring-rules.js";
import type { Contact, Deal, DealContact, Touch } from "./deal.js";
import { daysSince, momentOf } from "./deal.js";

const NOBODY = "nobody";

/** One settled fact and where it stands: in the deal, or in a person's answer. */
export interface Settled<Value> {
  readonly value: Value;
  readonly pointer: string;
  /** Says what was found and what a person answered, when one was asked. */
  readonly note?: string;
}

/** The stage of a deal. Asks when the CRM's stage is unknown or the activities say otherwise. */
export async function settleStage(
  context: PlaybookContext,
  deal: Deal,
  touches: readonly Touch[],
  rules: ScoringRules,
  now: Date,
): Promise<Settled<ScoringRules["stages"][number]>> {
  const known = rules.stages.find(({ stage }) => stage === deal.stage);
  const doubt = known ? contradiction(deal, known, touches, rules, now) : `"${deal.stage}" is no stage of ours`;
  if (known && doubt === undefined) return { value: known, pointer: "/deal/stage" };
  const names = rules.stages.map(({ stage }) => stage);
  const answer = await context.ask({
    key: "stage",
    question: `Which stage is the deal ${titleOf(deal)} in? ${doubt}.`,
    answer: z.enum(names),
    evidence: [besideActivities("Stage", `stage: ${deal.stage}\nsince: ${deal.stage_since ?? "unknown"}`, touches)],
  });
  const value = rules.stages.find(({ stage }) => stage === answer);
  if (!value) throw new Error(`The answer "${answer}" passed an enum that does not hold it.`);
  return {
    value,
    pointer: "/answers/stage",
    note: `Stage: the CRM says "${deal.stage}" (${doubt}); a person says "${answer}".`,
  };
}

/** What a deal is worth; asks when the amount is missing, zero or negative. `null` when none is agreed. */
export async function settleAmount(context: PlaybookContext, deal: Deal): Promise<Settled<number | null>> {
  if (deal.amount !== undefined && deal.amount > 0) return { value: deal.amount, pointer: "/deal/amount" };
  const found = deal.amount === undefined ? "no amount" : `an amount of ${deal.currency} ${deal.amount}`;
  const answer = await context.ask({
    key: "amount",
    question: `What is the deal ${titleOf(deal)} worth in ${deal.currency}? It has ${found}. Answer 0 when no amount is agreed.`,
    answer: z.number().nonnegative(),
    evidence: [
      { title: "Amount", left: { label: "In the CRM", text: `amount: ${deal.amount ?? "missing"} ${deal.currency}` } },
    ],
  });
  const note = `Amount: the CRM has ${found}; a person says ${answer === 0 ? "that none is agreed" : answer}.`;
  return { value: answer === 0 ? null : answer, pointer: "/answers/amount", note };
}

/** Whole days in the present stage; asks when the CRM does not say since when, or names a day that is still to come. */
export async function settleDaysInStage(context: PlaybookContext, deal: Deal, now: Date): Promise<Settled<number>> {
  const since = momentOf(deal.stage_since, now);
  if (since && daysSince(since, now) >= 0) return { value: daysSince(since, now), pointer: "/deal/stage_since" };
  const answer = await context.ask({
    key: "days_in_stage",
    question: `For how many days has the deal ${titleOf(deal)} been in its stage? The CRM says since "${deal.stage_since ?? "nothing"}".`,
    answer: z.int().nonnegative(),
    evidence: [
      {
        title: "Age",
        left: { label: "In the CRM", text: `created: ${deal.created}\nstage since: ${deal.stage_since ?? "missing"}` },
      },
    ],
  });
  return {
    value: answer,
    pointer: "/answers/days_in_stage",
    note: `Days in stage: unknown to the CRM; a person says ${answer}.`,
  };
}

/**
 * The person to write to, or `null` when a person says nobody. Asks when nobody is named, several are and none is
 * first, the one has no usable address, or asked not to be written to.
 */
export async function settleContact(context: PlaybookContext, deal: Deal): Promise<Settled<Contact | null>> {
  const primary = deal.contacts.filter((contact) => contact.primary);
  const [only] = primary.length > 0 ? primary : deal.contacts;
  const isClear = primary.length === 1 || deal.contacts.length === 1;
  if (only && isClear && !only.opted_out) return withAddress(context, deal, only);
  const mailable = deal.contacts.filter((contact) => !contact.opted_out);
  if (mailable.length === 0) return askForNewContact(context, deal, only);
  const why =
    only && isClear
      ? `${only.name} asked not to be written to`
      : `${deal.contacts.length} contacts are named and none is first`;
  const answer = await context.ask({
    key: "contact",
    question: `Whom should we write to about ${titleOf(deal)}? ${why}. Answer a contact's id, or "${NOBODY}".`,
    answer: z.enum([...mailable.map((contact) => contact.contact_id), NOBODY]),
    evidence: [contactsShown(deal)],
  });
  const chosen = mailable.find((contact) => contact.contact_id === answer);
  const note = `Contact: ${why}; a person chose ${chosen?.name ?? NOBODY}.`;
  if (!chosen) return { value: null, pointer: "/answers/contact", note };
  const settled = await withAddress(context, deal, chosen);
  return { ...settled, note: settled.note === undefined ? note : `${note} ${settled.note}` };
}

async function withAddress(
  context: PlaybookContext,
  deal: Deal,
  contact: DealContact,
): Promise<Settled<Contact | null>> {
  const { contact_id, name, role = null, email = "" } = contact;
  const pointer = `/deal/contacts/${deal.contacts.indexOf(contact)}`;
  if (z.email().safeParse(email).success) return { value: { contact_id, name, role, email, source: "case" }, pointer };
  const found = email === "" ? "no e-mail address" : `"${email}", which is no e-mail address`;
  const answer = await context.ask({
    key: "contact_email",
    question: `What is the e-mail address of ${name} (${deal.company})? The CRM has ${found}. Answer "${NOBODY}" to write to nobody.`,
    answer: z.union([z.email(), z.literal(NOBODY)]),
    evidence: [contactsShown(deal)],
  });
  const note = `Address of ${name}: the CRM has ${found}; a person says ${answer}.`;
  if (answer === NOBODY) return { value: null, pointer: "/answers/contact_email", note };
  return {
    value: { contact_id, name, role, email: answer, source: "person" },
    pointer: "/answers/contact_email",
    note,
  };
}

async function askForNewContact(
  context: PlaybookContext,
  deal: Deal,
  optedOut?: DealContact,
): Promise<Settled<Contact | null>> {
  const why = optedOut
    ? `${optedOut.name} asked not to be written to, and nobody else is named`
    : "The CRM names nobody";
  const answer = await context.ask({
    key: "new_contact",
    question: `Whom should we write to about ${titleOf(deal)}? ${why}. Answer name, e-mail and role, or "${NOBODY}".`,
    answer: z.union([
      z.strictObject({ name: z.string().min(1), email: z.email(), role: z.string().min(1).nullable() }),
      z.literal(NOBODY),
    ]),
    evidence: [contactsShown(deal)],
  });
  const pointer = "/answers/new_contact";
  if (answer === NOBODY) return { value: null, pointer, note: `Contact: ${why}; a person says ${NOBODY}.` };
  const note = `Contact: ${why}; a person named ${answer.name}.`;
  return { value: { contact_id: "answered", ...answer, source: "person" }, pointer, note };
}

/** What speaks against the stage of the CRM, if anything does. */
function contradiction(
  deal: Deal,
  stage: ScoringRules["stages"][number],
  touches: readonly Touch[],
  rules: ScoringRules,
  now: Date,
): string | undefined {
  const implied = touches.find(({ kind }) => rules.activity_kinds[kind]?.implies_stage);
  const impliedStage = implied && rules.activity_kinds[implied.kind]?.implies_stage;
  if (implied && impliedStage !== stage.stage) {
    return `It is marked ${stage.stage}, but the log of ${implied.date} says "${implied.topic}"`;
  }
  if (!stage.open) {
    const closed = momentOf(deal.stage_since, now)?.toISODate();
    const later = touches.find(
      ({ kind, date }) => closed && date > closed && rules.activity_kinds[kind]?.is_two_way && kind !== implied?.kind,
    );
    return (
      later &&
      `It is marked ${stage.stage} since ${closed}, but on ${later.date} the customer was in touch about "${later.topic}"`
    );
  }
  const needed = stage.needs_any_of;
  if (needed.length === 0 || touches.some(({ kind }) => needed.includes(kind))) return undefined;
  const recorded =
    touches.length === 0 ? "no activity is recorded at all" : `none of these is recorded: ${needed.join(", ")}`;
  return `It is marked ${stage.stage}, but ${recorded}`;
}

function besideActivities(title: string, crm: string, touches: readonly Touch[]): Evidence {
  const log = touches.map(
    ({ date, kind, with: person, topic }) => `${date} ${kind}${person ? ` with ${person}` : ""}: ${topic}`,
  );
  return {
    title,
    left: { label: "In the CRM", text: crm },
    right: { label: "In the activity log", text: log.length === 0 ? "(nothing)" : log.join("\n") },
  };
}

function contactsShown(deal: Deal): Evidence {
  const lines = deal.contacts.map((contact) => {
    const marks = [contact.primary ? "first" : "", contact.opted_out ? "must not be written to" : ""].filter(Boolean);
    return `${contact.contact_id}: ${contact.name}, ${contact.role ?? "role unknown"}, ${contact.email || "no e-mail"} ${marks.join(", ")}`.trim();
  });
  return { title: "Contacts", left: { label: "In the CRM", text: lines.length === 0 ? "(none)" : lines.join("\n") } };
}

function titleOf(deal: Deal): string {
  return `${deal.company}, ${deal.product} (${deal.deal_id})`;
}
