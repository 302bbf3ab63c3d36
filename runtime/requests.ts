import { z } from "zod";
import type { ApprovalShown, Decision, RequestDraft } from "../core/approval.js";
import { allowedFor, approvalIdOf, assertDecidable, consequencesFor, needsResult, statusOf } from "../core/approval.js";
import type { Json } from "../core/digest.js";
import { canonicalJson, digestOf } from "../core/digest.js";
import { OrchestratorError } from "../core/errors.js";
import type { EventDraft } from "../core/event.js";
import { jsonFaultOf } from "../core/json-fault.js";
import type { Mission } from "../core/mission.js";
import type { Approvals, Statement } from "../core/ports.js";
import type { ApprovalRecord, RunRecord } from "../core/records.js";
import { redactJson } from "../core/redact.js";
import { isDecided } from "../core/run.js";
import type { Person } from "../core/session.js";
import { isUndoQuestion } from "../core/undo.js";

const MINUTE_MS = 60_000;

/** What is written together about a request. */
export interface RequestUnit {
  readonly statements: readonly Statement[];
  readonly events: readonly EventDraft[];
}

/** The whole of what a person will see; the digest is taken over it. */
export function toShown(
  mission: Mission,
  run: Pick<RunRecord, "title">,
  draft: RequestDraft,
  agentId: string | undefined,
): ApprovalShown {
  const task = mission.tasks.find((candidate) => candidate.id === draft.taskId);
  const agent = mission.agents.find((card) => card.id === agentId);
  const consequences = draft.shown.consequences ?? consequencesFor(draft.kind, draft.shown.proposed);
  return {
    ...redactJson(draft.shown),
    missionName: mission.name,
    title: run.title,
    taskTitle: draft.shown.taskTitle ?? task?.title ?? draft.taskId,
    agentName: draft.shown.agentName ?? agent?.name ?? "the mission",
    allowed: allowedFor(draft.kind).filter((type) => consequences[type] !== undefined),
    consequences,
  };
}

/** The row of a new request. `before` is the newest one about the same subject: the next round, and whom it went to last. */
export function toRequestRow(
  mission: Mission,
  run: RunRecord,
  draft: RequestDraft,
  shown: ApprovalShown,
  before: ApprovalRecord | undefined,
  now: Date,
): ApprovalRecord {
  const of = {
    runId: run.runId,
    taskId: draft.taskId,
    attempt: draft.attempt,
    kind: draft.kind,
    subject: draft.subject,
    round: before ? before.round + 1 : 0,
  };
  const dueMinutes = draft.dueMinutes ?? mission.approvals.dueMinutes;
  return {
    ...of,
    approvalId: approvalIdOf(of),
    digest: digestOf(shown),
    shown,
    role: draft.role ?? mission.approvals.role,
    escalateTo: mission.approvals.escalateTo,
    status: "pending",
    createdAt: now,
    dueAt: new Date(now.getTime() + dueMinutes * MINUTE_MS),
  };
}

/** The question of another task of the run about the same claim of the same act: whoever asks second waits for its answer. */
export function sharedDoubt(
  requests: readonly ApprovalRecord[],
  { kind, subject, taskId }: RequestDraft,
  shown: ApprovalShown,
): ApprovalRecord | undefined {
  if (kind !== "in_doubt") return undefined;
  const claim = canonicalJson(shown.subject);
  return requests
    .filter((other) => other.kind === kind && other.subject === subject && other.taskId !== taskId)
    .filter(({ status, appliedAt }) => status === "pending" || (isDecided(status) && appliedAt === undefined))
    .find((other) => canonicalJson(other.shown.subject) === claim);
}

/** Of the requests about one subject the one that was raised last. */
export function newestOf(
  requests: readonly ApprovalRecord[],
  about: Pick<ApprovalRecord, "taskId" | "attempt" | "kind" | "subject">,
): ApprovalRecord | undefined {
  return requests
    .filter(({ taskId, attempt }) => taskId === about.taskId && attempt === about.attempt)
    .filter(({ kind, subject }) => kind === about.kind && subject === about.subject)
    .reduce<ApprovalRecord | undefined>(
      (newest, next) => (newest && newest.round >= next.round ? newest : next),
      undefined,
    );
}

/** Writes a request, with the event that tells of it. */
export function asked(rows: Approvals, request: ApprovalRecord): RequestUnit {
  return {
    statements: rows.put(request),
    events: [
      {
        runId: request.runId,
        type: "approval_requested",
        key: `approval_requested:${request.approvalId}`,
        taskId: request.taskId,
        data: {
          approval_id: request.approvalId,
          kind: request.kind,
          digest: request.digest,
          role: request.role,
          title: request.shown.taskTitle,
          reason: request.shown.question,
        },
      },
    ],
  };
}

/** What the run's log says when only people can move it. Short however many wait: it is written anew after each decision. */
export function waitingFor(run: Pick<RunRecord, "runId" | "title">, pending: readonly ApprovalRecord[]): EventDraft {
  const [first] = pending;
  const others = pending.length > 1 ? ` And ${pending.length - 1} more.` : "";
  return {
    runId: run.runId,
    type: "run_waiting",
    key: `run_waiting:${digestOf(pending.map((request) => request.approvalId)).slice(0, 16)}`,
    data: { title: run.title, pending: pending.length, reason: `${first?.shown.question ?? ""}${others}` },
  };
}

/**
 * Takes a request back: what it showed is not what is meant any more. Refused as `already_decided` when somebody was
 * faster, so it is a unit of its own, or what else stands in it is refused as well.
 */
