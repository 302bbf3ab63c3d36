import { jsonSchemaOf } from "./contract.js";
import type { AgentDefinition } from "./define-agent.js";
import type { JsonObject } from "./digest.js";
import { digestOf } from "./digest.js";
import type { AgentCard, Mission } from "./mission.js";

/**
 * The version of a mission: the digest of its document with the contracts of the skills that its tasks use. Code is not
 * part of it: a playbook's own `version` may change under a run. Sample cases are not part of it either.
 */
export function missionVersion(mission: Mission, agents: readonly AgentDefinition[]): string {
  const { items: _, ...cases } = mission.cases;
  const cards = mission.agents.map(({ skills: __, ...card }) => ({
    ...card,
    contracts: contractsOf(mission, card, agents),
  }));
  return digestOf({ ...mission, cases, agents: cards });
}

function contractsOf(mission: Mission, card: Pick<AgentCard, "id">, agents: readonly AgentDefinition[]): JsonObject {
  const agent = agents.find(({ agentId }) => agentId === card.id);
  const used = new Set(mission.tasks.filter((task) => task.agents.includes(card.id)).map(({ skill }) => skill));
  const contracts = Object.entries(agent?.skills ?? {})
    .filter(([skill]) => used.has(skill) || skill === "*")
    .map(([skill, playbook]) => [
      skill,
      { input: jsonSchemaOf(playbook.input, "input"), output: jsonSchemaOf(playbook.output, "output") },
    ]);
  return Object.fromEntries(contracts);
}
