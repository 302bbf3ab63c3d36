import type { ApprovalShown } from "../core/approval.js";
import { digestOf } from "../core/digest.js";
import type { EventType } from "../core/event.js";
import type { ExecutionLog, LogEntry, LogEntryOf } from "../core/execution-log.js";
import { foldLog } from "../core/fold-log.js";
import type { Mission } from "../core/mission.js";
import { costUsd } from "../core/money.js";
import type { Mask } from "../core/personal.js";
import type { Store } from "../core/ports.js";
import type {
  ApprovalRecord,
  EffectRecord,
  EventRecord,
  ObservationRecord,
  ResultRecord,
  RunRecord,
  TaskRecord,
} from "../core/records.js";
import type { TaskStatus } from "../core/run.js";
import { isDecided, isTerminal } from "../core/run.js";
import { TOLD_STATUS } from "../core/told-status.js";
import type { Masking } from "./personal.js";
import { maskOf } from "./personal.js";
import { findRun, missionOf } from "./run-views.js";

const READ_AGAIN = 5;

/** Everything that is stored about a run and stands in its log. */
interface Rows {
  readonly run: RunRecord;
  readonly mission: Mission;
  readonly tasks: ReadonlyMap<string, TaskRecord>;
  readonly results: ReadonlyMap<string, ResultRecord>;
  readonly approvals: ReadonlyMap<string, ApprovalRecord>;
  readonly effects: ReadonlyMap<string, EffectRecord>;
  readonly observations: readonly ObservationRecord[];
  readonly events: readonly EventRecord[];
  /** Where routes led, by task and attempt: `T1:1`. */
  readonly chosen: ReadonlyMap<string, string>;
}

/** An entry, and whether its moment is the row's own or only that of the commit, which comes a little later. */
interface Placed {
  readonly entry: LogEntry;
  readonly isExact: boolean;
}

/** The log of a stored run: replayed, it gives the status that the run has now, and its report. */
export async function toExecutionLog(store: Store, run: RunRecord, mission: Mission): Promise<ExecutionLog> {
  const rows = await readRows(store, run, mission);
  const placed = rows.events.flatMap((event) => {
    const found = toEntry(rows, event);
    return found ? [found] : [];
  });
  const entries = withRowFacts(rows, inTime(placed));
  const head = rows.run.report?.["chain_head"];
  const log: ExecutionLog = {
    log_id: run.runId,
    run_id: run.runId,
    mission_id: run.missionId,
    mission_version: run.missionVersion,
    case_id: run.caseId,
    case_title: run.title,
    case_digest: run.caseDigest,
    case_data: JSON.parse(JSON.stringify(run.caseData)),
    mode: "playbook",
    started_at: run.startedAt.toISOString(),
    ...(typeof head === "string" && { chain_head: head }),
    entries: [...entries],
  };
  return { ...log, entries: [...entries, ...lastWords(rows, log)] };
}

/** As `toExecutionLog` of the run that is meant, with personal values masked. */
export async function toMaskedLog(parts: Masking, wanted: string): Promise<ExecutionLog> {
  const { store } = parts;
  const run = await findRun(store, wanted);
  const mission = await missionOf(store, run);
  const mask = await maskOf(parts, run, mission);
  return maskedLog(await toExecutionLog(store, run, mission), mask);
}

/** Digests of what was masked become those of the masked, so that the log can be replayed. */
function maskedLog(log: ExecutionLog, mask: Mask): ExecutionLog {
  const masked = mask.json(log);
  const entries = masked.entries.map((entry, index) => {
    const before = log.entries[index];
    const isChanged = entry.event === "approval_asked" && JSON.stringify(entry) !== JSON.stringify(before);
    return isChanged && entry.shown ? { ...entry, digest: digestOf(entry.shown) } : entry;
  });
  const isSameCase = digestOf(masked.case_data) === digestOf(log.case_data);
  return { ...masked, entries, ...(!isSameCase && { case_digest: digestOf(masked.case_data) }) };
}

