import { z } from "zod";
import type { Feedback } from "../../../core/define-agent.js";
import { definePlaybook } from "../../../core/define-agent.js";
import { ONE_LINE } from "../../../core/one-line.js";
import { checkResolution, DISCLOSURE } from "./check-resolution.js";
import type { Steps } from "./find-steps.js";
import { StepsSchema } from "./find-steps.js";
import { TicketSchema, ticketText } from "./ticket.js";

const SHORT_STEPS = 4;
const MAX_SUBJECT = 120;

const InputSchema = z.strictObject({
  ticket: TicketSchema,
  topic: z.string().default(""),
  articles: StepsSchema.shape.articles,
  steps: StepsSchema.shape.steps,
  /** Where a customer reaches a person. */
  contact: z.string().min(3),
});
export type ResolutionInputs = z.output<typeof InputSchema>;

const ResolutionSchema = z.strictObject({
  to: z.email(),
  subject: z.string().min(1).max(200).regex(ONE_LINE, "one line, without control characters"),
  body: z.string().min(1).max(6000),
  /** Ids of the articles that the body cites, in the order of their first citation. */
  cited: z.array(z.string()).min(1),
  purpose: z.literal("support_resolution"),
  /** What a reviewer asked for that these rules cannot write; a person has to edit it in. */
  unmet_wishes: z.array(z.string().max(500)).max(10),
});
export type Resolution = z.output<typeof ResolutionSchema>;

/** Writes the answer to a customer from the steps found, each with its article; approving the text puts it into the outbox. */
export const draftResolution = definePlaybook({
  skill: "draft_resolution_message",
  version: "1",
  input: InputSchema,
  output: ResolutionSchema,
  tools: ["put_in_outbox"],
  proposes: [{ tool: "put_in_outbox", args: { to: "/to", subject: "/subject", body: "/body", purpose: "/purpose" } }],
  check: checkResolution,
  summary: ({ to, cited }) => `answer to ${to} citing ${cited.join(", ")}`.slice(0, 120),
  evidence: ({ to, subject, body, unmet_wishes }, { ticket }) => [
    {
      title: "The ticket and its answer",
      left: { label: `Ticket ${ticket.ticket_id}`, text: ticketText(ticket) },
      right: { label: "Answer", text: `To: ${to}\nSubject: ${subject}\n\n${body}` },
    },
    ...unmet_wishes.map((wish) => ({
      title: "Asked for, but not written by rule: edit the answer if it is still wanted",
      left: { label: "Wish", text: wish },
    })),
  ],

  async run(ctx, inputs) {
    const { ticket } = inputs;
    const wishes = readWishes(ctx.feedback);
    const steps = inputs.steps
      .filter(({ article_id }) => !wishes.withoutArticles.has(article_id))
      .slice(0, wishes.isShorter ? SHORT_STEPS : undefined);
    const kept = steps.length > 0 ? steps : inputs.steps;
    return {
      to: ticket.customer_email,
      subject: subjectOf(ticket.ticket_id, ticket.subject),
      body: bodyOf(inputs, kept, wishes),
      cited: [...new Set(kept.map(({ article_id }) => article_id))],
      purpose: "support_resolution" as const,
      unmet_wishes: wishes.unmet,
    };
  },
});

function subjectOf(ticketId: string, subject: string): string {
  const oneLine = subject.replace(/[\s\p{Cc}]+/gu, " ").trim();
  return (oneLine === "" ? `Your request ${ticketId}` : `Your request ${ticketId}: ${oneLine}`).slice(0, MAX_SUBJECT);
}

function bodyOf({ ticket, topic, articles, contact }: ResolutionInputs, steps: Steps["steps"], wishes: Wishes): string {
  const about = topic === "" ? "" : ` about ${topic.charAt(0).toLowerCase()}${topic.slice(1)}`;
  const sections = articles.flatMap(({ article_id, title }) => {
    const own = steps.filter((step) => step.article_id === article_id);
    if (own.length === 0) return [];
    return [
      [`${title} [${article_id}]`, ...own.map(({ number, text }) => `${number}. ${text} [${article_id}]`)].join("\n"),
    ];
  });
  return [
    `Hello ${ticket.customer_name},`,
    ...(wishes.isSorry ? ["We are sorry for the trouble that this causes you."] : []),
    `Thank you for your message${about} (ticket ${ticket.ticket_id}). Please try these steps in their order:`,
    ...sections,
    ...wishes.quoted,
    `If they do not solve it, answer this mail or write to ${contact}: a person of our support team takes over.`,
    DISCLOSURE,
  ].join("\n\n");
}

interface Wishes {
  readonly withoutArticles: ReadonlySet<string>;
  readonly isShorter: boolean;
  readonly isSorry: boolean;
  /** Sentences that a reviewer put in quotation marks after "add" or the like: they go in word for word. */
  readonly quoted: readonly string[];
  readonly unmet: string[];
}

const WITHOUT =
  /\b(?:without|leave out|drop|remove|not)\W+(?:the\W+)?(?:article\W+|steps?\W+(?:of|from)\W+)?([A-Za-z]-\d{3,}|support-team)/giu;
const QUOTED = /\b(?:add|say|write|mention|include)\b[^"“]{0,40}["“]([^"”]{3,400})["”]/giu;

/** What earlier reasons ask of the text. Findings of a check name a field and are met by writing it anew from the evidence. */
function readWishes(feedback: readonly Feedback[]): Wishes {
  const reasons = feedback.filter(({ field }) => field === undefined).map(({ reason }) => reason);
  const all = reasons.join("\n");
  return {
    withoutArticles: new Set(
      [...all.matchAll(WITHOUT)].map(([, id]) => (id ?? "").replace(/^[a-z]-/u, (start) => start.toUpperCase())),
    ),
    isShorter: IS_SHORTER.test(all),
    isSorry: IS_SORRY.test(all),
    quoted: [...all.matchAll(QUOTED)].map(([, text]) => text ?? ""),
    unmet: reasons
      .filter((reason) => !isUnderstood(reason))
      .map((reason) => reason.slice(0, 500))
      .slice(-10),
  };
}

const IS_SHORTER = /\b(?:shorter|too long|fewer steps)\b/iu;
const IS_SORRY = /\b(?:sorry|apologi[sz]e|apology|friendl(?:y|ier))\b/iu;

function isUnderstood(reason: string): boolean {
  return (
    [WITHOUT, QUOTED].some((pattern) => reason.search(pattern) >= 0) || IS_SHORTER.test(reason) || IS_SORRY.test(reason)
  );
}
