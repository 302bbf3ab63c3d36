import type { HttpResponse } from "./http-client.js";
import { wordsOf } from "./words-of.js";

const MAX_WORDS = 400;
/** Answers that do not say whether the act was done: too late, already there, too early. */
const UNSURE: ReadonlySet<number> = new Set([408, 409, 425]);
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

/** An answer that refuses, in the other side's words. */
class RefusedBy extends Error {
  override readonly name = "RefusedBy";
  readonly status: number;
  /** Whether the same request may succeed later; the gate reads it. */
  readonly transient: boolean;
  /** True when the answer says that the act did not happen. */
  readonly notDone: boolean;

  constructor(what: string, { status, text }: Pick<HttpResponse, "status" | "text">) {
    const words = wordsOf(text, MAX_WORDS);
    super(`${what} was answered with ${status}${words === "" ? "" : `: ${words}`}`);
    this.status = status;
    this.transient = LATER.has(status) || status >= 500;
    this.notDone = status >= 400 && status < 500 && !UNSURE.has(status);
  }
}

/** Throws `RefusedBy` unless the answer is one of success. */
export function assertSuccess(what: string, response: Pick<HttpResponse, "status" | "text">): void {
  if (response.status < 200 || response.status > 299) throw new RefusedBy(what, response);
}
