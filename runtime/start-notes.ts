import { digestOf } from "../core/digest.js";
import type { Store } from "../core/ports.js";
import type { RunRecord } from "../core/records.js";
import { isTerminal } from "../core/run.js";
import { actsAmong } from "../core/to-view.js";
import { isTakenBack } from "../core/undo.js";
import type { StartOptions } from "../core/views.js";
import type { Composition } from "./compose.js";
import type { LoadedMission } from "./missions.js";

/** What a caller should know who asks for a case whose run began with something else. */
export async function differencesOf(
  { prepareCase }: Pick<Composition, "prepareCase">,
  run: RunRecord,
  loaded: LoadedMission,
  { caseRef }: StartOptions,
): Promise<readonly string[]> {
  const { caseData } = await prepareCase(loaded.mission, caseRef, run.startedAt);
  const isOtherCase = digestOf(caseData) !== run.caseDigest;
  const isOtherMission = loaded.version !== run.missionVersion;
  const what = [
    ...(isOtherMission ? ["another version of the mission"] : []),
    ...(isOtherCase ? ["other data of the case"] : []),
  ];
  if (what.length === 0) return [];
  const way = isTerminal(run.status) ? "" : ` and goes on with that; to use what is there now, cancel it first`;
  return [`It began with ${what.join(" and ")}${way}.`];
}

/** After failed or cancelled runs: what their effects did, and what still stands, is not done again. */
export async function notRepeated(store: Store, before: readonly RunRecord[]): Promise<string | null> {
  const effects = await Promise.all(before.map((run) => store.effects.of(run.runId)));
  const kept = actsAmong(effects.flat()).filter(
    (effect) =>
      effect.status === "done" && !isTakenBack(effect) && (effect.scope === "case" || effect.scope === "mission"),
  );
  if (kept.length === 0) return null;
  return `Not repeated, because earlier runs of this case did it: ${kept.map((effect) => `${effect.tool} (${effect.dedupeKey})`).join(", ")}.`;
}
