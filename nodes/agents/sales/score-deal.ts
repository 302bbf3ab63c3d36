import type { ScoringRules } from "../../../tools/get-scoring-rules.js";
import type { FoundRisk, Reason, Touch } from "./deal.js";

type StageRule = ScoringRules["stages"][number];
type Steps = ScoringRules["points"]["amount"];

/** What a score rests on: settled facts only, each with the place where it stands. */
export interface ScoredFacts {
  readonly stage: StageRule;
  readonly stagePointer: string;
  readonly daysInStage: number;
  readonly agePointer: string;
  /** Absent when no amount is agreed. */
  readonly amount: number | null;
  readonly amountPointer: string;
  readonly currency: string;
  readonly touches: readonly Touch[];
  readonly agreedStep: { readonly what: string; readonly due: string | null } | null;
  /** Days until the close date; negative when it has passed. */
  readonly daysToClose: number | null;
  /** Days until the agreed step is due; negative when it has passed. */
  readonly daysToStep: number | null;
}

/** The score of an open deal, 0 to 100, as the sum of its reasons; each names fact, value and points. */
export function scoreDeal(facts: ScoredFacts, rules: ScoringRules): { score: number; band: string; reasons: Reason[] } {
  const reasons = [
    stageReason(facts, rules),
    ageReason(facts, rules),
    recencyReason(facts, rules),
    touchpointReason(facts, rules),
    engagedReason(facts, rules),
    nextStepReason(facts, rules),
    amountReason(facts, rules),
  ];
  const score = reasons.reduce((sum, { points }) => sum + points, 0);
  const band = rules.bands.find(({ at_least: atLeast }) => score >= atLeast)?.band ?? "cold";
  return { score, band, reasons };
}

/** The risks of an open deal, worst first, each with its evidence. */
export function findRisks(facts: ScoredFacts, rules: ScoringRules): FoundRisk[] {
  const evidence = riskEvidence(facts, rules);
  return rules.risks.flatMap(({ risk_id: riskId, severity }) => {
    const text = evidence[riskId];
    return text === undefined ? [] : [{ risk_id: riskId, severity, text }];
  });
}

/** Days since the customer last took part; absent when that never happened. */
function silentDays(touches: readonly Touch[], rules: ScoringRules): number | undefined {
  return touches.find(({ kind }) => rules.activity_kinds[kind]?.is_two_way)?.days_ago;
}

type RiskId = ScoringRules["risks"][number]["risk_id"];

function riskEvidence(facts: ScoredFacts, rules: ScoringRules): Partial<Record<RiskId, string>> {
  const { stage, daysInStage, touches, agreedStep, daysToClose, daysToStep } = facts;
  const limits = rules.thresholds;
  const found: Partial<Record<RiskId, string>> = {};
  if (daysToClose !== null && daysToClose < 0) found.overdue_close = `The close date passed ${days(-daysToClose)} ago.`;
  const silence = silentDays(touches, rules);
  const isLong = daysInStage > stage.typical_days * limits.stalled_ratio;
  const isSilent = silence !== undefined && silence > limits.silent_days;
  const quiet =
    silence === undefined ? "the customer has not taken part yet" : `the customer last took part ${days(silence)} ago`;
  if (isLong || isSilent) {
    found.stalled = `In stage ${stage.stage} for ${days(daysInStage)} (typical: ${stage.typical_days}); ${quiet}.`;
  }
  if (agreedStep === null) found.no_next_step = "No next step is agreed.";
  if (agreedStep && daysToStep !== null && daysToStep < 0) {
    found.overdue_next_step = `The next step "${agreedStep.what}" was due ${days(-daysToStep)} ago.`;
  }
  const engaged = engagedIn(touches, rules);
  if (engaged.length < 2 && stage.order >= limits.threads_from_order) {
    found.single_threaded = `Only ${engaged[0] ?? "nobody"} of the customer has taken part.`;
  }
  if (touches.length < limits.min_touchpoints) {
    found.few_touchpoints = `${touches.length} touchpoints are recorded; at least ${limits.min_touchpoints} are wanted.`;
  }
  return found;
}

function stageReason({ stage, stagePointer }: ScoredFacts, rules: ScoringRules): Reason {
  const max = Math.max(...rules.stages.map(({ points }) => points));
  return reason(stagePointer, stage.stage, stage.points, max, `Stage is ${stage.stage}`);
}

function ageReason({ stage, daysInStage, agePointer }: ScoredFacts, rules: ScoringRules): Reason {
  const steps = rules.points.stage_age_ratio;
  const points = pointsFor(daysInStage / stage.typical_days, steps);
  return reason(
    agePointer,
    daysInStage,
    points,
    maxOf(steps),
    `In this stage for ${days(daysInStage)}, typical are ${stage.typical_days}`,
  );
}

function recencyReason({ touches }: ScoredFacts, rules: ScoringRules): Reason {
  const steps = rules.points.recency_days;
  const silence = silentDays(touches, rules);
  if (silence === undefined)
    return reason("/activities", "never", 0, maxOf(steps), "The customer has never taken part");
  return reason(
    "/activities",
    silence,
    pointsFor(silence, steps),
    maxOf(steps),
    `The customer last took part ${days(silence)} ago`,
  );
}

function touchpointReason({ touches }: ScoredFacts, rules: ScoringRules): Reason {
  const { each, max } = rules.points.touchpoint;
  return reason(
    "/activities",
    touches.length,
    Math.min(touches.length * each, max),
    max,
    `${touches.length} touchpoints`,
  );
}

function engagedReason({ touches }: ScoredFacts, rules: ScoringRules): Reason {
  const { each, max } = rules.points.engaged_contact;
  const engaged = engagedIn(touches, rules);
  const text = engaged.length === 0 ? "Nobody of the customer has taken part" : `Taking part: ${engaged.join(", ")}`;
  return reason("/activities", engaged.length, Math.min(engaged.length * each, max), max, text);
}

function nextStepReason({ agreedStep, daysToStep }: ScoredFacts, rules: ScoringRules): Reason {
  const { agreed, overdue, none } = rules.points.next_step;
  if (agreedStep === null) return reason("/deal/next_step", "none", none, agreed, "No next step is agreed");
  const isOverdue = daysToStep !== null && daysToStep < 0;
  const text = isOverdue ? "The agreed next step is overdue" : "A next step is agreed";
  return reason("/deal/next_step", agreedStep.what, isOverdue ? overdue : agreed, agreed, text);
}

function amountReason({ amount, amountPointer, currency }: ScoredFacts, rules: ScoringRules): Reason {
  const steps = rules.points.amount;
  if (amount === null) return reason(amountPointer, "none", 0, maxOf(steps), "No amount is agreed");
  return reason(amountPointer, amount, pointsFor(amount, steps), maxOf(steps), `Worth ${currency} ${amount}`);
}

function reason(fact: string, value: string | number, points: number, max: number, what: string): Reason {
  return { fact, value, points, max_points: max, text: `${what}: ${points} of ${max} points.` };
}

function pointsFor(size: number, steps: Steps): number {
  return steps.find(({ up_to: upTo }) => upTo === undefined || size <= upTo)?.points ?? 0;
}

function maxOf(steps: Steps): number {
  return Math.max(...steps.map(({ points }) => points));
}

function engagedIn(touches: readonly Touch[], rules: ScoringRules): string[] {
  const twoWay = touches.filter(({ kind }) => rules.activity_kinds[kind]?.is_two_way);
  return [...new Set(twoWay.flatMap(({ with: person }) => person ?? []))];
}

function days(count: number): string {
  return count === 1 ? "1 day" : `${count} days`;
}
