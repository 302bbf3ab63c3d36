import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import type { Mission, Task } from "../../core/mission.js";
import type { ApprovalRecord, EffectRecord, EventRecord } from "../../core/records.js";
import { isDecided } from "../../core/run.js";
import type { Outside } from "./random-agents.js";
import type { RandomPlan } from "./random-plan.js";
import type { RandomRun } from "./random-run.js";

/** What a run's log says of its tasks up to some moment. */
interface Moment {
  readonly statuses: Map<string, string>;
  readonly chosen: Map<string, string>;
  readonly granted: Set<string>;
}

const SETTLES: Readonly<Record<string, string>> = {
  task_done: "done",
  task_skipped: "skipped",
  task_failed: "failed",
  task_blocked: "blocked",
};

/**
 * I1, read from the log alone and by rules of its own: whenever a task began, what it needs had settled well enough, and
 * whenever it was done or acted outside, who had to agree had agreed.
 */
export function checkOrder(
  mission: Mission,
  events: readonly EventRecord[],
  requests: readonly ApprovalRecord[],
): void {
  const tasks = new Map(mission.tasks.map((task) => [task.id, task]));
  const moment: Moment = { statuses: new Map(), chosen: new Map(), granted: new Set() };
  for (const event of events) {
    const task = tasks.get(event.taskId ?? "");
    if (event.type === "approval_decided") moment.granted.add(String(event.data["approval_id"]));
    if (!task) continue;
    if (event.type === "task_started")
      expect(whyNotYet(mission, task, moment), `${task.id} began at event ${event.seq}`).toBe("");
    if (event.type === "task_done") checkGrant(task, event, moment, requests);
    if (event.type === "effect_claimed" && event.data["tool"] === "send") checkSend(task, event, moment, requests);
    const status = SETTLES[event.type];
    if (status) moment.statuses.set(task.id, status);
    if (event.type === "task_attempt") moment.statuses.delete(task.id);
    if (event.type === "route_chosen") moment.chosen.set(task.id, String(event.data["chosen"]));
  }
}

/** Empty when the task may begin. */
function whyNotYet(mission: Mission, task: Task, moment: Moment): string {
  const wards = mission.tasks.filter(({ onFailure }) => typeof onFailure === "object" && onFailure.task === task.id);
  const routers = mission.tasks.filter(({ route }) => route?.some(({ to }) => to === task.id));
  if (wards.length > 0 && !wards.some(({ id }) => moment.statuses.get(id) === "failed"))
    return "nobody failed that it stands in for";
  if (routers.length > 0 && !routers.some(({ id }) => moment.chosen.get(id) === task.id)) return "no route chose it";
  if (!task.join) {
    const open = task.dependsOn.filter((id) => cameOf(mission, id, moment) === "not");
    return open.length > 0 ? `${open.join()} did not come` : "";
  }
  // A join that asks may be told to go on, and one with a limit may run out of time.
  if (task.join.else === "ask" || task.join.withinMinutes !== undefined) return "";
  const came = task.dependsOn.filter((id) => cameOf(mission, id, moment) === "done").length;
  const need = { all: task.dependsOn.length, any: 1 }[String(task.join.need)] ?? Number(task.join.need);
  const isAllSettled = task.dependsOn.every((id) => moment.statuses.has(id));
  return came >= need || (task.join.else === "continue" && isAllSettled) ? "" : `only ${came} of ${need} came`;
}

/** How a need was met: with a result, without one that the mission can do without, or not. */
function cameOf(mission: Mission, id: string, moment: Moment): "done" | "absent" | "not" {
  const status = moment.statuses.get(id);
  const onFailure = mission.tasks.find((task) => task.id === id)?.onFailure;
  if (status === "done") return "done";
  if (status === "skipped") return "absent";
  if (status !== "failed") return "not";
  if (onFailure === "continue") return "absent";
  if (typeof onFailure !== "object") return "not";
  const standIn = moment.statuses.get(onFailure.task);
  if (standIn === "failed") return cameOf(mission, onFailure.task, moment) === "absent" ? "absent" : "not";
  return standIn === "done" ? "done" : "not";
}

function checkGrant(task: Task, event: EventRecord, moment: Moment, requests: readonly ApprovalRecord[]): void {
  // Safe: `task_done` says so of every task.
  const approval = event.data["approval"] as { outcome: string; rule: string; approval_id?: string };
  const mustAsk = (task.requiresHumanApproval && task.approval.unless === undefined) || task.approval.sample === 1;
  const calls = requests.filter(
    ({ taskId, kind, approvalId }) => taskId === task.id && kind === "tool_call" && moment.granted.has(approvalId),
  );
  if (approval.approval_id !== undefined) {
    expect(moment.granted, `${task.id} rests on a decision`).toContain(approval.approval_id);
    return;
  }
  if (approval.outcome === "asked") {
    const decided = requests.filter(({ taskId, approvalId }) => taskId === task.id && moment.granted.has(approvalId));
    expect(decided.length, `${task.id} rests on somebody's result`).toBeGreaterThan(0);
    return;
  }
  if (mustAsk) expect(calls.length, `${task.id} was done without asking: ${approval.rule}`).toBeGreaterThan(0);
}

