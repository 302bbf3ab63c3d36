import type { ApprovalKind, ApprovalShown, Decision, RequestDraft } from "../core/approval.js";
import { jsonSchemaOf } from "../core/contract.js";
import type { Json, JsonObject } from "../core/digest.js";
import { canonicalJson, digestOf } from "../core/digest.js";
import { callDigestOf } from "../core/effect.js";
import type { Ruling } from "../core/policy.js";
import { coverageOf, rulingOnOtherYes } from "../core/policy.js";
import { callFromResult } from "../core/proposed-call.js";
import type { ApprovalRecord, EffectRecord } from "../core/records.js";
import { isDecided } from "../core/run.js";
import type { ToolCall } from "../core/session.js";
import type { ToolDefinition } from "../core/tool.js";
import type { Act, Admitted, Foreseen, Outcome } from "./gate-call.js";
import { parseBy, refused } from "./gate-call.js";
import { argumentsFault } from "./gate-limits.js";
import { outputOf } from "./gate-run.js";
import { secretFault } from "./gate-secrets.js";

/** What people decide about a result, and with it about the acts that it proposes. */
const RESULT_KINDS: ReadonlySet<ApprovalKind> = new Set(["task_result", "escalation"]);

/** Of a doubt about an act that could not be made again just so. */
const RULED_ANEW = {
  approve: "It happened: it is recorded as done and not done again (give its result with --answer).",
  reject: "It did not happen: it is recorded so, and whether it may be done now is ruled on like any call.",
};

/** What people have said of a call: it may be made, it is over without being made, or nobody has been asked in these words. */
export type Word =
  | { readonly kind: "granted"; readonly act: Act }
  | { readonly kind: "over"; readonly outcome: Outcome }
  | { readonly kind: "open"; readonly draft: RequestDraft };

/** The word on a call that needs one. `done` is the act with other arguments that a second one would come on top of. */
export function wordOn(act: Act, done: EffectRecord | undefined): Word {
  const { session, task, attempt, turnKey } = act.call;
  const request = session.request(task.id, attempt, "tool_call", turnKey);
  if (!request || !isDecided(request.status) || !wasShown(request, act))
    return { kind: "open", draft: draftOf(act, done) };
  const { decision } = request;
  if (!decision) throw new Error(`Approval ${request.approvalId} is ${request.status} without a decision.`);
  return follow(act, request, decision);
}

/**
 * The ruling under which a person agreed to exactly this call. All that policies weigh is as it was then, so they need not
 * be asked again: whoever goes on with a decision in a new process is spared loading them.
 */
export function rulingAgreedTo(asked: Admitted, policyVersion: string): Ruling | undefined {
  const { session, task, attempt, turnKey, options, authority } = asked.call;
  if (authority || (options.again ?? "") !== "") return undefined;
  const request = session.request(task.id, attempt, "tool_call", turnKey);
  const rule = request?.shown.covers?.["rule"];
  if (request?.status !== "approved" || typeof rule !== "string") return undefined;
  const ruling: Ruling = { outcome: "ask", rule, reason: "a person agreed to it under these very policies" };
  return wasShown(request, { ...asked, policyVersion, ruling }) ? ruling : undefined;
}

/**
 * The word on a call that an approved result proposed. The approval is one of this task's attempt, and speaks for what it
 * showed, or what an edit of the result gives where it showed that arguments are taken from. An act that it does not
 * cover is asked about by itself.
 */
export function wordOfAuthority(act: Act, authority: NonNullable<ToolCall["authority"]>, done?: EffectRecord): Word {
  const { session, task, attempt } = act.call;
  const approval = session.requests().find(({ approvalId }) => approvalId === authority.approvalId);
  const isOwn = approval?.taskId === task.id && approval.attempt === attempt && RESULT_KINDS.has(approval.kind);
  const isYes = approval?.status === "approved" || approval?.status === "edited";
  if (!isOwn || !isYes || !isUntouched(approval) || authority.digest !== callDigestOf(act.tool.name, act.args)) {
    const reason = `Approval ${authority.approvalId} does not cover ${act.tool.name} with these arguments.`;
    return { kind: "over", outcome: refused("forbidden", reason) };
  }
  if (isProposedBy(approval, act, authority.digest))
    return { kind: "granted", act: { ...act, approvalId: authority.approvalId } };
  return wordOn({ ...act, ruling: rulingOnOtherYes(act.ruling) }, done);
}

