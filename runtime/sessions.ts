import { setMaxListeners } from "node:events";
import { digestOf } from "../core/digest.js";
import { OrchestratorError } from "../core/errors.js";
import type { Mission } from "../core/mission.js";
import type { Dispatch, RunRecord } from "../core/records.js";
import { isTerminal } from "../core/run.js";
import type { Invocation, Person, Sessions, Visit } from "../core/session.js";
import { Heartbeat } from "./heartbeat.js";
import { contextOf, runIdOf } from "./invoked.js";
import type { KillWatch } from "./kill-watch.js";
import type { PreparedCase, RunStart } from "./new-run.js";
import { newRun } from "./new-run.js";
import { titleTold } from "./personal.js";
import type { RunRows, SessionDeps } from "./run-rows.js";
import { LiveRun } from "./run-session.js";

/** Set by LangGraph for the first superstep of a call with no input but `null` or `Command({ resume })`. */
const IS_RESUMING = "__pregel_resuming";

export interface SessionsDeps extends SessionDeps {
  /** `<pid>@<hostname>:<nonce>`: who holds this process's leases. */
  readonly owner: string;
  readonly leaseMs: number;
  readonly stops: KillWatch;
  readonly defaultDispatch: Dispatch;
  /** Who answers when the invocation names nobody. */
  readonly localUser: string;
  readonly versionOf: (mission: Mission) => string;
  readonly prepareCase: (mission: Mission, caseInput: unknown, startedAt: Date) => Promise<PreparedCase>;
  /** Brings what the mission's agents need to where nodes and gate find it. */
  readonly prepareMission: (mission: Mission) => Promise<void>;
}

interface Entry {
  readonly session: LiveRun;
  /** Held by the orchestrator from before `invoke` until after it; else by visits alone. */
  isHosted: boolean;
  /** Begun here and not worked on yet: its rows are known and its lease is held. */
  isNew: boolean;
  visits: number;
  /** The stream writer of the `invoke` that works on it: LangGraph makes one for each. */
  invoker: Invocation["writer"] | undefined;
  readonly heartbeat: Heartbeat;
}

/** The runs that this process works on, each under one lease, whoever invoked its graph. */
export class SessionRegistry implements Sessions {
  readonly #deps: SessionsDeps;
  readonly #entries = new Map<string, Promise<Entry>>();

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
    deps.hub.listen((event) => this.#toWriter(event.run_id, (writer) => writer(event)));
  }

  /** For each signal of an invocation the one that fires with a session's too: all nodes of a superstep share it. */
  readonly #signals = new WeakMap<AbortSignal, { session: LiveRun; signals: Pick<Visit, "signal" | "beginSignal"> }>();
  readonly #writers = new Map<string, NonNullable<Invocation["writer"]>>();
  readonly #superseded = new WeakSet<NonNullable<Invocation["writer"]>>();

