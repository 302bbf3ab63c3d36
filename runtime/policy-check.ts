import type { Json } from "../core/digest.js";
import { OrchestratorError } from "../core/errors.js";
import { lookOf, writtenOut } from "../core/look-alike.js";
import { lookUp } from "../core/lookup.js";
import type { Policies, PolicyAgent, PolicyText } from "../core/policy.js";
import type { PolicyCheckView } from "../core/policy-view.js";
import { shapeOf } from "../core/shape.js";
import type { ToolDefinition } from "../core/tool.js";
import type { Shelf } from "./library.js";

/** A call to be ruled on without being made. Mission, task and case matter only to policies that speak of them. */
export interface PolicyCheck {
  readonly tool: string;
  readonly args: Json;
  /** By id or slug; else the first that holds the tool. */
  readonly agent?: string;
  readonly mission?: string;
  readonly task?: string;
  readonly caseId?: string;
}

/** What a mission brings to the question. */
export interface CheckedMission {
  readonly id: string;
  readonly agents: readonly (PolicyAgent & { readonly tools: readonly string[] })[];
  readonly tasks: readonly { readonly id: string; readonly skill: string }[];
  readonly policies?: readonly PolicyText[];
}

/** Nobody's task and case: no policy can name them, since neither is an id that a file may hold. */
const NONE = "-";

/** Rules on a call without making it. `name_unknown` says what there is; `usage` says what is wrong with the arguments. */
export async function checkPolicy(
  check: PolicyCheck,
  at: { readonly shelf: Shelf; readonly policies: Policies; readonly mission: CheckedMission | undefined },
): Promise<PolicyCheckView> {
  const { shelf, policies, mission } = at;
  const tool = toolOf(check.tool, shelf.tools);
  const shaped = shapeOf(tool.input, check.args);
  if (!shaped.ok) {
    const faults = shaped.problems.map(({ pointer, message }) => `${pointer || "/"}: ${message}`).join(" ");
    throw new OrchestratorError("usage", `The arguments do not fit ${tool.name}. ${faults}`, {
      details: shaped.problems,
    });
  }
  const agent = agentOf(check, mission?.agents ?? shelf.agents.map((each) => ({ ...each, id: each.agentId })));
  const book = await policies.bookFor(mission?.policies ?? []);
  const taskId = check.task ?? NONE;
  const skill = mission?.tasks.find(({ id }) => id === taskId)?.skill ?? NONE;
  const place = { missionId: mission?.id ?? NONE, taskId, skill, caseId: check.caseId ?? NONE };
  const ruling = book.rule({ tool, args: shaped.value, agent, place });
  return {
    tool: tool.name,
    agent_id: agent.id,
    agent_name: agent.name,
    is_held: agent.tools.includes(tool.name),
    mission_id: mission?.id ?? null,
    outcome: ruling.outcome,
    policy: ruling.rule,
    reason: ruling.reason,
    file: ruling.source ?? null,
  };
}

function toolOf(name: string, tools: readonly ToolDefinition[]): ToolDefinition {
  const tool = tools.findLast((each) => each.name === name);
  if (tool) return tool;
  const found = lookUp(name, tools, (each) => [each.name]);
  const near = found.kind === "missing" ? found.nearest : found.kind === "found" ? [found.item.name] : found.candidates;
  const names = near.length > 0 ? near : tools.map((each) => each.name);
  const written = writtenOut(name);
  const alike = written === name ? undefined : near.find((each) => lookOf(each) === lookOf(name));
  const look = alike === undefined ? "" : ` It only looks like ${alike}.`;
  throw new OrchestratorError("name_unknown", `There is no tool "${written}".${look} There are: ${names.join(", ")}.`, {
    details: { nearest: near },
  });
}

function agentOf<Agent extends PolicyAgent & { readonly tools: readonly string[] }>(
  { agent: wanted, tool }: PolicyCheck,
  agents: readonly Agent[],
): Agent {
  const found =
    wanted === undefined
      ? agents.find(({ tools }) => tools.includes(tool))
      : agents.find(({ id, slug }) => id === wanted || slug === wanted);
  if (found) return found;
  const known = agents.map(({ id, slug }) => `${id} (${slug})`).join(", ");
  const what =
    wanted === undefined
      ? `No agent here holds ${tool}: name one with --agent.`
      : `There is no agent "${wanted}" here.`;
  throw new OrchestratorError("name_unknown", `${what} There are: ${known}.`);
}
