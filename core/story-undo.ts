import type { EventType } from "./event.js";
import { figureAt, personAt, textAt } from "./story-data.js";
import type { Known, Telling } from "./story-sentences.js";
import { inWords } from "./words.js";

/** What became of an act that its run took back, or could not. */
const BECAME: Readonly<Record<string, string>> = {
  undone: "took back",
  by_hand: "took back by hand",
  left: "left as it is",
  nothing: "has nothing to take back of",
};

/** How a run that does not complete takes back what it did. */
export const UNDO_SENTENCES = {
  run_ending: ({ data }) => ({
    who: "The run",
    what: `is to end as ${textAt(data, "status")}, once what it did is taken back`,
    about: textAt(data, "reason"),
  }),
  task_undone: ({ task, data }) => ({
    who: "The run",
    what: `took back what ${task} did`,
    about: textAt(data, "summary"),
  }),
  effect_undone: ({ agent, data }) => ({
    who: data["outcome"] === "undone" || data["outcome"] === "nothing" ? agent : personAt(data),
    what: `${BECAME[textAt(data, "outcome")] ?? "settled"}: ${inWords(textAt(data, "tool") || "act")}`,
    about: textAt(data, "note"),
  }),
  undo_failed: ({ agent, data }) => ({
    who: agent,
    what: `could not take back: ${inWords(textAt(data, "tool") || "act")} (try ${figureAt(data, "try")})`,
    about: textAt(data, "reason"),
  }),
} satisfies Partial<Record<EventType, (known: Known) => Telling>>;
