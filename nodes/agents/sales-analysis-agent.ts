import { defineAgent } from "../../core/define-agent.js";
import { analyzeDealStatus } from "./sales/analyze-deal-status.js";
import { draftOutreachEmail } from "./sales/draft-outreach-email.js";

/** A4: scores deals by the house's rules, and writes mails that say nothing but facts. */
export const salesAnalysisAgent = defineAgent({
  agentId: "A4",
  slug: "sales-analysis-agent",
  name: "Sales Analysis Agent",
  description: "Evaluates CRM deal data and provides insights for pipeline progression.",
  tools: ["list_deal_activities", "get_scoring_rules", "put_in_outbox"],
  skills: { analyze_deal_status: analyzeDealStatus, draft_outreach_email: draftOutreachEmail },
});
