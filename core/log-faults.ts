import { allowedFor, statusOf } from "./approval.js";
import { digestOf } from "./digest.js";
import type { ExecutionLog, LogEntry, LogEntryOf } from "./execution-log.js";
import type { LogSoFar } from "./fold-log.js";
import { didYouMean } from "./lookup.js";
import type { TaskState } from "./plan.js";
import { isTolerated, ruleOn } from "./plan.js";
import type { Problem } from "./problem.js";
import type { TaskRecord } from "./records.js";
import type { TaskStatus } from "./run.js";
import { isDecided, isSettled, isTerminal } from "./run.js";

/** From which statuses a task comes to each within one attempt; a new attempt begins as `todo`. */
const CAME_FROM: Readonly<Partial<Record<TaskStatus, readonly TaskStatus[]>>> = {
  waiting_for_input: ["todo"],
  running: ["todo", "waiting_for_input", "waiting_for_person"],
  waiting_for_person: ["todo", "waiting_for_input", "running", "waiting_for_person"],
  done: ["running", "waiting_for_person"],
  failed: ["todo", "waiting_for_input", "running", "waiting_for_person"],
  skipped: ["todo", "waiting_for_input", "running", "waiting_for_person"],
  blocked: ["todo", "waiting_for_input", "running", "waiting_for_person"],
  undone: ["done"],
};

/** Says one thing that is wrong with an entry: the field, and what it contradicts. */
type Say = (field: string, message: string) => void;

/** Everything in which an entry contradicts the mission, or what the log said before. */
export function entryFaults(so: LogSoFar, entry: LogEntry, index: number): readonly Problem[] {
  const problems: Problem[] = [];
  const say: Say = (field, message) => {
    const pointer = `/entries/${index}${field}`;
    problems.push({ severity: "error", code: "log_contradiction", pointer, message });
  };
  timeFaults(so, entry, index, say);
  endFaults(so, entry, say);
  if (entry.event === "task") taskFaults(so, entry, index, say);
  else if (entry.event === "approval_asked") askedFaults(so, entry, say);
  else if (entry.event === "approval_closed") closedFaults(so, entry, say);
  else if (entry.event === "effect") effectFaults(so, entry, say);
  else if (entry.event === "undo") undoFaults(so, entry, say);
  else if (entry.event === "observed") observedFaults(so, entry, say);
  else runFaults(so, entry, say);
  return problems;
}

/** A case that is not the one that the run was given. */
export function caseFaults({ case_data: data, case_digest: digest }: ExecutionLog): readonly Problem[] {
  if (digest === undefined || digestOf(data) === digest) return [];
  const message = "it is not the digest of case_data: one of the two was changed since the run began.";
  return [{ severity: "error", code: "log_contradiction", pointer: "/case_digest", message }];
}

function timeFaults({ log }: LogSoFar, entry: LogEntry, index: number, say: Say): void {
  const before = log.entries[index - 1];
  const [from, what] = before ? [before.at, `entry ${index - 1}`] : [log.started_at, "the run's start"];
  if (Date.parse(entry.at) < Date.parse(from))
    say("/at", `${entry.at} is before ${what} (${from}): time goes backwards.`);
}

/** What may still come of a run that has ended: a figure that somebody records, a question that is taken back. */
function endFaults({ run }: LogSoFar, entry: LogEntry, say: Say): void {
  if (!isTerminal(run.status)) return;
  const mayFollow =
    (entry.event === "observed" && entry.basis === "recorded") ||
    (entry.event === "approval_closed" && (entry.status === "withdrawn" || entry.status === "expired"));
  if (!mayFollow) say("", `the run is ${run.status} already: nothing of this kind can follow.`);
}

function knownTask(so: LogSoFar, taskId: string, say: Say): TaskRecord | undefined {
  const row = so.tasks.get(taskId);
  if (row) return row;
  const near = didYouMean(taskId, so.tasks.keys());
  say("/task_id", `mission ${so.mission.id} has no task "${taskId}".${near}`);
  return undefined;
}

function knownAgent(so: LogSoFar, taskId: string, agentId: string | undefined, say: Say): void {
  if (agentId === undefined) return;
  const ids = so.mission.agents.map(({ id }) => id);
  if (!ids.includes(agentId)) {
    say("/agent_id", `mission ${so.mission.id} has no agent "${agentId}".${didYouMean(agentId, ids)}`);
    return;
  }
  const able = so.plan.byId.get(taskId)?.agents ?? [];
  if (!able.includes(agentId)) say("/agent_id", `${agentId} may not do ${taskId}: only ${able.join(", ")} may.`);
}

