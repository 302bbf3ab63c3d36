import type { KillAct, Stops, Work } from "../core/kill.js";
import { stopOf } from "../core/kill.js";
import type { Kills } from "../core/ports.js";

/** Twice within the second in which a switch must be heeded by every process. */
const LOOK_MS = 400;

interface Listener {
  readonly work: Work;
  readonly callback: (kill: KillAct) => void;
}

/**
 * The kill switch as this process knows it. It reads the store again and again while somebody follows, that is while
 * this process works on a run. Claims of effects do not rely on it: they ask the store in their own unit.
 */
export class KillWatch implements Stops {
  readonly #kills: Pick<Kills, "on">;
  readonly #listeners = new Set<Listener>();
  readonly #waiting = new Set<() => void>();
  #on: readonly KillAct[] = [];
  #followers = 0;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(kills: Pick<Kills, "on">) {
    this.#kills = kills;
  }

  /** Keeps what is known fresh until the returned function is called. */
  follow(): () => void {
    this.#followers += 1;
    // A failing read changes nothing: a store that cannot be read stops its runs by their heartbeats.
    this.#timer ??= setInterval(() => void this.look().catch(() => undefined), LOOK_MS).unref();
    let isFollowing = true;
    return () => {
      if (!isFollowing) return;
      isFollowing = false;
      this.#followers -= 1;
      if (this.#followers > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  on(work: Work): KillAct | undefined {
    return stopOf(this.#on, work);
  }

  whenOn(work: Work, callback: (kill: KillAct) => void): () => void {
    const kill = this.on(work);
    if (kill) {
      callback(kill);
      return () => undefined;
    }
    const listener = { work, callback };
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async untilOff(work: Work, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.on(work)) await this.#changed(signal);
  }

  /** Resolves once what is known is as fresh as this call. */
  async look(): Promise<void> {
    // A read that began before this call may miss what was switched in between.
    const before = this.#looking?.catch(() => undefined);
    const looking = (async () => {
      await before;
      const beganMs = performance.now();
      this.#know(await this.#kills.on());
      this.#lookedAtMs = beganMs;
    })();
    this.#looking = looking;
    try {
      await looking;
    } finally {
      if (this.#looking === looking) this.#looking = undefined;
    }
  }

  /** As `look`, but that nothing was on a moment ago is good enough. */
  async fresh(): Promise<void> {
    if (this.#on.length > 0 || performance.now() - this.#lookedAtMs > LOOK_MS) await this.look();
  }

  #know(on: readonly KillAct[]): void {
    const isSame = on.length === this.#on.length && on.every(({ actId }, index) => actId === this.#on[index]?.actId);
    if (isSame) return;
    this.#on = on;
    for (const listener of [...this.#listeners]) {
      const kill = this.on(listener.work);
      if (!kill || !this.#listeners.delete(listener)) continue;
      listener.callback(kill);
    }
    for (const wake of [...this.#waiting]) wake();
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => () => {
        this.#waiting.delete(wake);
        if (this.#waiting.size === 0) this.#timer?.unref();
        signal.removeEventListener("abort", abort);
        settle();
      };
      const wake = end(resolve);
      const abort = end(() => reject(signal.reason));
      this.#waiting.add(wake);
      // Nothing else may keep a process alive all of whose work is stopped: it is to go on by itself.
      this.#timer?.ref();
      signal.addEventListener("abort", abort, { once: true });
    });
  }
}
