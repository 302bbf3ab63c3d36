import type { HttpResponse } from "./http-client.js";
import { wordsOf } from "./words-of.js";

const MAX_WORDS = 300;
/** Refusals that have a name of their own in what the agent is told. */
const NAMED: Readonly<Record<number, string>> = {
  401: "not_authorised",
  402: "declined",
  403: "not_authorised",
  409: "key_conflict",
  429: "too_many_requests",
};
/** Answers after which the act may have been done: not in time, under this key with other arguments, too early. */
const UNSURE: ReadonlySet<number> = new Set([408, 409, 425]);
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

/** Why a provider did not do what it was asked, or did not say. */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
  /** Whether the same request may succeed later; the gate reads it. */
  readonly transient: boolean;
  /** True when the act surely did not happen. */
  readonly notDone: boolean;

  constructor(message: string, options: ErrorOptions & { transient: boolean; notDone: boolean }) {
    super(message, options);
    this.transient = options.transient;
    this.notDone = options.notDone;
  }
}

/** True for answers after which the same request is made again under the same key. */
export function mayBeRepeated(status: number): boolean {
  return LATER.has(status) || status >= 500;
}

/** An answer that is none of success, in the provider's own words. */
export function refusedWith({ status, text }: Pick<HttpResponse, "status" | "text">): ProviderError {
  const name = NAMED[status] ?? (status >= 500 ? "provider_failed" : "refused");
  const words = wordsOf(text, MAX_WORDS);
  const what =
    status === 409 ? "the provider knows this idempotency key with other arguments" : `the provider answered ${status}`;
  return new ProviderError(`${name}: ${what}${words === "" ? "" : `: ${words}`}`, {
    transient: mayBeRepeated(status),
    notDone: status < 500 && !UNSURE.has(status),
  });
}

/** Something that must be known before the next step, and that the provider does not show yet. */
export function notFound(what: string): ProviderError {
  const words = `not_found: the provider does not show ${what}; it may still be on its way`;
  return new ProviderError(words, { transient: true, notDone: true });
}

/** An answer that is not what the provider's interface says. */
export function notUnderstood(why: string, cause?: unknown): ProviderError {
  const words = `not_understood: the provider's answer is other than its interface says (${wordsOf(why, MAX_WORDS)})`;
  return new ProviderError(words, { cause, transient: false, notDone: false });
}
