import { z } from "zod";
import type { Evidence } from "./define-agent.js";
import type { Json, JsonObject } from "./digest.js";
import { digestOf } from "./digest.js";
import { OrchestratorError } from "./errors.js";
import { jsonFaultOf } from "./json-fault.js";
import type { ApprovalStatus } from "./run.js";

export const APPROVAL_KINDS = [
  "task_result",
  "tool_call",
  "plan",
  "budget",
  "question",
  "in_doubt",
  "escalation",
] as const;
export type ApprovalKind = (typeof APPROVAL_KINDS)[number];

export const DECISION_TYPES = ["approve", "edit", "reject", "answer"] as const;
export type DecisionType = (typeof DECISION_TYPES)[number];

/** What a person said. `edited` goes with `edit`, `answer` with `answer` (and with `approve` of an `in_doubt`: the result). */
export type Decision = {
  type: DecisionType;
  edited?: Json;
  answer?: Json;
  comment?: string;
  /** With `reject`: no further attempt. */
  final?: boolean;
};

/** A call that approving would make, with the digest that is authorised. */
export interface ProposedCall {
  readonly tool: string;
  readonly args: JsonObject;
  readonly digest: string;
  /** Where each argument stands in the result, as JSON pointers: what an edit of the result makes of it. */
  readonly from?: Readonly<Record<string, string>>;
  /** What a yes to it covers. It is compared again before the call is made. */
  readonly covers?: JsonObject;
}

/** Everything a person sees of a request; the approval's digest is taken over exactly this. */
export interface ApprovalShown {
  /** One sentence that a stranger understands. */
  readonly question: string;
  readonly missionName: string;
  readonly title: string;
  readonly taskTitle: string;
  readonly agentName: string;
  /** The subject itself: a result, a tool call's arguments, what is in doubt. */
  readonly subject: Json;
  readonly tool?: string;
  readonly proposed: readonly ProposedCall[];
  readonly evidence: readonly Evidence[];
  /** Why it is asked: findings, a failure, a rule. */
  readonly reasons: readonly string[];
  readonly allowed: readonly DecisionType[];
  /** What each allowed decision leads to, in words. */
  readonly consequences: Readonly<Partial<Record<DecisionType, string>>>;
  /** JSON Schema of the answer, or of the result that an edit gives. */
  readonly schema?: JsonObject;
  /** Of a `tool_call`: what a yes covers. It is compared again before the call is made. */
  readonly covers?: JsonObject;
  readonly degraded: boolean;
}

/** A request before it has an id, a digest and a due time. */
export interface RequestDraft {
  readonly taskId: string;
  readonly attempt: number;
  readonly kind: ApprovalKind;
  /** What it is about within its kind: a turn key, a question's key, an effect id, `result`. */
  readonly subject: string;
  readonly role?: string;
  readonly dueMinutes?: number;
  readonly shown: Omit<
    ApprovalShown,
    "allowed" | "consequences" | "missionName" | "title" | "taskTitle" | "agentName"
  > & {
    readonly taskTitle?: string;
    readonly agentName?: string;
    /** Instead of those of its kind; what has none here is not allowed. */
    readonly consequences?: ApprovalShown["consequences"];
  };
}

/** Thrown inside an attempt when only a person can move it; the engine writes the request and the task waits. Never shown. */
export class NeedsPerson extends Error {
  override readonly name = "NeedsPerson";
  readonly request: RequestDraft;

  constructor(request: RequestDraft) {
    super(request.shown.question);
    this.request = request;
  }
}

const ALLOWED: Readonly<Record<ApprovalKind, readonly DecisionType[]>> = {
  task_result: ["approve", "edit", "reject"],
  tool_call: ["approve", "edit", "reject", "answer"],
  plan: ["approve", "edit", "reject"],
  budget: ["approve", "edit", "reject"],
  question: ["answer", "reject"],
  in_doubt: ["approve", "reject"],
  escalation: ["approve", "edit", "reject"],
};

