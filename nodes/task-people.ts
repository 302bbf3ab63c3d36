import type { ProposedCall } from "../core/approval.js";
import { NeedsPerson } from "../core/approval.js";
import type { Evidence, Finding } from "../core/define-agent.js";
import type { Json } from "../core/digest.js";
import { digestOf, sha256 } from "../core/digest.js";
import { TaskFailure } from "../core/errors.js";
import { evaluateBoolean } from "../core/expression.js";
import type { ApprovalRecord } from "../core/records.js";
import { isDecided } from "../core/run.js";
import { coveredCalls, refuseBroken } from "./proposed-effects.js";
import { contractSchema } from "./task-checks.js";
import { engineTurn, newAttempt } from "./task-moves.js";
import { primaryOf } from "./task-skill.js";
import type { Judged, Produced, TaskWork } from "./task-work.js";

/** How a result came to stand: the rule that chose, and the approval behind it. */
export interface Approved {
  readonly output: Json;
  readonly edited: boolean;
  readonly outcome: "alone" | "asked";
  readonly rule: string;
  readonly approvalId?: string;
}

/** Thrown to begin the task's loop anew after its attempt was raised. */
export class AttemptRaised extends Error {
  override readonly name = "AttemptRaised";
}

/** Asks for the checked result where the mission says so. Throws `NeedsPerson` while nobody has decided. */
export async function resultApproval(work: TaskWork, produced: Produced, result: Judged): Promise<Approved> {
  const { session, task, deps } = work;
  const ruling = ruleOnAsking(work, produced, result.output);
  if (!ruling.asks) return { output: result.output, edited: false, outcome: "alone", rule: ruling.rule };
  const record = session.task(task.id);
  if (!session.turn(task.id, record.attempt, "candidate")) {
    const candidate = { output: produced.output, inputs: produced.inputs };
    await session.commit({ turns: [engineTurn(record, deps.clock.now(), "candidate", candidate)] });
  }
  const request = session.request(task.id, record.attempt, "task_result", "result");
  const draft = await resultDraft(work, produced, result.output, []);
  if (!request || request.status === "pending") refuseBroken(work, draft.shown.proposed, result.output);
  if (!request || !isDecided(request.status) || !session.shows(request, draft)) throw new NeedsPerson(draft);
  if (request.status === "rejected") return sendBack(work, request);
  const edited = request.status === "edited";
  const output = edited ? (request.decision?.edited ?? null) : result.output;
  return { output, edited, outcome: "asked", rule: ruling.rule, approvalId: request.approvalId };
}

/** Whether a person is asked about this result, and by which rule. */
function ruleOnAsking(work: TaskWork, produced: Produced, output: Json): { asks: boolean; rule: string } {
  const { session, task } = work;
  const { unless, sample } = task.approval;
  // Acts that the result proposes are approved with it; what is asked besides is only about doing one a second time.
  const isProposing = (produced.playbook?.proposes ?? []).length > 0;
  const wasAsked =
    !isProposing &&
    session
      .requests()
      .some(
        (request) =>
          request.taskId === task.id &&
          request.kind === "tool_call" &&
          isDecided(request.status) &&
          request.status !== "rejected",
      );
  const isSampled =
    sample !== undefined && Number.parseInt(sha256(`${session.runId}/${task.id}`).slice(0, 8), 16) / 2 ** 32 < sample;
  if (isSampled) return { asks: true, rule: `sample ${sample}` };
  if (!task.requiresHumanApproval) return { asks: false, rule: "requires_human_approval is false" };
  if (wasAsked) return { asks: false, rule: "its calls were approved before they were made" };
  const scope = { output, inputs: produced.inputs, case: session.run.caseData };
  if (unless !== undefined && evaluateBoolean(unless, scope)) return { asks: false, rule: `unless ${unless}` };
  return { asks: true, rule: "requires_human_approval" };
}

function sendBack(work: TaskWork, request: ApprovalRecord): never {
  const { session, task } = work;
  const record = session.task(task.id);
  const reason = request.decision?.comment ?? "Rejected without a comment.";
  const isLast = request.decision?.final === true || record.refusals >= session.mission.maxReviewRounds;
  if (isLast) {
    void session.commit({ applied: [request.approvalId] });
    throw rejectedBy(request.decidedBy, reason);
  }
  const from = request.decidedBy ?? "a person";
  const change = newAttempt(task, record, {
    cause: "refused",
    reason,
    feedback: [{ from, reason }],
    refusals: record.refusals + 1,
  });
  void session.commit({ ...change, applied: [request.approvalId] });
  throw new AttemptRaised();
}

