import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { defineAgent, definePlaybook, valueFrom } from "../core/define-agent.js";
import type { JsonObject } from "../core/digest.js";
import { composeOrchestrator } from "../runtime/compose.js";
import { defineTool } from "../tools/define-tool.js";

const AGENT_ID = "A901";

/** Reads nothing: what a call of it takes is the gate's own time. */
const look = defineTool({
  name: "look",
  description: "Returns the number that it is given.",
  input: z.strictObject({ n: z.int() }),
  output: z.strictObject({ n: z.int() }),
  effect: "reads",
  timeoutMs: 10_000,
  maxCostMicroUsd: 0,
  run: async ({ n }) => ({ n }),
});

/**
 * Milliseconds of each of so many calls through the gate, one after the other in one task of a real run: arguments,
 * policy, deadline, turn and event, with the journal in a SQLite file in the folder.
 */
export async function gateCosts(folder: string, calls: number): Promise<readonly number[]> {
  const costs: number[] = [];
  const data = join(folder, "gate");
  mkdirSync(data, { recursive: true });
  const orchestrator = await composeOrchestrator({
    store: `sqlite:${join(data, "missions.db")}`,
    data,
    missions: [MISSION],
    agents: [looker(calls, costs)],
    tools: [look],
  });
  const { status } = await orchestrator.start("looks", { caseRef: { case_id: "C1" } });
  await orchestrator.close();
  if (status !== "completed") throw new Error(`The run of the gate's bench is ${status}.`);
  return costs;
}

function looker(calls: number, costs: number[]) {
  const look_around = definePlaybook({
    skill: "look_around",
    version: "1",
    input: z.strictObject({}),
    output: z.strictObject({ seen: z.int() }),
    tools: ["look"],
    async run(context) {
      let seen = 0;
      for (let n = 0; n < calls; n += 1) {
        const begun = performance.now();
        const reply = await context.call<typeof look>("look", { n });
        costs.push(performance.now() - begun);
        seen = valueFrom(reply).n;
      }
      return { seen };
    },
  });
  return defineAgent({
    agentId: AGENT_ID,
    slug: "looker",
    name: "Looker",
    description: "Calls one tool again and again.",
    tools: ["look"],
    skills: { look_around },
  });
}

const MISSION: JsonObject = {
  mission_id: "LOOKS",
  slug: "looks",
  mission_name: "Look around",
  description: "Calls a tool that does nothing.",
  cases: { id: "case_id", title: "case.case_id" },
  tasks: [
    {
      task_id: "T1",
      task: "Look around",
      skill: "look_around",
      order: 1,
      depends_on: [],
      inputs: {},
      estimated_duration_minutes: 1,
      requires_human_approval: false,
    },
  ],
  agents: [AGENT_ID],
};
