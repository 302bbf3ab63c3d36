import { hasCode } from "../core/errors.js";
import type { Clock, Statement, Store } from "../core/ports.js";
import type { ResourceRecord, RunFence } from "../core/records.js";
import type { TaskResources } from "../core/session.js";
import type { EventHub } from "./event-hub.js";

const POLL_MS = 500;

/** What the resources of a run's tasks need of the run. */
export interface HeldBy {
  readonly fence: RunFence;
  readonly store: Pick<Store, "resources">;
  readonly clock: Clock;
  readonly hub: EventHub;
  /** Writes with the run's fence. Whoever gives this ends the run's work here when a write is refused. */
  readonly write: (statements: readonly Statement[]) => Promise<void>;
  /** False where nobody in the run can hold anything. */
  readonly hasAny: boolean;
  readonly isSettled: (taskId: string) => boolean;
}

/** A task that asks for all that it wants, until it is told whether it has it. */
interface Ask {
  readonly taskId: string;
  readonly wanted: readonly string[];
  readonly priority: number;
  readonly tell: (answer: Promise<ResourceRecord | undefined>) => void;
}

/** The resources that the tasks of one run hold, with the run's fence. The rows are the truth; here is what they should say. */
export class HeldResources implements TaskResources {
  readonly #by: HeldBy;
  /** What each task works with, whether it holds it just now or not. */
  readonly #wanted = new Map<string, readonly string[]>();
  readonly #holding = new Set<string>();
  /** Whether a task may have rows; of what owners before this one left nothing is known. */
  readonly #mayHold = new Map<string, boolean>();
  #asking: Ask[] = [];

  constructor(by: HeldBy) {
    this.#by = by;
  }

  async take(taskId: string, resources: readonly string[], priority = 0): Promise<ResourceRecord | undefined> {
    const wanted = [...new Set(resources)].sort();
    const isSame = this.#wanted.get(taskId)?.join("\n") === wanted.join("\n");
    if (isSame && this.#holding.has(taskId)) return undefined;
    this.#wanted.set(taskId, wanted);
    return new Promise((tell) => {
      // All who ask in this turn of the event loop come before anybody is answered: those whom one release has woken, too.
      if (this.#asking.length === 0) setImmediate(() => this.#answer());
      const at = this.#asking.findIndex((other) => other.priority < priority);
      this.#asking.splice(at < 0 ? this.#asking.length : at, 0, { taskId, wanted, priority, tell });
    });
  }

  /** Who wants what somebody before them wants comes after them; the others side by side. */
  #answer(): void {
    const answered: { readonly wanted: readonly string[]; readonly over: Promise<unknown> }[] = [];
    for (const { taskId, wanted, tell } of this.#asking.splice(0)) {
      const before = answered.filter((other) => other.wanted.some((name) => wanted.includes(name)));
      const answer = Promise.all(before.map(({ over }) => over)).then(() => this.#takeNow(taskId, wanted));
      answered.push({ wanted, over: answer.catch(() => undefined) });
      tell(answer);
    }
  }

  async #takeNow(taskId: string, wanted: readonly string[]): Promise<ResourceRecord | undefined> {
    const { store, fence, clock, write } = this.#by;
    for (;;) {
      const found = await store.resources.find(wanted);
      const other = found.find((row) => this.#isAnothers(taskId, row));
      if (other) {
        // Whoever waits holds nothing, so nobody ever waits for one who waits.
        await this.#release(taskId);
        return other;
      }
      try {
        await write(store.resources.take(fence, taskId, wanted, found, clock.now()));
        this.#holding.add(taskId);
        this.#mayHold.set(taskId, true);
        return undefined;
      } catch (error) {
        if (!hasCode(error, "resource_taken")) throw error;
      }
    }
  }

  async free(taskId: string): Promise<void> {
    await this.#release(taskId);
    this.#wanted.delete(taskId);
  }

  async #release(taskId: string): Promise<void> {
    if (!this.#mayHoldAny(taskId)) return;
    this.#holding.delete(taskId);
    this.#mayHold.set(taskId, false);
    await this.#give(this.#by.store.resources.free(this.#by.fence.runId, taskId), taskId);
  }

  async freeUnlessActed(taskId: string): Promise<void> {
    if (!this.#mayHoldAny(taskId)) return;
    this.#holding.delete(taskId);
    await this.#give(this.#by.store.resources.freeUnlessActed(this.#by.fence.runId, taskId), taskId);
  }

  guards(taskId: string): readonly Statement[] {
    return this.#by.store.resources.stillHeld(this.#by.fence, taskId, this.#wanted.get(taskId) ?? []);
  }

  /** Gives back all that the run's tasks hold; nothing where none of them declares any. */
  ofRun(): readonly Statement[] {
    return this.#by.hasAny ? this.#by.store.resources.freeAll(this.#by.fence.runId) : [];
  }

  async untilMoved({ resource }: ResourceRecord, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#by.hub.untilTold(topicOf(resource), POLL_MS, signal);
  }

  #mayHoldAny(taskId: string): boolean {
    return this.#by.hasAny && (this.#mayHold.get(taskId) ?? this.#by.fence.fence > 1);
  }

  /** Of a task of this run that has settled nothing is left to wait for. */
  #isAnothers(taskId: string, { isHeld, runId, taskId: holder }: ResourceRecord): boolean {
    if (!isHeld) return false;
    return runId !== this.#by.fence.runId || (holder !== taskId && !this.#by.isSettled(holder));
  }

  /** Never rejects: a refused write ends the run's work here by itself, and nobody need wait for what is given back. */
  async #give(statements: readonly Statement[], taskId: string): Promise<void> {
    const written = this.#by.write(statements).catch(() => undefined);
    // Whoever is woken reads what is queued: it need not be on disk first.
    for (const resource of this.#wanted.get(taskId) ?? []) this.#by.hub.tell(topicOf(resource));
    await written;
  }
}

function topicOf(resource: string): string {
  return `resource:${resource}`;
}
