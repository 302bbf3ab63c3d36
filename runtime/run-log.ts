import { OrchestratorError } from "../core/errors.js";
import { FIRST_HASH } from "../core/event-hash.js";
import { didYouMean } from "../core/lookup.js";
import type { Mission } from "../core/mission.js";
import type { RunLogView } from "../core/story.js";
import { Storyteller } from "../core/story.js";
import type { Masking } from "./personal.js";
import { maskOf } from "./personal.js";
import { findRun, headingOf, missionOf } from "./run-views.js";

/** The story of a run from its events, its journal and its rows, personal values masked; of one task when one is named. */
export async function toRunLog(
  parts: Masking,
  wanted: string,
  { task }: { readonly task?: string } = {},
): Promise<RunLogView> {
  const { store } = parts;
  const run = await findRun(store, wanted);
  const mission = await missionOf(store, run);
  const taskId = task === undefined ? undefined : taskIdOf(mission, task);
  // Events first: what they tell of is in the rows by now.
  const events = await store.events.of(run.runId);
  const [turns, approvals, effects] = await Promise.all([
    store.journal.of(run.runId),
    store.approvals.list({ runId: run.runId }),
    store.effects.of(run.runId),
  ]);
  const mask = await maskOf(parts, run, mission);
  const teller = new Storyteller({ mission, ...mask.json({ run, turns, approvals, effects }) });
  const entries = events.map((event) => teller.tell(event));
  const last = events.at(-1);
  return {
    ...headingOf({ ...run, title: mask.text(run.title) }),
    task_id: taskId ?? null,
    head_seq: last?.seq ?? 0,
    head_hash: last?.hash ?? FIRST_HASH,
    entries: taskId === undefined ? entries : entries.filter(({ task_id }) => task_id === taskId),
  };
}

/** A task by its id or title, whatever its case. */
function taskIdOf(mission: Mission, wanted: string): string {
  const text = wanted.toLowerCase();
  const found = mission.tasks.find(({ id, title }) => id.toLowerCase() === text || title.toLowerCase() === text);
  if (found) return found.id;
  const ids = mission.tasks.map(({ id }) => id);
  const list = ids.length > 20 ? `${ids.slice(0, 20).join(", ")} and ${ids.length - 20} more` : ids.join(", ");
  throw new OrchestratorError(
    "usage",
    `The run has no task "${wanted}".${didYouMean(wanted, ids)} Its tasks: ${list}.`,
  );
}
