import { hasCode } from "../core/errors.js";
import type { Stops } from "../core/kill.js";
import type { Clock, Store } from "../core/ports.js";
import type { ApprovalRecord, ResultRecord, RunRecord, TaskRecord, Turn } from "../core/records.js";
import type { EventHub } from "./event-hub.js";
import type { Contracts } from "./personal.js";

/** What a run's rows held when the session was opened. */
export interface RunRows {
  readonly run: RunRecord;
  readonly tasks: readonly TaskRecord[];
  readonly results: readonly ResultRecord[];
  readonly turns: readonly Turn[];
  readonly requests: readonly ApprovalRecord[];
}

/** What a session works with. */
export interface SessionDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly stops: Stops;
  /** Where skills and tools say what is personal. */
  readonly contracts?: Contracts;
}

/** Somebody was faster: their word stands, and is read next. */
export function unlessDecided(error: unknown): void {
  if (!hasCode(error, "already_decided")) throw error;
}

/** Puts the turns among those known by their names. */
export function keepTurns(known: Map<string, Turn>, turns: readonly Turn[] = []): void {
  for (const turn of turns) known.set(turnId(turn.taskId, turn.attempt, turn.key), turn);
}

/** Names a turn among those of its run. */
export function turnId(taskId: string, attempt: number, key: string): string {
  return `${taskId}|${attempt}|${key}`;
}
