import type { RequestDraft } from "../core/approval.js";
import { NeedsPerson } from "../core/approval.js";
import type { Playbook } from "../core/define-agent.js";
import type { Json, JsonObject } from "../core/digest.js";
import { hasCode, OrchestratorError, TaskFailure } from "../core/errors.js";
import { evaluateBoolean } from "../core/expression.js";
import { Stopped, throwIfStopped } from "../core/kill.js";
import type { AgentCard, Task } from "../core/mission.js";
import type { Plan } from "../core/plan.js";
import { ruleOn } from "../core/plan.js";
import type { TaskRecord } from "../core/records.js";
import { isDecided } from "../core/run.js";
import type { Callbacks, NodeDeps, RunSession } from "../core/session.js";
import { actsLeft, wordsOfLeft } from "./acts-left.js";
import type { AttemptOutput } from "./attempt.js";
import { runAttempt } from "./attempt.js";
import { conflictDraft, conflictEvent, refusalOf } from "./board-conflict.js";
import { givenByPerson } from "./given-result.js";
import { settleJoin } from "./join.js";
import { untilTaskReleased } from "./kill-wait.js";
import { findOutLostOf } from "./lost-acts.js";
import { doProposed } from "./proposed-effects.js";
import type { Slots } from "./slots.js";
import { checkWrites, contractSchema, findingsOf, itemSchema, parseOutput, Refused } from "./task-checks.js";
import { afterFailure } from "./task-failure.js";
import type { TaskMaterial } from "./task-inputs.js";
import { gather } from "./task-inputs.js";
import { blocked, done, newAttempt, skipped, started, waiting } from "./task-moves.js";
import { escalation, orPlain, rejectedBy, resultApproval } from "./task-people.js";
import { giveBackResources, holdResources, Parked } from "./task-resources.js";
import { chooseRoute } from "./task-route.js";
import { chooseAgent, primaryOf } from "./task-skill.js";
import type { Wave } from "./wave.js";

/** More than any sound task needs: whatever made it begin again, it ends here. */
const MAX_ATTEMPTS = 200;

/** What a task's work needs around it. */
export interface WorkDeps extends Pick<NodeDeps, "playbooks" | "toolbox" | "clock"> {
  readonly slots: Slots;
}

/** One task in one wave. */
export interface TaskWork {
  readonly session: RunSession;
  readonly plan: Plan;
  readonly task: Task;
  readonly wave: Wave;
  /** Longest remaining path in minutes. */
  readonly priority: number;
  readonly signal: AbortSignal;
  /** Fires besides when nothing new may begin. */
  readonly beginSignal: AbortSignal;
  /** Of the node that works on it. */
  readonly callbacks?: Callbacks;
  readonly deps: WorkDeps;
}

/**
 * Brings one task as far as it gets in this wave: until it is settled, or until only a person can move it, or until
 * an input will not come here (then nothing is returned and it is sent again). Everything it learns is in rows before
 * anybody builds on it, so it may be killed and called again at any line.
 */
export async function workOn(work: TaskWork): Promise<TaskRecord | undefined> {
  const { session, task } = work;
  for (;;) {
    work.signal.throwIfAborted();
    try {
      session.draining.throwIfAborted();
      throwIfStopped(session.stops, { runId: session.runId });
      const material = await untilReady(work);
      if (material === "parked") return undefined;
      if (material === "settled") void giveBackResources(work);
      if (material === "settled") return session.task(task.id);
      const record = await advance(work, material);
      void giveBackResources(work);
      return record;
    } catch (error) {
      if (error instanceof Parked) return undefined;
      const outcome = await recover(work, error);
      if (outcome === "return") return session.task(task.id);
    }
  }
}

