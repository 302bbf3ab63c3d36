import type { ApprovalShown } from "./approval.js";
import { allowedFor, consequencesFor } from "./approval.js";
import type { Json, JsonObject } from "./digest.js";
import { digestOf } from "./digest.js";
import type { TaskErrorCode } from "./errors.js";
import type { ExecutionLog, LogEntry, LogEntryOf } from "./execution-log.js";
import { firstRow } from "./first-row.js";
import { caseFaults, entryFaults } from "./log-faults.js";
import type { Mission } from "./mission.js";
import { toMicroUsd } from "./money.js";
import type { Plan } from "./plan.js";
import { toPlan } from "./plan.js";
import type { Problem } from "./problem.js";
import type {
  ApprovalRecord,
  EffectRecord,
  ObservationRecord,
  ResultRecord,
  RunRecord,
  TaskRecord,
} from "./records.js";
import { isSettled, isTerminal } from "./run.js";

/** The rows that a run would have left, made of its log. */
export interface FoldedRun {
  readonly run: RunRecord;
  readonly tasks: ReadonlyMap<string, TaskRecord>;
  /** What stands of each task, as far as a log tells it: what it put on the blackboard. */
  readonly results: ReadonlyMap<string, ResultRecord>;
  readonly approvals: ReadonlyMap<string, ApprovalRecord>;
  readonly observations: readonly ObservationRecord[];
  /** What was observed when the run ended: its report rests on these. */
  readonly reported: readonly ObservationRecord[];
  readonly effects: ReadonlyMap<string, EffectRecord>;
}

/** The rows so far while a log is read, for the rules that judge the next entry. */
export interface LogSoFar {
  readonly log: ExecutionLog;
  readonly mission: Mission;
  readonly plan: Plan;
  run: RunRecord;
  readonly tasks: Map<string, TaskRecord>;
  readonly results: Map<string, ResultRecord>;
  readonly approvals: Map<string, ApprovalRecord>;
  observations: readonly ObservationRecord[];
  reported: readonly ObservationRecord[];
  readonly effects: Map<string, EffectRecord>;
}

/**
 * Folds a log into the rows of its run; pure. `problems` names every contradiction at once, by its place in the log
 * (`/entries/3`): rows of a log with problems tell nothing.
 */
export function foldLog(
  log: ExecutionLog,
  mission: Mission,
  version: string,
): { readonly folded: FoldedRun; readonly problems: readonly Problem[] } {
  const so = beginning(log, mission, version);
  const problems: Problem[] = [...caseFaults(log)];
  for (const [index, entry] of log.entries.entries()) {
    const faults = entryFaults(so, entry, index);
    problems.push(...faults);
    if (faults.every(({ pointer }) => pointer.endsWith("/at"))) apply(so, entry);
  }
  return { folded: so, problems };
}

function beginning(log: ExecutionLog, mission: Mission, version: string): LogSoFar {
  const runId = log.run_id ?? log.log_id;
  const run: RunRecord = {
    runId,
    missionId: mission.id,
    missionSlug: mission.slug,
    missionName: mission.name,
    missionVersion: log.mission_version ?? version,
    caseId: log.case_id,
    caseData: log.case_data as JsonObject, // safe: the schema takes JSON values only
    caseDigest: log.case_digest ?? "",
    title: log.case_title,
    status: "queued",
    host: "orchestrator",
    dispatch: "dataflow",
    fence: 0,
    reviewRound: 0,
    headSeq: 0,
    headHash: log.chain_head ?? "",
    startedAt: new Date(log.started_at),
  };
  const tasks = mission.tasks.map(({ id }) => [id, firstRow(runId, id)] as const);
  return {
    log,
    mission,
    plan: toPlan(mission.tasks),
    run,
    tasks: new Map(tasks),
    results: new Map(),
    approvals: new Map(),
    observations: [],
    reported: [],
    effects: new Map(),
  };
}

function apply(so: LogSoFar, entry: LogEntry): void {
  if (entry.event === "task") applyTask(so, entry);
  else if (entry.event === "approval_asked") so.approvals.set(entry.approval_id, toApproval(so, entry));
  else if (entry.event === "approval_closed") applyClosed(so, entry);
  else if (entry.event === "effect") so.effects.set(entry.effect_id, toEffect(so, entry));
  else if (entry.event === "undo") applyUndo(so, entry);
  else if (entry.event === "observed") applyObserved(so, entry);
  else applyRun(so, entry);
}

function applyTask(so: LogSoFar, entry: LogEntryOf<"task">): void {
  const before = so.tasks.get(entry.task_id) ?? firstRow(so.run.runId, entry.task_id);
  const at = new Date(entry.at);
  if (so.run.status === "queued") so.run = { ...so.run, status: "running" };
  const isNew = entry.attempt !== before.attempt;
  const dropped = new Set<keyof TaskRecord>(["waitingFor"]);
  if (isNew) for (const field of ["finishedAt", "resultDigest", "chosen", "progress"] as const) dropped.add(field);
  if (entry.status === "done")
    for (const field of ["errorCode", "errorMessage", "progress"] as const) dropped.add(field);
  const kept = Object.fromEntries(Object.entries(before).filter(([name]) => !dropped.has(name as keyof TaskRecord))); // safe: the keys are a task row's
  const row = { ...kept, ...changesOf(entry) } as unknown as TaskRecord; // safe: only optional fields were dropped
  const startedAt = before.startedAt ?? (entry.status === "running" ? at : undefined);
  so.tasks.set(entry.task_id, {
    ...row,
    ...(startedAt && { startedAt }),
    ...(isSettled(entry.status) && entry.status !== "undone" && { finishedAt: at }),
  });
  if (isNew) so.results.delete(entry.task_id);
  if (entry.status === "done") so.results.set(entry.task_id, toResult(so, entry));
}

