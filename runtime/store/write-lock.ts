import type { Database } from "better-sqlite3";
import { isLocked } from "./store-errors.js";

/** Between two tries, at least and at most: short, or a process that writes without pause would starve the others. */
const PAUSE_MS = { least: 1, most: 4 };

/**
 * Begins transactions that write. SQLite's own wait asks more and more rarely, ten times a second in the end, and a
 * process that waits so may never find the moment between two commits of a busy one; this asks every few milliseconds.
 */
export class WriteLock {
  readonly #handle: Database;
  readonly #limitMs: number;

  constructor(handle: Database, limitMs: number) {
    this.#handle = handle;
    this.#limitMs = limitMs;
  }

  /** Blocks until this process may write; throws the driver's error when that takes longer than the limit. */
  begin(): void {
    const begin = this.#handle.prepare("begin immediate");
    this.#handle.prepare("pragma busy_timeout = 0").get();
    try {
      patiently(this.#limitMs, () => begin.run());
    } finally {
      this.#handle.prepare(`pragma busy_timeout = ${this.#limitMs}`).get();
    }
  }
}

/** Acts again and again while another process holds the lock, until the limit has passed. */
export function patiently(limitMs: number, act: () => void): void {
  const deadline = performance.now() + limitMs;
  for (;;) {
    try {
      act();
      return;
    } catch (error) {
      if (!isLocked(error) || performance.now() >= deadline) throw error;
      sleep(PAUSE_MS.least + Math.random() * (PAUSE_MS.most - PAUSE_MS.least));
    }
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
