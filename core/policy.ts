import type { Json, JsonObject } from "./digest.js";
import { digestOf } from "./digest.js";
import type { AgentCard } from "./mission.js";
import type { ToolDefinition } from "./tool.js";

export type RulingOutcome = "auto" | "ask" | "forbidden";

/** The ruling on a tool call, and which rule it comes from; both go into the log. */
export interface Ruling {
  readonly outcome: RulingOutcome;
  /** The `@id` of the policy that decided, or the name of a rule of the system. */
  readonly rule: string;
  /** One clause that a person asked understands. */
  readonly reason: string;
  /** The file that the policy stands in; absent for a rule of the system. */
  readonly source?: string;
}

/** Policies as somebody wrote them: Cedar, one or more in a text. `source` is what a person calls the text by. */
export interface PolicyText {
  readonly source: string;
  readonly text: string;
}

/** What is wrong with a policy, and where: line and column count from 1. */
export interface PolicyFault {
  readonly code: "policy_invalid" | "policy_loosens";
  readonly source: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** The agent that makes a call, as far as policies see it. */
export type PolicyAgent = Pick<AgentCard, "id" | "slug" | "name">;

/** One call, as policies see it. */
export interface PolicyQuestion {
  readonly tool: ToolDefinition;
  /** Parsed by the tool's own schema. */
  readonly args: unknown;
  readonly agent: PolicyAgent;
  readonly place: {
    readonly missionId: string;
    readonly taskId: string;
    readonly skill: string;
    readonly caseId: string;
  };
}

/** The policies that hold for one mission, loaded: rules are given at once. */
export interface RuleBook {
  /** The digest of every policy in it: what a person agrees to is agreed to under this version. */
  readonly version: string;
  /** Two questions give three rulings: allowed alone is `auto`, allowed only once approved is `ask`, else `forbidden`. */
  rule(question: PolicyQuestion): Ruling;
  /** The ruling on every call of this tool by this agent, whatever its arguments, task and case; nothing when it depends. */
  outlook(tool: ToolDefinition, agent: PolicyAgent): Ruling | undefined;
}

/** Where rulings come from. */
export interface Policies {
  /**
   * The policies of every mission and these of one, loaded once. Rejects with `policy_invalid`, which names file, line and
   * column, and with `file_not_found` when one cannot be read: then the next call reads them again.
   */
  bookFor(own: readonly PolicyText[]): Promise<RuleBook>;
  /** The version that `bookFor` would have, without weighing anything. */
  versionFor(own: readonly PolicyText[]): Promise<string>;
  /** Everything that is wrong with a mission's own policies; empty when they only forbid and ask. */
  faultsOf(own: readonly PolicyText[]): Promise<readonly PolicyFault[]>;
}

const SECOND_ACT: Ruling = {
  outcome: "ask",
  rule: "second_act_asks",
  reason: "the same was done before with other arguments",
};

const AGREED_OTHERWISE: Ruling = {
  outcome: "ask",
  rule: "agreed_otherwise",
  reason: "what was agreed to with the result is not this act under the policies of now",
};

/** The ruling on an act whose approval covers another one: a person is asked anew, unless no yes could help. */
export function rulingOnOtherYes(ruling: Ruling): Ruling {
  return ruling.outcome === "forbidden" ? ruling : AGREED_OTHERWISE;
}

/** The ruling on an act that names itself a second one after a first with other arguments: a person is asked at least. */
export function rulingOnSecondAct(ruling: Ruling): Ruling {
  return ruling.outcome === "forbidden" ? ruling : SECOND_ACT;
}

/**
 * What a person's yes to a call covers, and nothing else: another agent, tool, declaration, argument, policy, task or case
 * needs another yes. It holds all that policies weigh, so under the same coverage they rule the same.
 */
export function coverageOf(act: {
  readonly tool: ToolDefinition;
  readonly args: Json;
  /** The same, parsed by the tool's own schema. */
  readonly parsed: unknown;
  readonly agentId: string;
  readonly policyVersion: string;
  /** The policy that asks. */
  readonly rule: string;
  readonly taskId: string;
  readonly caseId: string;
}): JsonObject {
  const { effect, reach, deletes, dataClasses, name } = act.tool;
  const amount = amountOf(act.tool, act.parsed);
  const declared = { effect, reach, deletes, dataClasses, ...(amount !== undefined && { amount: String(amount) }) };
  return {
    agent: act.agentId,
    tool: name,
    declared: digestOf(declared),
    arguments: digestOf(act.args),
    policy: act.policyVersion,
    rule: act.rule,
    task: act.taskId,
    case: act.caseId,
  };
}

/** What a call moves in US dollars; `undefined` for a tool that moves none, and no number when it cannot be told. */
export function amountOf(tool: ToolDefinition, parsed: unknown): number | undefined {
  if (!tool.amountUsd) return undefined;
  try {
    const amount: unknown = tool.amountUsd(parsed);
    return typeof amount === "number" ? amount : Number.NaN;
  } catch {
    return Number.NaN;
  }
}

/** One fault in one line: where, and what. */
export function formatFault({ source, line, column, message }: PolicyFault): string {
  return `${source}:${line}:${column}: ${message}`;
}
