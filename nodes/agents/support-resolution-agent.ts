import { defineAgent } from "../../core/define-agent.js";
import { categorizeTicket } from "./support/categorize-ticket.js";
import { draftResolution } from "./support/draft-resolution.js";
import { findSteps } from "./support/find-steps.js";

/** Answers Tier 1 support tickets: what is it about, which steps help, what to write. */
export const supportResolutionAgent = defineAgent({
  agentId: "A5",
  slug: "support-resolution-agent",
  name: "Support Resolution Agent",
  description:
    "Identifies support issue categories, retrieves knowledge-base troubleshooting steps, and drafts resolution messages.",
  tools: ["read_record", "search_articles", "read_article", "put_in_outbox"],
  skills: {
    categorize_support_request: categorizeTicket,
    retrieve_troubleshooting_steps: findSteps,
    draft_resolution_message: draftResolution,
  },
});
