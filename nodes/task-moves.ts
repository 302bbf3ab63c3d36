import type { Feedback } from "../core/define-agent.js";
import type { Json, JsonObject } from "../core/digest.js";
import { digestOf } from "../core/digest.js";
import type { TaskErrorCode } from "../core/errors.js";
import type { KillAct } from "../core/kill.js";
import { killWords } from "../core/kill.js";
import type { Task } from "../core/mission.js";
import type { ResourceRecord, TaskRecord, Turn } from "../core/records.js";
import type { Change } from "../core/session.js";
import { inWords } from "../core/words.js";

const MAX_SUMMARY = 120;

/** What a new attempt begins with; absent fields stay as they were. */
export interface NewAttempt {
  readonly cause: "answered" | "retry" | "refused" | "sent_back" | "takeover" | "code_changed" | "stale_input";
  readonly reason: string;
  readonly feedback?: readonly Feedback[];
  readonly agentId?: string;
  readonly tried?: readonly string[];
  readonly failures?: number;
  readonly refusals?: number;
}

/** The first time that an attempt is worked on; repeated after a crash it adds nothing. */
export function started(
  task: Task,
  record: TaskRecord,
  by: { agentId: string; codeVersion: string; inputsDigest: string },
  at: Date,
): Change {
  const next: TaskRecord = {
    ...without(record, "waitingFor"),
    status: "running",
    ...by,
    startedAt: record.startedAt ?? at,
  };
  return {
    tasks: [next],
    events: [event("task_started", task, record.attempt, { agent: by.agentId, inputs_digest: by.inputsDigest })],
  };
}

/** The task is done: its result stands from here. */
export function done(
  task: Task,
  record: TaskRecord,
  result: {
    output: Json;
    summary: string;
    degraded: boolean;
    chosen?: string;
    approval: JsonObject;
    /** Acts that belong to it and were not done. */
    left?: { readonly names: string; readonly reason: string } | undefined;
  },
  at: Date,
): Change {
  const digest = digestOf(result.output);
  const { left } = result;
  const summary = left ? `without ${left.names}: ${result.summary}` : result.summary;
  const next: TaskRecord = {
    ...without(record, "waitingFor", "errorCode", "errorMessage", "progress"),
    status: "done",
    finishedAt: at,
    resultDigest: digest,
    summary: oneLine(summary),
    degraded: result.degraded,
    ...(left && { errorCode: "acts_not_done", errorMessage: left.reason }),
    ...(result.chosen !== undefined && { chosen: result.chosen }),
  };
  const data = {
    summary: next.summary,
    result_digest: digest,
    agent: record.agentId,
    approval: result.approval,
    degraded: result.degraded,
    ...(left && { code: next.errorCode, reason: left.reason }),
  };
  return {
    tasks: [next],
    results: [
      {
        runId: record.runId,
        taskId: task.id,
        attempt: record.attempt,
        digest,
        output: result.output,
        superseded: false,
      },
    ],
    events: [
      event("task_done", task, record.attempt, data),
      ...(result.chosen === undefined ? [] : [event("route_chosen", task, record.attempt, { chosen: result.chosen })]),
    ],
  };
}

/** The task settles without working. */
export function skipped(task: Task, record: TaskRecord, reason: string, at: Date): Change {
  const next: TaskRecord = {
    ...without(record, "waitingFor"),
    status: "skipped",
    finishedAt: at,
    summary: oneLine(reason),
  };
  return { tasks: [next], events: [event("task_skipped", task, record.attempt, { reason })] };
}

/** A failure stands in front of the task. */
export function blocked(task: Task, record: TaskRecord, by: string, at: Date): Change {
  const next: TaskRecord = {
    ...without(record, "waitingFor"),
    status: "blocked",
    finishedAt: at,
    errorCode: "dependency_failed",
    errorMessage: `It needs ${by}, which did not succeed.`,
  };
  return { tasks: [next], events: [event("task_blocked", task, record.attempt, { by })] };
}

/** The task is over without a result. */
export function failed(
  task: Task,
  record: TaskRecord,
  code: TaskErrorCode,
  message: string,
  at: Date,
  stack?: string,
): Change {
  const next: TaskRecord = {
    ...without(record, "waitingFor"),
    status: "failed",
    finishedAt: at,
    errorCode: code,
    errorMessage: message,
  };
  return {
    tasks: [next],
    events: [
      event("task_failed", task, record.attempt, { code, reason: message, ...(stack !== undefined && { stack }) }),
    ],
  };
}

/** The run was cancelled before the task settled. */
export function cancelled(task: Task, record: TaskRecord, at: Date): Change {
  const next: TaskRecord = {
    ...without(record, "waitingFor"),
    status: "blocked",
    finishedAt: at,
    errorCode: "cancelled",
    errorMessage: "The run was cancelled first.",
  };
  return { tasks: [next], events: [event("task_blocked", task, record.attempt, { by: "cancel" })] };
}

