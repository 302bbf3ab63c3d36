import { defineAgent } from "../../core/define-agent.js";
import { collectCustomerInformation } from "./onboarding/collect-customer-information.js";

/** A1: takes an application in and writes it the way the house does. */
export const dataCollectionAgent = defineAgent({
  agentId: "A1",
  slug: "data-collection-agent",
  name: "Data Collection Agent",
  description: "Gathers structured customer information and validates completeness.",
  tools: [],
  skills: { collect_customer_information: collectCustomerInformation },
});
