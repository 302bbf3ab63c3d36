import type { RequestDraft } from "../core/approval.js";
import type { TaskErrorCode } from "../core/errors.js";
import { TaskFailure } from "../core/errors.js";
import { ExpressionError } from "../core/expression.js";
import type { TaskRecord } from "../core/records.js";
import { redactError } from "../core/redact.js";
import { backoffMs, pause } from "./retry.js";
import { Refused } from "./task-checks.js";
import { failed, newAttempt } from "./task-moves.js";
import { AttemptRaised } from "./task-people.js";
import { resultQuestion } from "./task-skill.js";
import type { TaskWork } from "./task-work.js";

/** `again`: the task goes on with what its row says now. `return`: it is settled. A request: only its answer moves the task. */
export type Aftermath = "again" | "return" | RequestDraft;

/** Nobody is tried again after these. */
const FINAL: readonly TaskErrorCode[] = [
  "rejected",
  "escalation_rejected",
  "attempts_exhausted",
  "join_incomplete",
  "route_unmatched",
];

/**
 * What follows a failed attempt. Every failure comes through here, and whatever follows it changes the task's row towards
 * an end: an agent's goes back with its reasons, is tried again after a pause, or goes to the next capable agent; a
 * person's result is asked for again; then, and when nobody had begun, `on_failure` says.
 */
export async function afterFailure(work: TaskWork, error: unknown): Promise<Aftermath> {
  if (error instanceof AttemptRaised) return "again";
  const failure = toFailure(redactError(error));
  const record = work.session.task(work.task.id);
  if (FINAL.includes(failure.code)) return settleFailed(work, failure);
  const maker = makerOf(work);
  if (maker === "person") return askAgain(work, failure);
  if (maker === "nobody") return onFailure(work, failure, record);
  if (error instanceof Refused) return afterRefusal(work, error);
  const mayRetry = failure.failureClass === "transient" && record.failures + 1 < work.task.retry.attempts;
  return mayRetry ? retry(work, failure) : takeOver(work, failure);
}

/** Whose work the attempt is, as its rows say; nobody's while the task looks at whether and with what it may begin. */
function makerOf({ session, task }: TaskWork): "agent" | "person" | "nobody" {
  const record = session.task(task.id);
  if (session.request(task.id, record.attempt, "question", "result")?.status === "answered") return "person";
  return record.codeVersion === undefined ? "nobody" : "agent";
}

/** A person's result that cannot stand is asked for again with the reason, as often as an agent's would go back. */
async function askAgain(work: TaskWork, failure: TaskFailure): Promise<Aftermath> {
  const { session, task } = work;
  const record = session.task(task.id);
  if (record.refusals >= session.mission.maxReviewRounds) return settleFailed(work, failure);
  const change = newAttempt(task, record, {
    cause: "refused",
    reason: failure.message,
    feedback: [{ from: "the last answer", reason: failure.message }],
    refusals: record.refusals + 1,
  });
  await session.commit(change);
  return "again";
}

async function afterRefusal(work: TaskWork, refused: Refused): Promise<Aftermath> {
  const { session, task } = work;
  const record = session.task(task.id);
  if (record.refusals >= session.mission.maxReviewRounds) return takeOver(work, toFailure(refused));
  const from = refused.breaksContract ? "contract" : "checks";
  const feedback = refused.findings.map(({ field, reason }) => ({ from, reason, ...(field !== "" && { field }) }));
  const change = newAttempt(task, record, {
    cause: "refused",
    reason: refused.message,
    feedback,
    refusals: record.refusals + 1,
  });
  const events = refused.findings.map((finding, index) => ({
    type: "check_refused" as const,
    key: `check_refused:${task.id}:${record.attempt}:${index}`,
    taskId: task.id,
    data: { title: task.title, check: finding.checkId, field: finding.field, reason: finding.reason },
  }));
  await session.commit({ ...change, events: [...events, ...(change.events ?? [])] });
  return "again";
}

async function retry(work: TaskWork, failure: TaskFailure): Promise<Aftermath> {
  const { session, task } = work;
  const record = session.task(task.id);
  const failures = record.failures + 1;
  const delay = backoffMs(task.retry.firstDelayMs, failures);
  await session.commit(
    newAttempt(
      task,
      record,
      { cause: "retry", reason: failure.message, failures },
      { code: failure.code, delay_ms: Math.round(delay) },
    ),
  );
  await pause(delay, AbortSignal.any([work.signal, session.draining]));
  return "again";
}

/** The next capable agent begins a new attempt; when none is left the mission's `on_failure` says what happens. */
async function takeOver(work: TaskWork, failure: TaskFailure): Promise<Aftermath> {
  const { session, task, deps } = work;
  const record = session.task(task.id);
  const tried = [...new Set([...record.tried, ...(record.agentId !== undefined ? [record.agentId] : [])])];
  const next = task.agents.find((id) => !tried.includes(id) && deps.playbooks.find(id, task.skill));
  // A person who is asked instead has rounds of their own, like every agent that takes over.
  if (next === undefined) return onFailure(work, failure, { ...record, tried, failures: 0, refusals: 0 });
  const from = session.mission.agents.find((agent) => agent.id === record.agentId)?.name ?? "the agent before";
  const change = newAttempt(
    task,
    record,
    {
      cause: "takeover",
      reason: failure.message,
      agentId: next,
      tried,
      failures: 0,
      refusals: 0,
      feedback: [{ from, reason: failure.message }],
    },
    detailOf(failure),
  );
  const changed = {
    type: "agent_changed" as const,
    key: `agent_changed:${task.id}:${record.attempt + 1}`,
    taskId: task.id,
    data: { title: task.title, from: record.agentId, agent: next, reason: failure.message },
  };
  await session.commit({ ...change, events: [...(change.events ?? []), changed] });
  return "again";
}

async function onFailure(work: TaskWork, failure: TaskFailure, record: TaskRecord): Promise<Aftermath> {
  const { session, task } = work;
  if (task.onFailure !== "ask") return settleFailed(work, failure);
  const ended = {
    type: "attempt_failed" as const,
    key: `attempt_failed:${task.id}:${record.attempt}`,
    taskId: task.id,
    data: { title: task.title, attempt: record.attempt, reason: failure.message, ...detailOf(failure) },
  };
  const next = { ...record, errorCode: failure.code, errorMessage: failure.message };
  await session.commit({ tasks: [next], events: [ended] });
  return resultQuestion(work);
}

async function settleFailed(work: TaskWork, failure: TaskFailure): Promise<Aftermath> {
  const { session, task, deps } = work;
  const stack = failure.failureClass === "bug" ? stackOf(failure) : undefined;
  await session.commit(failed(task, session.task(task.id), failure.code, failure.message, deps.clock.now(), stack));
  return "return";
}

function toFailure(error: unknown): TaskFailure {
  if (error instanceof TaskFailure) return error;
  if (error instanceof ExpressionError || error instanceof Refused)
    return new TaskFailure("contract", error.message, { cause: error });
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new TaskFailure("bug", message, { cause: error });
}

function detailOf(failure: TaskFailure) {
  return { code: failure.code, ...(failure.failureClass === "bug" && { stack: stackOf(failure) }) };
}

function stackOf(failure: TaskFailure): string {
  const origin = failure.cause instanceof Error ? failure.cause : failure;
  return origin.stack ?? origin.message;
}
