import { z } from "zod";
import type { Evidence, Finding } from "../../../core/define-agent.js";
import { definePlaybook, valueFrom } from "../../../core/define-agent.js";
import type { getScoringRules, ScoringRules } from "../../../tools/get-scoring-rules.js";
import type { listDealActivities } from "../../../tools/list-deal-activities.js";
import type { Contact, Deal, DealAnalysis, FoundRisk, Touch } from "./deal.js";
import { DealAnalysisSchema, DealSchema, daysSince, momentOf, touchesOf } from "./deal.js";
import type { ScoredFacts } from "./score-deal.js";
import { findRisks, scoreDeal } from "./score-deal.js";
import type { Settled } from "./settle-deal.js";
import { settleAmount, settleContact, settleDaysInStage, settleStage } from "./settle-deal.js";

const MAX_TOUCHES = 6;

/** Scores a deal from stage, age, activities and touchpoints, names its risks and recommends the next step. Asks, never guesses. */
export const analyzeDealStatus = definePlaybook({
  skill: "analyze_deal_status",
  version: "1",
  input: z.looseObject({ deal: DealSchema }),
  output: DealAnalysisSchema,
  tools: ["list_deal_activities", "get_scoring_rules"],

  async run(context, { deal }): Promise<DealAnalysis> {
    const rules = valueFrom(await context.call<typeof getScoringRules>("get_scoring_rules", {}));
    const log = valueFrom(
      await context.call<typeof listDealActivities>("list_deal_activities", { deal_id: deal.deal_id }),
    );
    const now = context.now();
    const touches = touchesOf(log.activities, rules, now);
    const stage = await settleStage(context, deal, touches, rules, now);
    if (!stage.value.open) return closedDeal(deal, stage, touches, now);

    const amount = await settleAmount(context, deal);
    const days = await settleDaysInStage(context, deal, now);
    const contact = await settleContact(context, deal);
    const facts = toFacts(deal, { stage, amount, days }, touches, now);
    const risks = findRisks(facts, rules);
    const notes = [stage.note, amount.note, days.note, contact.note].flatMap((note) => note ?? []);
    if (log.isCut) notes.push("Only the latest entries of the activity log were read.");
    if (contact.value === null) notes.push("No mail is written: there is nobody to write to.");
    return {
      ...common(deal, touches, now),
      ...scoreDeal(facts, rules),
      stage: stage.value.stage,
      outcome: "open",
      days_in_stage: days.value,
      amount: amount.value,
      risks,
      next_step: nextStep(deal, contact.value, risks, rules),
      contact: contact.value,
      outreach: contact.value !== null,
      notes,
    };
  },

  check: (output, { deal }) => [...checkScore(output), ...checkReasons(output, deal)],
  summary: ({ outcome, score, band, risks, next_step: next }) =>
    outcome === "open"
      ? `Score ${score} (${band}); risks: ${risks.map((risk) => risk.risk_id).join(", ") || "none"}; next: ${next.action}`.slice(
          0,
          120,
        )
      : `The deal is ${outcome}; no outreach`,
  evidence: (output, { deal }) => [scoreShown(output, deal)],
});

function common(deal: Deal, touches: readonly Touch[], now: Date) {
  const step = deal.next_step ?? null;
  return {
    deal_id: deal.deal_id,
    as_of: now.toISOString().slice(0, 10),
    touchpoints: touches.length,
    currency: deal.currency,
    agreed_step: step && { what: step.what, due: momentOf(step.due, now)?.toISODate() ?? null },
    expected_close: momentOf(deal.expected_close, now)?.toISODate() ?? null,
    touches: touches.slice(0, MAX_TOUCHES),
  };
}

interface SettledDeal {
  readonly stage: Settled<ScoringRules["stages"][number]>;
  readonly amount: Settled<number | null>;
  readonly days: Settled<number>;
}

