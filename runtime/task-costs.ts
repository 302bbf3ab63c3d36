import type { TaskRecord, Turn } from "../core/records.js";
import type { Change } from "../core/session.js";

/** What a run and its tasks have cost: the sum of their turns, of all attempts. Rows of tasks and the gate get it here and nowhere else. */
export class TaskCosts {
  readonly #microUsd = new Map<string, number>();
  #totalMicroUsd = 0;

  constructor(turns: readonly Turn[]) {
    for (const turn of turns) this.#count(turn);
  }

  /** Of the whole run. */
  get totalMicroUsd(): number {
    return this.#totalMicroUsd;
  }

  /** The change with what it costs in its tasks' rows; `taskOf` gives those that it does not write anyway. */
  counted(change: Change, taskOf: (taskId: string) => TaskRecord): Change {
    const costed = (change.turns ?? []).filter((turn) => this.#count(turn)).map(({ taskId }) => taskId);
    if (this.#microUsd.size === 0) return change;
    const written = change.tasks ?? [];
    const others = [...new Set(costed)].filter((id) => !written.some(({ taskId }) => taskId === id)).map(taskOf);
    const tasks = [...written, ...others].map((task) => {
      return { ...task, costMicroUsd: this.#microUsd.get(task.taskId) ?? task.costMicroUsd };
    });
    return tasks.length === 0 ? change : { ...change, tasks };
  }

  #count({ taskId, costMicroUsd }: Turn): boolean {
    if (costMicroUsd <= 0) return false;
    this.#microUsd.set(taskId, (this.#microUsd.get(taskId) ?? 0) + costMicroUsd);
    this.#totalMicroUsd += costMicroUsd;
    return true;
  }
}
