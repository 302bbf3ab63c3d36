import { Command, Send } from "@langchain/langgraph";
import type { TaskEntry } from "../core/blackboard.js";
import { mergeBoard, toEntry } from "../core/blackboard.js";
import { boardSource } from "../core/board-source.js";
import { canonicalJson } from "../core/digest.js";
import { groupBy } from "../core/group-by.js";
import type { Task } from "../core/mission.js";
import type { Plan, Settlement } from "../core/plan.js";
import { ruleOn, settle, taskOf } from "../core/plan.js";
import type { ApprovalRecord, RunEnding, TaskRecord } from "../core/records.js";
import type { RunStatus } from "../core/run.js";
import { isSettled } from "../core/run.js";
import type { Invocation, NodeDeps, RunSession } from "../core/session.js";
import { conflictDraft, conflictEvent, refusalOf } from "./board-conflict.js";
import { findOutLost } from "./lost-acts.js";
import { brokenRun, closeRun, failureOf } from "./run-end.js";
import { blocked, failed, skipped } from "./task-moves.js";
import type { Waves } from "./wave.js";

/** What an agent's node is sent in a wave, all at once: references only, since a `Send` is kept in every checkpoint. */
export interface Sent {
  /** Task ids, in dependency order. */
  readonly tasks: readonly string[];
  readonly wave: string;
}

export interface DispatchDeps extends Pick<NodeDeps, "clock" | "toolbox">, Pick<Invocation, "callbacks"> {
  readonly waves: Waves;
}

/** Where the graph may go from here. */
export type Goal = "approvals" | "reviewer" | "report";

/**
 * Decides what the run does next, and says so to the graph: one superstep with every task that may work or wait in it,
 * or the approvals when only people can move it, or the end. Planner and dispatcher share it, so that no superstep,
 * and so no checkpoint, is spent on deciding alone.
 */
export async function dispatch(
  session: RunSession,
  plan: Plan,
  deps: DispatchDeps,
  state: Partial<Channels> = {},
  more: object = {},
): Promise<Command> {
  const update = { state, more };
  // Before anything is built on what the tasks wrote. It reached the disk with the checkpoint of their superstep.
  await session.settled();
  await session.refresh();
  const ending = endingOf(session);
  if (ending) return close(session, plan, ending, deps, update);
  session.draining.throwIfAborted();
  let settlement = settle(plan, (id) => session.task(id));
  await settleWithoutWork(session, plan, settlement, deps);
  const held = heldByPeople(session);
  const able = settlement.ready.filter((id) => !held(id));

  if (able.length > 0 && isProgress(session))
    return sendWave(session, plan, deps, update, whomToSend(session, plan, settlement, able));
  if (session.requests().some((request) => request.status === "pending"))
    return goTo(session, plan, update, "approvals");
  if (!settlement.over) {
    await endWithoutProgress(session, plan, settlement, deps);
    settlement = settle(plan, (id) => session.task(id));
  }
  const failure = failureOf(session, plan);
  if (failure) return close(session, plan, failure, deps, update);
  if (await askAboutLost(session, deps)) return goTo(session, plan, update, "approvals");
  if (await askAboutConflicts(session, plan)) return goTo(session, plan, update, "approvals");
  return goTo(session, plan, update, needsReview(session) ? "reviewer" : "report");
}

/** How the run ends whatever its tasks say: as was noted, as somebody asked, or by a bug. */
function endingOf(session: RunSession): RunEnding | undefined {
  if (session.ending) return session.ending;
  if (session.isCancelled) return { status: "cancelled" };
  return session.brokenBy === undefined ? undefined : brokenRun(session.brokenBy);
}

/** A run that does not complete takes back what it did; people who are asked about it stand in front of its report. */
async function close(
  session: RunSession,
  plan: Plan,
  ending: RunEnding,
  deps: DispatchDeps,
  update: Update,
): Promise<Command> {
  const isClosed = await closeRun(session, plan, ending, deps, deps.callbacks);
  return goTo(session, plan, update, isClosed ? "report" : "approvals");
}

/** What the graph shows of a run's rows. */
export interface Channels {
  readonly status: RunStatus;
  readonly tasks: Record<string, TaskEntry>;
  readonly blackboard: Record<string, unknown>;
  readonly requests: { id: string; task: string; question: string }[];
}