function changesOf(entry: LogEntryOf<"task">): Partial<TaskRecord> {
  const { status, attempt, agent_id, summary, error, waiting_for, progress, degraded, cost_usd, chosen } = entry;
  return {
    status,
    attempt,
    ...(agent_id !== undefined && { agentId: agent_id }),
    ...(summary !== undefined && { summary }),
    ...(error && { errorCode: error.code as TaskErrorCode, errorMessage: error.message }), // safe: shown as it stands, never ruled on
    ...(waiting_for !== undefined && { waitingFor: waiting_for }),
    ...(progress !== undefined && { progress: { ratio: progress } }),
    ...(degraded !== undefined && { degraded }),
    ...(cost_usd !== undefined && { costMicroUsd: toMicroUsd(cost_usd) }),
    ...(entry.result_digest !== undefined && { resultDigest: entry.result_digest }),
    ...(chosen !== undefined && { chosen }),
  };
}

function toResult({ run }: LogSoFar, entry: LogEntryOf<"task">): ResultRecord {
  const output = (entry.writes ?? {}) as JsonObject; // safe: the schema takes JSON values only
  const digest = entry.result_digest ?? digestOf(output);
  return { runId: run.runId, taskId: entry.task_id, attempt: entry.attempt, digest, output, superseded: false };
}

function toApproval(so: LogSoFar, entry: LogEntryOf<"approval_asked">): ApprovalRecord {
  const shown = shownOf(so, entry);
  return {
    approvalId: entry.approval_id,
    runId: so.run.runId,
    taskId: entry.task_id,
    attempt: entry.attempt,
    kind: entry.kind,
    subject: entry.about,
    round: 0,
    digest: entry.digest ?? digestOf(shown),
    shown,
    role: entry.assigned_to,
    escalateTo: [],
    status: "pending",
    createdAt: new Date(entry.at),
    dueAt: new Date(entry.due_at),
  };
}

/** What the person saw; a short log has only the question. */
function shownOf(so: LogSoFar, { shown, kind, question, task_id }: LogEntryOf<"approval_asked">): ApprovalShown {
  if (shown) return shown as ApprovalShown; // safe: the schema has every field; optional ones are absent, never undefined
  const agentId = so.tasks.get(task_id)?.agentId;
  return {
    question,
    missionName: so.mission.name,
    title: so.run.title,
    taskTitle: so.plan.byId.get(task_id)?.title ?? task_id,
    agentName: so.mission.agents.find(({ id }) => id === agentId)?.name ?? "the mission",
    subject: null,
    proposed: [],
    evidence: [],
    reasons: [],
    allowed: allowedFor(kind),
    consequences: consequencesFor(kind, []),
    degraded: false,
  };
}

function applyClosed(so: LogSoFar, entry: LogEntryOf<"approval_closed">): void {
  const asked = so.approvals.get(entry.approval_id);
  if (!asked) return;
  const type = ({ approved: "approve", edited: "edit", rejected: "reject", answered: "answer" } as const)[
    entry.status as string
  ];
  const decision = type && {
    type,
    ...(entry.comment !== undefined && { comment: entry.comment }),
    ...(entry.edited !== undefined && { edited: entry.edited as Json }), // safe: the schema takes JSON values only
    ...(entry.answer !== undefined && { answer: entry.answer as Json }), // safe: as above
  };
  so.approvals.set(entry.approval_id, {
    ...asked,
    status: entry.status,
    decidedAt: new Date(entry.at),
    ...(entry.by !== undefined && { decidedBy: entry.by }),
    ...(entry.authenticated !== undefined && { authenticated: entry.authenticated }),
    ...(decision && { decision }),
  });
}

function toEffect(so: LogSoFar, entry: LogEntryOf<"effect">): EffectRecord {
  const at = new Date(entry.at);
  const args = entry.args as Json; // safe: the schema takes JSON values only
  return {
    effectId: entry.effect_id,
    runId: so.run.runId,
    fence: 0,
    taskId: entry.task_id,
    attempt: entry.attempt,
    agentId: entry.agent_id,
    turnKey: "",
    tool: entry.tool,
    scope: "run",
    dedupeKey: "",
    again: "",
    args,
    argsDigest: digestOf(args),
    idempotencyKey: entry.idempotency_key ?? "",
    status: entry.status,
    claimedAt: (entry.status === "claimed" ? undefined : so.effects.get(entry.effect_id)?.claimedAt) ?? at,
    ...(entry.status !== "claimed" && { settledAt: at }),
    ...(entry.approval_id !== undefined && { approvalId: entry.approval_id }),
  };
}

function applyUndo(so: LogSoFar, { effect_id, at, outcome, by, note }: LogEntryOf<"undo">): void {
  const act = so.effects.get(effect_id);
  if (!act) return;
  const undo = { outcome, at: new Date(at), by, ...(note !== undefined && { note }) };
  so.effects.set(effect_id, { ...act, undo });
}

/** One figure of each basis stands: a later one takes its place. */
function applyObserved(so: LogSoFar, entry: LogEntryOf<"observed">): void {
  const { kpi_id: kpiId, value, basis, by, at, as_of = at } = entry;
  const others = so.observations.filter((other) => other.kpiId !== kpiId || other.basis !== basis);
  so.observations = [...others, { runId: so.run.runId, kpiId, value, at: new Date(as_of), basis, by }];
}

function applyRun(so: LogSoFar, { status, at, failure }: LogEntryOf<"run">): void {
  so.run = {
    ...so.run,
    status,
    ...(failure !== undefined && { failure }),
    ...(isTerminal(status) && { finishedAt: new Date(at) }),
  };
  if (isTerminal(status)) so.reported = so.observations;
}