  async enter(mission: Mission, invocation: Invocation, input?: { caseInput: unknown }): Promise<Visit> {
    const runId = runIdOf(invocation);
    // One signal serves all nodes of a superstep: more than ten of them listening is no leak.
    if (invocation.signal) setMaxListeners(0, invocation.signal);
    const entry = await this.#heardBy(runId, invocation, () => this.#visit(runId, mission, invocation, input));
    entry.heartbeat.start();
    const signalsOf = () => this.#signalsOf(entry, invocation.signal);
    return {
      session: entry.session,
      // Made for those who look: most nodes only decide, and what follows two signals is dear.
      get signal() {
        return signalsOf().signal;
      },
      get beginSignal() {
        return signalsOf().beginSignal;
      },
      leave: () => {
        entry.visits -= 1;
        if (entry.visits > 0) return;
        if (!entry.isHosted) entry.heartbeat.stop();
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

  /** Makes a run exist that is this process's from the first: one unit creates it and takes its lease, and `adopt` finds it. */
  async begin(mission: Mission, prepared: PreparedCase, start: Omit<RunStart, "heldBy">): Promise<void> {
    const { store, owner, leaseMs, prepareMission } = this.#deps;
    await prepareMission(mission);
    const { unit, rows } = newRun(store, mission, prepared, { ...start, heldBy: { owner, leaseMs } });
    await store.commit(unit);
    this.#entries.set(start.runId, Promise.resolve({ ...this.#entryOf(mission, rows), isNew: true }));
  }

  /** As `host`, for a run that was begun here and that nobody has worked on. */
  async adopt(runId: string): Promise<LiveRun | undefined> {
    const entry = await this.#entries.get(runId)?.catch(() => undefined);
    if (!entry?.isNew) return undefined;
    entry.isNew = false;
    entry.isHosted = true;
    entry.heartbeat.start();
    return entry.session;
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
    entry.heartbeat.start();
    return entry.session;
  }

  /** Forgets a hosted run once its `invoke` has ended. The lease is the caller's to give back. */
  async unhost(runId: string): Promise<void> {
    const entry = await this.#entries.get(runId)?.catch(() => undefined);
    if (entry) entry.heartbeat.stop();
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
      entry.heartbeat.stop();
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
      // The orchestrator looks before it invokes; between two steps of other invocations nobody watches the switch.
      if (!entry.isHosted && entry.visits === 0) await this.#deps.stops.look();
      entry.session.undoSignal.throwIfAborted();
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
    await this.#deps.prepareMission(mission);
    const prepared = await this.#deps.prepareCase(mission, input.caseInput, startedAt);
    const context = contextOf(invocation);
    const { store, owner, leaseMs, versionOf, defaultDispatch } = this.#deps;
    const { unit, rows } = newRun(store, mission, prepared, {
      runId,
      version: versionOf(mission),
      startedAt,
      host: "external",
      dispatch: context.dispatch ?? defaultDispatch,
      heldBy: { owner, leaseMs },
      ...(context.approver !== undefined && { approver: context.approver }),
    });
    await store.commit(unit);
    return this.#entryOf(mission, rows);
  }

  async #open(runId: string, mission: Mission): Promise<Entry> {
    const { store, owner, leaseMs, prepareMission } = this.#deps;
    await prepareMission(mission);
    const fence = await store.runs.takeLease(runId, owner, leaseMs);
    const run = await store.runs.find(runId);
    if (!run) throw new OrchestratorError("run_not_found", `There is no run ${runId}.`);
    const [tasks, results, turns, requests] = await Promise.all([
      store.tasks.of(runId),
      store.results.of(runId),
      store.journal.of(runId),
      store.approvals.list({ runId }),
    ]);
    if (!isTerminal(run.status)) {
      // Also a run that a process left while it was at work: its log tells that nobody worked on it in between.
      const isNew = run.status === "queued";
      const events = isNew
        ? []
        : [
            {
              runId,
              type: "run_resumed" as const,
              key: `run_resumed:${fence}`,
              data: { title: titleTold(mission, run) },
            },
          ];
      await store.commit({ statements: store.runs.setRunning({ runId, fence }), events });
    }
    return this.#entryOf(mission, { run: { ...run, fence }, tasks, results, turns, requests });
  }

  #entryOf(mission: Mission, rows: RunRows): Entry {
    const session = new LiveRun(mission, rows, rows.run.dispatch, this.#deps);
    return {
      session,
      isHosted: false,
      isNew: false,
      visits: 0,
      invoker: undefined,
      heartbeat: new Heartbeat(session, this.#deps),
    };
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

  #signalsOf({ session }: Entry, outer = session.signal) {
    const known = this.#signals.get(outer);
    if (known?.session === session) return known.signals;
    const signal = outer === session.signal ? outer : AbortSignal.any([session.signal, outer]);
    const beginSignal = AbortSignal.any([signal, session.draining]);
    setMaxListeners(0, signal, beginSignal);
    this.#signals.set(outer, { session, signals: { signal, beginSignal } });
    return { signal, beginSignal };
  }

  #toWriter(runId: string, write: (writer: NonNullable<Invocation["writer"]>) => void): void {
    const writer = this.#writers.get(runId);
    if (writer) write(writer);
  }
}

function isOtherThan(invoker: Invocation["writer"], writer: Invocation["writer"]): boolean {
  return invoker !== undefined && writer !== undefined && invoker !== writer;
}
