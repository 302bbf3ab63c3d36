import { hasCode, OrchestratorError } from "../core/errors.js";
import { killEvent } from "../core/kill.js";
import type { Mission } from "../core/mission.js";
import type { RunRecord } from "../core/records.js";
import { isDecided, isTerminal } from "../core/run.js";
import { limitFor, missionGraph } from "../graphs/mission-graph.js";
import type { Composition } from "./compose.js";
import type { PreparedCase, RunStart } from "./new-run.js";
import { newRun } from "./new-run.js";
import { waitingFor } from "./requests.js";
import type { LiveRun } from "./run-session.js";
import { missionOf } from "./run-views.js";
import { BY_ROWS } from "./store/saver-config.js";

const DRAIN_MS = 10_000;
const MAX_MISSIONS_KNOWN = 100;

/**
 * Works on runs in this process: takes the lease, invokes the run's own graph, and goes on until the run has ended or
 * only people can move it. One run at a time each; a second call for the same run joins the first.
 */
export class Worker {
  readonly #parts: Composition;
  readonly #working = new Map<string, Promise<RunRecord>>();
  readonly #graphs = new Map<string, ReturnType<typeof compileGraph>>();
  readonly #missions = new Map<string, Mission>();
  #isDraining = false;

  constructor(parts: Composition) {
    this.#parts = parts;
  }

  /** True once `drain` was called: no run is taken any more. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** True while this process works on the run. */
  isWorkingOn(runId: string): boolean {
    return this.#working.has(runId);
  }