/** Whether a result that was approved, or that an edit gave, does propose this very act, and under what holds now. */
function isProposedBy({ status, shown, decision }: ApprovalRecord, act: Foreseen, digest: string): boolean {
  const now = coveredBy(act);
  if (status === "approved")
    return shown.proposed.some((call) => call.digest === digest && call.covers && isSame(call.covers, now));
  return shown.proposed.some(({ tool, from, covers }) => {
    const call = from && callFromResult({ tool, args: from }, decision?.edited ?? null);
    return (
      call?.ok === true && call.digest === digest && covers && isSame(besidesArguments(covers), besidesArguments(now))
    );
  });
}

/** Whether the approval under which an act was begun speaks for making it again, under what holds now. */
export function stillCovers(approval: ApprovalRecord, act: Foreseen): boolean {
  if (!isUntouched(approval)) return false;
  if (RESULT_KINDS.has(approval.kind)) return isProposedBy(approval, act, callDigestOf(act.tool.name, act.args));
  const { status, decision, shown } = approval;
  const { covers } = shown;
  if (approval.kind !== "tool_call" || !covers) return false;
  const now = coveredBy(act);
  // Which rule asked follows from all the rest, or is that of a second act.
  if (status === "approved") return isSame(covers, { ...now, rule: covers["rule"] });
  const isAsEdited = status === "edited" && digestOf(decision?.edited ?? null) === digestOf(act.args);
  return isAsEdited && isSame(besidesArguments(covers), besidesArguments(now));
}

/** What an edit leaves as it was: amount and rule follow from the arguments, which the editor gave. */
function besidesArguments({ agent, tool, policy, task, case: caseId }: JsonObject): JsonObject {
  return { agent, tool, policy, task, case: caseId };
}

function wasShown(request: ApprovalRecord, act: Act): boolean {
  const { covers } = request.shown;
  return isUntouched(request) && covers !== undefined && isSame(covers, coveredBy(act));
}

/** Whether a person agreed to just this, which is what `covers` says, and their request was not changed since. */
export function agreesTo(request: ApprovalRecord, covers: JsonObject): boolean {
  const { covers: shown } = request.shown;
  return request.status === "approved" && isUntouched(request) && shown !== undefined && isSame(shown, covers);
}

function isSame(one: JsonObject, other: JsonObject): boolean {
  return canonicalJson(one) === canonicalJson(other);
}

/** What was shown is what the digest was taken of: a row that somebody changed since grants nothing. */
export function isUntouched({ shown, digest }: ApprovalRecord): boolean {
  return digestOf(shown) === digest;
}

/** What a yes to this act covers. */
export function coveredBy({ call, tool, args, parsed, policyVersion, ruling }: Foreseen): JsonObject {
  const { session, task, agent } = call;
  const of = { agentId: agent.id, taskId: task.id, caseId: session.run.caseId };
  return coverageOf({ tool, args, parsed, policyVersion, rule: ruling.rule, ...of });
}

function follow(act: Act, request: ApprovalRecord, decision: Decision): Word {
  const applied = [request.approvalId];
  const used = { ...act, applied, approvalId: request.approvalId };
  if (decision.type === "approve") return { kind: "granted", act: used };
  if (decision.type === "edit") return withEdit(used, decision.edited ?? null);
  const by = { approval: request.approvalId, ...(request.decidedBy !== undefined && { by: request.decidedBy }) };
  if (decision.type === "reject") {
    const reason = decision.comment ?? `${act.tool.name} was refused without a comment.`;
    return { kind: "over", outcome: { ...refused("rejected_by_person", reason), applied, data: by } };
  }
  const answer = outputOf(act.tool, decision.answer ?? null);
  if (!answer.ok) return { kind: "over", outcome: { reply: answer.refusal, ran: false, applied, data: by } };
  return {
    kind: "over",
    outcome: { reply: { ok: true, value: answer.value }, ran: false, applied, data: { ...by, answered: true } },
  };
}

