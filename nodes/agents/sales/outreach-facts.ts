import { DateTime } from "luxon";
import { z } from "zod";
import type { Deal, DealAnalysis } from "./deal.js";

/** What a mail may say: the deal of the case and its analysis, nothing else. */
export interface MailInputs {
  readonly deal: Deal;
  readonly analysis: DealAnalysis;
}

export const ClaimSchema = z.strictObject({
  /** Word for word as it stands in the subject or the body. */
  sentence: z.string(),
  /** JSON pointer into `{ deal, analysis }`. */
  fact: z.string(),
  /** The fact as the sentence writes it. */
  value: z.string(),
});
export type Claim = z.output<typeof ClaimSchema>;

/** A fact as a mail writes it, and where it stands. */
export interface Fact {
  readonly fact: string;
  readonly value: string;
}

/** Mails read dates in one form, whatever the machine's language. */
const DATE_FORMAT = "d MMMM yyyy";

/**
 * The fact at a pointer as a mail writes it: amounts with currency and thousands, dates in words, days with their
 * unit. Nothing when there is no such fact, or it is empty; this one rendering serves the writing and the proof.
 */
export function factAt(inputs: MailInputs, pointer: string): Fact | undefined {
  const found = pointer
    .split("/")
    .slice(1)
    .reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), inputs);
  const value = rendered(found, pointer, inputs.analysis.currency);
  return value === undefined || value.trim() === "" ? undefined : { fact: pointer, value };
}

/** Every fact that a mail about this deal may use, for people and for the proof's reasons. */
export function factsOf(inputs: MailInputs): Fact[] {
  const { touches } = inputs.analysis;
  const pointers = [
    "/deal/company",
    "/deal/product",
    "/deal/need",
    "/deal/owner/name",
    "/analysis/contact/name",
    "/analysis/contact/role",
    "/analysis/amount",
    "/analysis/expected_close",
    "/analysis/agreed_step/what",
    "/analysis/agreed_step/due",
    ...touches.flatMap((_, index) =>
      ["label", "with", "date", "topic"].map((key) => `/analysis/touches/${index}/${key}`),
    ),
    ...(touches.length === 0 ? [] : ["/analysis/touches/0/days_ago"]),
  ];
  return pointers.flatMap((pointer) => factAt(inputs, pointer) ?? []);
}

function rendered(found: unknown, pointer: string, currency: string): string | undefined {
  if (typeof found === "number") {
    if (pointer.endsWith("/amount")) return found > 0 ? money(found, currency) : undefined;
    if (pointer.endsWith("/days_ago")) return found === 1 ? "1 day" : `${found} days`;
    return String(found);
  }
  if (typeof found !== "string") return undefined;
  return /^\d{4}-\d{2}-\d{2}$/u.test(found)
    ? DateTime.fromISO(found, { zone: "utc", locale: "en" }).toFormat(DATE_FORMAT)
    : found;
}

/** Grouped by hand: what a number looks like must not depend on the machine. */
function money(amount: number, currency: string): string {
  const [whole = "", cents] = (Number.isInteger(amount) ? String(amount) : amount.toFixed(2)).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/gu, ",");
  return `${currency} ${cents === undefined ? grouped : `${grouped}.${cents}`}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
