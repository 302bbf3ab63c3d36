import type { Feedback } from "../../../core/define-agent.js";

/** The reasons that came back a second time: doing the same once more would not help, so a person is asked. */
export function repeatedFeedback(feedback: readonly Feedback[]): readonly Feedback[] {
  const isRepeat = (entry: Feedback, index: number) =>
    feedback.slice(0, index).some((earlier) => earlier.reason === entry.reason && earlier.field === entry.field);
  const repeats = feedback.filter(isRepeat);
  return repeats.filter((entry, index) => repeats.findIndex((other) => other.reason === entry.reason) === index);
}
