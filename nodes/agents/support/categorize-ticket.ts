import { z } from "zod";
import type { Finding, PlaybookContext } from "../../../core/define-agent.js";
import { definePlaybook, giveUp, valueFrom } from "../../../core/define-agent.js";
import type { readRecord } from "../../../tools/read-record.js";
import type { Ticket } from "./ticket.js";
import { TicketSchema, ticketText, toPlainWords } from "./ticket.js";
import type { Guess, TicketRules } from "./ticket-rules.js";
import { guessCategories, NO_CATEGORY, ReasonSchema, TicketRulesSchema } from "./ticket-rules.js";

const RULES_FILE = "ticket_categories.json";
const SHOWN_GUESSES = 3;

const OutputSchema = z.strictObject({
  /** A category of the rules, or `none`. */
  category: z.string().min(1),
  title: z.string(),
  /** 0 to 1; 1 when a person decided. */
  confidence: z.number().min(0).max(1),
  decided_by: z.enum(["rules", "person"]),
  /** The words of the ticket that the rules went by; empty when a person decided. */
  reasons: z.array(ReasonSchema).max(20),
});

/** Finds the category of a ticket by the rules in the data folder; a person decides where these are not sure enough. */
export const categorizeTicket = definePlaybook({
  skill: "categorize_support_request",
  version: "1",
  input: z.strictObject({ ticket: TicketSchema }),
  output: OutputSchema,
  tools: ["read_record"],
  check: (output, { ticket }) => unfoundReasons(output, ticket),
  summary: ({ title, confidence, decided_by }) =>
    `${title || "no category"}, ${decided_by === "person" ? "said a person" : `${toPercent(confidence)} sure`}`,

  async run(ctx, { ticket }) {
    const rules = await readRules(ctx);
    const guesses = guessCategories(ticket, rules);
    const [best] = guesses;
    // A result that was sent back would come out the same again: then a person has to say.
    if (best && best.confidence >= rules.ask_below && ctx.feedback.length === 0) {
      const { category, title, confidence } = best;
      return { category, title, confidence, decided_by: "rules" as const, reasons: best.reasons.slice(0, 20) };
    }
    const category = await askForCategory(ctx, ticket, rules, guesses);
    const title = rules.categories.find((known) => known.category === category)?.title ?? "";
    return { category, title, confidence: 1, decided_by: "person" as const, reasons: [] };
  },
});

async function readRules(ctx: PlaybookContext): Promise<TicketRules> {
  const { record } = valueFrom(await ctx.call<typeof readRecord>("read_record", { path: RULES_FILE }));
  const rules = TicketRulesSchema.safeParse(record);
  if (rules.success) return rules.data;
  const [issue] = rules.error.issues;
  throw giveUp("permanent", `${RULES_FILE} /${issue?.path.join("/") ?? ""}: ${issue?.message ?? "cannot be read"}.`);
}

async function askForCategory(ctx: PlaybookContext, ticket: Ticket, rules: TicketRules, guesses: readonly Guess[]) {
  const reasons = ctx.feedback.map(({ from, reason }) => `Sent back by ${from}: ${reason}`);
  return ctx.ask({
    key: ctx.feedback.length === 0 ? "category" : `category_${ctx.feedback.length}`,
    question: `Which category does ticket ${ticket.ticket_id} of ${ticket.customer_name} belong to?`,
    answer: z.enum([...rules.categories.map(({ category }) => category), NO_CATEGORY]),
    evidence: [
      {
        title: "The ticket and what the rules make of it",
        left: { label: `Ticket ${ticket.ticket_id}`, text: ticketText(ticket) },
        right: { label: "Best guesses", text: [...reasons, guessText(guesses), "", categoryList(rules)].join("\n") },
      },
    ],
  });
}

function guessText(guesses: readonly Guess[]): string {
  if (guesses.length === 0) return "No word of the ticket speaks clearly for any category.";
  return guesses
    .slice(0, SHOWN_GUESSES)
    .map(({ category, confidence, reasons }) => {
      const words = reasons.filter(({ weight }) => weight > 0).map(({ found }) => `"${found}"`);
      return `${category}, ${toPercent(confidence)}: ${words.join(", ")}`;
    })
    .join("\n");
}

function categoryList(rules: TicketRules): string {
  const lines = rules.categories.map(({ category, title }) => `${category}: ${title}`);
  return ["Categories", ...lines, `${NO_CATEGORY}: none of these`].join("\n");
}

function unfoundReasons({ reasons }: z.output<typeof OutputSchema>, ticket: Ticket): readonly Finding[] {
  const texts = { subject: toPlainWords(ticket.subject), body: toPlainWords(ticket.body) };
  return reasons
    .filter((reason) => !texts[reason.in].includes(reason.found))
    .map((reason) => ({
      checkId: "reasons_stand_in_ticket",
      field: "/reasons",
      reason: `reasons: "${reason.found}" does not stand in the ${reason.in} of ticket ${ticket.ticket_id}, which is "${ticket[reason.in].slice(0, 200)}".`,
    }));
}

function toPercent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}
