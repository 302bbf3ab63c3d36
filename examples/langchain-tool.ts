// A LangChain tool as one of ours: its effect and key are declared, a person is asked, and a second run reminds nobody again.
// node --import tsx examples/langchain-tool.ts
import { appendFile, readFile } from "node:fs/promises";
import { tool } from "@langchain/core/tools";
import { defineAgent, definePlaybook, fromLangChainTool, openOrchestrator, valueFrom } from "mission-orchestrator";
import { z } from "zod";

const remind = tool(
  async ({ invoice, text }, { configurable }) => {
    await appendFile("reminders.txt", `${configurable?.["idempotencyKey"]} ${invoice} ${text}\n`);
    return `reminded of ${invoice}`;
  },
  {
    name: "send_reminder",
    description: "Reminds a customer of an invoice.",
    schema: z.object({ invoice: z.string(), text: z.string() }),
  },
);
const sendReminder = fromLangChainTool(remind, {
  effect: "irreversible",
  dedupeKey: ({ invoice }) => String(invoice),
});

const remindCustomer = definePlaybook({
  skill: "remind_customer",
  version: "1",
  input: z.strictObject({ invoice: z.string(), text: z.string() }),
  output: z.strictObject({ said: z.string() }),
  tools: ["send_reminder"],
  run: async ({ call }, reminder) => ({ said: String(valueFrom(await call("send_reminder", reminder))) }),
});
const holder = { agentId: "RM1", slug: "reminder", name: "Reminder", description: "Reminds of invoices." };
const agent = defineAgent({ ...holder, tools: ["send_reminder"], skills: { remind_customer: remindCustomer } });
const mission = JSON.parse(await readFile(new URL("reminders.json", import.meta.url), "utf8"));

const store = "sqlite:langchain-tool.db";
const orchestrator = await openOrchestrator({ store, missions: [mission], agents: [agent], tools: [sendReminder] });
for (const second of [{}, { again: true, reason: "Was it sent?" }]) {
  const { run_id } = await orchestrator.start("reminders", { caseRef: "INV-7", ...second });
  for (const { approval_id, shown } of await orchestrator.approvals({ run: run_id })) {
    console.log(`asked: ${shown.question} ${shown.reasons.join(" ")}`);
    await orchestrator.decide(approval_id, { decision: { type: "approve" }, by: "ada" });
  }
  console.log((await orchestrator.report(run_id)).summary);
}
await orchestrator.close();
