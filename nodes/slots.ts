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

  /** Resolves with the function that gives the place back (a second call does nothing). Longest remaining path goes first. */
  async take(request: SlotRequest): Promise<() => void> {
    request.signal.throwIfAborted();
    if (this.#isFree(request)) return this.#give(request);
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
    });
    return this.#giver(request);
  }

  #enqueue(waiting: Waiting): void {
    const at = this.#waiting.findIndex((entry) => entry.request.priority < waiting.request.priority);
    if (at < 0) this.#waiting.push(waiting);
    else this.#waiting.splice(at, 0, waiting);
  }

  #give(request: SlotRequest): () => void {
    this.#count(request, 1);
    return this.#giver(request);
  }

  #giver(request: SlotRequest): () => void {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#count(request, -1);
      this.#grantNext();
    };
  }

  /** The place is counted here, before the waiter wakes, so that nobody takes it in between. */
  #grantNext(): void {
    for (const entry of [...this.#waiting]) {
      if (!this.#isFree(entry.request)) continue;
      this.#waiting.splice(this.#waiting.indexOf(entry), 1);
      this.#count(entry.request, 1);
      entry.grant();
    }
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
