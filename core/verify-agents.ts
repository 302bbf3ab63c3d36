import { fieldsOf, jsonSchemaOf, requiredOf, ruling } from "./contract.js";
import type { AgentDefinition, Playbook, ProposedEffect } from "./define-agent.js";
import { didYouMean } from "./lookup.js";
import type { Subject } from "./verify-subject.js";

/** The agents of a mission: every tool exists, and no playbook calls one that its agent does not hold. */
export function verifyAgents(subject: Subject): void {
  for (const card of subject.mission.agents) {
    const agent = subject.agents.get(card.id);
    if (!agent) {
      subject.report(
        "unknown_agent",
        "/agents",
        `agent ${card.id} (${card.slug}) is on the roster, but no agent of that id is at hand.`,
      );
      continue;
    }
    for (const tool of agent.tools) verifyTool(subject, agent, tool);
    for (const playbook of Object.values(agent.skills)) verifyPlaybook(subject, agent, playbook);
  }
}

function verifyTool({ tools, report }: Subject, agent: AgentDefinition, name: string): void {
  const tool = tools.get(name);
  if (!tool)
    report(
      "unknown_tool",
      "/agents",
      `agent ${agent.slug} holds the tool "${name}", which is not registered.${didYouMean(name, tools.keys())}`,
    );
}

function verifyPlaybook(subject: Subject, agent: AgentDefinition, playbook: Playbook): void {
  const who = `agent ${agent.slug}, skill ${playbook.skill}`;
  const called = new Set([...playbook.tools, ...(playbook.proposes ?? []).map(({ tool }) => tool)]);
  for (const tool of called) {
    if (agent.tools.includes(tool)) continue;
    subject.report(
      "tool_not_held",
      "/agents",
      `${who}: calls ${tool}, which the agent does not hold.${didYouMean(tool, agent.tools)}`,
    );
  }
  for (const proposal of playbook.proposes ?? []) verifyProposal(subject, playbook, proposal, who);
}

/** A proposed effect takes its arguments from the result: both ends must exist. */
function verifyProposal(
  { tools, report }: Subject,
  playbook: Playbook,
  { tool, args }: ProposedEffect,
  who: string,
): void {
  const definition = tools.get(tool);
  if (!definition) return;
  const input = jsonSchemaOf(definition.input, "input");
  const output = jsonSchemaOf(playbook.output, "output");
  for (const [name, pointer] of Object.entries(args)) {
    if (input["additionalProperties"] === false && !fieldsOf(input).includes(name)) {
      report(
        "agent_contract",
        "/agents",
        `${who}: proposes ${tool} with the argument "${name}", which it does not take.${didYouMean(name, fieldsOf(input))}`,
      );
    }
    const path = pointer
      .split("/")
      .slice(1)
      .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    if (ruling(output, path) === "lacks") {
      report(
        "agent_contract",
        "/agents",
        `${who}: proposes ${tool} with "${name}" from ${pointer}, which its result does not have.`,
      );
    }
  }
  for (const name of requiredOf(input)) {
    if (!Object.hasOwn(args, name))
      report("agent_contract", "/agents", `${who}: proposes ${tool} without its argument "${name}".`);
  }
}
