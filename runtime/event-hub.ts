import type { JsonObject } from "../core/digest.js";
import type { EventType, MissionEvent } from "../core/event.js";
import { lineOf } from "../core/event.js";
import type { Listener } from "../core/ports.js";
import type { EventRecord } from "../core/records.js";

/** Passes the events of this process's runs on to whoever listens, and tells waiters that a row may have changed. */
export class EventHub {
  readonly #listeners = new Set<Listener>();
  readonly #waiters = new Map<string, Set<() => void>>();

  /** Call it with the returned function to stop. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What the store appended. */
  stored(record: EventRecord): void {
    this.emit(toMissionEvent(record.type as EventType, record.runId, record.taskId, record.at, record.data)); // safe: only our own drafts are appended
    const approvalId = record.data["approval_id"];
    if (typeof approvalId === "string") this.tell(approvalId);
  }

  /** Passes on an event that is not stored (progress). */
  emit(event: MissionEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Calls back when there is news of this topic in this process; returns how to stop. */
  #onNews(topic: string, callback: () => void): () => void {
    const set = this.#waiters.get(topic) ?? new Set();
    this.#waiters.set(topic, set.add(callback));
    return () => {
      set.delete(callback);
      if (set.size === 0) this.#waiters.delete(topic);
    };
  }

  /** True as soon as there is news of the topic in this process, false after the time given; heeds the signal. */
  untilTold(topic: string, waitMs: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        stopListening();
        signal.removeEventListener("abort", abort);
        settle();
      };
      const abort = () => end(() => reject(signal.reason));
      const timer = setTimeout(() => end(() => resolve(false)), waitMs);
      const stopListening = this.#onNews(topic, () => end(() => resolve(true)));
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  /** Wakes whoever waits for news of this topic: an approval by its id, or something else by a name of its own. */
  tell(topic: string): void {
    for (const callback of [...(this.#waiters.get(topic) ?? [])]) callback();
  }
}

/** An event in the shape that listeners get. */
export function toMissionEvent(
  type: EventType,
  runId: string,
  taskId: string | undefined,
  at: Date,
  data: JsonObject,
): MissionEvent {
  return {
    type,
    run_id: runId,
    ...(taskId !== undefined && { task_id: taskId }),
    at: at.toISOString(),
    line: lineOf(type, taskId, data),
    data,
  };
}
