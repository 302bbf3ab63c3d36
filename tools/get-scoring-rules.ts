import { z } from "zod";
import { defineTool } from "./define-tool.js";

const FILE = "scoring_rules.json";

/** Points by size: the first step whose `up_to` is not exceeded counts; the last has none and takes the rest. */
const StepsSchema = z.array(z.strictObject({ up_to: z.number().optional(), points: z.number().nonnegative() })).min(1);

const StageSchema = z.strictObject({
  stage: z.string(),
  order: z.int(),
  open: z.boolean(),
  points: z.number().nonnegative(),
  typical_days: z.number().positive(),
  /** A deal cannot be in this stage before one of these kinds of activity; empty when nothing is needed. */
  needs_any_of: z.array(z.string()),
});

const KindSchema = z.strictObject({
  /** As the mail calls it: "our workshop". */
  label: z.string(),
  is_touchpoint: z.boolean(),
  /** The customer took part or wrote; only these end a silence. */
  is_two_way: z.boolean(),
  /** The stage that this activity means, whatever the deal says. */
  implies_stage: z.string().optional(),
});

const RiskSchema = z.strictObject({
  risk_id: z.enum([
    "overdue_close",
    "stalled",
    "no_next_step",
    "overdue_next_step",
    "single_threaded",
    "few_touchpoints",
  ]),
  severity: z.enum(["high", "medium", "low"]),
  action: z.enum(["confirm_timing", "revive", "agree_next_step", "renew_next_step", "widen", "introduce"]),
  /** What is recommended; `{contact}` and `{company}` are filled in. */
  advice: z.string(),
});

const ScoringRulesSchema = z.strictObject({
  stages: z.array(StageSchema).min(1),
  activity_kinds: z.record(z.string(), KindSchema),
  points: z.strictObject({
    /** Days in the stage, divided by the days that are typical for it. */
    stage_age_ratio: StepsSchema,
    /** Days since the customer last took part. */
    recency_days: StepsSchema,
    touchpoint: z.strictObject({ each: z.number(), max: z.number() }),
    engaged_contact: z.strictObject({ each: z.number(), max: z.number() }),
    next_step: z.strictObject({ agreed: z.number(), overdue: z.number(), none: z.number() }),
    amount: StepsSchema,
  }),
  bands: z.array(z.strictObject({ at_least: z.number(), band: z.string() })).min(1),
  thresholds: z.strictObject({
    stalled_ratio: z.number(),
    silent_days: z.number(),
    /** From this `order` of stage on, one engaged contact alone is a risk. */
    threads_from_order: z.int(),
    min_touchpoints: z.number(),
  }),
  /** Worst first: the first that applies gives the recommended next step. */
  risks: z.array(RiskSchema),
  keep_going_advice: z.string(),
});
/** How deals are scored here: stages, points, thresholds and advice, all of it data. */
export type ScoringRules = z.output<typeof ScoringRulesSchema>;

/** The house's rules for scoring deals. */
export const getScoringRules = defineTool({
  name: "get_scoring_rules",
  description:
    "Returns the rules by which deals are scored: stages with their typical length, points, thresholds, risks and advice. " +
    "The same for every deal. Not for facts about a deal.",
  input: z.strictObject({}),
  output: ScoringRulesSchema,
  effect: "reads",
  timeoutMs: 5_000,
  maxCostMicroUsd: 0,

  async run(_args, { records }) {
    const rules = await records.read(FILE);
    if (rules === undefined) throw new Error(`${FILE} is missing from the data folder.`);
    return ScoringRulesSchema.parse(rules);
  },
});
