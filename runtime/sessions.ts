import { setMaxListeners } from "node:events";
import { MissionContext } from "../core/blackboard.js";
import { digestOf } from "../core/digest.js";
import { OrchestratorError } from "../core/errors.js";
import type { Mission } from "../core/mission.js";
import type { Dispatch, RunRecord } from "../core/records.js";
import { isTerminal } from "../core/run.js";
import type { Invocation, Person, Sessions, Visit } from "../core/session.js";
import type { PreparedCase } from "./new-run.js";
import { newRunUnit } from "./new-run.js";
import type { SessionDeps } from "./run-session.js";
import { LiveRun } from "./run-session.js";

const HEARTBEAT_MS = 1_000;
/** Set by LangGraph for the first superstep of a call with no input but `null` or `Command({ resume })`. */
const IS_RESUMING = "__pregel_resuming";

export interface SessionsDeps extends SessionDeps {
  /** `<pid>@<hostname>:<nonce>`: who holds this process's leases. */
  readonly owner: string;
  readonly leaseMs: number;
  readonly defaultDispatch: Dispatch;
  /** Who answers when the invocation names nobody. */
  readonly localUser: string;
  readonly versionOf: (mission: Mission) => string;
  readonly prepareCase: (mission: Mission, caseInput: unknown, startedAt: Date) => Promise<PreparedCase>;
}

interface Entry {
  readonly session: LiveRun;
  /** Held by the orchestrator from before `invoke` until after it; else by visits alone. */
  isHosted: boolean;
  visits: number;
  /** The stream writer of the `invoke` that works on it: LangGraph makes one for each. */
  invoker: Invocation["writer"] | undefined;
  heartbeat: NodeJS.Timeout | undefined;
}

/** The runs that this process works on, each under one lease, whoever invoked its graph. */
export class SessionRegistry implements Sessions {
  readonly #deps: SessionsDeps;
  readonly #entries = new Map<string, Promise<Entry>>();

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
    deps.hub.listen((event) => this.#toWriter(event.run_id, (writer) => writer(event)));
  }

  readonly #writers = new Map<string, NonNullable<Invocation["writer"]>>();
  readonly #superseded = new WeakSet<NonNullable<Invocation["writer"]>>();

  async enter(mission: Mission, invocation: Invocation, input?: { caseInput: unknown }): Promise<Visit> {
    const runId = runIdOf(invocation);
    // One signal serves all nodes of a superstep: more than ten of them listening is no leak.
    if (invocation.signal) setMaxListeners(0, invocation.signal);
    const entry = await this.#heardBy(runId, invocation, () => this.#visit(runId, mission, invocation, input));
    this.#beat(entry);
    return {
      session: entry.session,
      leave: () => {
        entry.visits -= 1;
        if (entry.visits > 0) return;
        if (!entry.isHosted) stopBeating(entry);
        this.#writers.delete(runId);
        this.#forgetAtRest(runId, entry);
      },
    };
  }

  personOf(invocation: Invocation): Person {
    const user = invocation.configurable["langgraph_auth_user"];
    const identity = typeof user === "object" && user !== null && "identity" in user ? user.identity : undefined;
    if (typeof identity === "string" && identity !== "") return { name: identity, authenticated: true };
    const { approver } = contextOf(invocation);
    return { name: approver ?? `local:${this.#deps.localUser}`, authenticated: false };
  }

  /** Takes the run for the orchestrator, before it invokes the graph. `run_busy` when another live process has it. */
  async host(runId: string, mission: Mission): Promise<LiveRun> {
    const known = await this.#entries.get(runId)?.catch(() => undefined);
    if (known && (known.isHosted || known.visits > 0))
      throw new OrchestratorError("run_busy", `Run ${runId} is being worked on in this process.`);
    const opening = this.#open(runId, mission);
    this.#entries.set(runId, opening);
    const entry = await opening.catch((error: unknown) => {
      this.#entries.delete(runId);
      throw error;
    });
    entry.isHosted = true;
    this.#beat(entry);
    return entry.session;
  }

  /** Forgets a hosted run once its `invoke` has ended. The lease is the caller's to give back. */
  async unhost(runId: string): Promise<void> {
    const entry = await this.#entries.get(runId)?.catch(() => undefined);
    if (entry) stopBeating(entry);
    this.#entries.delete(runId);
  }

  /** The session of a run that this process has open. */
  async find(runId: string): Promise<LiveRun | undefined> {
    const entry = await this.#entries.get(runId)?.catch(() => undefined);
    return entry?.session;
  }

