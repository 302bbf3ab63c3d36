import type { ProposedCall } from "../core/approval.js";
import type { Playbook } from "../core/define-agent.js";
import { isJsonObject } from "../core/define-agent.js";
import type { Json } from "../core/digest.js";
import { callDigestOf } from "../core/effect.js";
import { TaskFailure } from "../core/errors.js";
import type { Task } from "../core/mission.js";
import type { ToolReply } from "../core/tool.js";
import { backoffMs, pause } from "./retry.js";
import type { Judged, Produced, TaskWork } from "./task-work.js";

/** The acts that a result proposes, their arguments taken from it by JSON pointer: so an edited result changes them. */
export function proposedCalls(task: Task, playbook: Playbook | undefined, output: Json): readonly ProposedCall[] {
  return (playbook?.proposes ?? []).map(({ tool, args }) => {
    const values: Record<string, Json> = {};
    for (const [name, pointer] of Object.entries(args)) {
      const value = atPointer(output, pointer);
      if (value === undefined)
        throw new TaskFailure(
          "contract",
          `Task ${task.id}: its result has no ${pointer}, which ${tool} needs as "${name}".`,
        );
      values[name] = value;
    }
    return { tool, args: values, digest: callDigestOf(tool, values) };
  });
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
  for (const [index, call] of proposedCalls(work.task, playbook, result.output).entries()) {
    const by = { agent, playbook };
    const first = await callUntilSettled(work, by, call, { key: `proposed:${index}`, approvalId: result.approvalId });
    const isSecond = !first.ok && first.code === "effect_conflict";
    const again = `other content ${call.digest.slice(0, 12)}`;
    const reply = isSecond ? await callUntilSettled(work, by, call, { key: `second:${index}`, again }) : first;
    if (reply.ok) continue;
    if (isSecond && reply.code === "rejected_by_person")
      throw new TaskFailure("permanent", reply.reason, { code: "rejected" });
    throw new TaskFailure(reply.transient ? "transient" : "permanent", `${call.tool} was not done: ${reply.reason}`);
  }
}

async function callUntilSettled(
  work: TaskWork,
  by: { agent: NonNullable<Produced["agent"]>; playbook: Playbook },
  call: ProposedCall,
  how: { key: string; approvalId?: string | undefined; again?: string },
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
      ...(approvalId !== undefined && { authority: { approvalId, digest: call.digest } }),
      signal: work.signal,
      callbacks: work.callbacks,
    });
    if (reply.ok || !reply.transient || attemptNo >= task.retry.attempts) return reply;
    await pause(backoffMs(task.retry.firstDelayMs, attemptNo), work.signal);
  }
}

function atPointer(value: Json, pointer: string): Json | undefined {
  let current: Json | undefined = value;
  for (const part of pointer.split("/").slice(1)) {
    const step = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(current)) current = current[Number(step)];
    else if (isJsonObject(current)) current = current[step];
    else return undefined;
  }
  return current;
}