function taskFaults(so: LogSoFar, entry: LogEntryOf<"task">, index: number, say: Say): void {
  const row = knownTask(so, entry.task_id, say);
  if (!row) return;
  knownAgent(so, entry.task_id, entry.agent_id, say);
  if (entry.status === "todo") attemptFaults(row, entry, say);
  else if (entry.attempt !== row.attempt)
    say("/attempt", `${row.taskId} is in attempt ${row.attempt}; attempt ${entry.attempt} never began.`);
  else if (!CAME_FROM[entry.status]?.includes(row.status) && !isByPerson(so, row, entry.status))
    say("/status", wrongMove(row, entry.status));
  else if (entry.status === "running") tooEarly(so, row, index, say);
  else if (entry.status === "done") unapproved(so, row, say);
  if (entry.chosen !== undefined && !so.tasks.has(entry.chosen))
    say("/chosen", `mission ${so.mission.id} has no task "${entry.chosen}".`);
}

/** A result that a person gave in an earlier attempt stands without anybody at work on it. */
function isByPerson(so: LogSoFar, { taskId, status, attempt }: TaskRecord, to: TaskStatus): boolean {
  if (status !== "todo" || to !== "done") return false;
  return [...so.approvals.values()].some(
    (asked) =>
      asked.taskId === taskId && asked.attempt < attempt && isDecided(asked.status) && asked.status !== "rejected",
  );
}

/** A task begins again with the next attempt, whatever became of the last. */
function attemptFaults(row: TaskRecord, { attempt }: LogEntryOf<"task">, say: Say): void {
  if (attempt === row.attempt + 1) return;
  say("/attempt", `the next attempt of ${row.taskId} is ${row.attempt + 1}, not ${attempt}.`);
}

function wrongMove(row: TaskRecord, to: TaskStatus): string {
  const { taskId, status, attempt } = row;
  if (status === to) return `${taskId} is ${to} already: it cannot be so twice in attempt ${attempt}.`;
  if (to === "done" && status === "todo") return `${taskId} is done, but attempt ${attempt} of it was never started.`;
  if (isSettled(status))
    return `${taskId} is ${status} already: only a new attempt ("todo", attempt ${attempt + 1}) can follow.`;
  return `${taskId} is ${status}: it cannot become ${to}.`;
}

/** A task at work before what it needs had come. */
function tooEarly(so: LogSoFar, row: TaskRecord, index: number, say: Say): void {
  const task = so.plan.byId.get(row.taskId);
  if (!task || row.startedAt !== undefined) return;
  const ruling = ruleOn(so.plan, task, (id) => so.tasks.get(id) ?? { status: "todo" });
  if (ruling.verdict === "skip") say("/status", `${row.taskId} is not called for: ${ruling.reason}.`);
  if (ruling.verdict === "block") say("/status", `${row.taskId} cannot begin: ${ruling.by} did not succeed.`);
  // A join may stop waiting after its time: then what did not come counts as missing.
  if (ruling.verdict !== "waits" || task.join?.withinMinutes !== undefined) return;
  for (const need of ruling.for) {
    const later = so.log.entries.findIndex(
      (entry, at) => at > index && entry.event === "task" && entry.task_id === need && isSettled(entry.status),
    );
    const when = later < 0 ? "which never ends in this log" : `which ends only in entry ${later}`;
    say("/status", `${row.taskId} begins before ${need}, which it depends on and ${when}.`);
  }
}

/** Done although its mission demands a person's yes and nobody gave one. */
function unapproved(so: LogSoFar, row: TaskRecord, say: Say): void {
  const task = so.plan.byId.get(row.taskId);
  if (!task?.requiresHumanApproval || task.approval.unless !== undefined) return;
  const asked = [...so.approvals.values()].filter(({ taskId }) => taskId === row.taskId);
  if (asked.some(({ status }) => isDecided(status) && status !== "rejected")) return;
  const open = asked.find(({ status }) => status === "pending");
  const why = open ? `approval ${open.approvalId} is still open` : "nobody was asked";
  say("/status", `${row.taskId} needs a person's approval by its mission, and ${why}.`);
}

function askedFaults(so: LogSoFar, entry: LogEntryOf<"approval_asked">, say: Say): void {
  if (so.approvals.has(entry.approval_id)) say("/approval_id", `approval ${entry.approval_id} was asked already.`);
  const row = knownTask(so, entry.task_id, say);
  if (row && entry.attempt !== row.attempt)
    say("/attempt", `${row.taskId} is in attempt ${row.attempt}, not ${entry.attempt}.`);
  // About a settled task the reviewer may still ask, and whoever finds two values on the blackboard.
  const isOfTask = entry.kind !== "question" && entry.kind !== "escalation";
  if (row && isOfTask && isSettled(row.status))
    say("/task_id", `${row.taskId} is ${row.status}: its ${entry.kind} cannot be asked about any more.`);
  if (Date.parse(entry.due_at) < Date.parse(entry.at)) say("/due_at", `${entry.due_at} is before it is asked.`);
  if (entry.shown && entry.digest !== undefined && digestOf(entry.shown) !== entry.digest)
    say("/digest", "it is not the digest of what is shown.");
  if (entry.shown && entry.shown.question !== entry.question) say("/question", "it is not the question that is shown.");
}