function toFacts(deal: Deal, { stage, amount, days }: SettledDeal, touches: readonly Touch[], now: Date): ScoredFacts {
  const { agreed_step: agreedStep } = common(deal, touches, now);
  return {
    stage: stage.value,
    stagePointer: stage.pointer,
    daysInStage: days.value,
    agePointer: days.pointer,
    amount: amount.value,
    amountPointer: amount.pointer,
    currency: deal.currency,
    touches,
    agreedStep,
    daysToClose: daysUntil(deal.expected_close, now),
    daysToStep: daysUntil(deal.next_step?.due, now),
  };
}

function daysUntil(text: string | undefined, now: Date): number | null {
  const moment = momentOf(text, now);
  if (!moment) return null;
  const passed = daysSince(moment, now);
  return passed === 0 ? 0 : -passed;
}

/** Won and lost deals keep their facts and get neither score nor mail. */
function closedDeal(
  deal: Deal,
  { value, pointer, note }: Settled<ScoringRules["stages"][number]>,
  touches: readonly Touch[],
  now: Date,
): DealAnalysis {
  const outcome = value.stage === "won" ? "won" : "lost";
  const since = momentOf(deal.stage_since, now);
  return {
    ...common(deal, touches, now),
    stage: value.stage,
    outcome,
    score: 0,
    band: "closed",
    reasons: [
      {
        fact: pointer,
        value: value.stage,
        points: 0,
        max_points: 0,
        text: `The deal is ${outcome}: it is not scored.`,
      },
    ],
    days_in_stage: since ? Math.max(0, daysSince(since, now)) : 0,
    amount: deal.amount !== undefined && deal.amount > 0 ? deal.amount : null,
    risks: [],
    next_step: { action: "none", advice: `Leave it closed: the deal is ${outcome}.`, because: null },
    contact: null,
    outreach: false,
    notes: [...(note === undefined ? [] : [note]), `No mail is written: the deal is ${outcome}.`],
  };
}

function nextStep(deal: Deal, contact: Contact | null, risks: readonly FoundRisk[], rules: ScoringRules) {
  const worst = rules.risks.find(({ risk_id: riskId }) => riskId === risks[0]?.risk_id);
  const fill = (advice: string) =>
    advice.replaceAll("{contact}", contact?.name ?? "the customer").replaceAll("{company}", deal.company);
  if (!worst) return { action: "keep_going", advice: fill(rules.keep_going_advice), because: null };
  return { action: worst.action, advice: fill(worst.advice), because: worst.risk_id };
}

function checkScore({ score, reasons }: DealAnalysis): Finding[] {
  const sum = reasons.reduce((total, { points }) => total + points, 0);
  if (sum === score) return [];
  const parts = reasons.map(({ fact, points }) => `${fact} ${points}`).join(", ");
  return [
    {
      checkId: "score_adds_up",
      field: "/score",
      reason: `The score is ${score}, but its reasons add up to ${sum} (${parts}).`,
    },
  ];
}

/** A reason that points into the deal must carry what stands there. */
function checkReasons({ reasons }: DealAnalysis, deal: Deal): Finding[] {
  return reasons.flatMap(({ fact, value }, index): Finding[] => {
    const found = fact === "/deal/stage" ? deal.stage : fact === "/deal/amount" ? deal.amount : value;
    if (found === value) return [];
    const reason = `The reason says ${JSON.stringify(value)}, but ${fact} of ${deal.deal_id} is ${JSON.stringify(found)}.`;
    return [{ checkId: "reason_rests_on_deal", field: `/reasons/${index}/value`, reason }];
  });
}

function scoreShown(output: DealAnalysis, deal: Deal): Evidence {
  const risks = output.risks.map(({ severity, text }) => `${severity}: ${text}`);
  return {
    title: `${deal.company}, ${deal.product}: ${output.score} points (${output.band})`,
    left: { label: "What the score rests on", text: output.reasons.map(({ text }) => text).join("\n") },
    right: { label: "Risks and next step", text: [...risks, output.next_step.advice].join("\n") },
  };
}