export function withdrawn(rows: Approvals, request: ApprovalRecord, now: Date): RequestUnit {
  return {
    statements: rows.close(request.approvalId, "withdrawn", now),
    events: [
      {
        runId: request.runId,
        type: "approval_withdrawn",
        key: `approval_withdrawn:${request.approvalId}`,
        taskId: request.taskId,
        data: { approval_id: request.approvalId },
      },
    ],
  };
}

/**
 * A request past its due time ends without granting anything; the same one goes to the next in line, else to the same
 * role again. Refused as `already_decided` when somebody was faster: then nothing is asked anew.
 */
export function expired(
  rows: Approvals,
  request: ApprovalRecord,
  now: Date,
): RequestUnit & { readonly next: ApprovalRecord } {
  const [role = request.role, ...escalateTo] = request.escalateTo;
  const round = request.round + 1;
  const span = request.dueAt.getTime() - request.createdAt.getTime();
  const next: ApprovalRecord = {
    ...request,
    round,
    approvalId: approvalIdOf({ ...request, round }),
    role,
    escalateTo,
    createdAt: now,
    dueAt: new Date(now.getTime() + span),
  };
  const raised = asked(rows, next);
  return {
    next,
    statements: [...rows.close(request.approvalId, "expired", now), ...raised.statements],
    events: [
      {
        runId: request.runId,
        type: "approval_expired",
        key: `approval_expired:${request.approvalId}`,
        taskId: request.taskId,
        data: { approval_id: request.approvalId, next: next.approvalId, reason: `now asks ${role}` },
      },
      ...raised.events,
    ],
  };
}

/**
 * One decision as one unit: compare-and-set on the pending row, and its event. Refused before anything is written when
 * the digest is not what was shown, the kind does not allow it, or what was given does not fit.
 */
export function decided(
  rows: Approvals,
  request: ApprovalRecord,
  digest: string,
  given: Decision,
  by: Person,
  now: Date,
): RequestUnit {
  const decision = redactJson(given);
  if (digest !== request.digest) {
    throw new OrchestratorError(
      "stale_digest",
      `What you decided about is not what is asked now. Look at it again with "mission approvals", then decide with digest ${request.digest.slice(0, 12)}…`,
      { details: { expected: request.digest, got: digest } },
    );
  }
  assertDecidable(request.kind, request.shown.allowed, decision);
  assertStorable(decision);
  assertReasoned(request, decision);
  assertFits(request, decision);
  return {
    statements: rows.decide(request.approvalId, request.digest, decision, by.name, by.authenticated, now),
    events: [
      {
        runId: request.runId,
        type: "approval_decided",
        key: `approval_decided:${request.approvalId}`,
        taskId: request.taskId,
        data: {
          approval_id: request.approvalId,
          kind: request.kind,
          title: request.shown.taskTitle,
          status: statusOf(decision),
          digest: decision.edited === undefined ? request.digest : digestOf(decision.edited),
          by: by.name,
          authenticated: by.authenticated,
          comment: decision.comment,
        },
      },
    ],
  };
}

/** Whoever lets an act stand that should have been taken back says why. */
function assertReasoned(request: ApprovalRecord, { type, comment }: Decision): void {
  if (!isUndoQuestion(request) || type !== "reject" || comment?.trim()) return;
  throw new OrchestratorError("decision_invalid", "Say why it is left as it is: this no needs a comment.");
}

/** What a person gave must be what the store can keep and a digest can be taken over. */
function assertStorable(decision: Decision): void {
  const fault = jsonFaultOf(decision);
  if (fault !== undefined)
    throw new OrchestratorError("decision_invalid", `What you gave cannot be stored as JSON: ${fault}.`);
}

/** What a person gave must fit the schema that the request shows. */
function assertFits(request: ApprovalRecord, decision: Decision): void {
  const given = givenWith(request, decision);
  if (given === undefined && decision.type === "approve" && needsResult(request)) {
    throw new OrchestratorError(
      "decision_invalid",
      `That it happened is not enough: the task goes on with what it answered. Look it up outside and give it as the answer (--answer). Allowed: ${JSON.stringify(request.shown.schema)}`,
      { details: { schema: request.shown.schema } },
    );
  }
  if (given === undefined || !request.shown.schema) return;
  const parsed = z.fromJSONSchema(request.shown.schema).safeParse(given);
  if (parsed.success) return;
  const issues = parsed.error.issues.map((issue) => `/${issue.path.map(String).join("/")}: ${issue.message}`);
  throw new OrchestratorError(
    "decision_invalid",
    `What you gave does not fit. ${issues.join("; ")}. Allowed: ${JSON.stringify(request.shown.schema)}`,
    { details: { schema: request.shown.schema, issues } },
  );
}

/** What the schema speaks of: for a call that is its arguments, not an answer in the tool's place. */
function givenWith({ kind }: ApprovalRecord, { type, edited, answer }: Decision): Json | undefined {
  if (type === "edit") return edited;
  if (type === "answer") return kind === "tool_call" ? undefined : answer;
  return type === "approve" && kind === "in_doubt" ? answer : undefined;
}

/** Told to whoever decides second. */
export function alreadyDecided(request: ApprovalRecord): OrchestratorError {
  if (request.status === "expired" || request.status === "withdrawn") {
    return new OrchestratorError(
      "approval_expired",
      `This request is ${request.status}. See "mission approvals" for what is asked now.`,
      { details: { status: request.status } },
    );
  }
  const when = request.decidedAt ? ` at ${request.decidedAt.toISOString()}` : "";
  return new OrchestratorError(
    "already_decided",
    `${request.decidedBy ?? "Somebody"} decided this already${when}: ${request.status}. Nothing was changed.`,
    {
      details: { status: request.status, decided_by: request.decidedBy, decided_at: request.decidedAt?.toISOString() },
    },
  );
}
