import { hasCode, OrchestratorError } from "../core/errors.js";
import type { Mission } from "../core/mission.js";
import type { RunRecord } from "../core/records.js";
import { isDecided, isTerminal } from "../core/run.js";
import { limitFor, missionGraph } from "../graphs/mission-graph.js";
import type { Composition } from "./compose.js";
import { waitingFor } from "./requests.js";
import type { LiveRun } from "./run-session.js";

const DRAIN_MS = 10_000;

/**
 * Works on runs in this process: takes the lease, invokes the run's own graph, and goes on until the run has ended or
 * only people can move it. One run at a time each; a second call for the same run joins the first.
 */
export class Worker {
  readonly #parts: Composition;
  readonly #working = new Map<string, Promise<RunRecord>>();
  readonly #graphs = new Map<string, ReturnType<typeof compileGraph>>();
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
    if (this.#isDraining) throw shuttingDown();
    const mission = await this.missionOf(await this.#find(runId));
    const session = await this.#parts.sessions.host(runId, mission);
    try {
      await this.#invokeUntilIdle(session, mission);
    } catch (error) {
      if (!hasCode(error, "closed") && !hasCode(session.signal.reason, "closed")) throw error;
    } finally {
      await this.#leave(session);
    }
    return this.#find(runId);
  }

  /** A run continues under the definitions that it began with: its version is read back, whatever the files say now. */
  async missionOf(run: RunRecord): Promise<Mission> {
    const stored = await this.#parts.store.missions.find(run.missionVersion);
    if (!stored)
      throw new OrchestratorError(
        "mission_changed",
        `Version ${run.missionVersion.slice(0, 12)} of ${run.missionSlug}, under which run ${run.runId} began, is not in this store.`,
      );
    return stored.document as unknown as Mission; // safe: written by newRunUnit from a Mission, which is plain JSON
  }

  async #invokeUntilIdle(session: LiveRun, mission: Mission): Promise<void> {
    const graph = this.graph(mission);
    const { runId, run } = session;
    const config = { configurable: { thread_id: runId, run_id: runId, fence: run.fence } };
    const began = await this.#parts.store.checkpointer.getTuple({
      configurable: { thread_id: runId, checkpoint_ns: "" },
    });
    let input: { case: Record<string, unknown> } | null = began ? null : { case: { ...run.caseData } };
    for (;;) {
      await graph.invoke(input, config);
      input = null;
      if (this.#isDraining) throw shuttingDown();
      const now = await this.#find(runId);
      if (isTerminal(now.status)) return;
      if (session.isCancelled) continue;
      if (await this.#rest(session)) return;
    }
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
        events: [waitingFor(session.run, pending)],
      });
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
    if (!hasCode(session.signal.reason, "stale_owner")) {
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
