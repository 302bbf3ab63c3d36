import type { FeedbackOptions, FeedbackOutcome } from "../../core/kpi-views.js";
import { inWords } from "../../core/words.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { standing } from "./kpi-record.js";
import { inOneLine } from "./text.js";

export type FeedbackFlags = FeedbackOptions;

/** `mission feedback`: a score for what a run achieved. */
export async function feedback(io: Io, run: string, flags: FeedbackFlags): Promise<number> {
  const orchestrator = await io.open();
  const outcome = await orchestrator.insight.feedback(run, flags);
  io.print(outcome, () => outcomeText(io, outcome));
  return EXIT.done;
}

function outcomeText(io: Io, outcome: FeedbackOutcome): string {
  const { title, status, score, by, counts_for } = outcome;
  const words = {
    recorded: "is recorded",
    corrected: "takes the place of the score before",
    unchanged: "stood already. Nothing was changed",
  }[status];
  const use =
    counts_for === null
      ? "The mission has no one KPI or limit that is a score known later: the feedback is kept in the run's log and counts for none."
      : `It counts for ${inWords(counts_for)}:`;
  return [
    `${io.paint.bold(inOneLine(title))}  ${score} of 5, given by ${inOneLine(by)}, ${words}.`,
    use,
    ...standing(io, outcome),
  ].join("\n");
}
