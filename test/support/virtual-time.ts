import { z } from "zod";
import type { Playbook } from "../../core/define-agent.js";
import { fakePlaybook } from "./missions.js";

/** Turns of the event loop in which nothing new began: then nothing more will before somebody is done. */
const QUIET_TURNS = 25;

interface AtWork {
  readonly id: string;
  readonly ends: number;
  readonly order: number;
  readonly finish: () => void;
}

/** Time that stands still while the engine thinks: each task takes exactly its minutes, and nothing else takes any. */
export class VirtualTime {
  readonly #minutes: ReadonlyMap<string, number>;
  readonly #atWork: AtWork[] = [];
  readonly starts: Record<string, number> = {};
  #now = 0;

  constructor(minutes: ReadonlyMap<string, number>) {
    this.#minutes = minutes;
  }

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

  /** Lets time pass, from one end of a task to the next, until the work given is over. */
  async passUntil(over: Promise<unknown>): Promise<void> {
    let isOver = false;
    const done = over.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await this.#quiet(() => isOver);
      const ends = Math.min(...this.#atWork.map((task) => task.ends));
      if (!Number.isFinite(ends)) continue;
      this.#now = ends;
      for (const task of this.#atWork.filter((one) => one.ends === ends)) {
        this.#atWork.splice(this.#atWork.indexOf(task), 1);
        task.finish();
      }
    }
    await done;
  }

  async #quiet(isOver: () => boolean): Promise<void> {
    let known = -1;
    for (let turns = 0; turns < QUIET_TURNS && !isOver(); turns++) {
      const begun = Object.keys(this.starts).length;
      if (begun !== known || this.#atWork.length === 0) turns = 0;
      known = begun;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
