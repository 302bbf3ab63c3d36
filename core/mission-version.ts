import { jsonSchemaOf } from "./contract.js";
import type { AgentDefinition } from "./define-agent.js";
import type { JsonObject } from "./digest.js";
import { digestOf } from "./digest.js";
import type { Mission, Task } from "./mission.js";

/**
 * The version of a mission: the digest of its document, the contracts of its skills included. Code is not part of it: a
 * playbook's own `version` may change under a run. Sample cases are not part of it either.
 */
export function missionVersion(mission: Mission): string {
  const { items: _, ...cases } = mission.cases;
  const cards = mission.agents.map(({ skills: __, ...card }) => card);
  return digestOf({ ...mission, cases, agents: cards });
}

/** The contracts of an agent's skills, as far as these tasks use them. */
export function contractsOf(agent: AgentDefinition, tasks: readonly Task[]): JsonObject {
  const used = new Set(tasks.filter((task) => task.agents.includes(agent.agentId)).map(({ skill }) => skill));
  const contracts = Object.entries(agent.skills)
    .filter(([skill]) => used.has(skill) || skill === "*")
    .map(([skill, playbook]) => [
      skill,
      { input: jsonSchemaOf(playbook.input, "input"), output: jsonSchemaOf(playbook.output, "output") },
    ]);
  return Object.fromEntries(contracts);
}
