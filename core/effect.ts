import type { Json } from "./digest.js";
import { digestOf } from "./digest.js";
import type { EffectRecord } from "./records.js";
import type { DedupeScope } from "./tool.js";

/** Where an act takes place; its scope picks what it must be single in. */
export interface EffectPlace {
  readonly runId: string;
  readonly taskId: string;
  readonly missionId: string;
  readonly caseId: string;
}

/** Who makes a call, as far as it decides whether it is the same one as before. */
export interface EffectCaller {
  readonly runId: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly agentId: string;
  readonly turnKey: string;
  readonly argsDigest: string;
}

/**
 * What a found effect means for a call. `reuse`: answer with the recorded result. `unsettled`: somebody else is at it,
 * come back later. `settle_first`: its outcome was lost and must be found out before anything else.
 */
export type EffectVerdict = "claim" | "reuse" | "already_done" | "effect_conflict" | "unsettled" | "settle_first";

/** The digest of a call: names it in the journal and is what an approval of it authorises. */
export function callDigestOf(tool: string, args: Json): string {
  return digestOf({ tool, args });
}

/** The same for every call that means the same act, whatever its run, attempt, agent and wording, as far as its scope reaches. */
export function effectIdOf(of: {
  place: EffectPlace;
  scope: DedupeScope;
  tool: string;
  dedupeKey: string;
  /** Empty, or the name of a second intent. */
  again: string;
}): string {
  return digestOf([scopeValue(of.scope, of.place), of.tool, of.dedupeKey, of.again]);
}

function scopeValue(scope: DedupeScope, { runId, taskId, missionId, caseId }: EffectPlace): readonly string[] {
  if (scope === "task") return [scope, runId, taskId];
  if (scope === "run") return [scope, runId];
  return scope === "case" ? [scope, missionId, caseId] : [scope, missionId];
}

/**
 * Decides what the effect found under a call's id means for the call. `isHeld`: its owner is alive and still at it.
 * `isTold`: the call that did it was told so; after a lost outcome it may have read a failure, and tries again.
 * `isGoing`: its run is about to take it back, so it can neither be relied on nor be done anew.
 */
export function judgeEffect(
  found: EffectRecord | undefined,
  caller: EffectCaller,
  known: { readonly isHeld: boolean; readonly isTold: boolean; readonly isGoing?: boolean },
): EffectVerdict {
  if (!found || found.status === "not_done") return "claim";
  if (found.status === "claimed") return known.isHeld ? "unsettled" : "settle_first";
  if (known.isGoing) return "unsettled";
  if (found.argsDigest !== caller.argsDigest) return "effect_conflict";
  const isSecond = isSameAttempt(found, caller) && found.turnKey !== caller.turnKey;
  return isSecond && known.isTold ? "already_done" : "reuse";
}

function isSameAttempt(effect: EffectRecord, caller: EffectCaller): boolean {
  return (
    effect.runId === caller.runId &&
    effect.taskId === caller.taskId &&
    effect.attempt === caller.attempt &&
    effect.agentId === caller.agentId
  );
}
