import { DISCLOSURE } from "./check-outreach.js";
import type { Touch } from "./deal.js";
import type { Claim, Fact, MailInputs } from "./outreach-facts.js";
import { factAt } from "./outreach-facts.js";
import type { Style } from "./outreach-style.js";

/** One sentence and the facts it states. */
interface Line {
  readonly text: string;
  readonly claims: readonly Claim[];
}

type Find = (pointer: string) => Fact | undefined;

/** A mail whose every stated fact is a claim. The same inputs and style give the same text. */
export function composeMail(inputs: MailInputs, style: Style): { subject: string; body: string; claims: Claim[] } {
  const find: Find = (pointer) => (style.leaveOut.includes(pointer) ? undefined : factAt(inputs, pointer));
  const subject = subjectLine(inputs);
  const paragraphs = paragraphsFor(inputs, style, find);
  const farewell = closing(inputs, style);
  const name = factAt(inputs, "/analysis/contact/name") ?? { fact: "/analysis/contact/name", value: "" };
  const greeting = say`${style.tone === "warm" ? "Hello" : "Dear"} ${name},`;
  const body = [
    greeting.text,
    ...paragraphs.map((lines) => lines.map(({ text }) => text).join(" ")),
    ...farewell.map(({ text }) => text),
  ];
  const claims = [greeting, subject, ...paragraphs.flat(), ...farewell].flatMap((line) => line.claims);
  return { subject: subject.text, body: body.join("\n\n"), claims };
}

function paragraphsFor(inputs: MailInputs, style: Style, find: Find): Line[][] {
  const recap = [opening(inputs, style, find)];
  const offer = style.isShort ? [] : [aim(find), angle(find), stageLine(inputs, find)];
  const opened = touchWanted(style);
  const others = style.mention.filter((pointer) => opened === undefined || touchOf(pointer) !== opened);
  const wanted = others.map((pointer) => mentioned(pointer, find));
  const request = callToAction(inputs, find);
  const orders = {
    "recap first": [recap, offer, wanted, request],
    "question first": [request, recap, offer, wanted],
    "offer first": [offer, wanted, recap, request],
  };
  const paragraphs = orders[style.approach].map((lines) => lines.flatMap((line) => line ?? []));
  return paragraphs.filter((lines) => lines.length > 0);
}

/** Only a contact with this very person is called theirs; one with a colleague is told as such. */
function opening(inputs: MailInputs, style: Style, find: Find): Line {
  const { touches, contact, next_step: next } = inputs.analysis;
  const { tone } = style;
  const isOwn = (touch?: Touch) => touch !== undefined && (touch.with === null || touch.with === contact?.name);
  const at = touchWanted(style) ?? Math.max(0, touches.findIndex(isOwn));
  const part = (key: string) => find(`/analysis/touches/${at}/${key}`);
  const [label, date, topic, days, person] = [
    part("label"),
    part("date"),
    part("topic"),
    part("days_ago"),
    part("with"),
  ];
  if (label && date && topic && days && isOwn(touches[at])) {
    if (next.action === "revive") return say`It has been ${days} since ${label} of ${date} about ${topic}.`;
    if (tone === "warm") return say`I am glad to pick up ${label} of ${date} about ${topic}.`;
    return say`I am following up on ${label} of ${date} about ${topic}.`;
  }
  const together = label && /^our (?:call|meeting|demo|workshop)$/u.test(label.value);
  if (together && date && topic && person)
    return say`I am following up on ${label} with ${person} of ${date} about ${topic}.`;
  if (date && topic && person) return say`I am following up on what ${person} and we exchanged on ${date}: ${topic}.`;
  return say`I am writing about ${required(inputs, "/deal/product")} for ${required(inputs, "/deal/company")}.`;
}

/** The contact that a person wants to see mentioned: the mail then opens with it. */
function touchWanted({ mention }: Style): number | undefined {
  return mention.map(touchOf).find((at) => at !== undefined);
}

function touchOf(pointer: string): number | undefined {
  const at = /^\/analysis\/touches\/(\d+)\//u.exec(pointer)?.[1];
  return at === undefined ? undefined : Number(at);
}

function aim(find: Find): Line | undefined {
  const need = find("/deal/need");
  return need && say`The aim we noted is ${need}.`;
}

/** What may matter to somebody in this role, as an offer: offers state no facts. */
const OFFERS: readonly (readonly [RegExp, string])[] = [
  [/financ|\bcfo\b|controll|procure|purchas|account/iu, "put costs and payment terms on one page"],
  [/\b(?:it|cto|cio)\b|engineer|architect|technical|\bdata|system/iu, "go through interfaces and data with you"],
  [
    /operation|logistic|warehouse|plant|depot|transport|crew|store|facilit|maintenance|service|production|planning/iu,
    "show what changes in the daily work of your team",
  ],
  [/ceo|managing|director|founder|owner|president|board/iu, "keep it to one page with the decision and its risks"],
];

