import { z } from "zod";
import type { Playbook } from "../../core/define-agent.js";
import { fakePlaybook } from "./missions.js";

/** Turns of the event loop in which nothing new began: then nothing more will before somebody is done. */
const QUIET_TURNS = 50;
/** While nobody is at work at all something may still be on its way. */
const IDLE_TURNS = 500;
const MINUTE_MS = 60_000;
/** Shorter waits are the engine's own, such as for news; they pass in real time. */
const SHORTEST_MS = 1_000;
const BEGINNING = Date.parse("2026-03-02T09:00:00Z");

interface AtWork {
  readonly id: string;
  readonly ends: number;
  readonly order: number;
  readonly finish: () => void;
}

interface Timer {
  readonly at: number;
  readonly fire: () => void;
  unref(): Timer;
}

/**
 * Time that stands still while the engine thinks: each task takes exactly its minutes, who waits for a moment waits for
 * it to come, and nothing else takes any.
 */
export class VirtualTime {
  readonly #minutes: ReadonlyMap<string, number>;
  readonly #atWork: AtWork[] = [];
  readonly #timers = new Set<Timer>();
  readonly starts: Record<string, number> = {};
  #now = 0;

  constructor(minutes: ReadonlyMap<string, number>) {
    this.#minutes = minutes;
  }

  /** What the engine takes for the time of day. */
  readonly clock = { now: () => new Date(BEGINNING + this.#now * MINUTE_MS) };

  /** Minutes that have passed. */
  get minutes(): number {
    return this.#now;
  }

  /** The playbook of every task. */
  get playbook(): Playbook {
    return fakePlaybook({
      input: z.looseObject({}),
      run: (context) =>
        new Promise((resolve) => {
          const ends = this.#now + (this.#minutes.get(context.taskId) ?? 0);
          this.starts[context.taskId] = this.#now;
          this.#atWork.push({ id: context.taskId, ends, order: this.#atWork.length, finish: () => resolve({}) });
        }),
    });
  }

  /** Lets time pass, from one moment at which something happens to the next, until the work given is over. */
  async passUntil(begin: () => Promise<unknown>): Promise<void> {
    let isOver = false;
    const giveBack = this.#takeTimers();
    const done = begin().finally(() => {
      isOver = true;
    });
    done.catch(() => undefined);
    try {
      while (!isOver) {
        await this.#quiet(() => isOver);
        this.#pass();
      }
      await done;
    } finally {
      giveBack();
    }
  }

  #pass(): void {
    const next = Math.min(...[...this.#atWork].map(({ ends }) => ends), ...[...this.#timers].map(({ at }) => at));
    if (!Number.isFinite(next)) return;
    this.#now = next;
    for (const task of this.#atWork.filter(({ ends }) => ends === next)) {
      this.#atWork.splice(this.#atWork.indexOf(task), 1);
      task.finish();
    }
    for (const timer of [...this.#timers].filter(({ at }) => at === next)) {
      this.#timers.delete(timer);
      timer.fire();
    }
  }

  /** Long waits go by this time until the returned function is called. */
  #takeTimers(): () => void {
    const { setTimeout: wait, clearTimeout: forget } = globalThis;
    const virtual = (callback: () => void, ms = 0): unknown => {
      if (ms < SHORTEST_MS) return wait(callback, ms);
      const timer: Timer = { at: this.#now + ms / MINUTE_MS, fire: callback, unref: () => timer };
      this.#timers.add(timer);
      return timer;
    };
    const forgetAny = (timer: unknown): void => {
      if (!this.#timers.delete(timer as Timer)) forget(timer as NodeJS.Timeout);
    };
    Object.assign(globalThis, { setTimeout: virtual, clearTimeout: forgetAny });
    return () => void Object.assign(globalThis, { setTimeout: wait, clearTimeout: forget });
  }

  async #quiet(isOver: () => boolean): Promise<void> {
    let known = -1;
    for (let turns = 0; turns < this.#turnsToBeQuiet() && !isOver(); turns++) {
      const begun = Object.keys(this.starts).length;
      if (begun !== known) turns = 0;
      known = begun;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #turnsToBeQuiet(): number {
    if (this.#atWork.length > 0) return QUIET_TURNS;
    const isUnderWay = Object.keys(this.starts).length > 0;
    return isUnderWay && this.#timers.size > 0 ? IDLE_TURNS : Number.POSITIVE_INFINITY;
  }
}
