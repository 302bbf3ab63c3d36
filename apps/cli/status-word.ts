import type { ApprovalStatus, RunStatus, TaskStatus } from "../../core/run.js";
import { inWords } from "../../core/words.js";
import type { Paint } from "./paint.js";

const GOOD: readonly string[] = ["done", "completed", "approved", "edited", "answered", "kept"];
const BAD: readonly string[] = ["failed", "blocked", "cancelled", "rejected", "expired", "breached"];
const OPEN: readonly string[] = ["waiting", "waiting_for_person", "pending"];

/** A status in words, and in a colour that says whether it is well. */
export function statusWord(
  status: RunStatus | TaskStatus | ApprovalStatus | "kept" | "breached",
  paint: Paint,
): string {
  const words = inWords(status);
  if (GOOD.includes(status)) return paint.green(words);
  if (BAD.includes(status)) return paint.red(words);
  return OPEN.includes(status) ? paint.yellow(words) : words;
}
