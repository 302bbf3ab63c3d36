import { brokenConstraint } from "../core/constraint.js";
import { hasCode } from "../core/errors.js";
import type { Ruling } from "../core/policy.js";
import type { EffectRecord } from "../core/records.js";
import type { ToolCall } from "../core/session.js";
import type { ToolDefinition } from "../core/tool.js";
import { stillCovers } from "./gate-asks.js";
import type { Foreseen, GateDeps } from "./gate-call.js";

/** Without policies that can be read nothing is allowed. They are read again for the next call. */
export const UNREADABLE = ["policy_invalid", "file_not_found"] as const;

/** The ruling of the policies that hold now for the run's mission. Rejects with one of `UNREADABLE` when they cannot be read. */
export async function weigh(
  policies: Pick<GateDeps["policies"], "bookFor">,
  { call, tool, parsed }: Pick<Foreseen, "call" | "tool" | "parsed">,
): Promise<Pick<Foreseen, "ruling" | "policyVersion">> {
  const { session, task, agent } = call;
  const { missionId, caseId } = session.run;
  const book = await policies.bookFor(session.mission.policies ?? []);
  const place = { missionId, taskId: task.id, skill: task.skill, caseId };
  return { ruling: book.rule({ tool, args: parsed, agent, place }), policyVersion: book.version };
}

/**
 * Why an act that was begun is not made again, by what policies say now and what people agreed to then; nothing when it
 * may be. It is ruled on as the act of the agent and the task that began it.
 */
export async function whyNotRuledAgain(
  policies: Pick<GateDeps["policies"], "bookFor">,
  call: ToolCall,
  effect: EffectRecord,
  known: { readonly tool: ToolDefinition; readonly parsed: unknown },
): Promise<string | undefined> {
  const { session } = call;
  const { mission } = session;
  const task = mission.tasks.find(({ id }) => id === effect.taskId) ?? call.task;
  const agent = mission.agents.find(({ id }) => id === effect.agentId) ?? call.agent;
  const { tool: name, args } = effect;
  const act = { ...known, args, call: { session, task, agent, tool: name, args } };
  const weighed = await weigh(policies, act).catch((error: unknown) => {
    if (!hasCode(error, ...UNREADABLE)) throw error;
    return error.message;
  });
  if (typeof weighed === "string") return `${name} cannot be ruled on now: ${weighed}`;
  const ruled = { ...act, ...weighed };
  const { outcome, reason, rule } = ruled.ruling;
  if (outcome === "forbidden") return `${name} is forbidden now: ${reason} (${rule})`;
  const approval = session.requests().find(({ approvalId }) => approvalId === effect.approvalId);
  // A second act is asked about whatever its own ruling.
  const isAsked = outcome === "ask" || (effect.again !== "" && effect.approvalId !== undefined);
  if (!isAsked || (approval && stillCovers(approval, ruled))) return undefined;
  return `nobody has agreed to ${name} under the policies of now`;
}

/**
 * The ruling on taking an act back. Policies are asked about the act itself, as they are now: who agreed to it agreed to
 * its undo as well, so that only a forbid outweighs a yes.
 */
export async function rulingOnUndo(
  policies: Pick<GateDeps["policies"], "bookFor">,
  { session, task, agent }: Pick<ToolCall, "session" | "task" | "agent">,
  { tool: name, args, approvalId }: EffectRecord,
  known: { readonly tool: ToolDefinition; readonly parsed: unknown },
): Promise<Ruling> {
  try {
    const { ruling } = await weigh(policies, { ...known, call: { session, task, agent, tool: name, args } });
    return ruling.outcome === "ask" && approvalId !== undefined ? { ...ruling, outcome: "auto" } : ruling;
  } catch (error) {
    if (!hasCode(error, ...UNREADABLE)) throw error;
    return { outcome: "forbidden", rule: error.code, reason: error.message };
  }
}

/** Why an act that was begun is not made again, by the mission's constraints as things stand; nothing when it may be. */
export function whyConstrainedNow(
  call: ToolCall,
  { runId, taskId: madeBy, tool, args }: EffectRecord,
): string | undefined {
  const { session, task, result } = call;
  const taskId = runId === session.runId ? madeBy : task.id;
  return brokenConstraint(session, {
    taskId,
    tool,
    args,
    ...(taskId === task.id && result !== undefined && { result }),
  })?.reason;
}
