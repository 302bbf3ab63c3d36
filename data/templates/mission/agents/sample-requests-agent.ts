import { defineAgent, definePlaybook, giveUp, valueFrom } from "mission-orchestrator";
import { z } from "zod";
import type { findSampleRequestsRule } from "../tools/find-sample-requests-rule.js";

/** Takes what it needs from its inputs and through its tools, and nothing else: so a rerun after a crash repeats no call. */
const findRule = definePlaybook({
  skill: "find_rule_for_sample_requests",
  version: "1",
  input: z.strictObject({ topic: z.string() }),
  output: z.strictObject({ days: z.int().positive(), text: z.string() }),
  tools: ["find_sample_requests_rule"],
  summary: ({ days, text }) => `${text} (${days} days)`,

  async run(context, { topic }) {
    const { rule } = valueFrom(
      await context.call<typeof findSampleRequestsRule>("find_sample_requests_rule", { topic }),
    );
    if (!rule) throw giveUp("permanent", `Our rules say nothing about "${topic}".`);
    return rule;
  },
});

const writeAnswer = definePlaybook({
  skill: "answer_sample_requests",
  version: "1",
  input: z.strictObject({ customer: z.string(), topic: z.string(), days: z.int(), rule: z.string() }),
  output: z.strictObject({ text: z.string().max(1_000) }),
  tools: [],
  summary: ({ text }) => text.slice(0, 120),
  evidence: (_output, { rule }) => [{ title: "What it rests on", left: { label: "Our rule", text: rule } }],

  async run(_context, { customer, topic, days, rule }) {
    return { text: `Dear ${customer}, you asked about a ${topic}. ${rule} This holds for ${days} days.` };
  },
});

/** Answers requests by rule. */
export const sampleRequestsAgent = defineAgent({
  agentId: "sample-requests-agent",
  slug: "sample-requests-agent",
  name: "Sample requests agent",
  description: "Finds the rule that fits a request and writes the answer.",
  tools: ["find_sample_requests_rule"],
  skills: { find_rule_for_sample_requests: findRule, answer_sample_requests: writeAnswer },
});