async function untilReady(work: TaskWork): Promise<TaskMaterial | "parked" | "settled"> {
  const { session, plan, task, wave, deps } = work;
  for (;;) {
    const record = session.task(task.id);
    if (record.status === "skipped" || record.status === "failed" || record.status === "blocked") return "settled";
    const ruling = ruleOn(plan, task, (id) => session.task(id));
    if (ruling.verdict === "skip" || ruling.verdict === "block") {
      const at = deps.clock.now();
      void session.commit(
        ruling.verdict === "skip" ? skipped(task, record, ruling.reason, at) : blocked(task, record, ruling.by, at),
      );
      return "settled";
    }
    const arrived = await settleJoin(work, ruling);
    if (arrived === "again") continue;
    if (arrived !== "open") return stillStands(work, gather(session, plan, task, arrived));
    const open = ruling.verdict === "waits" ? ruling.for : [];
    // What it waits for may need what it holds from an attempt before.
    void session.resources.free(task.id);
    if (!(await wave.untilOneLeft(task.id, open, work.signal))) return "parked";
  }
}

/** A row ahead of the graph's state (after a crash, in a fork): the same inputs give the recorded result, others a new attempt. */
function stillStands(work: TaskWork, material: TaskMaterial): TaskMaterial | "settled" {
  const { session, task } = work;
  const record = session.task(task.id);
  if (record.inputsDigest === undefined || record.inputsDigest === material.digest) {
    return record.status === "done" ? "settled" : material;
  }
  const cause = { cause: "stale_input" as const, reason: "What it worked from has changed." };
  void session.commit({
    ...newAttempt(task, record, cause),
    ...(record.status === "done" && { supersede: [task.id] }),
  });
  return material;
}

async function advance(work: TaskWork, material: TaskMaterial): Promise<TaskRecord> {
  const { session, task, deps } = work;
  const { attempt } = session.task(task.id);
  if (attempt > MAX_ATTEMPTS) {
    const message = `It was begun ${MAX_ATTEMPTS} times without a result.`;
    throw new TaskFailure("permanent", message, { code: "attempts_exhausted" });
  }
  // Whoever gives the result has said with it that the task is needed, also where its condition cannot be read.
  const given = givenByPerson(work, material);
  if (!given && task.when !== undefined && !evaluateBoolean(task.when, material.scope)) {
    void session.commit(skipped(task, session.task(task.id), `not needed: ${task.when}`, deps.clock.now()));
    return session.task(task.id);
  }
  if (!given) await askAboutConflicts(work, material);
  if (!given) await absorbAnswers(work);
  const produced = given ?? (await produce(work, material));
  const result = await judge(work, produced);
  return settleDone(work, material, produced, await approve(work, produced, result));
}

/** An attempt's output with who made it. */
export interface Produced extends AttemptOutput {
  readonly agent: AgentCard | undefined;
  readonly playbook: Playbook | undefined;
  readonly byPerson: boolean;
  /** The approval by which a person gave it. */
  readonly approvalId?: string;
}

/** An output that fits its contract and that nobody refuses any more. */
export interface Judged {
  readonly output: Json;
  readonly byPerson: boolean;
  /** The approval by which it stands, once a person has ruled. */
  readonly approvalId?: string;
}

async function produce(work: TaskWork, material: TaskMaterial): Promise<Produced> {
  const { session, task, deps } = work;
  const { agent, playbook } = await chooseAgent(work);
  let record = session.task(task.id);
  const isOtherCode = record.codeVersion !== undefined && record.codeVersion !== playbook.version;
  if (isOtherCode && record.agentId === agent.id && !isResultDecided(session, record)) {
    void session.commit(
      newAttempt(task, record, { cause: "code_changed", reason: `The playbook is now version ${playbook.version}.` }),
    );
    record = session.task(task.id);
  }
  const known = session.turn(task.id, record.attempt, "candidate");
  // safe: a candidate is written as { output, inputs }, once nothing was found against it
  const candidate = known?.reply as unknown as Omit<AttemptOutput, "findings"> | undefined;
  if (candidate) return { ...candidate, findings: [], agent, playbook, byPerson: false };
  // Before the slot: who waits for another task keeps nobody from working.
  await holdResources(work, material.scope);
  record = session.task(task.id);
  const release = await deps.slots.take({
    runId: session.runId,
    runLimit: session.mission.maxParallel,
    agentId: agent.id,
    agentLimit: agent.maxParallel,
    priority: work.priority,
    signal: work.beginSignal,
  });
  try {
    throwIfStopped(session.stops, { runId: session.runId, agentId: agent.id });
    void session.commit(
      started(
        task,
        record,
        { agentId: agent.id, codeVersion: playbook.version, inputsDigest: material.digest },
        deps.clock.now(),
      ),
    );
    const output = await runAttempt({
      session,
      task,
      attempt: record.attempt,
      agent,
      playbook,
      toolbox: deps.toolbox,
      now: () => deps.clock.now(),
      board: material.board,
      feedback: record.feedback,
      scope: material.scope,
      signal: work.signal,
      callbacks: work.callbacks,
      skill: primaryOf(work),
      contract: task.forEach ? itemSchema(primaryOf(work)) : contractSchema(task, primaryOf(work)),
    });
    return { ...output, agent, playbook, byPerson: false };
  } finally {
    release();
  }
}