/**
 * The result is still refused after the last round: a person accepts it as it is, corrects it (the correction is
 * returned), or fails the run.
 */
export async function escalation(
  work: TaskWork,
  produced: Produced,
  output: Json,
  findings: readonly Finding[],
): Promise<{ approvalId: string; corrected?: Json }> {
  const { session, task } = work;
  const subject = produced.byPerson ? `checks:${digestOf(output).slice(0, 16)}` : "checks";
  const request = session.request(task.id, session.task(task.id).attempt, "escalation", subject);
  const result = await resultDraft(work, produced, output, findings);
  const question = `The checks still refuse the result of "${task.title}". Accept it as it is?`;
  const draft = { ...result, kind: "escalation" as const, subject, shown: { ...result.shown, question } };
  if (!request || !isDecided(request.status) || !session.shows(request, draft)) throw new NeedsPerson(draft);
  await session.commit({ applied: [request.approvalId] });
  if (request.status === "rejected") {
    const { message } = rejectedBy(request.decidedBy, request.decision?.comment);
    throw new TaskFailure("permanent", message, { code: "escalation_rejected" });
  }
  const { approvalId, decision } = request;
  return request.status === "edited" ? { approvalId, corrected: decision?.edited ?? null } : { approvalId };
}

async function resultDraft(work: TaskWork, produced: Produced, output: Json, findings: readonly Finding[]) {
  const { session, task } = work;
  const skill = primaryOf(work);
  const proposed: readonly ProposedCall[] = await coveredCalls(work, produced, output);
  return {
    taskId: task.id,
    attempt: session.task(task.id).attempt,
    kind: "task_result" as const,
    subject: "result",
    ...(task.approval.role !== undefined && { role: task.approval.role }),
    ...(task.approval.dueMinutes !== undefined && { dueMinutes: task.approval.dueMinutes }),
    shown: {
      question: `Is the result of "${task.title}" for ${session.run.title} right?`,
      subject: output,
      proposed,
      evidence: evidenceOf(work, produced, output),
      reasons: findings.map((finding) => `${finding.field || "/"}: ${finding.reason}`),
      schema: contractSchema(task, skill),
      degraded: produced.playbook?.degraded ?? false,
    },
  };
}

/** What to look at beside the result: as the skill says, else what went in and what came out. */
function evidenceOf(work: TaskWork, produced: Produced, output: Json): readonly Evidence[] {
  const { session, task } = work;
  const skill = primaryOf(work);
  const parsed = skill?.input.safeParse(produced.inputs);
  const { evidence } = skill ?? {};
  const isOwn = evidence && parsed?.success && !task.forEach;
  const plain = [
    {
      title: task.title,
      left: { label: "What it was made from", text: JSON.stringify(produced.inputs, null, 1) },
      right: { label: "Result", text: JSON.stringify(output, null, 1) },
    },
  ];
  return orPlain(work, "evidence", () => isOwn && evidence(output, parsed.data, session.run.caseData), plain);
}

/** How a skill shows its result; when that breaks, the plain form and an event: a good result is not thrown away for it. */
export function orPlain<Form>(
  { session, task }: TaskWork,
  what: "summary" | "evidence",
  own: () => Form | false | undefined,
  plain: Form,
): Form {
  try {
    return own() || plain;
  } catch (error) {
    const { attempt } = session.task(task.id);
    const reason = `The ${what} of the skill "${task.skill}" broke: ${error instanceof Error ? error.message : String(error)}`;
    const key = `presentation_failed:${task.id}:${attempt}:${what}`;
    void session.commit({
      events: [{ type: "presentation_failed", key, taskId: task.id, data: { title: task.title, reason } }],
    });
    return plain;
  }
}

/** A person's no: final, nobody else is tried. */
export function rejectedBy(by: string | undefined, comment: string | undefined): TaskFailure {
  return new TaskFailure("permanent", comment ?? `Rejected by ${by ?? "a person"}.`, { code: "rejected" });
}
