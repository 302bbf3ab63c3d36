import { defineTool } from "mission-orchestrator";
import { z } from "zod";

/** In earnest these would stand in a database or behind a service; the tool is the only place that would change. */
const RULES = [
  { topic: "return", days: 30, text: "Goods that were not used may come back." },
  { topic: "repair", days: 730, text: "What breaks in ordinary use is repaired free of charge." },
];

/** Looks up what our rules say about a topic. It only reads, so no policy and no person needs to allow it. */
export const findSampleRequestsRule = defineTool({
  name: "find_sample_requests_rule",
  description: "Returns the rule for a topic (`return`, `repair`), or null when there is none. Not for single orders.",
  input: z.strictObject({ topic: z.string().min(1) }),
  output: z.strictObject({ rule: z.strictObject({ days: z.int().positive(), text: z.string() }).nullable() }),
  effect: "reads",
  timeoutMs: 2_000,
  maxCostMicroUsd: 0,

  async run({ topic }) {
    const found = RULES.find((rule) => rule.topic === topic);
    return { rule: found ? { days: found.days, text: found.text } : null };
  },
});