function withEdit(act: Act, edited: Json): Word {
  const fault = argumentsFault(edited) ?? secretFault(act.tool.name, edited);
  const parsed = fault === undefined ? parseBy(act.tool.input, edited) : { ok: false as const, reason: fault };
  if (parsed.ok) return { kind: "granted", act: { ...act, args: edited, parsed: parsed.value, isEdited: true } };
  const reason = `A person edited the arguments, but they do not fit ${act.tool.name}. ${parsed.reason}`;
  return { kind: "over", outcome: { ...refused("bad_arguments", reason), applied: act.applied } };
}

function draftOf(act: Act, done: EffectRecord | undefined): RequestDraft {
  const { call, tool, args, ruling } = act;
  const [what = tool.description] = tool.description.split(/(?<=\.)\s/u);
  const times = done ? " a second time" : "";
  return requestOf(call, tool, {
    kind: "tool_call",
    subject: call.turnKey,
    shown: {
      question: `May ${call.agent.name} call ${tool.name}${times} for the task "${call.task.title}"? ${what}`,
      subject: args,
      evidence: done ? [beside(done, args)] : [],
      reasons: [
        `A person is asked because ${ruling.reason}.`,
        ...(done ? [`This is a second one, named "${call.options.again ?? ""}".`] : []),
      ],
      schema: jsonSchemaOf(tool.input, "input"),
      covers: coveredBy(act),
    },
  });
}

/**
 * The request that asks what became of an act whose outcome nobody knows. Each claim is asked about anew. `why` says what
 * keeps it from being made again to find out, where its tool could.
 */
export function doubtOf(
  call: ToolCall,
  tool: ToolDefinition | undefined,
  effect: EffectRecord,
  why?: string,
): RequestDraft {
  const what = tool ? ` ${tool.description.split(/(?<=\.)\s/u)[0] ?? ""}` : "";
  return requestOf(
    call,
    { name: effect.tool },
    {
      kind: "in_doubt",
      subject: effect.effectId,
      shown: {
        question: `Did this happen? ${effect.tool} was called with these arguments and its outcome was lost.${what}`,
        subject: { tool: effect.tool, args: effect.args, claimed_at: effect.claimedAt.toISOString() },
        evidence: [],
        reasons: [
          "The call was begun and never reported back. It is not made again before somebody has looked.",
          ...(why === undefined ? [] : [`Its tool could make it again to find out, but ${why}.`]),
        ],
        ...(why !== undefined && { consequences: RULED_ANEW }),
        ...(tool && { schema: jsonSchemaOf(tool.output, "input") }),
      },
    },
  );
}

/** The newest decided request about exactly this claim of the effect, whatever attempt asked it. */
export function decidedDoubt(call: ToolCall, effect: EffectRecord): ApprovalRecord | undefined {
  const about = canonicalJson(doubtOf(call, undefined, effect).shown.subject);
  return call.session
    .requests()
    .filter(({ kind, subject, status }) => kind === "in_doubt" && subject === effect.effectId && isDecided(status))
    .filter(isUntouched)
    .find(({ shown }) => canonicalJson(shown.subject) === about);
}

function requestOf(
  call: ToolCall,
  tool: Pick<ToolDefinition, "name">,
  of: Pick<RequestDraft, "kind" | "subject"> & {
    shown: Pick<ApprovalShown, "question" | "subject" | "evidence" | "reasons" | "schema" | "covers"> &
      Pick<RequestDraft["shown"], "consequences">;
  },
): RequestDraft {
  return {
    taskId: call.task.id,
    attempt: call.attempt,
    kind: of.kind,
    subject: of.subject,
    shown: {
      ...of.shown,
      taskTitle: call.task.title,
      agentName: call.agent.name,
      tool: tool.name,
      proposed: [],
      degraded: false,
    },
  };
}

function beside(done: EffectRecord, args: Json) {
  return {
    title: "Done before, and asked for now",
    left: {
      label: `done ${(done.settledAt ?? done.claimedAt).toISOString()}`,
      text: JSON.stringify(done.args, null, 2),
    },
    right: { label: "asked for now", text: JSON.stringify(args, null, 2) },
  };
}
