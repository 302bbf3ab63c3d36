import type { EffectDetailView } from "../core/effect-views.js";
import { actsAmong, toEffectDetail } from "../core/to-view.js";
import type { Masking } from "./personal.js";
import { maskOf } from "./personal.js";
import { findRun, missionOf } from "./run-views.js";

/** What a run changed in the world, in the order in which it was claimed; personal values masked. */
export async function toEffects(parts: Masking, wanted: string): Promise<readonly EffectDetailView[]> {
  const { store } = parts;
  const run = await findRun(store, wanted);
  const [mission, effects, approvals, turns] = await Promise.all([
    missionOf(store, run),
    store.effects.of(run.runId),
    store.approvals.list({ runId: run.runId }),
    store.journal.of(run.runId),
  ]);
  const mask = await maskOf(parts, run, mission);
  return actsAmong(effects).map((effect) =>
    mask.json(toEffectDetail(effect, run.status, { mission, approvals, turns })),
  );
}
