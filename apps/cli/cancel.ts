import { isTerminal } from "../../core/run.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { nextStep } from "./outcome-text.js";
import { statusWord } from "./status-word.js";

/** `mission cancel`: ends a run. A live process that works on it is told, and ends it at the next safe point. */
export async function cancel(io: Io, run: string, flags: { readonly by?: string }): Promise<number> {
  const orchestrator = await io.open();
  const outcome = await orchestrator.cancel(run, flags);
  if (outcome.note !== null) io.note(outcome.note);
  io.print(outcome, () => {
    const later = outcome.is_elsewhere ? "; the process that works on it ends it at its next safe point" : "";
    return `${io.paint.bold(outcome.title)}  ${statusWord(outcome.status, io.paint)}${later}\n  ${io.paint.dim(io.hint(nextStep(outcome)))}`;
  });
  return isTerminal(outcome.status) ? EXIT.done : EXIT.notEnded;
}
