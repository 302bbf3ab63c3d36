import type { Work } from "../core/kill.js";
import { Stopped } from "../core/kill.js";
import type { Visit } from "../core/session.js";
import type { ToolReply } from "../core/tool.js";
import { released, stopped } from "./task-moves.js";
import type { TaskWork } from "./task-work.js";

/** Throws `Stopped` for the refusal of a call that the kill switch stopped: its agent is not to find another way around. */
export function throwIfKilled(reply: ToolReply, work: Work): void {
  if (!reply.ok && reply.code === "killed") throw new Stopped(work, reply.reason);
}

/**
 * Waits until nothing stops the work any more. The task holds no slot and says in its row what it waits for, but stays at
 * work in its wave: so others go on, and the process that has the run goes on with it by itself.
 */
export async function untilTaskReleased({ session, task, signal }: TaskWork, { work }: Stopped): Promise<"again"> {
  const kill = session.stops.on(work);
  if (!kill) return "again";
  const isBegun = session.task(task.id).codeVersion !== undefined;
  // A run that is stopped as a whole says so itself: of its tasks only those say it that were at work.
  const isTold = isBegun || work.agentId !== undefined;
  if (isTold) await session.commit(stopped(task, session.task(task.id), kill));
  await session.stops.untilOff(work, AbortSignal.any([signal, session.draining]));
  if (isTold) await session.commit(released(task, session.task(task.id), kill, isBegun));
  return "again";
}

/** Waits until the run as a whole may go on: nothing of it is decided, begun or ended before. A run to be cancelled goes on at once. */
export async function untilRunReleased({ session, beginSignal }: Visit): Promise<void> {
  const work = { runId: session.runId };
  if (session.isCancelled || session.isOver || !session.stops.on(work)) return;
  try {
    await session.stops.untilOff(work, beginSignal);
  } catch (error) {
    if (!session.isCancelled) throw error;
  }
}
