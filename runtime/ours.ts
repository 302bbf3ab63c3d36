import { dataCollectionAgent } from "../nodes/agents/data-collection-agent.js";
import { documentVerificationAgent } from "../nodes/agents/document-verification-agent.js";
import { generalist } from "../nodes/agents/generalist.js";
import { salesAnalysisAgent } from "../nodes/agents/sales-analysis-agent.js";
import { schedulingAgent } from "../nodes/agents/scheduling-agent.js";
import { supportResolutionAgent } from "../nodes/agents/support-resolution-agent.js";
import { workbench } from "../nodes/agents/workbench.js";
import { tools } from "../tools/registry.js";
import type { Shelf } from "./library.js";

/** What the package brings: agents in the order of the dataset, the generalist behind them, and every tool of the registry. */
export const ours: Shelf = {
  agents: [
    dataCollectionAgent,
    documentVerificationAgent,
    schedulingAgent,
    salesAnalysisAgent,
    supportResolutionAgent,
    workbench,
    generalist,
  ],
  tools,
};