const CONSEQUENCES: Readonly<Record<ApprovalKind, Readonly<Partial<Record<DecisionType, string>>>>> = {
  task_result: {
    approve: "The result stands and the mission goes on with it.",
    edit: "Your edited result stands, in your name.",
    reject:
      "The task is done again with your comment, as often as the mission allows, then it fails; with --final it fails now.",
  },
  tool_call: {
    approve: "The call is made with exactly these arguments.",
    edit: "The call is made with your arguments; the agent is told.",
    reject: "The call is not made; the agent reads your comment and may go another way.",
    answer: "The call is not made; your answer goes to the agent as the tool's answer.",
  },
  plan: {
    approve: "The plan starts.",
    edit: "Your plan is proved again, then starts.",
    reject: "The planner tries again; with --final the run is cancelled.",
  },
  budget: {
    approve: "The amount is granted.",
    edit: "The amount you give is granted.",
    reject: "The run degrades or stops, as the mission says.",
  },
  question: {
    answer: "The task goes on with your answer.",
    reject: "The task fails with your comment.",
  },
  in_doubt: {
    approve: "It happened: it is recorded as done and not done again (give its result with --answer).",
    reject: "It did not happen: it is done again, once.",
  },
  escalation: {
    approve: "The result is accepted as it is.",
    edit: "Your corrected result stands, in your name.",
    reject: "The run fails.",
  },
};

/** What may be decided about a request of this kind. */
export function allowedFor(kind: ApprovalKind): readonly DecisionType[] {
  return ALLOWED[kind];
}

/** What each decision leads to; approving a result that proposes acts says so. */
export function consequencesFor(kind: ApprovalKind, proposed: readonly ProposedCall[]): ApprovalShown["consequences"] {
  const words = CONSEQUENCES[kind];
  if (proposed.length === 0 || !words.approve) return words;
  const acts = proposed.map((call) => call.tool).join(", ");
  return {
    ...words,
    approve: `${words.approve} It also does exactly what is shown: ${acts}.`,
    ...(words.edit && { edit: `${words.edit} What you submit is also what is done: ${acts}.` }),
  };
}

/** What an act answered that nobody told of, where its contract leaves nothing to tell. */
export const UNTOLD_RESULTS: readonly Json[] = [null, {}];

/** True when a yes to "did this happen?" must say what the act answered: its contract names something, and its task goes on with it. */
export function needsResult({ kind, shown }: { kind: ApprovalKind; shown: Pick<ApprovalShown, "schema"> }): boolean {
  if (kind !== "in_doubt" || !shown.schema) return false;
  const schema = z.fromJSONSchema(shown.schema);
  return !UNTOLD_RESULTS.some((result) => schema.safeParse(result).success);
}

/** The id of a request: the same subject asked again has the next round, and so another id. */
export function approvalIdOf(of: {
  runId: string;
  taskId: string;
  attempt: number;
  kind: ApprovalKind;
  subject: string;
  round: number;
}): string {
  return digestOf([of.runId, of.taskId, of.attempt, of.kind, of.subject, of.round]).slice(0, 32);
}

const STATUS_OF: Readonly<Record<DecisionType, ApprovalStatus>> = {
  approve: "approved",
  edit: "edited",
  reject: "rejected",
  answer: "answered",
};

/** The status that a decision gives to its approval. */
export function statusOf(decision: Decision): ApprovalStatus {
  return STATUS_OF[decision.type];
}

/** Refuses a decision that its kind does not allow, or that lacks what its type needs. */
export function assertDecidable(kind: ApprovalKind, allowed: readonly DecisionType[], decision: Decision): void {
  if (!allowed.includes(decision.type)) {
    throw new OrchestratorError(
      "decision_not_allowed",
      `A ${kind} cannot be decided by "${decision.type}". Allowed: ${allowed.join(", ")}.`,
    );
  }
  const missing =
    decision.type === "edit"
      ? decision.edited === undefined
      : decision.type === "answer" && decision.answer === undefined;
  if (missing) {
    const field = decision.type === "edit" ? "edited" : "answer";
    throw new OrchestratorError("decision_invalid", `A decision of type "${decision.type}" needs "${field}".`);
  }
}

/** One decision of an answer to the interrupt, with the request that it is about. */
export interface AddressedDecision {
  readonly id: string;
  readonly digest?: string;
  readonly decision: Decision;
}

