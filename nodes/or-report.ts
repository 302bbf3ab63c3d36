import { Command } from "@langchain/langgraph";
import { OrchestratorError } from "../core/errors.js";
import { redact } from "../core/redact.js";
import type { RunSession } from "../core/session.js";

/**
 * Does a node's work; a bug in it ends the run in good order, as failed, with the bug as its failure: `close` takes back
 * what was done, and only a bug in that too leads straight to the report. Without this the run could neither go on nor
 * be cancelled, since every try would meet the same bug. Errors of the store, lost leases and aborts pass: another
 * process, or another try, may go on.
 */
export async function orReport<Outcome>(
  session: RunSession,
  work: () => Promise<Outcome>,
  close: () => Promise<Outcome> = work,
): Promise<Outcome | Command<unknown, Record<string, unknown>, "report">> {
  try {
    return await work();
  } catch (error) {
    if (!isBug(session, error)) throw error;
    session.brokenBy ??= wordsOf(error);
    return await orBare(session, close);
  }
}

async function orBare<Outcome>(
  session: RunSession,
  close: () => Promise<Outcome>,
): Promise<Outcome | Command<unknown, Record<string, unknown>, "report">> {
  try {
    return await close();
  } catch (error) {
    if (!isBug(session, error)) throw error;
    return new Command({ goto: "report" });
  }
}

/** True for what nobody raised on purpose. */
export function isBug(session: RunSession, error: unknown): boolean {
  return !(error instanceof OrchestratorError) && !session.undoSignal.aborted && !session.draining.aborted;
}

/** The error in one line. */
export function wordsOf(error: unknown): string {
  return redact(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}