/** The channels that the rows say otherwise than the state; of the tasks, those entries alone. What is written again is kept again. */
export function channelsOf(
  session: RunSession,
  plan: Plan,
  status: RunStatus,
  state: Partial<Channels>,
): Partial<Channels> {
  const tasks = session.tasks().filter((record) => !isSameEntry(entryOf(record), state.tasks?.[record.taskId]));
  const settled = new Set(session.tasks().map((task) => task.taskId));
  const { board } = mergeBoard(boardSource(session, plan), settled);
  const requests = pendingInOrder(session, plan).map((request) => ({
    id: request.approvalId,
    task: request.taskId,
    question: request.shown.question,
  }));
  return {
    ...(status !== state.status && { status }),
    ...(tasks.length > 0 && { tasks: Object.fromEntries(tasks.map((record) => [record.taskId, entryOf(record)])) }),
    ...(!isSame(board, state.blackboard) && { blackboard: { ...board } }),
    ...(!isSame(requests, state.requests) && { requests }),
  };
}

function isSame(value: object, known: object | undefined): boolean {
  return known !== undefined && canonicalJson(value) === canonicalJson(known);
}

function isSameEntry(entry: TaskEntry, known: TaskEntry | undefined): boolean {
  return (
    known !== undefined &&
    entry.status === known.status &&
    entry.attempt === known.attempt &&
    entry.agent === known.agent &&
    entry.digest === known.digest &&
    entry.error === known.error &&
    entry.summary === known.summary
  );
}

/** In the plan's order, whoever asked first: positions in an answer mean the same in every process. */
function pendingInOrder(session: RunSession, plan: Plan): readonly ApprovalRecord[] {
  const place = new Map(plan.tasks.map((task, index) => [task.id, index]));
  return session
    .requests()
    .filter((request) => request.status === "pending")
    .sort((one, other) => (place.get(one.taskId) ?? 0) - (place.get(other.taskId) ?? 0));
}

const entries = new WeakMap<TaskRecord, TaskEntry>();

/** A task's row as the graph keeps it; made once, since a record never changes. */
export function entryOf(record: TaskRecord): TaskEntry {
  const known = entries.get(record) ?? makeEntry(record);
  entries.set(record, known);
  return known;
}

function makeEntry(record: TaskRecord): TaskEntry {
  return toEntry({
    status: record.status,
    attempt: record.attempt,
    agent: record.agentId,
    digest: record.resultDigest,
    error: record.errorCode,
    summary: record.summary,
  });
}

async function settleWithoutWork(
  session: RunSession,
  plan: Plan,
  settlement: Settlement,
  deps: DispatchDeps,
): Promise<void> {
  const at = deps.clock.now();
  const changes = [
    ...settlement.skipped.map(({ taskId, reason }) => skipped(taskOf(plan, taskId), session.task(taskId), reason, at)),
    ...settlement.blocked.map(({ taskId, by }) => blocked(taskOf(plan, taskId), session.task(taskId), by, at)),
  ];
  await Promise.all(changes.map((change) => session.commit(change)));
}

/** A task is held while a request that it waits for is pending; a no to one of its questions ends it whatever else it asks. */
function heldByPeople(session: RunSession): (taskId: string) => boolean {
  const pending = session.requests().filter((request) => request.status === "pending");
  const tasks = new Set(pending.map((request) => request.taskId));
  for (const { kind, status, taskId, attempt } of session.requests())
    if (kind === "question" && status === "rejected" && attempt === session.task(taskId).attempt) tasks.delete(taskId);
  const keys = new Set(
    pending.map((request) => request.subject).filter((subject) => subject.startsWith("blackboard:")),
  );
  return (taskId) => {
    const reads = session.mission.tasks.find((task) => task.id === taskId)?.reads ?? [];
    return tasks.has(taskId) || reads.some((key) => keys.has(`blackboard:${key}`));
  };
}

