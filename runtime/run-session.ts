import { setMaxListeners } from "node:events";
import type { Decision, RequestDraft } from "../core/approval.js";
import type { Json, JsonObject } from "../core/digest.js";
import { digestOf } from "../core/digest.js";
import { hasCode, OrchestratorError } from "../core/errors.js";
import type { EventDraft } from "../core/event.js";
import type { Stops } from "../core/kill.js";
import type { Mission } from "../core/mission.js";
import type { Statement } from "../core/ports.js";
import type {
  ApprovalRecord,
  Dispatch,
  EffectRecord,
  RunEnding,
  RunFence,
  RunRecord,
  TaskRecord,
  Turn,
} from "../core/records.js";
import { redact } from "../core/redact.js";
import { declaresResources } from "../core/resource.js";
import type { TerminalStatus } from "../core/run.js";
import { isDecided, isSettled, isTerminal } from "../core/run.js";
import type { Change, Person, RunSession } from "../core/session.js";
import { hasGuardedTurns, obsoleteBy, statementsOf, unheededIn, withHeeded } from "./change-unit.js";
import { toMissionEvent } from "./event-hub.js";
import { HeldResources } from "./held-resources.js";
import { PersonalMask } from "./personal.js";
import {
  asked,
  decided,
  expired,
  newestOf,
  sharedDoubt,
  toRequestRow,
  toShown,
  waitingFor,
  withdrawn,
} from "./requests.js";
import { runEnded, runEnding } from "./run-events.js";
import { actsOf, readEvidence } from "./run-evidence.js";
import type { RunRows, SessionDeps } from "./run-rows.js";
import { keepTurns, turnId, unlessDecided } from "./run-rows.js";
import { TaskCosts } from "./task-costs.js";

const POLL_MS = 500;
const PROGRESS_WRITE_MS = 1_000;

/** The one implementation of `RunSession`: mirror in memory, truth in the store, every write with the run's fence. */
export class LiveRun implements RunSession {
  readonly run: RunRecord;
  readonly mission: Mission;
  readonly dispatch: Dispatch;
  readonly isOver: boolean;
  readonly stops: Stops;
  readonly resources: HeldResources;
  readonly costs: TaskCosts;
  /** True once nothing more is to be done under this lease: the run has ended, or waits and has given it back. */
  isAtRest: boolean;
  progressMark = "";
  brokenBy: string | undefined;
  ending: RunEnding | undefined;
  problem: string | undefined;
  readonly #deps: SessionDeps;
  readonly #fence: RunFence;
  readonly #tasks: Map<string, TaskRecord>;
  readonly #outputs = new Map<string, Json>();
  readonly #turns = new Map<string, Turn>();
  readonly #requests = new Map<string, ApprovalRecord>();
  readonly #stop = new AbortController();
  readonly #halt = new AbortController();
  readonly #drain = new AbortController();
  readonly #progressAt = new Map<string, number>();
  readonly mask: PersonalMask;
  /** The newest write: units reach the disk in the order given, so once it is there all are. */
  #newest: Promise<void> = Promise.resolve();
  #refused: unknown;
  #reviewRound: number;
  #isCancelled = false;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> = Promise.resolve();

