import type { z } from "zod";
import type { Feedback, Playbook } from "../../core/define-agent.js";
import type { JsonObject } from "../../core/digest.js";
import { analyzeDealStatus } from "../../nodes/agents/sales/analyze-deal-status.js";
import { DealSchema } from "../../nodes/agents/sales/deal.js";
import { draftOutreachEmail } from "../../nodes/agents/sales/draft-outreach-email.js";
import { getScoringRules } from "../../tools/get-scoring-rules.js";
import { listDealActivities } from "../../tools/list-deal-activities.js";
import { readDataFile } from "./fake-services.js";
import { createPlaybookContext, runPlaybook } from "./playbook-context.js";

type OutputOf<P> = P extends Playbook<z.ZodType, infer Output> ? z.output<Output> : never;
export type Analysis = OutputOf<typeof analyzeDealStatus>;
export type Mail = OutputOf<typeof draftOutreachEmail>;

/** All sample deals. */
export const sampleDeals = DealSchema.array().parse(readDataFile("sample/deals.json"));

/** A sample deal by id, with fields changed where a test needs it. */
export function dealOf(dealId: string, changes: Partial<z.input<typeof DealSchema>> = {}) {
  const deal = sampleDeals.find((each) => each.deal_id === dealId);
  if (!deal) throw new Error(`There is no sample deal ${dealId}.`);
  return DealSchema.parse({ ...deal, ...changes });
}

/** T4 on the sample data of the project. */
export async function analyse(deal: z.input<typeof DealSchema>, answers: JsonObject = {}): Promise<Analysis> {
  const context = createPlaybookContext({ tools: [getScoringRules, listDealActivities], answers });
  return runPlaybook(analyzeDealStatus, context, { deal });
}

/** T5 on an analysis. */
export async function draft(
  deal: z.input<typeof DealSchema>,
  analysis: Analysis,
  comments: readonly string[] = [],
): Promise<Mail> {
  const feedback = comments.map((reason): Feedback => ({ from: "approver", reason }));
  return runPlaybook(draftOutreachEmail, createPlaybookContext({ feedback }), { deal, analysis });
}

/** What T5's own check says about a mail. */
export function findingsOf(mail: Mail, deal: z.output<typeof DealSchema>, analysis: Analysis) {
  return draftOutreachEmail.check?.(mail, { deal, analysis }, {}) ?? [];
}
