import type { Json } from "./digest.js";
import type { UndoRecord } from "./records.js";

/** One effect in reports and `status`. What a report of an older version lacks is optional. */
export interface EffectView {
  readonly effect_id: string;
  readonly task_id: string;
  readonly agent_id: string;
  readonly tool: string;
  readonly status: "claimed" | "done" | "not_done" | "not_undone" | "undone" | "undone_by_hand" | "left";
  readonly args: Json;
  readonly approval_id: string | null;
  /** When its outcome was recorded; while that is not known, when it was claimed. */
  readonly at: string;
  /** Sent along with the call, the same for every try. */
  readonly idempotency_key?: string;
  /** What became of it once its run took back what it did. */
  readonly undo?: UndoView;
}

/** How an act came to be taken back, or not to be. */
export interface UndoView {
  readonly outcome: UndoRecord["outcome"];
  readonly at: string;
  /** The agent whose act it was, or the person who said so. */
  readonly by: string;
  /** What the person did outside, or why it is left as it is. */
  readonly note: string | null;
  /** Sent along with the undo; null when no code took the act back. */
  readonly idempotency_key: string | null;
}

/** One effect of a run with who allowed it and what it cost; for `mission effects`. */
export interface EffectDetailView extends EffectView {
  readonly task_title: string;
  readonly agent_name: string;
  readonly idempotency_key: string;
  /** Who approved it; null when policy let it pass. */
  readonly approved_by: string | null;
  /** True while a person is asked what becomes of the act, which its run could not take back. */
  readonly is_undo_asked: boolean;
  readonly claimed_at: string;
  readonly settled_at: string | null;
  readonly result: Json;
  /** Null when no call is recorded, as after a crash. */
  readonly cost_usd: number | null;
  readonly duration_ms: number | null;
}
