import { join } from "node:path";
import { digestOf } from "../../core/digest.js";
import type { ApprovalRecord, EffectRecord, TaskRecord } from "../../core/records.js";
import type { FinalReport } from "../../core/views.js";
import { closeSqlite, openSqlite } from "../../runtime/store/sqlite.js";
import type { CrashWorld } from "./crash-world.js";

/** What must be the same however often the run was interrupted. Moments, owners and doubts are not in it. */
export async function essenceOf(world: CrashWorld) {
  const { store } = world.parts;
  const [run] = await store.runs.list();
  if (!run) throw new Error("There is no run.");
  const { runId } = run;
  const [tasks, results, effects, requests, observations, events] = await Promise.all([
    store.tasks.of(runId),
    store.results.of(runId),
    store.effects.of(runId),
    store.approvals.list({ runId }),
    store.observations.of(runId),
    store.events.of(runId),
  ]);
  const report = await world.orchestrator.report(runId);
  return {
    run: { status: run.status, failure: run.failure, reviewRound: run.reviewRound },
    tasks: byKey(tasks.map(taskOf)),
    results: byKey(results.map(({ taskId, attempt, digest, output }) => ({ taskId, attempt, digest, output }))),
    effects: byKey(effects.map((effect) => effectOf(effect, requests))),
    requests: byKey(requests.filter(({ kind }) => kind !== "in_doubt").map(requestOf)),
    undecided: requests.filter(({ status }) => status === "pending").length,
    observations: byKey(observations.map(({ kpiId, value, basis }) => ({ kpiId, value, basis }))),
    report: reportOf(report),
    done: byKey(events.filter(({ type }) => type === "task_done" || type === "report_written").map(({ key }) => key)),
    chain: { isWhole: isWhole(events), head: events.at(-1)?.hash === run.headHash },
    outside: byKey(world.outside.acts().map(({ tool, to }) => `${tool} ${to}`)),
  };
}

export type Essence = Awaited<ReturnType<typeof essenceOf>>;

/** What our own tables hold, by what cannot be there twice. The store must be closed. */
export function ownTablesOf(folder: string): readonly unknown[] {
  const file = openSqlite(join(folder, "missions.db"));
  try {
    const rows = (sql: string) => file.handle.prepare(sql).all();
    return [
      ...rows("select calendar_id, title, starts_at, ends_at from calendar order by 1, 3"),
      ...rows("select recipient, subject, body from outbox order by 1, 2"),
    ];
  } finally {
    closeSqlite(file);
  }
}

function taskOf(task: TaskRecord) {
  const {
    taskId,
    status,
    attempt,
    agentId,
    tried,
    degraded,
    resultDigest,
    errorCode,
    summary,
    chosen,
    failures,
    refusals,
  } = task;
  return {
    taskId,
    status,
    attempt,
    agentId,
    tried,
    degraded,
    resultDigest,
    errorCode,
    summary,
    chosen,
    failures,
    refusals,
  };
}

/** The approval by what it was about: its id has the run's id in it, and a run that nobody heard of begins as another. */
function effectOf(effect: EffectRecord, requests: readonly ApprovalRecord[]) {
  const { effectId, taskId, attempt, agentId, tool, dedupeKey, again, argsDigest, status, result, approvalId } = effect;
  const { undoes, undo: { outcome: undone, by, note } = {} } = effect;
  const approval = requests.find((request) => request.approvalId === approvalId);
  const allowedBy = approval && `${approval.kind} ${approval.taskId} ${approval.attempt}`;
  const act = { effectId, taskId, attempt, agentId, tool, dedupeKey, again, argsDigest, status, result, allowedBy };
  return { ...act, undoes, undone, by, note };
}

function requestOf({ taskId, attempt, kind, status, digest, decidedBy, decision, appliedAt }: ApprovalRecord) {
  return { taskId, attempt, kind, status, digest, decidedBy, decision, isApplied: appliedAt !== undefined };
}

function reportOf({ status, failure, summary, blackboard, kpis, limits, degraded, decisions, effects }: FinalReport) {
  return {
    ...{ status, failure, blackboard, kpis, limits, degraded },
    summary: withoutDoubts(summary),
    decisions: byKey(
      decisions
        .filter(({ kind }) => kind !== "in_doubt")
        .map(({ task_id, decision, by, comment }) => ({ task_id, decision, by, comment })),
    ),
    effects: byKey(effects.map(({ effect_id, status: outcome }) => ({ effect_id, outcome }))),
  };
}

/** Without how long it took, and without its last sentence: that counts the questions of doubt, which only an interrupted run asks, and lists acts in the order done. */
function withoutDoubts(summary: string): string {
  return summary
    .replace(/, [^,]+ after it began/u, "")
    .replace(/ (?:Nobody had|\S+ (?:decided|approved|corrected|edited|rejected|answered)) .*$/su, "");
}

function isWhole(events: readonly { seq: number; hash: string; previousHash: string }[]): boolean {
  return events.every(
    (event, index) => event.seq === index + 1 && event.previousHash === (events[index - 1]?.hash ?? ""),
  );
}

function byKey<Item>(items: readonly Item[]): readonly Item[] {
  return [...items].sort((left, right) =>
    digestOf(JSON.parse(JSON.stringify(left))) < digestOf(JSON.parse(JSON.stringify(right))) ? -1 : 1,
  );
}
