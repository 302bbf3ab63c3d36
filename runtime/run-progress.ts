import type { Store } from "../core/ports.js";
import type { ProgressView } from "../core/progress.js";
import { toProgress } from "../core/progress.js";
import { isTerminal } from "../core/run.js";
import { findRun, missionOf } from "./run-views.js";

/** How far a run is, whichever process works on it. */
export async function progressOf(store: Store, wanted: string): Promise<ProgressView> {
  const run = await findRun(store, wanted);
  const { runId } = run;
  const [mission, tasks, pending, isHeld, on] = await Promise.all([
    missionOf(store, run),
    store.tasks.of(runId),
    store.approvals.list({ runId, status: ["pending"] }),
    store.runs.isHeld(runId),
    store.kills.on(),
  ]);
  const isTriedAgain = !isTerminal(run.status) && tasks.some(({ status, attempt }) => status === "todo" && attempt > 1);
  const attempts = isTriedAgain ? await store.events.of(runId, { types: ["task_attempt"] }) : [];
  return toProgress({ run, mission, tasks, pending, attempts, isHeld, on });
}
