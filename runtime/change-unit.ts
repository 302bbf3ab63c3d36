import type { Statement, Store } from "../core/ports.js";
import type { ApprovalRecord, RunFence, TaskRecord } from "../core/records.js";
import { isDecided, isSettled } from "../core/run.js";
import type { Change } from "../core/session.js";

/** The rows that a change of a run writes, in one unit. */
export function statementsOf(store: Store, run: RunFence, change: Change, now: Date): Statement[] {
  return [
    ...(change.tasks?.length ? store.tasks.put(change.tasks) : []),
    ...(change.supersede ?? []).flatMap((taskId) => store.results.supersede(run.runId, taskId)),
    ...(change.results ?? []).flatMap((result) => store.results.put(result)),
    ...(change.turns ?? []).flatMap((turn) => store.journal.put(turn)),
    ...(change.applied?.length ? store.approvals.markApplied(change.applied, now) : []),
    ...(change.observations ?? []).flatMap((observation) => store.observations.put(observation)),
    ...(change.reviewRound !== undefined ? store.runs.setReviewRound(run, change.reviewRound) : []),
    ...(change.statements ?? []),
  ];
}

/** True when the store may refuse the change for what it says besides its turns: they are turns only once it is written. */
export function hasGuardedTurns({ statements = [], turns = [] }: Change): boolean {
  return statements.length > 0 && turns.length > 0;
}

/** Decisions that nothing has gone on with yet. */
export function unheededIn(requests: readonly ApprovalRecord[]): ApprovalRecord[] {
  return requests.filter((request) => isDecided(request.status) && request.appliedAt === undefined);
}

/** Requests that a change takes back: a new attempt what earlier ones still ask, a settled task all that it asked. */
export function obsoleteBy(requests: readonly ApprovalRecord[], tasks: readonly TaskRecord[]): ApprovalRecord[] {
  const moved = attemptsBehind(tasks);
  return requests.filter(
    (request) => request.status === "pending" && request.attempt < (moved.get(request.taskId) ?? 0),
  );
}

/** The change with all decisions that it has gone on with. */
export function withHeeded(change: Change, requests: readonly ApprovalRecord[]): Change {
  return { ...change, applied: [...(change.applied ?? []), ...heededBy(requests, change.tasks ?? [])] };
}

/** Decisions that a change has gone on with: a task that has settled, or begins anew, has heeded all about it. */
function heededBy(requests: readonly ApprovalRecord[], tasks: readonly TaskRecord[]): string[] {
  const moved = attemptsBehind(tasks);
  return unheededIn(requests)
    .filter((request) => request.attempt < (moved.get(request.taskId) ?? 0))
    .map((request) => request.approvalId);
}

function attemptsBehind(tasks: readonly TaskRecord[]): ReadonlyMap<string, number> {
  return new Map(tasks.map((task) => [task.taskId, isSettled(task.status) ? Number.POSITIVE_INFINITY : task.attempt]));
}