const HOW_TO_ANSWER =
  'Answer with {"decisions": [{"id", "digest", "type": "approve" | "edit" | "reject" | "answer"}]}.';

const LooseDecisionSchema = z.looseObject({
  id: z.string().optional(),
  digest: z.string().optional(),
  type: z.enum(DECISION_TYPES),
  edited: z.json().optional(),
  answer: z.json().optional(),
  comment: z.string().optional(),
  message: z.string().optional(),
  final: z.boolean().optional(),
  editedAction: z.looseObject({ args: z.json() }).optional(),
});

/**
 * Reads what came back from an interrupt: `{ decisions: [...] }` for any subset by id, positional when the count
 * fits, a bare "approve" or "reject" (or one decision) when exactly one request is open; JSON text of any of these.
 * `shownIds` are the requests that the interrupt showed, in its order. Returns a problem in words when it cannot be
 * read; it never throws.
 */
export function readAnswer(
  answer: unknown,
  shownIds: readonly string[],
): { decisions: AddressedDecision[] } | { problem: string } {
  const value = typeof answer === "string" ? fromText(answer) : answer;
  const fault = jsonFaultOf(value);
  if (fault !== undefined) return { problem: `The answer cannot be stored as JSON: ${fault}. ${HOW_TO_ANSWER}` };
  if (typeof value === "string") return bare(value, shownIds);
  const list = listOf(value);
  if (!list || list.length === 0) return { problem: HOW_TO_ANSWER };
  const decisions: Unaddressed[] = [];
  for (const [index, entry] of list.entries()) {
    const parsed = LooseDecisionSchema.safeParse(entry);
    if (!parsed.success) return { problem: `Decision ${index + 1} cannot be read. ${inWords(parsed.error)}` };
    decisions.push(addressed(parsed.data));
  }
  const named = decisions.filter(isAddressed);
  if (named.length === decisions.length) return { decisions: named };
  if (named.length > 0 || decisions.length !== shownIds.length) {
    return {
      problem: `${shownIds.length} requests are open. Name each decision's id, or give exactly ${shownIds.length} in their order.`,
    };
  }
  return { decisions: shownIds.map((id, index) => ({ ...decisions[index], id })).filter(isAddressed) };
}

/** As it was read: with or without an id. */
type Unaddressed = Partial<Pick<AddressedDecision, "id">> & Omit<AddressedDecision, "id">;

function isAddressed(entry: Partial<AddressedDecision>): entry is AddressedDecision {
  return entry.id !== undefined && entry.decision !== undefined;
}

function inWords(error: z.ZodError): string {
  return error.issues
    .map((issue) => `/${issue.path.join("/")}: ${issue.message}`)
    .join("; ")
    .concat(".");
}

function fromText(text: string): unknown {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{") && !trimmed.startsWith("[") && !trimmed.startsWith('"')) return trimmed;
  try {
    return JSON.parse(trimmed);
  } catch {
    return undefined;
  }
}

function bare(word: string, openIds: readonly string[]): { decisions: AddressedDecision[] } | { problem: string } {
  const type = word.trim().toLowerCase();
  if (type !== "approve" && type !== "reject")
    return { problem: `"${word}" is no decision. A bare answer is "approve" or "reject".` };
  const [id, ...others] = openIds;
  if (id === undefined || others.length > 0) {
    return {
      problem: `${openIds.length} requests are open, so "${type}" alone does not say which. Name each decision's id.`,
    };
  }
  return { decisions: [{ id, decision: { type } }] };
}

function listOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) return undefined;
  if ("decisions" in value && Array.isArray(value.decisions)) return value.decisions;
  return "type" in value ? [value] : undefined;
}

function addressed(entry: z.output<typeof LooseDecisionSchema>): Unaddressed {
  const edited = entry.edited ?? entry.editedAction?.args;
  const comment = entry.comment ?? entry.message;
  return {
    ...(entry.id !== undefined && { id: entry.id }),
    ...(entry.digest !== undefined && { digest: entry.digest }),
    decision: {
      type: entry.type,
      ...(edited !== undefined && { edited }),
      ...(entry.answer !== undefined && { answer: entry.answer }),
      ...(comment !== undefined && { comment }),
      ...(entry.final !== undefined && { final: entry.final }),
    },
  };
}