function angle(find: Find): Line | undefined {
  const role = find("/analysis/contact/role");
  if (!role) return undefined;
  const offer =
    OFFERS.find(([pattern]) => pattern.test(role.value))?.[1] ?? "answer your questions in writing or in a call";
  return say`For you as ${role} I can ${offer}.`;
}

function stageLine(inputs: MailInputs, find: Find): Line | undefined {
  const company = required(inputs, "/deal/company");
  const product = required(inputs, "/deal/product");
  const amount = find("/analysis/amount");
  switch (inputs.analysis.stage) {
    case "lead":
      return say`I would like to learn how ${company} handles this today.`;
    case "qualified":
      return say`A short session would show where ${product} helps at ${company}, and where it does not.`;
    case "discovery":
      return say`I can outline what ${product} would look like at ${company}.`;
    case "proposal":
      return amount && say`Our proposal for ${product} stands at ${amount}.`;
    case "negotiation":
      return amount && say`The terms on the table for ${product} come to ${amount}.`;
    default:
      return undefined;
  }
}

function mentioned(pointer: string, find: Find): Line | undefined {
  const fact = find(pointer);
  if (!fact) return undefined;
  if (pointer === "/analysis/amount") return say`The amount we noted is ${fact}.`;
  if (pointer === "/analysis/expected_close") return say`The date we noted for a decision is ${fact}.`;
  if (pointer === "/deal/need") return say`Your aim remains in focus: ${fact}.`;
  if (pointer === "/analysis/agreed_step/what") return say`The step we noted is: ${fact}.`;
  const touch = pointer.replace(/\/[^/]+$/u, "");
  const [label, date, topic] = [find(`${touch}/label`), find(`${touch}/date`), find(`${touch}/topic`)];
  return label && date && topic && say`I also have ${label} of ${date} about ${topic} in mind.`;
}

function callToAction(inputs: MailInputs, find: Find): (Line | undefined)[] {
  const what = find("/analysis/agreed_step/what");
  const due = find("/analysis/agreed_step/due");
  const close = find("/analysis/expected_close");
  const step =
    what && (due ? say`The next step we noted is to ${what}, by ${due}.` : say`The next step we noted is to ${what}.`);
  switch (inputs.analysis.next_step.action) {
    case "confirm_timing":
      return [
        close && say`We had noted ${close} as the date for a decision.`,
        say`Does that timing still hold, or has it changed?`,
      ];
    case "revive":
      return [say`Is this still of interest to you, or shall we close it for now?`];
    case "agree_next_step":
      return [say`Could we fix a next step: a short call, or a list of your open questions in writing?`];
    case "renew_next_step":
      return [step, say`What would help to get it done, and which new date suits you?`];
    case "widen":
      return [step, say`Who else at your side should take part from here on?`];
    case "introduce":
      return [step, say`May I give you a short introduction?`];
    default:
      return [step, say`Does that still suit you?`];
  }
}

function subjectLine(inputs: MailInputs): Line {
  const company = required(inputs, "/deal/company");
  const product = required(inputs, "/deal/product");
  switch (inputs.analysis.next_step.action) {
    case "confirm_timing":
      return say`${product} for ${company}: is the timing still right?`;
    case "revive":
      return say`${product}: still of interest to ${company}?`;
    case "agree_next_step":
      return say`${product} for ${company}: shall we fix a next step?`;
    case "renew_next_step":
      return say`${product} for ${company}: the step we noted`;
    case "widen":
      return say`${product} for ${company}: who else should take part?`;
    case "introduce":
      return say`${product} for ${company}: a short introduction`;
    default:
      return say`${product} for ${company}: our next step`;
  }
}

function closing(inputs: MailInputs, { tone }: Style): Line[] {
  const owner = required(inputs, "/deal/owner/name");
  const regards = { neutral: "Kind regards", warm: "Warm regards", formal: "Yours sincerely" }[tone];
  return [
    say`${regards}\n${owner}`,
    say`This message was ${DISCLOSURE} on behalf of ${owner}. Tell us if you would rather not receive such messages.`,
  ];
}

/** A sentence; the facts in it become its claims, plain text does not. */
function say(parts: TemplateStringsArray, ...values: readonly (Fact | string)[]): Line {
  const text = parts.reduce((sentence, part, index) => sentence + valueText(values[index - 1]) + part);
  const facts = values.filter((value) => typeof value !== "string");
  return { text, claims: facts.map(({ fact, value }) => ({ sentence: text, fact, value })) };
}

function valueText(value: Fact | string | undefined): string {
  return typeof value === "object" ? value.value : (value ?? "");
}

/** For facts that the deal's schema demands: without them there is no deal, and so no mail. */
function required(inputs: MailInputs, pointer: string): Fact {
  const fact = factAt(inputs, pointer);
  if (!fact) throw new Error(`A deal without ${pointer} passed its schema.`);
  return fact;
}
