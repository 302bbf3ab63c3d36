import { NeedsPerson } from "../core/approval.js";
import type { Playbook } from "../core/define-agent.js";
import { Stopped } from "../core/kill.js";
import type { Mission, Task } from "../core/mission.js";
import type { EffectRecord } from "../core/records.js";
import type { Callbacks, NodeDeps, RunSession, UndoCall, UndoReply } from "../core/session.js";
import { backoffMs, pause } from "./retry.js";
import type { TaskWork } from "./task-work.js";

type ActDeps = Pick<NodeDeps, "toolbox">;

/** Which acts are looked at, and until when. */
export interface ActScope {
  /** Without it those of the whole run. */
  readonly taskId?: string;
  /** Ends the pauses between the steps. */
  readonly signal: AbortSignal;
  readonly callbacks?: Callbacks | undefined;
}

/**
 * Finds out what became of the acts that were begun and never reported back, without making any of them again. What the
 * outside cannot tell is asked of people: their requests are returned, none when everything is known.
 */
export async function findOutLost(
  session: RunSession,
  deps: ActDeps,
  scope: ActScope,
): Promise<readonly NeedsPerson[]> {
  const asked: NeedsPerson[] = [];
  for (const act of await deps.toolbox.lostActs(session)) {
    if (scope.taskId !== undefined && act.taskId !== scope.taskId) continue;
    try {
      await untilSettled(session, act, (call) => deps.toolbox.findOut(call), scope);
    } catch (error) {
      if (!(error instanceof NeedsPerson)) throw error;
      asked.push(error);
    }
  }
  return asked;
}

/** A task's own acts, while it is at work. */
export function lostScopeOf({ session, task, signal, callbacks }: TaskWork): ActScope {
  return { taskId: task.id, signal: AbortSignal.any([signal, session.draining]), callbacks };
}

/** The same of one task's acts. Throws `NeedsPerson` when a person has to say what became of one. */
export async function findOutLostOf(work: TaskWork, playbook: Playbook | undefined): Promise<void> {
  const { session, task, deps } = work;
  // Who holds no tool has lost no act, and its first result is not kept waiting for a look.
  const holdsNone = playbook && playbook.tools.length + (playbook.proposes?.length ?? 0) === 0;
  if (holdsNone && session.task(task.id).attempt === 1) return;
  const [first] = await findOutLost(session, deps, lostScopeOf(work));
  if (first) throw first;
}

/** Makes the step until the act is settled. Tries are as many, and as far apart, as the task's own. */
export async function untilSettled(
  session: RunSession,
  act: EffectRecord,
  step: (call: UndoCall) => Promise<UndoReply>,
  { signal, callbacks }: ActScope,
): Promise<void> {
  const call = callOf(session, act, callbacks);
  const work = { runId: session.runId, agentId: call.agent.id, tool: act.tool };
  let waits = 0;
  for (;;) {
    signal.throwIfAborted();
    // A switch that stops the act stops also who looks after it, until it is off.
    await session.stops.untilOff(work, signal);
    const reply = await stepOf(step, { ...call, waits });
    if (reply.isSettled) return;
    waits = reply.tries;
    if (waits > 0) await pause(backoffMs(call.task.retry.firstDelayMs, waits), signal);
  }
}

/** A step that the kill switch broke off is made again once it is off. */
async function stepOf(step: (call: UndoCall) => Promise<UndoReply>, call: UndoCall): Promise<UndoReply> {
  try {
    return await step(call);
  } catch (error) {
    if (error instanceof Stopped) return { isSettled: false, tries: 0 };
    throw error;
  }
}

function callOf(session: RunSession, act: EffectRecord, callbacks?: Callbacks): Omit<UndoCall, "waits"> {
  const { mission } = session;
  const agent = mission.agents.find(({ id }) => id === act.agentId) ?? mission.agents[0];
  if (!agent) throw new Error(`Mission ${mission.slug} has no agents.`);
  return { session, task: taskOf(mission, act.taskId), agent, effectId: act.effectId, ...(callbacks && { callbacks }) };
}

function taskOf(mission: Mission, taskId: string): Task {
  const task = mission.tasks.find(({ id }) => id === taskId);
  if (!task) throw new Error(`Mission ${mission.slug} has no task ${taskId}.`);
  return task;
}
