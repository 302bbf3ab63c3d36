import { TaskFailure } from "../core/errors.js";
import { ExpressionError } from "../core/expression.js";
import { backoffMs, pause } from "./retry.js";
import { Refused } from "./task-checks.js";
import { failed, newAttempt } from "./task-moves.js";
import { AttemptRaised } from "./task-people.js";
import type { TaskWork } from "./task-work.js";

/** `again`: the task goes on with what its row says now. `return`: it is settled. */
export type Aftermath = "again" | "return";

/**
 * What follows a failed attempt: refused results go back with their reasons; what is transient is tried again after a
 * pause; then the next capable agent takes over; then `on_failure` says.
 */
export async function afterFailure(work: TaskWork, error: unknown): Promise<Aftermath> {
  if (error instanceof AttemptRaised) return "again";
  if (error instanceof Refused) return afterRefusal(work, error);
  const failure = toFailure(error);
  const record = work.session.task(work.task.id);
  const isFinal =
    failure.code === "rejected" || failure.code === "join_incomplete" || failure.code === "route_unmatched";
  if (isFinal) return settleFailed(work, failure);
  const mayRetry = failure.failureClass === "transient" && record.failures + 1 < work.task.retry.attempts;
  return mayRetry ? retry(work, failure) : takeOver(work, failure);
}

async function afterRefusal(work: TaskWork, refused: Refused): Promise<Aftermath> {
  const { session, task } = work;
  const record = session.task(task.id);
  if (record.refusals >= session.mission.maxReviewRounds)
    return takeOver(work, new TaskFailure("contract", refused.message, { cause: refused }));
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
  const tried = [...record.tried, ...(record.agentId !== undefined ? [record.agentId] : [])];
  const next = task.agents.find((id) => !tried.includes(id) && deps.playbooks.find(id, task.skill));
  if (next === undefined) return onFailure(work, failure, tried);
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

async function onFailure(work: TaskWork, failure: TaskFailure, tried: readonly string[]): Promise<Aftermath> {
  const { session, task } = work;
  if (task.onFailure !== "ask") return settleFailed(work, failure);
  const record = session.task(task.id);
  const ended = {
    type: "attempt_failed" as const,
    key: `attempt_failed:${task.id}:${record.attempt}`,
    taskId: task.id,
    data: { title: task.title, attempt: record.attempt, reason: failure.message, ...detailOf(failure) },
  };
  const next = { ...record, tried, errorCode: failure.code, errorMessage: failure.message };
  await session.commit({ tasks: [next], events: [ended] });
  return "again";
}

async function settleFailed(work: TaskWork, failure: TaskFailure): Promise<Aftermath> {
  const { session, task, deps } = work;
  const stack = failure.failureClass === "bug" ? stackOf(failure) : undefined;
  await session.commit(failed(task, session.task(task.id), failure.code, failure.message, deps.clock.now(), stack));
  return "return";
}

function toFailure(error: unknown): TaskFailure {
  if (error instanceof TaskFailure) return error;
  if (error instanceof ExpressionError) return new TaskFailure("contract", error.message, { cause: error });
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
