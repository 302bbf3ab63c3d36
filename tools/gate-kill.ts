import type { KillAct, Work } from "../core/kill.js";
import { killWords, Stopped } from "../core/kill.js";
import type { EffectRecord } from "../core/records.js";
import type { ToolCall } from "../core/session.js";
import type { Refusal } from "./gate-call.js";
import { refusal } from "./gate-call.js";

/** A call, as far as it decides which switches stop it. */
export function workOf({ session, agent, tool }: ToolCall): Required<Work> {
  return { runId: session.runId, agentId: agent.id, tool };
}

/** The same of an act that was begun before, perhaps by another agent, when this call has to find out what became of it. */
export function workOfEffect({ session }: ToolCall, { agentId, tool }: EffectRecord): Required<Work> {
  return { runId: session.runId, agentId, tool };
}

/**
 * Refuses a call that the kill switch stops. The refusal is told once for each switch, and is no turn: when the switch
 * is off, the same call is made.
 */
export async function refuseStopped(call: ToolCall, kill: KillAct): Promise<Refusal> {
  const { session, task, attempt, agent, tool, turnKey } = call;
  const reason = `${killWords(kill)} Nothing was done; the call may be made once the switch is off.`;
  const data = { summary: `${tool}: killed: ${reason}`, tool, agent: agent.id, turn: turnKey, attempt };
  await session.commit({
    events: [
      {
        type: "tool_refused",
        key: `tool_refused:${task.id}:${attempt}:${turnKey}:${kill.actId}`,
        taskId: task.id,
        data: { ...data, code: "killed", reason, kill: kill.actId },
      },
    ],
  });
  return refusal("killed", reason, true);
}

/** Makes a call of a tool's code whose signal fires also when the kill switch stops it; the reason is `Stopped` then. */
export async function stoppable<Outcome>(
  call: ToolCall,
  work: Work,
  make: (signal: AbortSignal) => Promise<Outcome>,
): Promise<Outcome> {
  const end = new AbortController();
  const follow = (): void => end.abort(call.signal.reason);
  if (call.signal.aborted) follow();
  else call.signal.addEventListener("abort", follow, { once: true });
  const forget = call.session.stops.whenOn(work, (kill) => end.abort(new Stopped(work, killWords(kill))));
  try {
    return await make(end.signal);
  } finally {
    forget();
    call.signal.removeEventListener("abort", follow);
  }
}