/** A result that a person has decided on is what it is, whatever code would make now. */
function isResultDecided(session: RunSession, { taskId, attempt }: TaskRecord): boolean {
  const request = session.request(taskId, attempt, "task_result", "result");
  return request !== undefined && isDecided(request.status);
}

/** Contract, then the task's own rules. A refused result goes back with its reasons; after the last round a person rules. */
async function judge(work: TaskWork, produced: Produced): Promise<Judged> {
  const { session, task } = work;
  const skill = primaryOf(work);
  const output = parseOutput(task, skill, produced.output);
  checkWrites(session, work.plan, task, output);
  const own = findingsOf(task, skill, { output, inputs: produced.inputs, caseData: session.run.caseData });
  const findings = [...produced.findings, ...own];
  if (findings.length === 0) return { output, byPerson: produced.byPerson };
  if (!produced.byPerson && session.task(task.id).refusals < session.mission.maxReviewRounds)
    throw new Refused(findings, false);
  const ruled = await escalation(work, produced, output, findings);
  if (ruled.corrected === undefined) return { output, byPerson: produced.byPerson, approvalId: ruled.approvalId };
  const corrected = parseOutput(task, skill, ruled.corrected);
  checkWrites(session, work.plan, task, corrected);
  return { output: corrected, byPerson: true, approvalId: ruled.approvalId };
}

async function approve(
  work: TaskWork,
  produced: Produced,
  result: Judged,
): Promise<Judged & { outcome: string; rule: string }> {
  // Whoever gave the result, or accepted it against the checks, has approved it and the acts that it was shown with.
  if (result.byPerson) {
    const approvalId = result.approvalId ?? produced.approvalId;
    return {
      ...result,
      outcome: "asked",
      rule: "given by a person",
      ...(approvalId !== undefined && { approvalId }),
    };
  }
  if (result.approvalId !== undefined) return { ...result, outcome: "asked", rule: "accepted against the checks" };
  const approved = await resultApproval(work, produced, result);
  if (!approved.edited) return { ...result, ...approved };
  // An edit passes the checks again; what they refuse now is asked once more, with the reasons.
  const judged = await judge(work, { ...produced, output: approved.output, findings: [], byPerson: true });
  if (approved.approvalId !== undefined) void work.session.commit({ applied: [approved.approvalId] });
  return { ...approved, ...judged, outcome: approved.outcome, rule: approved.rule };
}

async function settleDone(
  work: TaskWork,
  material: TaskMaterial,
  produced: Produced,
  result: Judged & { outcome: string; rule: string; approvalId?: string },
): Promise<TaskRecord> {
  const { session, task, deps } = work;
  const chosen = chooseRoute(task, { ...material.scope, [task.id]: result.output });
  const skill = primaryOf(work);
  const summarise = task.forEach ? undefined : (produced.playbook?.summary ?? skill?.summary);
  const summary = orPlain(work, "summary", () => summarise?.(result.output), plainSummary(result.output));
  const degraded = (produced.playbook?.degraded ?? false) || (produced.agent === undefined && produced.byPerson);
  const approval: JsonObject = { outcome: result.outcome, rule: result.rule, approval_id: result.approvalId };
  if ((produced.playbook?.proposes ?? []).length > 0) await holdResources(work, material.scope);
  // The acts come last: what can still fail has been done, and nothing stands between them and the result's row.
  await doProposed(work, produced, result);
  await findOutLostOf(work, produced.playbook);
  const left = produced.agent === undefined ? wordsOfLeft(await actsLeft(work)) : undefined;
  const change = done(
    task,
    session.task(task.id),
    { output: result.output, summary, degraded, approval, left, ...(chosen !== undefined && { chosen }) },
    deps.clock.now(),
  );
  void session.commit({ ...change, ...(result.approvalId !== undefined && { applied: [result.approvalId] }) });
  return session.task(task.id);
}

