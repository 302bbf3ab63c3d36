import type { SlotRequest } from "../core/session.js";

interface Waiting {
  readonly request: SlotRequest;
  readonly grant: () => void;
}

/**
 * Places at work in this process: `max_parallel` for each run, and each agent's own limit (its bulkhead). A run's and
 * an agent's place are taken together or not at all, so nobody holds one while waiting for the other.
 */
export class Slots {
  readonly #taken = new Map<string, number>();
  #waiting: Waiting[] = [];
  #isLooking = false;

  /**
   * Resolves with the function that gives the place back (a second call does nothing). Longest remaining path goes
   * first among all who ask in this turn of the event loop: who becomes ready by the work that freed a place, too.
   */
  async take(request: SlotRequest): Promise<() => void> {
    request.signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        this.#waiting = this.#waiting.filter((entry) => entry !== waiting);
        reject(request.signal.reason);
      };
      const waiting: Waiting = {
        request,
        grant: () => {
          request.signal.removeEventListener("abort", abort);
          resolve();
        },
      };
      request.signal.addEventListener("abort", abort, { once: true });
      this.#enqueue(waiting);
      this.#look();
    });
    return this.#giver(request);
  }

  #enqueue(waiting: Waiting): void {
    const at = this.#waiting.findIndex((entry) => entry.request.priority < waiting.request.priority);
    if (at < 0) this.#waiting.push(waiting);
    else this.#waiting.splice(at, 0, waiting);
  }

  #giver(request: SlotRequest): () => void {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#count(request, -1);
      this.#look();
    };
  }

  /** Once this turn's promises have run, and so before anything is written: a place given then costs no turn of its own. */
  #look(): void {
    if (this.#isLooking || this.#waiting.length === 0) return;
    this.#isLooking = true;
    process.nextTick(() => {
      this.#isLooking = false;
      this.#grantFree();
    });
  }

  /** The place is counted here, before the waiter wakes, so that nobody takes it in between. */
  #grantFree(): void {
    const kept: Waiting[] = [];
    for (const entry of this.#waiting) {
      if (!this.#isFree(entry.request)) {
        kept.push(entry);
        continue;
      }
      this.#count(entry.request, 1);
      entry.grant();
    }
    this.#waiting = kept;
  }

  #isFree({ runId, runLimit, agentId, agentLimit }: SlotRequest): boolean {
    return this.#takenOf(`run:${runId}`) < runLimit && this.#takenOf(`agent:${agentId}`) < agentLimit;
  }

  #count({ runId, agentId }: SlotRequest, by: number): void {
    for (const key of [`run:${runId}`, `agent:${agentId}`]) {
      const taken = this.#takenOf(key) + by;
      if (taken === 0) this.#taken.delete(key);
      else this.#taken.set(key, taken);
    }
  }

  #takenOf(key: string): number {
    return this.#taken.get(key) ?? 0;
  }
}
