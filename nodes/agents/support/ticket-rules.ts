import { z } from "zod";
import type { Ticket } from "./ticket.js";
import { toPlainWords } from "./ticket.js";

const TermSchema = z.strictObject({
  /** One word or several in a row; a word that ends in `*` matches every word that begins so. */
  term: z.string().min(2),
  weight: z.number().positive(),
});

/** The shape of `data/ticket_categories.json`: categories and how they are recognised are data, not code. */
export const TicketRulesSchema = z.strictObject({
  /** A person is asked when the confidence (0 to 1) is below this. */
  ask_below: z.number().min(0).max(1),
  /** A best score below this means that no category fits. */
  none_below: z.number().nonnegative(),
  /** Added to the sum that a score is divided by, so that one weak word alone gives little confidence. */
  smoothing: z.number().nonnegative(),
  /** What a word in the subject counts compared with one in the body. */
  subject_factor: z.number().positive(),
  categories: z
    .array(
      z.strictObject({
        category: z.string().min(1),
        title: z.string().min(1),
        terms: z.array(TermSchema).min(1),
        /** Words that speak against the category. */
        negative: z.array(TermSchema).default([]),
      }),
    )
    .min(2),
});
export type TicketRules = z.output<typeof TicketRulesSchema>;

/** The category of a ticket that fits none. */
export const NO_CATEGORY = "none";

/** One word of the ticket that spoke for a category (or against it, with a negative weight). */
export const ReasonSchema = z.strictObject({ found: z.string(), in: z.enum(["subject", "body"]), weight: z.number() });
export type Reason = z.output<typeof ReasonSchema>;

export interface Guess {
  readonly category: string;
  readonly title: string;
  /** 0 to 1: this category's share of all that speaks for any, after smoothing. */
  readonly confidence: number;
  readonly reasons: readonly Reason[];
}

/** Every category that something speaks for, best first; empty when nothing does or the best stays below `none_below`. */
export function guessCategories(ticket: Ticket, rules: TicketRules): readonly Guess[] {
  const scored = rules.categories
    .map(({ category, title, terms, negative }) => {
      const matched = [
        ...findTerms(ticket, terms, rules.subject_factor),
        ...findTerms(ticket, negative, rules.subject_factor).map((reason) => ({ ...reason, weight: -reason.weight })),
      ];
      return { category, title, reasons: matched, score: matched.reduce((sum, { weight }) => sum + weight, 0) };
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score);
  const [best, second] = scored;
  if (!best || best.score < rules.none_below) return [];
  const against = (second?.score ?? 0) + rules.smoothing;
  return scored.map(({ score, ...guess }) => ({
    ...guess,
    confidence: toHundredths(
      score / (score + (guess.category === best.category ? against : best.score + rules.smoothing)),
    ),
  }));
}

function findTerms(ticket: Ticket, terms: TicketRules["categories"][number]["terms"], subjectFactor: number): Reason[] {
  const subject = toPlainWords(ticket.subject);
  const body = toPlainWords(ticket.body);
  return terms.flatMap(({ term, weight }): Reason[] => {
    const pattern = toPattern(term);
    const inSubject = pattern.exec(subject)?.[0];
    if (inSubject) return [{ found: inSubject, in: "subject", weight: weight * subjectFactor }];
    const inBody = pattern.exec(body)?.[0];
    return inBody ? [{ found: inBody, in: "body", weight }] : [];
  });
}

function toPattern(term: string): RegExp {
  const words = term.split("*").map(toPlainWords).join("*").trim();
  return new RegExp(`(?<![\\p{L}\\p{N}])${words.replaceAll("*", "[\\p{L}\\p{N}]*")}(?![\\p{L}\\p{N}])`, "u");
}

function toHundredths(ratio: number): number {
  return Math.round(ratio * 100) / 100;
}