  /** Makes a run exist, as this process's own unless it shuts down or the kill switch stops everything; `work` then works on it. `run_exists` when the case has an open one. */
  async begin(mission: Mission, prepared: PreparedCase, start: Omit<RunStart, "host" | "heldBy">): Promise<void> {
    const { sessions, store } = this.#parts;
    const hosted = { ...start, host: "orchestrator" as const, asOnlyOpen: true };
    await this.#parts.stops.fresh();
    const kill = this.#parts.stops.on({ runId: start.runId });
    const { unit } = newRun(store, mission, prepared, hosted);
    if (kill) await store.commit({ ...unit, events: [...(unit.events ?? []), killEvent(kill, start.runId)] });
    else if (this.#isDraining) await store.commit(unit);
    else await sessions.begin(mission, prepared, hosted);
  }

  /** Resolves with the run's row once it has ended or waits. `run_busy` when another live process has it, `closed` after `drain`. */
  work(runId: string): Promise<RunRecord> {
    const known = this.#working.get(runId);
    if (known) return known;
    const working = this.#workUntilApplied(runId).finally(() => this.#working.delete(runId));
    this.#working.set(runId, working);
    return working;
  }

  /** A decision that came while the run was being left is not left lying: whoever decided was told that it goes on here. */
  async #workUntilApplied(runId: string): Promise<RunRecord> {
    for (;;) {
      const run = await this.#work(runId);
      if (run.status !== "waiting" || this.#isDraining) return run;
      const requests = await this.#parts.store.approvals.list({ runId });
      if (!requests.some((request) => isDecided(request.status) && request.appliedAt === undefined)) return run;
    }
  }

  /** Lets running tasks reach their end, at most ten seconds, begins nothing new, and gives the leases back. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.#parts.sessions.drainAll(shuttingDown());
    const timer = new Promise<void>((resolve) => setTimeout(resolve, DRAIN_MS).unref());
    await Promise.race([Promise.allSettled([...this.#working.values()]), timer]);
    await this.#parts.sessions.stopAll(shuttingDown());
    await Promise.allSettled([...this.#working.values()]);
  }

  /** The compiled graph of a mission on our own saver: one for each version. */
  graph(mission: Mission) {
    const version = this.#parts.versionOf(mission);
    const known = this.#graphs.get(version) ?? compileGraph(mission, this.#parts);
    this.#graphs.set(version, known);
    return known;
  }

  async #work(runId: string): Promise<RunRecord> {
    const begun = await this.#parts.sessions.adopt(runId);
    const session = begun ?? (await this.#host(runId));
    try {
      if (this.#isDraining) throw shuttingDown();
      const ended = await this.#invokeUntilIdle(session, begun !== undefined);
      if (ended) return ended;
    } catch (error) {
      if (!hasCode(error, "closed") && !hasCode(session.undoSignal.reason, "closed")) throw error;
    } finally {
      await this.#leave(session);
    }
    return this.#find(runId);
  }

  async #host(runId: string): Promise<LiveRun> {
    if (this.#isDraining) throw shuttingDown();
    return this.#parts.sessions.host(runId, await this.missionOf(await this.#find(runId)));
  }

  /**
   * A run continues under the definitions that it began with: its version is read back, whatever the files say now.
   * Read once for many runs: what a version says never changes.
   */
  async missionOf(run: RunRecord): Promise<Mission> {
    const known = this.#missions.get(run.missionVersion);
    if (known) return known;
    const mission = await missionOf(this.#parts.store, run);
    const [oldest] = this.#missions.keys();
    if (this.#missions.size >= MAX_MISSIONS_KNOWN && oldest !== undefined) this.#missions.delete(oldest);
    this.#missions.set(run.missionVersion, mission);
    return mission;
  }

  /** The run's row once it has ended; nothing when it waits. */
  async #invokeUntilIdle(session: LiveRun, isNew: boolean): Promise<RunRecord | undefined> {
    const graph = this.graph(session.mission);
    const { runId, run } = session;
    const config = { configurable: { thread_id: runId, run_id: runId, fence: run.fence, [BY_ROWS]: true } };
    const hasBegun = !isNew && (await this.#hasCheckpoint(runId));
    let input: { case: Record<string, unknown> } | null = hasBegun ? null : { case: { ...run.caseData } };
    for (;;) {
      await graph.invoke(input, config);
      input = null;
      await this.#parts.store.flush();
      await session.settled();
      if (this.#isDraining) throw shuttingDown();
      const now = await this.#find(runId);
      if (isTerminal(now.status)) return now;
      if (session.isCancelled && !session.ending) continue;
      if (await this.#rest(session)) return undefined;
    }
  }

  async #hasCheckpoint(runId: string): Promise<boolean> {
    const { checkpointer } = this.#parts.store;
    return (await checkpointer.getTuple({ configurable: { thread_id: runId, checkpoint_ns: "" } })) !== undefined;
  }

  /** Marks the run as waiting and gives the lease back in one unit; false when a decision came meanwhile, or a cancel. */
  async #rest(session: LiveRun): Promise<boolean> {
    const fence = { runId: session.runId, fence: session.run.fence };
    const { runs } = this.#parts.store;
    await session.refresh();
    const pending = session.requests().filter((request) => request.status === "pending");
    if (session.requests().some((request) => isDecided(request.status) && request.appliedAt === undefined))
      return false;
    try {
      await this.#parts.store.commit({
        fence,
        statements: [...runs.wait(fence), ...runs.releaseLease(fence)],
        events: session.mask.told([waitingFor(session.run, pending)]),
      });
      session.isAtRest = true;
      return true;
    } catch (error) {
      if (!hasCode(error, "already_decided")) throw error;
      if ((await this.#find(session.runId)).cancelRequestedBy !== undefined) session.cancel();
      return false;
    }
  }

  async #leave(session: LiveRun): Promise<void> {
    const { sessions, store, deps } = this.#parts;
    deps.waves.drop(session.runId);
    await sessions.unhost(session.runId);
    if (session.isAtRest && !session.isOver) return; // the lease was given back with the last unit
    if (!hasCode(session.undoSignal.reason, "stale_owner")) {
      const fence = { runId: session.runId, fence: session.run.fence };
      await store.commit({ statements: store.runs.releaseLease(fence) });
    }
  }

  async #find(runId: string): Promise<RunRecord> {
    const run = await this.#parts.store.runs.find(runId);
    if (!run) throw new OrchestratorError("run_not_found", `There is no run ${runId}.`);
    return run;
  }
}

/** Why a worker stopped before the run ended or waited, or does not begin at all. */
function shuttingDown(): OrchestratorError {
  return new OrchestratorError("closed", 'This process is shutting down. "mission resume" continues what it leaves.');
}

function compileGraph(mission: Mission, parts: Composition) {
  return missionGraph(mission, parts.deps)
    .compile({ checkpointer: parts.store.checkpointer, name: mission.slug })
    .withConfig({ recursionLimit: limitFor(mission), durability: "sync" });
}
