import { NeedsPerson } from "../core/approval.js";
import type { Plan } from "../core/plan.js";
import type { EffectRecord } from "../core/records.js";
import type { Callbacks, NodeDeps, RunSession } from "../core/session.js";
import { isTakenBack, isUndoQuestion } from "../core/undo.js";
import { untilSettled } from "./lost-acts.js";
import { undone } from "./task-moves.js";
import { holdToUndo } from "./task-resources.js";

type UndoDeps = Pick<NodeDeps, "toolbox" | "clock"> & { readonly plan: Plan };

/**
 * Takes back what the run did, last act first, each once; acts that only came to light meanwhile are taken back in
 * their turn. What needs a person is asked, and holds nothing else up. True when it is known of every act what became
 * of it; false while questions are open. Everything is in rows, so it may be called again at any line.
 */
export async function takeBack(session: RunSession, deps: UndoDeps, callbacks?: Callbacks): Promise<boolean> {
  const acts = await session.acts();
  for (const act of acts.filter(({ status }) => status === "claimed")) await settle(session, act, deps, callbacks);
  for (const act of (await session.acts()).filter(isStanding).reverse()) await settle(session, act, deps, callbacks);
  const known = await session.acts();
  await markUndone(session, known, deps);
  return !session.requests().some((request) => request.status === "pending" && isAboutUndo(request, known));
}

function isStanding({ status, undo }: EffectRecord): boolean {
  return status === "done" && !undo;
}

function isAboutUndo(request: Parameters<typeof isUndoQuestion>[0], acts: readonly EffectRecord[]): boolean {
  return (
    isUndoQuestion(request) || (request.kind === "in_doubt" && acts.some((act) => act.effectId === request.subject))
  );
}

/** Until it is known what became of the act, or a person was asked. */
async function settle(session: RunSession, act: EffectRecord, deps: UndoDeps, callbacks?: Callbacks): Promise<void> {
  const { taskId } = act;
  const signal = AbortSignal.any([session.undoSignal, session.draining]);
  let isHolding = false;
  const hold = async () => {
    const words = await holdToUndo(session, deps.plan, taskId, signal);
    isHolding = words === undefined;
    return words;
  };
  try {
    await untilSettled(session, act, (call) => deps.toolbox.undo({ ...call, hold }), { signal, callbacks });
  } catch (error) {
    if (!(error instanceof NeedsPerson)) throw error;
    await session.ask(error.request);
  }
  // Where it is broken off instead, what is half undone stays held until its run is resumed and is through with it.
  if (isHolding) await session.resources.free(taskId);
}

/** A task is undone when something that it did was taken back, and nothing of it stands any more. */
async function markUndone(session: RunSession, acts: readonly EffectRecord[], deps: UndoDeps): Promise<void> {
  for (const task of session.mission.tasks) {
    const record = session.task(task.id);
    const own = acts.filter(({ taskId, status }) => taskId === task.id && status !== "not_done");
    const stands = own.some(({ undo }) => !undo || undo.outcome === "left");
    if (record.status !== "done" || stands || !own.some(isTakenBack)) continue;
    const names = own.filter(isTakenBack).map(({ tool }) => tool);
    await session.commit(undone(task, record, names, deps.clock.now()));
  }
}
