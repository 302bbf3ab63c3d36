import { OrchestratorError } from "../core/errors.js";
import type { Store } from "../core/ports.js";
import type { KillWatch } from "./kill-watch.js";
import type { LiveRun } from "./run-session.js";

const EVERY_MS = 1_000;

interface HeartbeatDeps {
  readonly store: Pick<Store, "runs">;
  readonly stops: Pick<KillWatch, "follow">;
  readonly leaseMs: number;
}

/**
 * While it beats, this process's lease on a run is renewed, what others ask of the run is heard, and the kill switch is
 * watched. Whoever loses the lease stops working on the run.
 */
export class Heartbeat {
  readonly #session: LiveRun;
  readonly #deps: HeartbeatDeps;
  #timer: NodeJS.Timeout | undefined;
  #unwatch: (() => void) | undefined;

  constructor(session: LiveRun, deps: HeartbeatDeps) {
    this.#session = session;
    this.#deps = deps;
  }

  /** A second call changes nothing. */
  start(): void {
    if (this.#timer) return;
    this.#timer = setInterval(() => void this.#renew(), EVERY_MS).unref();
    this.#unwatch = this.#deps.stops.follow();
  }

  /** It may be started again. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#unwatch?.();
  }

  async #renew(): Promise<void> {
    const session = this.#session;
    if (session.undoSignal.aborted || session.isAtRest) return;
    const fence = { runId: session.runId, fence: session.run.fence };
    try {
      const { held, cancelRequestedBy } = await this.#deps.store.runs.renewLease(fence, this.#deps.leaseMs);
      if (session.isAtRest) return;
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
}