/** What the task did was taken back; its result stays in the store, and nothing builds on it any more. */
export function undone(task: Task, record: TaskRecord, tools: readonly string[], at: Date): Change {
  const summary = oneLine(`undone: ${tools.map(inWords).join(", ")}`);
  const next: TaskRecord = { ...record, status: "undone", finishedAt: record.finishedAt ?? at, summary };
  return { tasks: [next], events: [event("task_undone", task, record.attempt, { summary })] };
}

/** Only a person can move the task now. `saying` names the wait: said once for each. */
export function waiting(task: Task, record: TaskRecord, forWhat: string, saying: string): Change {
  return {
    tasks: [{ ...record, status: "waiting_for_person", waitingFor: forWhat }],
    events: [{ ...event("task_waiting", task, record.attempt, { reason: forWhat }), key: `task_waiting:${saying}` }],
  };
}

/** Another task writes to what this one wants to write to; said once for each holder. Keys are told as they are, and a name may hold something personal. */
export function awaitsResource(task: Task, record: TaskRecord, held: ResourceRecord, words: string): Change {
  const status = record.codeVersion === undefined ? "todo" : "running";
  const { resource, runId: by, taskId } = held;
  const waits = event("resource_awaited", task, record.attempt, { reason: words, resource, run: by, holder: taskId });
  return {
    tasks: [{ ...record, status, waitingFor: words }],
    events: [{ ...waits, key: `${waits.key}:${digestOf(resource).slice(0, 16)}:${by}:${taskId}` }],
  };
}

/** Taking back what the task did waits for what another task holds: the row stays as it is, since the task has settled. */
export function undoAwaitsResource(task: Task, record: TaskRecord, held: ResourceRecord, words: string): Change {
  return { events: awaitsResource(task, record, held, words).events ?? [] };
}

/** The kill switch stops what is left of the task: whoever turns it off moves it. */
export function stopped(task: Task, record: TaskRecord, kill: KillAct): Change {
  const reason = killWords(kill);
  const told = event("task_waiting", task, record.attempt, { reason, kill: kill.actId });
  return {
    tasks: [{ ...record, status: "waiting_for_person", waitingFor: reason }],
    events: [{ ...told, key: `task_waiting:${kill.actId}:${task.id}:${record.attempt}` }],
  };
}

/** The switch is off: the task goes on where its attempt was stopped, or may begin. */
export function released(task: Task, record: TaskRecord, kill: KillAct, isBegun: boolean): Change {
  const next = without(record, "waitingFor");
  if (!isBegun) return { tasks: [{ ...next, status: "todo" }] };
  const told = event("task_released", task, record.attempt, { kill: kill.actId });
  return {
    tasks: [{ ...next, status: "running" }],
    events: [{ ...told, key: `task_released:${kill.actId}:${task.id}:${record.attempt}` }],
  };
}

/** The task begins again with another attempt; what the last one learned goes with it. */
export function newAttempt(task: Task, record: TaskRecord, next: NewAttempt, detail: JsonObject = {}): Change {
  const attempt = record.attempt + 1;
  const row: TaskRecord = {
    ...without(record, "waitingFor", "finishedAt", "inputsDigest", "codeVersion", "resultDigest", "chosen", "progress"),
    status: "todo",
    attempt,
    feedback: [...record.feedback, ...(next.feedback ?? [])],
    ...(next.agentId !== undefined && { agentId: next.agentId }),
    tried: next.tried ?? record.tried,
    failures: next.failures ?? record.failures,
    refusals: next.refusals ?? record.refusals,
  };
  const data = {
    cause: next.cause,
    reason: next.reason,
    ...(next.agentId !== undefined && { agent: next.agentId }),
    ...detail,
  };
  return { tasks: [row], events: [event("task_attempt", task, attempt, data)] };
}

/** A turn of the engine's own: what it decided about an attempt, so that a rerun decides the same. */
export function engineTurn(record: TaskRecord, at: Date, key: string, reply: Json): Turn {
  const { runId, taskId, attempt } = record;
  return {
    runId,
    taskId,
    attempt,
    key,
    kind: "engine",
    name: key,
    args: {},
    reply,
    at,
    durationMs: 0,
    costMicroUsd: 0,
  };
}

/** The record without these optional fields. */
function without(record: TaskRecord, ...fields: readonly (keyof TaskRecord)[]): TaskRecord {
  if (!fields.some((field) => field in record)) return record;
  const kept = Object.entries(record).filter(([name]) => !fields.some((field) => field === name));
  return Object.fromEntries(kept) as unknown as TaskRecord; // safe: callers name optional fields only
}

/** One line of at most 120 characters. */
function oneLine(text: string): string {
  const line = text.replace(/\s+/gu, " ").trim();
  return line.length <= MAX_SUMMARY ? line : `${line.slice(0, MAX_SUMMARY - 1)}…`;
}

function event(type: NonNullable<Change["events"]>[number]["type"], task: Task, attempt: number, data: JsonObject) {
  return { type, key: `${type}:${task.id}:${attempt}`, taskId: task.id, data: { title: task.title, attempt, ...data } };
}