  /** Begins nothing new on any run here. */
  async drainAll(reason: unknown): Promise<void> {
    for (const opening of [...this.#entries.values()]) (await opening.catch(() => undefined))?.session.drain(reason);
  }

  /** Stops the work on everything here; leases run out by themselves or are given back by their holder. */
  async stopAll(reason: unknown): Promise<void> {
    for (const opening of [...this.#entries.values()]) {
      const entry = await opening.catch(() => undefined);
      if (!entry) continue;
      stopBeating(entry);
      entry.session.stop(reason);
    }
  }

  /** A run that nobody hosts, and that has ended, waits or was stopped, is read anew by whoever comes next. */
  #forgetAtRest(runId: string, entry: Entry): void {
    const { session } = entry;
    if (entry.isHosted || !(session.isAtRest || session.signal.aborted)) return;
    const kept = this.#entries.get(runId);
    void kept?.then(
      (now) => {
        // Whoever came meanwhile has put a promise of its own in this one's place.
        if (now === entry && entry.visits === 0 && this.#entries.get(runId) === kept) this.#entries.delete(runId);
      },
      () => undefined,
    );
  }

  /** What opening a run tells goes to whoever opens it; whoever is refused hears nothing of it. */
  async #heardBy(runId: string, { writer }: Invocation, open: () => Promise<Entry>): Promise<Entry> {
    const before = this.#writers.get(runId);
    if (writer) this.#writers.set(runId, writer);
    try {
      return await open();
    } catch (error) {
      if (before) this.#writers.set(runId, before);
      else this.#writers.delete(runId);
      throw error;
    }
  }

  /**
   * One after the other for each run, so that a run is never opened twice side by side. Who is refused leaves the run
   * to whoever has it.
   */
  #visit(
    runId: string,
    mission: Mission,
    invocation: Invocation,
    input: { caseInput: unknown } | undefined,
  ): Promise<Entry> {
    const before = this.#entries.get(runId)?.catch(() => undefined) ?? Promise.resolve(undefined);
    const entered = before.then(async (known) => {
      if (known) this.#assertMayEnter(known, invocation);
      const isUsable = known !== undefined && (known.isHosted || (await this.#isStillOurs(known, invocation)));
      // The orchestrator read the case of its run back itself: there is no other input to be mistaken for it.
      if (isUsable && input && !known.isHosted)
        await this.#assertSameInput(known.session.run, mission, invocation, input.caseInput);
      const entry = isUsable ? known : await this.#openHere(runId, mission, invocation, input);
      if (!entry.session.isCancelled) entry.session.signal.throwIfAborted();
      entry.visits += 1;
      entry.invoker = invocation.writer;
      return entry;
    });
    const kept = entered.catch(async (error: unknown) => {
      const known = await before;
      if (known) return known;
      throw error;
    });
    kept.catch(() => undefined);
    this.#entries.set(runId, kept);
    return entered;
  }

  /**
   * One run, one `invoke` at a time: a second one on its thread is told so, else each would take the other's steps for
   * its own. One that came between two steps of an earlier one has taken over from it.
   */
  #assertMayEnter({ session, isHosted, visits, invoker }: Entry, { writer, configurable }: Invocation): void {
    const { runId, run } = session;
    if (writer && this.#superseded.has(writer))
      throw new OrchestratorError("stale_owner", `Run ${runId} was taken over by a later call on its thread.`);
    const isOther = isHosted ? configurable["fence"] !== run.fence : visits > 0 && isOtherThan(invoker, writer);
    if (!isOther) return;
    throw new OrchestratorError(
      "run_busy",
      `Run ${runId} is being worked on in this process, by another call on its thread. Wait for that one to return, then try again.`,
    );
  }

  async #isStillOurs({ session, visits, invoker }: Entry, { writer }: Invocation): Promise<boolean> {
    if (session.signal.aborted) return false;
    if (invoker && isOtherThan(invoker, writer)) {
      this.#superseded.add(invoker);
      return false;
    }
    if (visits > 0) return true;
    const { held } = await this.#deps.store.runs.renewLease(
      { runId: session.runId, fence: session.run.fence },
      this.#deps.leaseMs,
    );
    return held;
  }

  /** Opens a run for an invocation that is not the orchestrator's; the planner creates it when it is missing. */
  async #openHere(
    runId: string,
    mission: Mission,
    invocation: Invocation,
    input: { caseInput: unknown } | undefined,
  ): Promise<Entry> {
    const run = await this.#deps.store.runs.find(runId);
    if (run) {
      this.#assertSameVersion(run, mission);
      if (input) await this.#assertSameInput(run, mission, invocation, input.caseInput);
      return this.#open(runId, mission);
    }
    if (!input)
      throw new OrchestratorError(
        "run_not_found",
        `There is no run ${runId} in this store. Start it with an input first.`,
      );
    const startedAt = this.#deps.clock.now();
    const prepared = await this.#deps.prepareCase(mission, input.caseInput, startedAt);
    const context = contextOf(invocation);
    await this.#deps.store.commit(
      newRunUnit(this.#deps.store, mission, prepared, {
        runId,
        version: this.#deps.versionOf(mission),
        startedAt,
        host: "external",
        dispatch: context.dispatch ?? this.#deps.defaultDispatch,
        ...(context.approver !== undefined && { approver: context.approver }),
      }),
    );
    return this.#open(runId, mission);
  }

  async #open(runId: string, mission: Mission): Promise<Entry> {
    const { store, owner, leaseMs } = this.#deps;
    const fence = await store.runs.takeLease(runId, owner, leaseMs);
    const run = await store.runs.find(runId);
    if (!run) throw new OrchestratorError("run_not_found", `There is no run ${runId}.`);
    const [tasks, results, turns, requests] = await Promise.all([
      store.tasks.of(runId),
      store.results.of(runId),
      store.journal.of(runId),
      store.approvals.list({ runId }),
    ]);
    if (!isTerminal(run.status) && run.status !== "running") {
      const isNew = run.status === "queued";
      const events = isNew
        ? []
        : [{ runId, type: "run_resumed" as const, key: `run_resumed:${fence}`, data: { title: run.title } }];
      await store.commit({ statements: store.runs.setRunning({ runId, fence }), events });
    }
    const session = new LiveRun(
      mission,
      { run: { ...run, fence }, tasks, results, turns, requests },
      run.dispatch,
      this.#deps,
    );
    return { session, isHosted: false, visits: 0, invoker: undefined, heartbeat: undefined };
  }

  #assertSameVersion(run: RunRecord, mission: Mission): void {
    const version = this.#deps.versionOf(mission);
    if (run.missionVersion === version) return;
    throw new OrchestratorError(
      "mission_changed",
      `Run ${run.runId} began under version ${run.missionVersion.slice(0, 12)} of ${mission.slug}, but this graph was made from version ${version.slice(0, 12)}. ` +
        `Continue it with "mission resume ${run.runId}", which uses its own version, or use a new thread.`,
    );
  }

  /** A call without an input of its own goes on with the run's case, whatever a refused one left on the thread. */
  async #assertSameInput(run: RunRecord, mission: Mission, invocation: Invocation, caseInput: unknown): Promise<void> {
    if (invocation.configurable[IS_RESUMING] === true) return;
    const { caseData } = await this.#deps.prepareCase(mission, caseInput, run.startedAt);
    if (digestOf(caseData) === run.caseDigest) return;
    throw new OrchestratorError(
      "run_exists",
      `Thread ${run.runId} holds a run on ${run.title} already. Use a new thread for another case, or the same input to continue this one.`,
    );
  }

  #beat(entry: Entry): void {
    if (entry.heartbeat) return;
    entry.heartbeat = setInterval(() => void this.#renew(entry), HEARTBEAT_MS);
    entry.heartbeat.unref();
  }

  async #renew({ session }: Entry): Promise<void> {
    if (session.signal.aborted) return;
    const fence = { runId: session.runId, fence: session.run.fence };
    try {
      const { held, cancelRequestedBy } = await this.#deps.store.runs.renewLease(fence, this.#deps.leaseMs);
      if (!held)
        session.stop(
          new OrchestratorError(
            "stale_owner",
            `Run ${session.runId} has another owner now; this process stops working on it.`,
          ),
        );
      else if (cancelRequestedBy !== undefined && !session.isCancelled) session.cancel();
    } catch (error) {
      session.stop(error);
    }
  }

  #toWriter(runId: string, write: (writer: NonNullable<Invocation["writer"]>) => void): void {
    const writer = this.#writers.get(runId);
    if (writer) write(writer);
  }
}