/** Dataflow sends all that no failure stands in front of; stepwise only what is ready, and those whose waiting has an end. */
function whomToSend(
  session: RunSession,
  plan: Plan,
  settlement: Settlement,
  able: readonly string[],
): readonly string[] {
  if (session.dispatch === "dataflow") return settlement.sendable;
  const sent = new Set(able);
  for (const id of settlement.sendable) {
    const task = taskOf(plan, id);
    if (task.join?.withinMinutes === undefined || sent.has(id)) continue;
    const ruling = ruleOn(plan, task, (other) => session.task(other));
    if (ruling.verdict === "waits" && ruling.for.every((other) => sent.has(other))) sent.add(id);
  }
  return settlement.sendable.filter((id) => sent.has(id));
}

function sendWave(
  session: RunSession,
  plan: Plan,
  deps: DispatchDeps,
  update: Update,
  taskIds: readonly string[],
): Command {
  const wave = `${session.run.fence}.${deps.waves.nextId()}`;
  deps.waves.open(session.runId, wave, taskIds);
  const byAgent = groupBy(taskIds, (id) => slugFor(session, taskOf(plan, id)));
  const sends = [...byAgent].map(([slug, tasks]) => new Send(slug, { tasks, wave } satisfies Sent));
  const channels = channelsOf(session, plan, "running", update.state);
  return new Command({ update: { ...channels, ...update.more }, goto: sends });
}

function goTo(session: RunSession, plan: Plan, update: Update, goal: Goal): Command {
  const channels = channelsOf(session, plan, goal === "approvals" ? "waiting" : "running", update.state);
  return new Command({ update: { ...channels, ...update.more }, goto: goal });
}

/** The state as the graph has it, and what goes into it besides what the rows say. */
interface Update {
  readonly state: Partial<Channels>;
  readonly more: object;
}

/** The node of the agent at work on the task, or of the next capable one. */
function slugFor(session: RunSession, task: Task): string {
  const record = session.task(task.id);
  const capable = task.agents.filter((id) => !record.tried.includes(id));
  const chosen =
    record.agentId !== undefined && capable.includes(record.agentId) ? record.agentId : (capable[0] ?? task.agents[0]);
  const card = session.mission.agents.find((agent) => agent.id === chosen) ?? session.mission.agents[0];
  if (!card) throw new Error(`Mission ${session.mission.slug} has no agents.`);
  return card.slug;
}

/** False when nothing changed since the last pass that sent tasks: sending them again would change nothing either. */
function isProgress(session: RunSession): boolean {
  const tasks = session.tasks().map((task) => `${task.taskId}:${task.status}:${task.attempt}:${task.tried.length}`);
  const mark = [...tasks, ...session.requests().map((request) => `${request.approvalId}:${request.status}`)].join(" ");
  if (mark === session.progressMark) return false;
  session.progressMark = mark;
  return true;
}

async function endWithoutProgress(
  session: RunSession,
  plan: Plan,
  settlement: Settlement,
  deps: DispatchDeps,
): Promise<void> {
  const at = deps.clock.now();
  const stuck = settlement.sendable.filter((id) => !isSettled(session.task(id).status));
  const message = "Nothing changed in a whole pass, so nothing would change in another.";
  await Promise.all(
    stuck.map((id) => session.commit(failed(taskOf(plan, id), session.task(id), "no_progress", message, at))),
  );
}

/** No run ends while it is not known of an act whether it happened. */
async function askAboutLost(session: RunSession, deps: DispatchDeps): Promise<boolean> {
  const signal = AbortSignal.any([session.undoSignal, session.draining]);
  const open = await findOutLost(session, deps, { signal, callbacks: deps.callbacks });
  for (const { request } of open) await session.ask(request);
  return open.length > 0;
}

async function askAboutConflicts(session: RunSession, plan: Plan): Promise<boolean> {
  const all = new Set(plan.tasks.map((task) => task.id));
  const { conflicts } = mergeBoard(boardSource(session, plan), all);
  const open = conflicts.filter((conflict) => !refusalOf(session, conflictDraft(session, conflict)));
  for (const conflict of open) {
    await session.commit({ events: [conflictEvent(conflict)] });
    await session.ask(conflictDraft(session, conflict));
  }
  return open.length > 0;
}

function needsReview(session: RunSession): boolean {
  const hasFailed = session.tasks().some((task) => task.status === "failed" || task.status === "blocked");
  return (
    !hasFailed &&
    (session.mission.review.length > 0 || session.mission.limits.some((limit) => limit.sendBack !== undefined))
  );
}
