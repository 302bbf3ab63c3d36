// A tool of one's own, and the one line that gives it to an agent: asks up to $1,000, is refused above, is taken back.
// node --import tsx examples/own-tool.ts
import { appendFile, readFile } from "node:fs/promises";
import { defineAgent, definePlaybook, defineTool, openOrchestrator, valueFrom } from "mission-orchestrator";
import { z } from "zod";

const issueCreditNote = defineTool({
  name: "issue_credit_note",
  description: "Credits an invoice and returns the note's number. Not for refunds in cash.",
  input: z.strictObject({ invoice: z.string(), usd: z.number().positive() }),
  output: z.strictObject({ note: z.string() }),
  effect: "writes",
  amountUsd: ({ usd }) => usd,
  dedupeKey: ({ invoice }) => invoice,
  dedupeScope: "case",
  timeoutMs: 2_000,
  maxCostMicroUsd: 0,
  run: async ({ invoice, usd }, { idempotencyKey }) => {
    await appendFile("credit-notes.txt", `${idempotencyKey} ${invoice} ${usd}\n`);
    return { note: `CN-${invoice}` };
  },
  reconcile: async (key, { invoice }) => {
    const notes = await readFile("credit-notes.txt", "utf8").catch(() => "");
    return notes.includes(key) ? { outcome: "done", result: { note: `CN-${invoice}` } } : { outcome: "not_done" };
  },
  compensate: async ({ invoice }, _result, { actKey, idempotencyKey }) => {
    const notes = await readFile("credit-notes.txt", "utf8");
    if (notes.includes(idempotencyKey)) return; // a try before has done it
    await appendFile("credit-notes.txt", `${idempotencyKey} ${invoice} reverses ${actKey}\n`);
  },
  remedy: "Cancel the credit note in the ledger.",
});

const credit = definePlaybook({
  skill: "credit_invoice",
  version: "1",
  input: z.strictObject({ invoice: z.string(), usd: z.number() }),
  output: z.strictObject({ note: z.string() }),
  tools: ["issue_credit_note"],
  run: async ({ call }, claim) => valueFrom(await call<typeof issueCreditNote>("issue_credit_note", claim)),
});
const holder = { agentId: "CL1", slug: "clerk", name: "Clerk", description: "Credits invoices." };
const clerk = defineAgent({ ...holder, tools: ["issue_credit_note"], skills: { credit_invoice: credit } });
const mission = JSON.parse(await readFile(new URL("credits.json", import.meta.url), "utf8"));

const store = "sqlite:own-tool.db";
const tools = [issueCreditNote]; // the one line
const orchestrator = await openOrchestrator({ store, missions: [mission], agents: [clerk], tools });
for (const caseRef of ["INV-1", "INV-2", "INV-3"]) {
  const { run_id } = await orchestrator.start("credits", { caseRef });
  for (const { approval_id, shown } of await orchestrator.approvals({ run: run_id })) {
    console.log(`${caseRef}: ${shown.question} ${shown.reasons.join(" ")}`);
    await orchestrator.decide(approval_id, { decision: { type: "approve" }, by: "ada" });
  }
  console.log(`${caseRef}: ${(await orchestrator.report(run_id)).summary}`);
}
await orchestrator.close();
