import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { defineAgent, definePlaybook, valueFrom } from "../core/define-agent.js";
import type { JsonObject } from "../core/digest.js";
import { composeOrchestrator } from "../runtime/compose.js";
import { defineTool } from "../tools/define-tool.js";

const AGENT_ID = "A901";
const POLICY = `@id("not_negative")
@reason("numbers begin at nought")
forbid (principal, action == Action::"look", resource)
when { context.args.n < 0 };
`;

const PARTS = {
  input: z.strictObject({ n: z.int() }),
  output: z.strictObject({ n: z.int() }),
  timeoutMs: 10_000,
  maxCostMicroUsd: 0,
  run: async ({ n }: { n: number }) => ({ n }),
};
/** Neither does anything: what a call of one takes is the gate's own time. */
const look = defineTool({
  ...PARTS,
  name: "look",
  description: "Returns the number that it is given.",
  effect: "reads",
});
const note = defineTool({
  ...PARTS,
  name: "note",
  description: "Notes the number that it is given in a table of our own.",
  effect: "writes",
  reach: "own",
  dedupeKey: ({ n }) => String(n),
  dedupeScope: "run",
});

/** Kinds of calls that nobody is asked about, from the cheapest. */
export const GATE_KINDS = [
  { name: "a read", tool: "look", policies: [] },
  { name: "a read under a policy about its arguments", tool: "look", policies: [POLICY] },
  { name: "a write to a table of our own", tool: "note", policies: [] },
] as const;

/**
 * Milliseconds of each of so many calls through the gate, one after the other in one task of a real run: arguments,
 * policy, deadline, turn and event, for a write its claim too, with the journal in a SQLite file in the folder.
 */
export async function gateCosts(
  folder: string,
  { tool, policies }: (typeof GATE_KINDS)[number],
  calls: number,
): Promise<readonly number[]> {
  const costs: number[] = [];
  const data = mkdtempSync(join(folder, "gate-"));
  const orchestrator = await composeOrchestrator({
    store: `sqlite:${join(data, "missions.db")}`,
    data,
    missions: [{ ...MISSION, policies: [...policies] }],
    agents: [caller(tool, calls, costs)],
    tools: [look, note],
  });
  const { status } = await orchestrator.start("calls", { caseRef: { case_id: "C1" } });
  await orchestrator.close();
  if (status !== "completed") throw new Error(`The run of the gate's bench is ${status}.`);
  return costs;
}

function caller(tool: "look" | "note", calls: number, costs: number[]) {
  const call_around = definePlaybook({
    skill: "call_around",
    version: "1",
    input: z.strictObject({}),
    output: z.strictObject({ seen: z.int() }),
    tools: [tool],
    async run(context) {
      for (let n = 0; n < calls; n += 1) {
        const begun = performance.now();
        const reply = await context.call(tool, { n });
        costs.push(performance.now() - begun);
        valueFrom(reply);
      }
      return { seen: calls };
    },
  });
  return defineAgent({
    agentId: AGENT_ID,
    slug: "caller",
    name: "Caller",
    description: "Calls one tool again and again.",
    tools: [tool],
    skills: { call_around },
  });
}

const MISSION: JsonObject = {
  mission_id: "CALLS",
  slug: "calls",
  mission_name: "Call around",
  description: "Calls a tool that does nothing.",
  cases: { id: "case_id", title: "case.case_id" },
  tasks: [
    {
      task_id: "T1",
      task: "Call around",
      skill: "call_around",
      order: 1,
      depends_on: [],
      inputs: {},
      estimated_duration_minutes: 1,
      requires_human_approval: false,
    },
  ],
  agents: [AGENT_ID],
};
