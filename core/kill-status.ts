import type { KillAct } from "./kill.js";
import { concerns } from "./kill.js";
import type { KillView } from "./kill-views.js";
import { toKillView } from "./kill-views.js";
import type { Mission } from "./mission.js";
import type { ApprovalRecord, RunRecord, TaskRecord } from "./records.js";
import type { RunStatus } from "./run.js";
import { isTerminal } from "./run.js";

/** What is needed to say what the kill switch does to one run. */
export interface StoppableRun {
  readonly run: Pick<RunRecord, "runId" | "status" | "ending">;
  readonly mission: Pick<Mission, "agents"> | undefined;
  readonly tasks: readonly Pick<TaskRecord, "taskId" | "status">[];
  /** Those that nobody has decided. */
  readonly pending: readonly Pick<ApprovalRecord, "taskId">[];
}

/**
 * A run's status as it is told, and the switches that stop work of it. A run under way that is stopped as a whole, or of
 * which nothing is at work while the switch stops some of it, is told as waiting: whoever turns the switch off moves it.
 * Its row says `running` all the same, so that a run whose process dies is found by `resume`.
 */
export function toldWithStops(
  of: StoppableRun,
  on: readonly KillAct[],
): { readonly status: RunStatus; readonly stopped?: readonly KillView[] } {
  const { run, mission } = of;
  if (on.length === 0 || isTerminal(run.status)) return { status: run.status };
  const stopping = on.filter((kill) => concerns(kill, run.runId, mission ?? { agents: [] }));
  if (stopping.length === 0) return { status: run.status };
  const isWhole = stopping.some(({ scope }) => scope === "all" || scope === "run");
  const isWaiting = run.status === "running" && (isWhole || isStill(of));
  return { status: isWaiting ? "waiting" : run.status, stopped: stopping.map(toKillView) };
}

/** True when none of the tasks is at work and one waits for the switch, or all that is left is to take back what they did. */
function isStill({ run, tasks, pending }: StoppableRun): boolean {
  const asks = new Set(pending.map(({ taskId }) => taskId));
  const isStopped =
    run.ending !== undefined ||
    tasks.some(({ taskId, status }) => status === "waiting_for_person" && !asks.has(taskId));
  return isStopped && !tasks.some(({ status }) => status === "running");
}
