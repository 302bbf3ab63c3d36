import { constraintsSharedBy } from "../core/constraint.js";
import { TaskFailure } from "../core/errors.js";
import type { Scope } from "../core/expression.js";
import { ExpressionError } from "../core/expression.js";
import type { Task } from "../core/mission.js";
import type { Plan } from "../core/plan.js";
import type { ResourceRecord } from "../core/records.js";
import { resourceName } from "../core/resource.js";
import { isSettled } from "../core/run.js";
import type { RunSession } from "../core/session.js";
import { gather } from "./task-inputs.js";
import { awaitsResource, undoAwaitsResource } from "./task-moves.js";
import type { TaskWork } from "./task-work.js";

/** Thrown when the task waits for what only people can bring about: it is sent again once something has moved. */
export class Parked extends Error {
  override readonly name = "Parked";
}

/**
 * Takes all that the task writes to, together, before it begins to act; what it has already it keeps. While another
 * task has some of it this one holds nothing and waits, at most as long as one of its attempts may last.
 */
export async function holdResources(work: TaskWork, scope: Scope): Promise<void> {
  const { session, task } = work;
  const names = namesOf(work, scope);
  if (names.length === 0) return;
  const since = performance.now();
  for (;;) {
    work.beginSignal.throwIfAborted();
    const held = await session.resources.take(task.id, names, work.priority);
    if (!held) return;
    const words = inWords(work, held);
    if (!isAsking(work) && session.task(task.id).waitingFor !== words)
      await session.commit(awaitsResource(task, session.task(task.id), held, words));
    if (performance.now() - since > task.deadlineMs) {
      const message = `It ${words}, and did not get it within ${task.deadlineMs / 60_000} minutes.`;
      throw new TaskFailure("transient", message, { code: "deadline_exceeded" });
    }
    await untilMoved(work, held);
  }
}

/**
 * Takes all that a settled task wrote to, so that what it did can be taken back; words where another task does not let go
 * of it for as long as one of its attempts may last. What a name cannot be told of any more is not waited for.
 */
export async function holdToUndo(
  session: RunSession,
  plan: Plan,
  taskId: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const task = plan.byId.get(taskId);
  if (!task) return undefined;
  const names = namesToUndo(session, plan, task);
  if (names.length === 0) return undefined;
  const since = performance.now();
  for (;;) {
    const held = await session.resources.take(taskId, names);
    if (!held) return undefined;
    const words = inWords({ session }, held);
    await session.commit(undoAwaitsResource(task, session.task(taskId), held, words));
    if (performance.now() - since > task.deadlineMs) return `Taking it back ${words}.`;
    await session.resources.untilMoved(held, signal);
  }
}

function namesToUndo(session: RunSession, plan: Plan, task: Task): readonly string[] {
  if (!mayHold(session, task)) return [];
  try {
    return namesOf({ session, task }, gather(session, plan, task, task.dependsOn).scope);
  } catch (error) {
    if (error instanceof ExpressionError) return [];
    throw error;
  }
}

function mayHold({ mission }: RunSession, task: Task): boolean {
  return (task.resources ?? []).length > 0 || constraintsSharedBy(mission, task.id).length > 0;
}

/** Between two goes at a task: one that has settled holds nothing any more, another only what it has begun to act on. */
export async function giveBackResources({ session, task }: TaskWork): Promise<void> {
  if (!mayHold(session, task)) return;
  if (isSettled(session.task(task.id).status)) await session.resources.free(task.id);
  else await session.resources.freeUnlessActed(task.id);
}

function namesOf({ session, task }: Pick<TaskWork, "session" | "task">, scope: Scope): readonly string[] {
  const shared = constraintsSharedBy(session.mission, task.id).map((id) => `constraint:${id}@${session.runId}`);
  return [...(task.resources ?? []).map((pattern) => resourceName(pattern, scope)), ...shared];
}

/**
 * Who is asked something himself, or waits for a task of his own run, is not at work meanwhile: that task is, or waits
 * for a person, and then the run does. Another run moves by itself.
 */
async function untilMoved(work: TaskWork, held: ResourceRecord): Promise<void> {
  const { session, task, wave } = work;
  if (held.runId !== session.runId && !isAsking(work)) return session.resources.untilMoved(held, work.beginSignal);
  const moved = async (signal: AbortSignal) => {
    await session.resources.untilMoved(held, signal);
    return true;
  };
  if (!(await wave.untilDecidedOrQuiet(task.id, moved, work.beginSignal))) throw new Parked();
}

function isAsking({ session, task }: TaskWork): boolean {
  return session.requests().some(({ taskId, status }) => taskId === task.id && status === "pending");
}

function inWords({ session }: Pick<TaskWork, "session">, { resource, runId, taskId }: ResourceRecord): string {
  const who = runId === session.runId ? `task ${taskId} of this run` : `run ${runId} task ${taskId}`;
  return `waits for ${resource}, held by ${who}`;
}