function plainSummary(output: Json): string {
  return typeof output === "string" ? output : JSON.stringify(output);
}

/** What happens after an attempt ended without a result. `return` when the task is settled or waits for a person outside this wave. */
async function recover(work: TaskWork, error: unknown): Promise<"again" | "return"> {
  if (work.session.draining.aborted && error === work.session.draining.reason) return "return";
  if (hasCode(error, "resource_taken")) return lostResources(work);
  if (!work.signal.aborted) void giveBackResources(work);
  if (error instanceof NeedsPerson) return (await waitForPerson(work, error.request)) ? "again" : "return";
  if (error instanceof OrchestratorError || work.signal.aborted) throw error;
  if (error instanceof Stopped) return untilTaskReleased(work, error);
  const aftermath = await afterFailure(work, error);
  if (aftermath === "return") void giveBackResources(work);
  if (aftermath === "again" || aftermath === "return") return aftermath;
  return (await waitForPerson(work, aftermath)) ? "again" : "return";
}

/** The lease had run out, and another task has taken what this one held: nothing was done, and it waits its turn again. */
async function lostResources({ session, task }: TaskWork): Promise<"again"> {
  await session.resources.free(task.id);
  return "again";
}

/** Writes the request and stays in the wave while others are at work. True when it was decided here. */
async function waitForPerson(work: TaskWork, draft: RequestDraft): Promise<boolean> {
  const { session, task, wave } = work;
  const request = await session.ask(draft);
  // Two tasks may wait for one answer; each says so.
  const saying = request.taskId === task.id ? request.approvalId : `${request.approvalId}:${task.id}`;
  await session.commit(waiting(task, session.task(task.id), request.shown.question, saying));
  const decided = await wave.untilDecidedOrQuiet(
    task.id,
    (signal) => session.decided(request.approvalId, signal),
    work.signal,
  );
  return decided !== undefined;
}

/** Answered questions raise the attempt once all of them are; a rejected one fails the task with the comment. */
async function absorbAnswers(work: TaskWork): Promise<void> {
  const { session, task } = work;
  const record = session.task(task.id);
  const questions = session
    .requests()
    .filter(
      (request) =>
        request.taskId === task.id &&
        request.kind === "question" &&
        request.attempt === record.attempt &&
        request.subject.startsWith("ask:"),
    );
  const answered = questions.filter((request) => isDecided(request.status));
  const rejected = answered.find((request) => request.status === "rejected");
  if (rejected) throw rejectedBy(rejected.decidedBy, rejected.decision?.comment);
  // A new attempt would take the open ones back; this one finds the answers that are there and asks for the rest alone.
  if (answered.length === 0 || questions.some((request) => request.status === "pending")) return;
  const by = answered.map((request) => request.decidedBy ?? "somebody").join(", ");
  const change = newAttempt(task, record, { cause: "answered", reason: `Answered by ${by}.` });
  await session.commit({ ...change, applied: answered.map((request) => request.approvalId) });
}

/** Two values for a key that the task reads: it waits until a person has chosen one, and fails when nobody will. */
async function askAboutConflicts({ session }: TaskWork, { conflicts }: TaskMaterial): Promise<void> {
  const [conflict] = conflicts;
  if (!conflict) return;
  const draft = conflictDraft(session, conflict);
  const refusal = refusalOf(session, draft);
  if (refusal) throw rejectedBy(refusal.decidedBy, refusal.decision?.comment);
  await session.commit({ events: [conflictEvent(conflict)] });
  throw new NeedsPerson(draft);
}
