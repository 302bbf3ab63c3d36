import { wordsOf } from "./words-of.js";

const MAX_WORDS = 600;

/** What a helper says: that it is up, or how a question ended. One question has one answer. */
export type HelperAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly value: unknown }
  | {
      readonly kind: "failed";
      readonly message: string;
      /** Whether the same question may be answered later. */
      readonly transient: boolean;
      /** The helper may be damaged: it takes no further question. */
      readonly isLast?: boolean;
    };

/** A failure in words of one line, as an agent reads them. */
export function failedWith(error: unknown, transient = false): Extract<HelperAnswer, { kind: "failed" }> {
  return {
    kind: "failed",
    message: wordsOf(error instanceof Error ? error.message : String(error), MAX_WORDS),
    transient,
  };
}