/** One picture of a run that may be at work: read again when its log grew meanwhile. */
async function readRows(store: Store, { runId }: RunRecord, mission: Mission): Promise<Rows> {
  for (let left = READ_AGAIN; ; left--) {
    const run = await store.runs.find(runId);
    if (!run) throw new Error(`Run ${runId} is gone.`);
    const [tasks, results, approvals, effects, observations, events] = await Promise.all([
      store.tasks.of(runId),
      store.results.of(runId),
      store.approvals.list({ runId }),
      store.effects.of(runId),
      store.observations.of(runId),
      store.events.of(runId),
    ]);
    if (left > 0 && (await store.runs.find(runId))?.headSeq !== run.headSeq) continue;
    return {
      run,
      mission,
      tasks: new Map(tasks.map((row) => [row.taskId, row])),
      results: new Map(results.map((row) => [row.taskId, row])),
      approvals: new Map(approvals.map((row) => [row.approvalId, row])),
      effects: new Map(effects.map((row) => [row.effectId, row])),
      observations,
      events,
      chosen: new Map(
        events
          .filter(({ type }) => type === "route_chosen")
          .map(({ taskId, data }) => [`${taskId}:${data["attempt"]}`, String(data["chosen"])]),
      ),
    };
  }
}

function toEntry(rows: Rows, event: EventRecord): Placed | undefined {
  const type = event.type as EventType; // safe: only our own drafts are stored
  const status = TOLD_STATUS[type];
  if (status) return taskEntry(rows, event, status);
  if (type === "approval_requested") return askedEntry(rows, event);
  if (type === "approval_decided" || type === "approval_expired" || type === "approval_withdrawn")
    return closedEntry(rows, event);
  if (type === "effect_claimed" || type === "effect_done" || type === "effect_not_done")
    return effectEntry(rows, event, type);
  if (type === "effect_undone") return undoEntry(rows, event);
  if (type === "kpi_observed") return observedEntry(rows, event);
  if (type === "run_waiting" || type === "run_resumed")
    return {
      entry: { event: "run", at: iso(event.at), status: type === "run_waiting" ? "waiting" : "running" },
      isExact: false,
    };
  return event.key === "run_ended" ? endEntry(rows) : undefined;
}

function taskEntry(rows: Rows, event: EventRecord, status: TaskStatus): Placed | undefined {
  const { data, taskId } = event;
  const row = taskId === undefined ? undefined : rows.tasks.get(taskId);
  if (!row) return undefined;
  const attempt = Number(data["attempt"]);
  // Taking back what a task did leaves the moment that it was done.
  const ended = row.status === "undone" ? "done" : row.status;
  const isLast = attempt === row.attempt && status === ended;
  const exact =
    status === "running" ? (attempt === 1 ? row.startedAt : undefined) : isLast ? row.finishedAt : undefined;
  const { agent, summary, reason, cause, result_digest, code } = texts(data);
  const chosen = status === "done" ? rows.chosen.get(`${row.taskId}:${attempt}`) : undefined;
  const entry: LogEntryOf<"task"> = {
    event: "task",
    at: iso(exact ?? event.at),
    task_id: row.taskId,
    status,
    attempt,
    ...(agent !== undefined && { agent_id: agent }),
    ...((summary ?? (status === "skipped" ? reason : undefined)) !== undefined && { summary: summary ?? reason ?? "" }),
    ...(status === "todo" && { cause: [cause, reason].filter(Boolean).join(": ") }),
    ...(status === "failed" && { error: { code: code ?? "failed", message: reason ?? "" } }),
    ...(status === "waiting_for_person" && reason !== undefined && { waiting_for: reason }),
    ...(result_digest !== undefined && { result_digest }),
    ...(chosen !== undefined && { chosen }),
  };
  return { entry, isExact: exact !== undefined };
}