function closedFaults(so: LogSoFar, entry: LogEntryOf<"approval_closed">, say: Say): void {
  const asked = so.approvals.get(entry.approval_id);
  if (!asked) {
    const near = didYouMean(entry.approval_id, so.approvals.keys());
    say("/approval_id", `approval ${entry.approval_id} was never asked before.${near}`);
    return;
  }
  if (asked.status !== "pending") say("/status", `approval ${entry.approval_id} is ${asked.status} already.`);
  if (!isDecided(entry.status)) return;
  if (entry.by === undefined) say("/by", "who decided is missing.");
  const allowed = allowedFor(asked.kind).map((type) => statusOf({ type }));
  if (!allowed.includes(entry.status))
    say("/status", `a ${asked.kind} cannot be ${entry.status}; allowed: ${allowed.join(", ")}.`);
  if (Date.parse(entry.at) > asked.dueAt.getTime())
    say("/at", `approval ${entry.approval_id} was due at ${asked.dueAt.toISOString()}: it had expired.`);
}

function effectFaults(so: LogSoFar, entry: LogEntryOf<"effect">, say: Say): void {
  const before = so.effects.get(entry.effect_id);
  // What was found not done may be tried once more.
  if (before?.status === "done") say("/effect_id", `effect ${entry.effect_id} is ${before.status} already.`);
  const row = knownTask(so, entry.task_id, say);
  if (row && row.status !== "running" && row.status !== "waiting_for_person")
    say("/task_id", `${row.taskId} is ${row.status}: it can do nothing now.`);
  knownAgent(so, entry.task_id, entry.agent_id, say);
  const agent = so.mission.agents.find(({ id }) => id === entry.agent_id);
  if (agent && !agent.tools.includes(entry.tool))
    say("/tool", `${entry.agent_id} does not hold "${entry.tool}"; it holds: ${agent.tools.join(", ") || "nothing"}.`);
  if (entry.approval_id === undefined) return;
  const status = so.approvals.get(entry.approval_id)?.status;
  if (status === undefined) say("/approval_id", `approval ${entry.approval_id} was never asked before.`);
  else if (status !== "approved" && status !== "edited")
    say("/approval_id", `approval ${entry.approval_id} is ${status}: it permits nothing.`);
}

function undoFaults(so: LogSoFar, { effect_id: id }: LogEntryOf<"undo">, say: Say): void {
  const act = so.effects.get(id);
  if (act?.status !== "done") say("/effect_id", `effect ${id} was never done: there is nothing to take back.`);
  else if (act.undo) say("/effect_id", `what became of effect ${id} is known already: ${act.undo.outcome}.`);
}

function observedFaults({ mission }: LogSoFar, entry: LogEntryOf<"observed">, say: Say): void {
  const all = [...mission.kpis, ...mission.limits];
  const figure = all.find(({ id }) => id === entry.kpi_id);
  if (!figure) {
    const near = didYouMean(
      entry.kpi_id,
      all.map(({ id }) => id),
    );
    say("/kpi_id", `mission ${mission.id} has no KPI or limit "${entry.kpi_id}".${near}`);
  } else if (entry.unit !== undefined && figure.unit !== undefined && entry.unit !== figure.unit)
    say("/unit", `${entry.kpi_id} is in ${figure.unit} by its mission, not in ${entry.unit}.`);
}

function runFaults(so: LogSoFar, entry: LogEntryOf<"run">, say: Say): void {
  const rows = [...so.tasks.values()];
  const pending = [...so.approvals.values()].filter(({ status }) => status === "pending");
  if (entry.status === "waiting" && pending.length === 0) say("/status", "it waits, but nothing is asked of anybody.");
  if (!isTerminal(entry.status)) return;
  const open = rows.filter(({ status }) => !isSettled(status));
  if (open.length > 0)
    say(
      "/status",
      `the run is ${entry.status}, but open: ${open.map((row) => `${row.taskId} ${row.status}`).join(", ")}.`,
    );
  const isBroken = rows.some(
    ({ taskId, status }) =>
      status === "blocked" || (status === "failed" && !isTolerated(so.plan, taskId, (id) => asItEnded(so, id))),
  );
  if (entry.status === "completed" && isBroken) {
    const lost = rows.filter(({ status }) => status === "failed" || status === "blocked");
    say("/status", `the run is completed, but ${lost.map((row) => `${row.taskId} ${row.status}`).join(", ")}.`);
  }
  if (entry.status === "failed" && !isBroken && open.length === 0)
    say("/status", "the run failed, but no task failed or was blocked.");
}

/** A task as it was when the run came to its end: what it did was taken back only afterwards. */
function asItEnded({ tasks }: LogSoFar, taskId: string): TaskState {
  const row = tasks.get(taskId);
  if (!row) return { status: "todo" };
  return row.status === "undone" ? { ...row, status: "done" } : row;
}
