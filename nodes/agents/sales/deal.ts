import { DateTime, Duration } from "luxon";
import { z } from "zod";
import type { ScoringRules } from "../../../tools/get-scoring-rules.js";
import type { Activity } from "../../../tools/list-deal-activities.js";

const MS_PER_DAY = 86_400_000;

const DealContactSchema = z.looseObject({
  contact_id: z.string(),
  name: z.string().min(1),
  role: z.string().optional(),
  email: z.string().optional(),
  primary: z.boolean().optional(),
  /** Has asked not to be written to. */
  opted_out: z.boolean().optional(),
});
export type DealContact = z.output<typeof DealContactSchema>;

/** A deal as the CRM has it: lenient where records are bad in life, because a person can be asked. */
export const DealSchema = z.looseObject({
  deal_id: z.string(),
  company: z.string().min(1),
  product: z.string().min(1),
  stage: z.string(),
  amount: z.number().optional(),
  currency: z.string().min(1),
  /** Moments are ISO 8601 durations relative to the start of the run (`-P9D`, `P2D`), or dates. */
  created: z.string(),
  stage_since: z.string().optional(),
  expected_close: z.string().optional(),
  /** What the customer wants to reach, in the customer's words. */
  need: z.string().optional(),
  owner: z.looseObject({ name: z.string().min(1), email: z.string() }),
  contacts: z.array(DealContactSchema),
  next_step: z.looseObject({ what: z.string(), due: z.string().optional() }).nullish(),
});
export type Deal = z.output<typeof DealSchema>;

const TouchSchema = z.strictObject({
  date: z.iso.date(),
  days_ago: z.int(),
  kind: z.string(),
  /** As a mail to the customer calls it: "our workshop". */
  label: z.string(),
  with: z.string().nullable(),
  topic: z.string(),
});
export type Touch = z.output<typeof TouchSchema>;

/** The person to write to: of the CRM, or as a person of the house answered. */
const ContactSchema = z.strictObject({
  contact_id: z.string(),
  name: z.string().min(1),
  role: z.string().nullable(),
  email: z.string(),
  source: z.enum(["case", "person"]),
});
export type Contact = z.output<typeof ContactSchema>;

const ReasonSchema = z.strictObject({
  /** JSON pointer to the fact: `/deal/…` in the case, `/activities` in the log, `/answers/…` by a person. */
  fact: z.string(),
  value: z.union([z.string(), z.number()]),
  points: z.number(),
  max_points: z.number(),
  text: z.string(),
});
export type Reason = z.output<typeof ReasonSchema>;

const FoundRiskSchema = z.strictObject({ risk_id: z.string(), severity: z.string(), text: z.string() });
export type FoundRisk = z.output<typeof FoundRiskSchema>;

/** What the analysis of a deal says; the outreach mail rests on this and the deal alone. A person's answer may leave out what has a default. */
export const DealAnalysisSchema = z.strictObject({
  deal_id: z.string(),
  as_of: z.iso.date(),
  stage: z.string(),
  outcome: z.enum(["open", "won", "lost"]),
  score: z.number().min(0).max(100),
  band: z.string(),
  reasons: z.array(ReasonSchema).min(1),
  touchpoints: z.int().nonnegative(),
  days_in_stage: z.int().nonnegative(),
  amount: z.number().nonnegative().nullable().default(null),
  currency: z.string(),
  risks: z.array(FoundRiskSchema).default([]),
  next_step: z.strictObject({ action: z.string(), advice: z.string(), because: z.string().nullable() }),
  agreed_step: z.strictObject({ what: z.string(), due: z.iso.date().nullable() }).nullable().default(null),
  expected_close: z.iso.date().nullable().default(null),
  /** The latest contacts with the customer, newest first, at most six. */
  touches: z.array(TouchSchema).default([]),
  contact: ContactSchema.nullable().default(null),
  /** Whether a mail should be written at all. */
  outreach: z.boolean(),
  /** Whatever else a reader should know: what a person answered, why there is no outreach. */
  notes: z.array(z.string()).default([]),
});
export type DealAnalysis = z.output<typeof DealAnalysisSchema>;

/** The moment that a duration or date means, seen from `now`; nothing when it is neither. */
export function momentOf(text: string | undefined, now: Date): DateTime | undefined {
  if (text === undefined) return undefined;
  const duration = Duration.fromISO(text);
  const moment = duration.isValid
    ? DateTime.fromJSDate(now, { zone: "utc" }).plus(duration)
    : DateTime.fromISO(text, { zone: "utc" });
  return moment.isValid ? moment : undefined;
}

/** Whole days that have passed since a moment; negative when it lies ahead. */
export function daysSince(moment: DateTime, now: Date): number {
  return Math.floor((now.getTime() - moment.toMillis()) / MS_PER_DAY);
}

/** Contacts with the customer up to now, newest first. Planned ones, notes and undated ones are left out. */
export function touchesOf(activities: readonly Activity[], rules: ScoringRules, now: Date): Touch[] {
  const touches = activities.flatMap((activity): (Touch & { at: number })[] => {
    const kind = rules.activity_kinds[activity.kind];
    const moment = momentOf(activity.at, now);
    if (!kind?.is_touchpoint || !moment || moment.toMillis() > now.getTime()) return [];
    const { kind: name, topic, with: person = null } = activity;
    const date = moment.toISODate() ?? "";
    return [
      {
        at: moment.toMillis(),
        date,
        days_ago: daysSince(moment, now),
        kind: name,
        label: kind.label,
        with: person,
        topic,
      },
    ];
  });
  return touches.sort((a, b) => b.at - a.at).map(({ at: _, ...touch }) => touch);
}
