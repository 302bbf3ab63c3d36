import { TIME_MARKS } from "../core/lead-time.js";
import type { Store } from "../core/ports.js";
import type { EffectRecord } from "../core/records.js";
import type { RunSession } from "../core/session.js";

/** What a report rests on besides what a session holds, as stored now. */
export async function readEvidence(store: Store, runId: string): ReturnType<RunSession["evidence"]> {
  const [effects, observations, timeMarks, run] = await Promise.all([
    store.effects.of(runId),
    store.observations.of(runId),
    store.events.moments(runId, TIME_MARKS),
    store.runs.find(runId),
  ]);
  const by = run?.cancelRequestedBy;
  return {
    ...{ effects, observations, timeMarks, chainHead: run?.headHash ?? "" },
    ...(by !== undefined && { cancelledBy: by }),
  };
}

/** What a run did, in the order that its log tells; two acts can be done within one millisecond. */
export async function actsOf(store: Store, runId: string): Promise<readonly EffectRecord[]> {
  const [effects, told] = await Promise.all([
    store.effects.of(runId),
    store.events.of(runId, { types: ["effect_done"] }),
  ]);
  const places = new Map(told.map(({ data, seq }) => [data["effect"], seq]));
  const placeOf = ({ effectId }: EffectRecord) => places.get(effectId) ?? Number.MAX_SAFE_INTEGER;
  return effects.filter(({ undoes }) => undoes === undefined).sort((a, b) => placeOf(a) - placeOf(b));
}