function askedEntry({ approvals }: Rows, { data }: EventRecord): Placed | undefined {
  const row = approvals.get(String(data["approval_id"]));
  if (!row) return undefined;
  const shown: ApprovalShown = JSON.parse(JSON.stringify(row.shown));
  const entry: LogEntryOf<"approval_asked"> = {
    event: "approval_asked",
    at: iso(row.createdAt),
    approval_id: row.approvalId,
    task_id: row.taskId,
    attempt: row.attempt,
    kind: row.kind,
    about: row.subject,
    question: row.shown.question,
    assigned_to: row.role,
    due_at: iso(row.dueAt),
    digest: row.digest,
    shown: shown as NonNullable<LogEntryOf<"approval_asked">["shown"]>, // safe: the schema has exactly the fields of what is shown
  };
  return { entry, isExact: true };
}

function closedEntry({ approvals }: Rows, { data, at }: EventRecord): Placed | undefined {
  const row = approvals.get(String(data["approval_id"]));
  if (!row || row.status === "pending") return undefined;
  const { decision } = row;
  const entry: LogEntryOf<"approval_closed"> = {
    event: "approval_closed",
    at: iso(row.decidedAt ?? at),
    approval_id: row.approvalId,
    status: row.status,
    ...(isDecided(row.status) && { by: row.decidedBy ?? "unknown", authenticated: row.authenticated ?? false }),
    ...(decision?.comment !== undefined && { comment: decision.comment }),
    ...(decision?.edited !== undefined && { edited: JSON.parse(JSON.stringify(decision.edited)) }),
    ...(decision?.answer !== undefined && { answer: JSON.parse(JSON.stringify(decision.answer)) }),
  };
  return { entry, isExact: row.decidedAt !== undefined };
}

function effectEntry({ effects }: Rows, { data, at, key }: EventRecord, type: EventType): Placed | undefined {
  const row = effects.get(String(data["effect"]));
  // What takes an act back is told by what becomes of that act.
  if (!row || row.undoes !== undefined) return undefined;
  const isNewest = type === `effect_${row.status}`;
  const isLastClaim = type === "effect_claimed" && key.endsWith(`:${row.claimedAt.getTime()}`);
  const exact = isLastClaim ? row.claimedAt : isNewest ? row.settledAt : undefined;
  const entry: LogEntryOf<"effect"> = {
    event: "effect",
    at: iso(exact ?? at),
    effect_id: row.effectId,
    task_id: row.taskId,
    attempt: row.attempt,
    agent_id: row.agentId,
    tool: row.tool,
    status: type === "effect_claimed" ? "claimed" : type === "effect_done" ? "done" : "not_done",
    args: JSON.parse(JSON.stringify(row.args)),
    idempotency_key: row.idempotencyKey,
    // Its row knows the last try only.
    ...(isNewest && row.approvalId !== undefined && { approval_id: row.approvalId }),
  };
  return { entry, isExact: exact !== undefined };
}

function undoEntry({ effects }: Rows, { data }: EventRecord): Placed | undefined {
  const row = effects.get(String(data["effect"]));
  if (!row?.undo) return undefined;
  const { outcome, at, by, note } = row.undo;
  const entry: LogEntryOf<"undo"> = {
    event: "undo",
    at: iso(at),
    effect_id: row.effectId,
    task_id: row.taskId,
    outcome,
    by,
    ...(note !== undefined && { note }),
  };
  return { entry, isExact: true };
}

/** A row holds what stands now; what was told each time, and when, only its event. */
function observedEntry({ observations, mission }: Rows, { data, at }: EventRecord): Placed | undefined {
  const row = observations.find(({ kpiId, basis }) => kpiId === data["kpi"] && basis === data["basis"]);
  if (!row) return undefined;
  const unit = [...mission.kpis, ...mission.limits].find(({ id }) => id === row.kpiId)?.unit;
  const { as_of, by = row.by } = texts(data);
  const entry: LogEntryOf<"observed"> = {
    event: "observed",
    at: iso(as_of === undefined ? row.at : at),
    kpi_id: row.kpiId,
    value: typeof data["value"] === "number" ? data["value"] : row.value,
    ...(unit !== undefined && { unit }),
    basis: row.basis,
    by,
    ...(as_of !== undefined && { as_of }),
  };
  return { entry, isExact: as_of === undefined };
}