/**
 * A run is its top-level thread; inside a parent graph the thread and the parent's node that holds the mission, so that
 * two missions in one parent are two runs.
 */
function runIdOf(invocation: Invocation): string {
  const threadId = invocation.configurable["thread_id"];
  if (typeof threadId !== "string" || threadId === "") {
    throw new OrchestratorError(
      "usage",
      "A mission needs a thread: pass { configurable: { thread_id } } and compile with a checkpointer.",
    );
  }
  const namespace = invocation.configurable["checkpoint_ns"];
  const segments = typeof namespace === "string" && namespace !== "" ? namespace.split("|") : [];
  return segments.length > 1 ? `${threadId}/${segments[0] ?? ""}` : threadId;
}

/** The context with what is missing left out. `usage` when it does not fit. */
function contextOf(invocation: Invocation): MissionContext {
  const parsed = MissionContext.safeParse(invocation.context ?? {});
  if (parsed.success && (parsed.data.mode === "model" || parsed.data.model !== undefined)) {
    throw new OrchestratorError(
      "usage",
      'No agent here works with a model: every skill is a playbook. Leave "model" out of the context, and "mode" at auto or playbook.',
    );
  }
  if (parsed.success) return parsed.data;
  throw new OrchestratorError(
    "usage",
    `The context does not fit: ${parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}`,
  );
}

function isOtherThan(invoker: Invocation["writer"], writer: Invocation["writer"]): boolean {
  return invoker !== undefined && writer !== undefined && invoker !== writer;
}

function stopBeating(entry: Entry): void {
  clearInterval(entry.heartbeat);
  entry.heartbeat = undefined;
}
