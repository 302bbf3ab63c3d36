import type { ToolDefinition } from "./tool.js";

export type RulingOutcome = "auto" | "ask" | "forbidden";

/** The ruling on a tool call, and which rule it comes from; both go into the log. */
export interface Ruling {
  readonly outcome: RulingOutcome;
  readonly rule: string;
  /** One clause that a person asked understands. */
  readonly reason: string;
}

const READS: Ruling = { outcome: "auto", rule: "reading_is_free", reason: "it only reads" };
const OWN_WRITES: Ruling = { outcome: "auto", rule: "own_writes_are_free", reason: "it writes to our own tables only" };
const OUTSIDE_WRITES: Ruling = { outcome: "ask", rule: "outside_writes_ask", reason: "it reaches somebody outside" };
const IRREVERSIBLE: Ruling = { outcome: "ask", rule: "irreversible_asks", reason: "it cannot be taken back" };
const SECOND_ACT: Ruling = {
  outcome: "ask",
  rule: "second_act_asks",
  reason: "the same was done before with other arguments",
};
const DEFAULT: Ruling = { outcome: "forbidden", rule: "default_is_nothing", reason: "no rule allows it" };

/** Rules by what a tool declares, never by its name; what no rule speaks of is forbidden, an unknown tool too. */
export function rulingOn(tool: Pick<ToolDefinition, "effect" | "reach"> | undefined): Ruling {
  if (tool?.effect === "reads") return READS;
  if (tool?.effect === "irreversible") return IRREVERSIBLE;
  if (tool?.effect === "writes") return tool.reach === "own" ? OWN_WRITES : OUTSIDE_WRITES;
  return DEFAULT;
}

/** The ruling on an act that names itself a second one after a first with other arguments: a person is asked at least. */
export function rulingOnSecondAct(ruling: Ruling): Ruling {
  return ruling.outcome === "forbidden" ? ruling : SECOND_ACT;
}
