import type { Database } from "better-sqlite3";
import { isLocked } from "./store-errors.js";

/** Between two tries, at least and at most: short, or a process that writes without pause would starve the others. */
const PAUSE_MS = { least: 1, most: 4 };

/**
 * How a process waits for the locks of others. SQLite's own wait asks more and more rarely, ten times a second in the
 * end, and a process that waits so may never find the moment between two commits of a busy one; this asks every few
 * milliseconds. The handle itself does not wait at all.
 */
export class Locks {
  readonly #handle: Database;
  readonly #limitMs: number;

  constructor(handle: Database, limitMs: number) {
    this.#handle = handle;
    this.#limitMs = limitMs;
  }

  /** Begins a transaction once this process may write; throws the driver's error when that takes longer than the limit. */
  begin(): void {
    const begin = this.#handle.prepare("begin immediate");
    this.patiently(() => begin.run());
  }

  /** Acts, again and again while another process is in the way; throws the driver's error once the limit has passed. */
  patiently<Outcome>(act: () => Outcome): Outcome {
    const deadline = performance.now() + this.#limitMs;
    for (;;) {
      try {
        return act();
      } catch (error) {
        if (!isLocked(error) || performance.now() >= deadline) throw error;
        sleep(PAUSE_MS.least + Math.random() * (PAUSE_MS.most - PAUSE_MS.least));
      }
    }
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
