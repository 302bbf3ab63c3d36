import { digestOf } from "./digest.js";
import type { ApprovalRecord, EffectRecord } from "./records.js";

const ABOUT = "undo:";

/** The id, and so the idempotency key, of the effect that takes this one back. */
export function undoIdOf(effectId: string): string {
  return digestOf(["undo", effectId]);
}

/** The id that the same act has once this one was taken back: what is done anew is another act, under another key. */
export function nextIdOf(effectId: string): string {
  return digestOf(["after undo", effectId]);
}

/** True when the world is as if the act had never been done. */
export function isTakenBack({ undo }: Pick<EffectRecord, "undo">): boolean {
  return undo?.outcome === "undone" || undo?.outcome === "by_hand";
}

/** True while an act of a run that does not complete is still to be looked after: found out about, or taken back. */
export function isLeft({ status, undo, undoes }: Pick<EffectRecord, "status" | "undo" | "undoes">): boolean {
  return undoes === undefined && undo === undefined && status !== "not_done";
}

/** What the question is about that asks a person what became of an act. */
export function undoSubject(effectId: string): string {
  return `${ABOUT}${effectId}`;
}

/** True for what people are asked about taking an act back: whether code may, or, where it cannot, what became of the act. */
export function isUndoQuestion({ kind, subject }: Pick<ApprovalRecord, "kind" | "subject">): boolean {
  return (kind === "question" || kind === "tool_call") && subject.startsWith(ABOUT);
}

/** Names the turn of one try at taking an act back; tries count from 1. */
export function undoTurnKey(effectId: string, tryNo: number): string {
  return `${ABOUT}${effectId}:${tryNo}`;
}
