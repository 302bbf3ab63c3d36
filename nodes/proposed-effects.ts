import type { ProposedCall } from "../core/approval.js";
import { brokenConstraint } from "../core/constraint.js";
import type { Playbook } from "../core/define-agent.js";
import type { Json } from "../core/digest.js";
import { TaskFailure } from "../core/errors.js";
import type { Task } from "../core/mission.js";
import { callFromResult } from "../core/proposed-call.js";
import type { ToolReply } from "../core/tool.js";
import { noteLeft } from "./acts-left.js";
import { throwIfKilled } from "./kill-wait.js";
import { backoffMs, pause } from "./retry.js";
import { Refused } from "./task-checks.js";
import type { Judged, Produced, TaskWork } from "./task-work.js";

/** The acts that a result proposes, their arguments taken from it by JSON pointer: so an edited result changes them. */
function proposedCalls(task: Task, playbook: Playbook | undefined, output: Json): readonly ProposedCall[] {
  return (playbook?.proposes ?? []).map((proposal) => {
    const { tool, args: from } = proposal;
    const call = callFromResult(proposal, output);
    if (call.ok) return { tool, args: call.args, digest: call.digest, from };
    const { name, pointer } = call;
    const message = `Task ${task.id}: its result has no ${pointer}, which ${tool} needs as "${name}".`;
    throw new TaskFailure("contract", message);
  });
}

/** The same acts with what a person's yes to each covers, as the policies are now. */
export async function coveredCalls(
  { session, task, deps }: TaskWork,
  { agent, playbook }: Produced,
  output: Json,
): Promise<readonly ProposedCall[]> {
  const calls = proposedCalls(task, playbook, output);
  if (!agent) return calls;
  return Promise.all(
    calls.map(async (call) => {
      const covers = await deps.toolbox.coverage({ session, task, agent, tool: call.tool, args: call.args });
      return covers ? { ...call, covers } : call;
    }),
  );
}

/**
 * Does what the standing result proposes, through the gate, on the authority of the approval that showed it. The
 * approval names digests, so what runs is what was seen. A transient failure is tried again without asking again. When
 * an earlier attempt has done the act with other arguments, a person is asked whether a second one is meant.
 */
export async function doProposed(
  work: TaskWork,
  produced: Produced,
  result: Judged & { approvalId?: string },
): Promise<void> {
  const { agent, playbook } = produced;
  if (!agent || !playbook) return;
  const calls = proposedCalls(work.task, playbook, result.output);
  for (const [index, call] of calls.entries()) {
    const by = { agent, playbook };
    const first = await callUntilSettled(work, by, call, {
      key: `proposed:${index}`,
      approvalId: result.approvalId,
      result: result.output,
    });
    const isSecond = !first.ok && first.code === "effect_conflict";
    const again = `other content ${call.digest.slice(0, 12)}`;
    const reply = isSecond
      ? await callUntilSettled(work, by, call, { key: `second:${index}`, again, result: result.output })
      : first;
    if (reply.ok) continue;
    await noteLeft(work, calls.slice(index), reply.reason);
    if (reply.code === "constraint_broken") throw brokenBy(reply.reason);
    if (isSecond && reply.code === "rejected_by_person")
      throw new TaskFailure("permanent", reply.reason, { code: "rejected" });
    throw new TaskFailure(reply.transient ? "transient" : "permanent", `${call.tool} was not done: ${reply.reason}`);
  }
}

/** Refuses a result whose acts would break a constraint as things stand: nobody need be asked about it. */
export function refuseBroken({ session, task }: TaskWork, calls: readonly ProposedCall[], result: Json): void {
  for (const { tool, args } of calls) {
    const broken = brokenConstraint(session, { taskId: task.id, tool, args, result });
    if (broken) throw brokenBy(broken.reason);
  }
}

/** Goes back to the agent like any result that was refused. */
function brokenBy(reason: string): Refused {
  return new Refused([{ checkId: "constraint", field: "", reason }], false);
}

async function callUntilSettled(
  work: TaskWork,
  by: { agent: NonNullable<Produced["agent"]>; playbook: Playbook },
  call: ProposedCall,
  how: { key: string; result: Json; approvalId?: string | undefined; again?: string },
): Promise<ToolReply> {
  const { session, task, deps } = work;
  const { approvalId, again } = how;
  for (let attemptNo = 1; ; attemptNo += 1) {
    const reply = await deps.toolbox.call({
      session,
      task,
      attempt: session.task(task.id).attempt,
      agent: by.agent,
      declared: [...by.playbook.tools, call.tool],
      tool: call.tool,
      args: call.args,
      options: again === undefined ? {} : { again },
      turnKey: `${how.key}:${attemptNo}`,
      result: how.result,
      ...(approvalId !== undefined && { authority: { approvalId, digest: call.digest } }),
      signal: work.signal,
      callbacks: work.callbacks,
    });
    throwIfKilled(reply, { runId: session.runId, agentId: by.agent.id, tool: call.tool });
    if (reply.ok || !reply.transient || attemptNo >= task.retry.attempts) return reply;
    await pause(backoffMs(task.retry.firstDelayMs, attemptNo), work.signal);
  }
}