function endEntry({ run }: Rows): Placed | undefined {
  if (!isTerminal(run.status)) return undefined;
  const { status, failure, finishedAt = run.startedAt } = run;
  const entry: LogEntryOf<"run"> = {
    event: "run",
    at: iso(finishedAt),
    status,
    ...(failure !== undefined && { failure }),
  };
  return { entry, isExact: true };
}

/** By moment. One known only by its commit stands before every later fact whose own moment is earlier than that commit. */
function inTime(placed: readonly Placed[]): readonly LogEntry[] {
  let earliest = Number.POSITIVE_INFINITY;
  const keyed = placed.toReversed().map(({ entry, isExact }) => {
    const own = Date.parse(entry.at);
    const at = isExact ? own : Math.min(own, earliest);
    if (isExact) earliest = Math.min(earliest, own);
    return { at, entry: { ...entry, at: new Date(at).toISOString() } };
  });
  return keyed
    .toReversed()
    .sort((a, b) => a.at - b.at)
    .map(({ entry }) => entry);
}

/** What a task's row says now goes with the newest entry of the task. */
function withRowFacts(rows: Rows, entries: readonly LogEntry[]): readonly LogEntry[] {
  const newest = new Map<string, number>();
  for (const [index, entry] of entries.entries()) if (entry.event === "task") newest.set(entry.task_id, index);
  return entries.map((entry, index) => {
    const row =
      entry.event === "task" && newest.get(entry.task_id) === index ? rows.tasks.get(entry.task_id) : undefined;
    return row && entry.event === "task" && entry.status === row.status ? { ...entry, ...factsOf(rows, row) } : entry;
  });
}

function factsOf({ mission, results }: Rows, row: TaskRecord): Partial<LogEntryOf<"task">> {
  const keys = mission.tasks.find(({ id }) => id === row.taskId)?.writes ?? [];
  const output = row.status === "done" ? results.get(row.taskId)?.output : undefined;
  const written = keys.flatMap((key) => {
    const value = (output as Readonly<Record<string, unknown>> | undefined)?.[key]; // safe: only keyed objects have written keys
    return value === undefined ? [] : [[key, JSON.parse(JSON.stringify(value))] as const];
  });
  return {
    ...(row.agentId !== undefined && { agent_id: row.agentId }),
    ...(row.summary !== undefined && { summary: row.summary }),
    ...(row.errorMessage !== undefined && { error: { code: row.errorCode ?? "failed", message: row.errorMessage } }),
    ...(row.waitingFor !== undefined && { waiting_for: row.waitingFor }),
    ...(row.progress && { progress: row.progress.ratio }),
    ...(row.degraded && { degraded: true }),
    ...(row.costMicroUsd > 0 && { cost_usd: costUsd([row]) }),
    ...(row.resultDigest !== undefined && { result_digest: row.resultDigest }),
    ...(row.chosen !== undefined && { chosen: row.chosen }),
    ...(written.length > 0 && { writes: Object.fromEntries(written) }),
  };
}

/** Changes that no event tells of, such as a task that goes on after a decision: they are added at the end. */
function lastWords(rows: Rows, log: ExecutionLog): readonly LogEntry[] {
  const { folded } = foldLog(log, rows.mission, rows.run.missionVersion);
  const at = log.entries.at(-1)?.at ?? log.started_at;
  const tasks = [...rows.tasks.values()].flatMap((row): LogEntry[] => {
    if (folded.tasks.get(row.taskId)?.status === row.status) return [];
    const { taskId: task_id, status, attempt } = row;
    return [{ event: "task", at, task_id, status, attempt, ...factsOf(rows, row) }];
  });
  const { status } = rows.run;
  const isTold = folded.run.status === status || status === "queued";
  return [...tasks, ...(isTold ? [] : [{ event: "run" as const, at, status }])];
}

function texts(data: EventRecord["data"]): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => typeof value === "string")) as Record<
    string,
    string
  >; // safe: texts only
}

function iso(moment: Date): string {
  return moment.toISOString();
}
