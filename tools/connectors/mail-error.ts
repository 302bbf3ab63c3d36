import { wordsOf } from "./words-of.js";

const MAX_WORDS = 300;
/** Of a connection that did not come about or broke, and may be there later. */
const LATER: ReadonlySet<unknown> = new Set(
  "ECONNECTION ETIMEDOUT ECONNRESET ECONNREFUSED EPIPE EAI_AGAIN EHOSTUNREACH ENETUNREACH EHOSTDOWN".split(" "),
);

/** Why a mail was not handed over, or why nobody knows whether it was. */
export class MailError extends Error {
  override readonly name = "MailError";
  /** Whether the same mail may be taken later; the gate reads it. */
  readonly transient: boolean;
  /** True when the mail surely did not go out. */
  readonly notDone: boolean;

  constructor(message: string, options: { transient: boolean; notDone: boolean }) {
    super(message);
    this.transient = options.transient;
    this.notDone = options.notDone;
  }
}

/**
 * An error of the connection in words. Before the text was on its way nothing went out; afterwards only the server's own
 * refusal of the text says so. A reply of 4xx means later, 5xx never.
 */
export function toMailError(error: unknown, hasBegun: boolean): MailError {
  if (error instanceof MailError) return error;
  // Safe: every error can be asked for these.
  const { code, originalCode, command, responseCode, message } = error as {
    readonly code?: string;
    readonly originalCode?: string;
    readonly command?: string;
    readonly responseCode?: number;
    readonly message?: string;
  };
  const isAnswer = code === "EMESSAGE" && command === "DATA" && responseCode !== undefined;
  const transient = responseCode === undefined ? LATER.has(code) || LATER.has(originalCode) : responseCode < 500;
  const words = wordsOf(message ?? String(error), MAX_WORDS);
  const where = command === undefined ? "" : ` (${command})`;
  if (hasBegun && !isAnswer) {
    const lost = `The mail server was sent the mail, but its answer was lost${where}: ${words}`;
    return new MailError(lost, { transient, notDone: false });
  }
  return new MailError(`The mail was not sent${where}: ${words}`, { transient, notDone: true });
}