  constructor(mission: Mission, rows: RunRows, dispatch: Dispatch, deps: SessionDeps) {
    setMaxListeners(0, this.#stop.signal, this.#halt.signal, this.#drain.signal);
    this.run = rows.run;
    this.mission = mission;
    this.dispatch = dispatch;
    this.isOver = isTerminal(rows.run.status);
    this.isAtRest = this.isOver;
    this.#deps = deps;
    this.stops = deps.stops;
    this.#fence = { runId: rows.run.runId, fence: rows.run.fence };
    this.resources = new HeldResources({
      ...deps,
      fence: this.#fence,
      write: (statements) => this.#write(statements, []),
      hasAny: declaresResources(mission),
      isSettled: (taskId) => isSettled(this.task(taskId).status),
    });
    this.#reviewRound = rows.run.reviewRound;
    this.ending = rows.run.ending;
    this.#isCancelled = rows.run.cancelRequestedBy !== undefined;
    this.costs = new TaskCosts(rows.turns);
    this.#tasks = new Map(rows.tasks.map((task) => [task.taskId, task]));
    for (const result of rows.results) this.#outputs.set(result.taskId, result.output);
    keepTurns(this.#turns, rows.turns);
    for (const request of rows.requests) this.#requests.set(request.approvalId, request);
    this.mask = new PersonalMask(mission, rows.run, deps.contracts, rows);
  }

  get runId(): string {
    return this.run.runId;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get undoSignal(): AbortSignal {
    return this.#halt.signal;
  }

  get draining(): AbortSignal {
    return this.#drain.signal;
  }

  get isCancelled(): boolean {
    return this.#isCancelled && !this.isOver;
  }

  get reviewRound(): number {
    return this.#reviewRound;
  }

  task(taskId: string): TaskRecord {
    const task = this.#tasks.get(taskId);
    if (!task) throw new Error(`Run ${this.runId} has no task ${taskId}.`);
    return task;
  }

  tasks(): readonly TaskRecord[] {
    return this.mission.tasks.map((task) => this.task(task.id));
  }

  output(taskId: string): Json | undefined {
    return this.task(taskId).status === "done" ? this.#outputs.get(taskId) : undefined;
  }

  turn(taskId: string, attempt: number, key: string): Turn | undefined {
    return this.#turns.get(turnId(taskId, attempt, key));
  }

  commit(change: Change): Promise<void> {
    const costed = this.costs.counted(change, (taskId) => this.task(taskId));
    const whole = withHeeded(costed, this.requests());
    const isGuarded = hasGuardedTurns(whole);
    this.#mirror(isGuarded ? { ...whole, turns: [] } : whole);
    const obsolete = this.#withdraw(obsoleteBy(this.requests(), change.tasks ?? []));
    const written = this.#write(
      [...statementsOf(this.#deps.store, this.#fence, whole, this.#deps.clock.now()), ...obsolete],
      (change.events ?? []).map((event) => ({ ...event, runId: this.runId })),
    );
    return isGuarded ? written.then(() => keepTurns(this.#turns, whole.turns)) : written;
  }

  async settled(): Promise<void> {
    await this.#newest;
    if (this.#refused) throw this.#refused;
  }

  request(taskId: string, attempt: number, kind: RequestDraft["kind"], subject: string): ApprovalRecord | undefined {
    return newestOf(this.requests(), { taskId, attempt, kind, subject });
  }

  requests(): readonly ApprovalRecord[] {
    return [...this.#requests.values()];
  }

  shows(request: ApprovalRecord, draft: RequestDraft): boolean {
    return request.digest === digestOf(this.#shown(draft));
  }

  async ask(draft: RequestDraft): Promise<ApprovalRecord> {
    const before = this.request(draft.taskId, draft.attempt, draft.kind, draft.subject);
    const shown = this.#shown(draft);
    if (before?.status === "pending" && before.digest === digestOf(shown)) return before;
    const shared = sharedDoubt(this.requests(), draft, shown);
    if (shared) return shared;
    const now = this.#deps.clock.now();
    const rows = this.#deps.store.approvals;
    const request = toRequestRow(this.mission, this.run, draft, shown, before, now);
    const old = before?.status === "pending" ? this.#withdraw([before]) : [];
    const next = asked(rows, request);
    this.#requests.set(request.approvalId, request);
    this.mask.learn({ requests: [request] });
    await this.#write([...old, ...next.statements], next.events);
    return request;
  }

  async decided(approvalId: string, signal: AbortSignal): Promise<ApprovalRecord> {
    // Read first: what was decided before anybody listened is told by nobody.
    let isNews = true;
    for (;;) {
      signal.throwIfAborted();
      const row = isNews ? await this.#deps.store.approvals.find(approvalId) : this.#requests.get(approvalId);
      if (row && row.status !== "pending") {
        this.#requests.set(row.approvalId, row);
        // One that expired was raised anew, so all are read.
        if (!isDecided(row.status)) await this.refresh();
        return row;
      }
      isNews = await this.#deps.hub.untilTold(approvalId, POLL_MS, signal);
      if (!isNews) await this.#look();
    }
  }

  async decide(approvalId: string, digest: string, decision: Decision, by: Person): Promise<boolean> {
    const request = this.#requests.get(approvalId);
    if (request?.status !== "pending") return false;
    const unit = decided(this.#deps.store.approvals, request, digest, decision, by, this.#deps.clock.now());
    const written = this.#deps.store.commit({ ...unit, events: this.mask.told(unit.events) });
    const isFirst = await written.then(() => true).catch(unlessDecided);
    await this.refresh();
    return isFirst === true;
  }

  async refresh(): Promise<void> {
    // Only this session asks, so where nothing was asked there is nothing to read.
    if (this.#requests.size === 0) return;
    const rows = await this.#deps.store.approvals.list({ runId: this.runId });
    const now = this.#deps.clock.now();
    for (const row of rows) {
      this.#requests.set(row.approvalId, row);
      if (row.status !== "pending" || row.dueAt > now) continue;
      const unit = expired(this.#deps.store.approvals, row, now);
      await this.#write(unit.statements, unit.events).catch(unlessDecided);
      const [old, next] = await Promise.all(
        [row.approvalId, unit.next.approvalId].map((id) => this.#deps.store.approvals.find(id)),
      );
      for (const request of [old, next]) if (request) this.#requests.set(request.approvalId, request);
    }
  }

  async wait(): Promise<boolean> {
    // The orchestrator marks its runs itself, together with giving the lease back, once `invoke` has returned.
    if (this.run.host === "orchestrator") {
      await this.refresh();
      return unheededIn(this.requests()).length === 0;
    }
    const pending = this.requests().filter((request) => request.status === "pending");
    const statements = this.#deps.store.runs.wait(this.#fence);
    const release = this.#deps.store.runs.releaseLease(this.#fence);
    const event = waitingFor(this.run, pending);
    try {
      await this.#deps.store.commit({
        fence: this.#fence,
        statements: [...statements, ...release],
        events: this.mask.told([event]),
      });
      this.isAtRest = true;
      return true;
    } catch (error) {
      if (!hasCode(error, "already_decided")) throw error;
      if ((await this.#deps.store.runs.find(this.runId))?.cancelRequestedBy !== undefined) this.cancel();
      await this.refresh();
      return false;
    }
  }

  async beginEnding(ending: RunEnding): Promise<void> {
    if (this.ending || this.isOver) return;
    this.ending = ending;
    await this.#write(this.#deps.store.runs.setEnding(this.#fence, ending), [runEnding(this.run, ending)]);
  }

  async acts(): Promise<readonly EffectRecord[]> {
    await this.settled();
    return actsOf(this.#deps.store, this.runId);
  }

  async finish(status: TerminalStatus, report: JsonObject, failure: string | undefined, now: Date): Promise<void> {
    const pending = this.requests().filter((request) => request.status === "pending");
    const closed = this.#withdraw(pending);
    const release = this.#deps.store.runs.releaseLease(this.#fence);
    const unheeded = unheededIn(this.requests()).map(({ approvalId }) => approvalId);
    const ended = this.#write(
      [
        ...this.#deps.store.approvals.markApplied(unheeded, now),
        ...this.#deps.store.runs.finish(this.#fence, status, report, failure, now),
        ...closed,
        ...this.resources.ofRun(),
        ...release,
      ],
      runEnded(this.run, status, report, failure),
    ).then(() => {
      this.isAtRest = true;
    });
    ended.catch(() => undefined);
    // The orchestrator's worker waits for what is queued once `invoke` has returned; others have only its return to go by.
    if (this.run.host === "external") await ended;
    await this.refresh();
  }

  progress(taskId: string, ratio: number, told: string | undefined): void {
    const note = told && redact(told);
    const task = this.task(taskId);
    const now = this.#deps.clock.now();
    const title = this.mission.tasks.find((candidate) => candidate.id === taskId)?.title;
    const data = this.mask.json({ title, ratio, note });
    this.#deps.hub.emit(toMissionEvent("task_progress", this.runId, taskId, now, data));
    const next = { ...task, progress: { ratio, ...(note !== undefined && { note }) } };
    this.#tasks.set(taskId, next);
    if (now.getTime() - (this.#progressAt.get(taskId) ?? 0) < PROGRESS_WRITE_MS) return;
    this.#progressAt.set(taskId, now.getTime());
    void this.#write(this.#deps.store.tasks.put([next]), []);
  }

  async evidence() {
    await this.settled();
    return readEvidence(this.#deps.store, this.runId);
  }

  /** Somebody asked to cancel: the signal fires, and the graph goes on to take back what was done. */
  cancel(): void {
    this.#isCancelled = true;
    this.#stop.abort(new OrchestratorError("run_finished", `Run ${this.runId} is being cancelled.`));
  }

  /** Nothing new begins on the run in this process. */
  drain(reason: unknown): void {
    this.#drain.abort(reason);
  }

  /** Ends all work on the run in this process with this reason. */
  stop(reason: unknown): void {
    this.#halt.abort(reason);
    this.#stop.abort(reason);
  }

  #shown(draft: RequestDraft) {
    return toShown(this.mission, this.run, draft, this.#tasks.get(draft.taskId)?.agentId);
  }

  /**
   * Queues the withdrawal of each, in one transaction with the unit that is written next. Where somebody has decided
   * meanwhile that stands, and counts as heeded by the returned statements, which belong into that unit.
   */
  #withdraw(requests: readonly ApprovalRecord[]): Statement[] {
    if (requests.length === 0) return [];
    const rows = this.#deps.store.approvals;
    const now = this.#deps.clock.now();
    for (const request of requests) {
      this.#requests.set(request.approvalId, { ...request, status: "withdrawn" });
      const unit = withdrawn(rows, request, now);
      void this.#write(unit.statements, unit.events);
    }
    return rows.markApplied(
      requests.map((request) => request.approvalId),
      now,
    );
  }

  #mirror(change: Change): void {
    this.mask.learn(change);
    for (const task of change.tasks ?? []) this.#tasks.set(task.taskId, task);
    for (const taskId of change.supersede ?? []) this.#outputs.delete(taskId);
    for (const result of change.results ?? []) this.#outputs.set(result.taskId, result.output);
    keepTurns(this.#turns, change.turns);
    if (change.reviewRound !== undefined) this.#reviewRound = change.reviewRound;
    const now = this.#deps.clock.now();
    for (const id of change.applied ?? []) {
      const request = this.#requests.get(id);
      if (request) this.#requests.set(id, { ...request, appliedAt: request.appliedAt ?? now });
    }
  }

  /** Every refusal of the store ends this session's work, except those that a unit brings about on purpose. */
  #write(statements: readonly Statement[], events: readonly EventDraft[]): Promise<void> {
    if (statements.length === 0 && events.length === 0) return Promise.resolve();
    const written = this.#deps.store.commit({ fence: this.#fence, statements, events: this.mask.told(events) });
    this.#newest = written.catch((error: unknown) => {
      if (hasCode(error, "already_decided", "killed", "resource_taken")) return;
      if (hasCode(error, "run_finished")) return this.cancel();
      this.#refused ??= error;
      this.stop(error);
    });
    return written;
  }

  /** All who wait share one reading of the rows for each half second, whether it is under way or done. */
  #look(): Promise<void> {
    const now = performance.now();
    if (now - this.#lookedAtMs >= POLL_MS / 2) {
      this.#lookedAtMs = now;
      this.#looking = this.refresh();
    }
    return this.#looking;
  }
}
