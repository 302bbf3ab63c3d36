import type { Plan } from "../core/plan.js";
import { isTolerated } from "../core/plan.js";
import type { ApprovalRecord, RunEnding } from "../core/records.js";
import { isSettled } from "../core/run.js";
import type { Callbacks, NodeDeps, RunSession } from "../core/session.js";
import { isUndoQuestion } from "../core/undo.js";
import { takeBack } from "./take-back.js";
import { cancelled, failed } from "./task-moves.js";

/** How a run ends that is not completed, as its rows say; undefined when all that had to be done was done. */
export function failureOf(session: RunSession, plan: Plan): RunEnding | undefined {
  const broken = session
    .tasks()
    .find((task) => task.status === "failed" && !isTolerated(plan, task.taskId, (id) => session.task(id)));
  if (broken) {
    const title = plan.byId.get(broken.taskId)?.title ?? broken.taskId;
    const failure = `"${title}" failed (${broken.errorCode ?? "failed"}): ${broken.errorMessage ?? ""}`;
    return { status: "failed", failure };
  }
  const blocked = session.tasks().find((task) => task.status === "blocked");
  if (!blocked) return undefined;
  return { status: "failed", ...(blocked.errorMessage !== undefined && { failure: blocked.errorMessage }) };
}

/** The end of a run that a bug outside every task has broken. */
export function brokenRun(brokenBy: string): RunEnding {
  return { status: "failed", failure: `A bug ended the run: ${brokenBy}` };
}

/**
 * Brings a run to its end that does not complete: what is open settles, how it ends is noted, and what it did is taken
 * back. True when only its report is left to write; false while people are asked about what could not be taken back.
 * Whatever was noted first stands: a cancel that comes while a failed run takes back changes nothing.
 */
export async function closeRun(
  session: RunSession,
  plan: Plan,
  ending: RunEnding,
  deps: Pick<NodeDeps, "toolbox" | "clock">,
  callbacks?: Callbacks,
): Promise<boolean> {
  session.draining.throwIfAborted();
  await session.beginEnding(ending);
  await settleOpenTasks(session, plan, session.ending ?? ending, deps);
  await forgetQuestions(session);
  return takeBack(session, { ...deps, plan }, callbacks);
}

/** Nothing is open any more once it returns: what a cancel came before is blocked, what a bug did has failed. */
export async function settleOpenTasks(
  session: RunSession,
  plan: Plan,
  { status, failure = "" }: RunEnding,
  { clock }: Pick<NodeDeps, "clock">,
): Promise<void> {
  const at = clock.now();
  const open = plan.tasks.filter((task) => !isSettled(session.task(task.id).status));
  const changes = open.map((task) => {
    const record = session.task(task.id);
    return status === "cancelled" ? cancelled(task, record, at) : failed(task, record, "bug", failure, at);
  });
  await Promise.all(changes.map((change) => session.commit(change)));
}

/** What settled tasks still ask, such as which of two values is right, needs no answer any more: writing their rows takes it back. */
async function forgetQuestions(session: RunSession): Promise<void> {
  const open = session.requests().filter((request) => request.status === "pending" && !isOfUndo(request));
  const taskIds = [...new Set(open.map(({ taskId }) => taskId))];
  for (const taskId of taskIds) await session.commit({ tasks: [session.task(taskId)] });
}

/** True for a run that was noted to end and has not come to taking back what it did: a crash came in between. */
export function isToClose(session: RunSession): boolean {
  const pending = session.requests().filter((request) => request.status === "pending");
  const isOpen = session.tasks().some(({ status }) => !isSettled(status));
  return session.ending !== undefined && (isOpen || pending.some((request) => !isOfUndo(request)));
}

/** Once nothing is at work any more, only taking back asks whether something happened. */
function isOfUndo(request: ApprovalRecord): boolean {
  return isUndoQuestion(request) || request.kind === "in_doubt";
}