function checkSend(task: Task, event: EventRecord, moment: Moment, requests: readonly ApprovalRecord[]): void {
  const allowing = requests.filter(
    ({ taskId, kind, status, approvalId }) =>
      taskId === task.id &&
      (kind === "tool_call" || kind === "task_result" || kind === "escalation") &&
      (status === "approved" || status === "edited") &&
      moment.granted.has(approvalId),
  );
  expect(allowing.length, `${task.id} sent something at event ${event.seq}`).toBeGreaterThan(0);
}

/**
 * I2: no effect happened twice, and what is recorded is what was done: a second act has a row and a grant of its own. What
 * a run did that did not complete is taken back once, or a person says what became of it.
 */
export function checkEffects(all: readonly EffectRecord[], outside: Outside, run: RandomRun): void {
  const rows = all.filter(({ undoes }) => undoes === undefined);
  for (const row of rows) {
    const isToGo = row.status === "done" && run.status.status !== "completed";
    expect(row.undo !== undefined, `${row.dedupeKey} of a ${run.status.status} run`).toBe(isToGo);
    const times = outside.undone.get(row.idempotencyKey) ?? 0;
    expect(times, `${row.dedupeKey} was taken back`).toBe(row.undo?.outcome === "undone" ? 1 : 0);
  }
  for (const row of rows) {
    const times = outside.effects.get(row.idempotencyKey) ?? 0;
    expect(times, `${row.tool} ${row.dedupeKey}, ${row.status}`).toBeLessThanOrEqual(1);
    if (row.status !== "claimed") expect(times, `${row.dedupeKey}, ${row.status}`).toBe(row.status === "done" ? 1 : 0);
  }
  for (const [key, times] of outside.acts) {
    if (!key.startsWith(`${run.caseId}/`)) continue;
    const known = rows.filter((row) => row.dedupeKey === key && row.status !== "not_done");
    expect(known.length, `${key} was done ${times} times`).toBeGreaterThanOrEqual(times);
    const seconds = run.requests.filter(
      ({ kind, shown }) => kind === "tool_call" && shown.question.includes("second time"),
    );
    expect(times, `${key} was done`).toBeLessThanOrEqual(1 + seconds.filter(({ status }) => isDecided(status)).length);
  }
}

/** I6, I4: what was accepted stands in the rows as it was said, and is what came of it. */
export function checkDecisions(run: RandomRun): void {
  const rows = new Map(run.requests.map((request) => [request.approvalId, request]));
  for (const [id, decision] of run.decided) {
    const row = rows.get(id);
    const what = `${decision.type} on ${row?.kind} of ${row?.taskId}: ${row?.shown.question}`;
    expect(row?.decision, what).toEqual(decision);
    expect(row?.decidedBy, what).toBe("Pat");
    expect(row?.appliedAt, what).toBeInstanceOf(Date);
    if (row?.kind === "task_result") checkOutcome(run, row, what);
  }
  expect(run.requests.filter(({ status }) => status === "pending")).toEqual([]);
  // What expired granted nothing, and the same was asked again.
  for (const expired of run.requests.filter(({ status }) => status === "expired")) {
    expect(expired.decision).toBeUndefined();
    const next = run.requests.find(({ subject, kind, taskId, attempt, round }) =>
      isDeepStrictEqual(
        [subject, kind, taskId, attempt, round],
        [expired.subject, expired.kind, expired.taskId, expired.attempt, expired.round + 1],
      ),
    );
    expect(next, `asked again: ${expired.shown.question}`).toBeDefined();
  }
}

/**
 * An approved result stands as it was shown, an edited one as it was edited; a rejected one never stands. Only when the
 * acts of an approved result failed and nobody was left to try again, a person gave another result afterwards.
 */
function checkOutcome({ status, results, requests }: RandomRun, row: ApprovalRecord, what: string): void {
  const task = status.tasks[row.taskId];
  const wasGivenLater = requests.some(
    (other) =>
      other.taskId === row.taskId &&
      other.attempt === row.attempt &&
      other.subject === "result" &&
      other.kind === "question",
  );
  if (task?.status !== "done" || task.attempts !== row.attempt || wasGivenLater) return;
  const output = results.find(({ digest }) => digest === task.result_digest)?.output;
  expect(row.status, what).not.toBe("rejected");
  expect(output, what).toEqual(row.status === "edited" ? row.decision?.edited : row.shown.subject);
}

/**
 * What must not depend on how a run was dispatched. Results name their case, which differs; items that ask begin one
 * attempt for all or one for each, as people answer.
 */
export function essenceOf({ status, results, caseId }: RandomRun, { mission }: RandomPlan) {
  const asksByItem = new Set(mission.tasks.filter((task) => task.for_each).map((task) => task.task_id));
  const outputs = new Map(results.map((result) => [result.digest, JSON.stringify(result.output)]));
  const tasks = Object.entries(status.tasks).map(([id, task]) => {
    const { agent_id, degraded, error_code } = task;
    const attempts = asksByItem.has(id) ? "some" : task.attempts;
    const output = outputs.get(task.result_digest ?? "")?.replaceAll(caseId, "its case");
    return [id, { status: task.status, attempts, agent_id, degraded, error_code, output }] as const;
  });
  return { status: status.status, tasks: Object.fromEntries(tasks), blackboard: status.blackboard };
}
