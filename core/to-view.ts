import type { EffectDetailView, EffectView, UndoView } from "./effect-views.js";
import type { Mission, Task } from "./mission.js";
import { costUsd } from "./money.js";
import type { ApprovalRecord, EffectRecord, RunRecord, TaskRecord, Turn, UndoRecord } from "./records.js";
import type { RunStatus } from "./run.js";
import { undoIdOf, undoSubject } from "./undo.js";
import type { ApprovalView, TaskView } from "./views.js";

const STANDING: Readonly<Record<UndoRecord["outcome"], EffectView["status"]>> = {
  undone: "undone",
  by_hand: "undone_by_hand",
  left: "left",
  nothing: "done",
};

/** A task's row as `status` and reports show it. */
export function toTaskView(task: Task, record: TaskRecord, mission: Pick<Mission, "agents">): TaskView {
  return {
    title: task.title,
    status: record.status,
    agent_id: record.agentId ?? null,
    agent_name: mission.agents.find((agent) => agent.id === record.agentId)?.name ?? null,
    attempts: record.attempt,
    started_at: record.startedAt?.toISOString() ?? null,
    finished_at: record.finishedAt?.toISOString() ?? null,
    cost_usd: costUsd([record]),
    degraded: record.degraded,
    waiting_for: record.waitingFor ?? null,
    summary: record.summary ?? null,
    error_code: record.errorCode ?? null,
    error: record.errorMessage ?? null,
    progress: record.progress?.ratio ?? null,
    result_digest: record.resultDigest ?? null,
  };
}

/** A request as lists and the inbox show it. */
export function toApprovalView(request: ApprovalRecord, run: Pick<RunRecord, "title" | "missionName">): ApprovalView {
  return {
    approval_id: request.approvalId,
    run_id: request.runId,
    title: run.title,
    mission: run.missionName,
    kind: request.kind,
    task_id: request.taskId,
    digest: request.digest,
    summary: request.shown.question,
    allowed: request.shown.allowed,
    assigned_to: request.role,
    due_at: request.dueAt.toISOString(),
    created_at: request.createdAt.toISOString(),
    status: request.status,
    decided_by: request.decidedBy ?? null,
    decided_at: request.decidedAt?.toISOString() ?? null,
    shown: request.shown,
  };
}

/** What a run did, without the effects by which it took that back: those show at what they took back. */
export function actsAmong(effects: readonly EffectRecord[]): readonly EffectRecord[] {
  return effects.filter(({ undoes }) => undoes === undefined);
}

/** An effect as reports show it, with what became of it when its run did not complete. */
export function toEffectView(effect: EffectRecord, runStatus: RunStatus): EffectView {
  return {
    effect_id: effect.effectId,
    task_id: effect.taskId,
    agent_id: effect.agentId,
    tool: effect.tool,
    status: standingOf(effect, runStatus),
    args: effect.args,
    approval_id: effect.approvalId ?? null,
    at: (effect.settledAt ?? effect.claimedAt).toISOString(),
    idempotency_key: effect.idempotencyKey,
    ...(effect.undo && { undo: toUndoView(effect.effectId, effect.undo) }),
  };
}

/** What a failed or cancelled run left standing, without having taken it back, is *not undone*. */
function standingOf({ status, undo }: EffectRecord, runStatus: RunStatus): EffectView["status"] {
  if (undo) return STANDING[undo.outcome];
  return status === "done" && (runStatus === "failed" || runStatus === "cancelled") ? "not_undone" : status;
}

function toUndoView(effectId: string, { outcome, at, by, note }: UndoRecord): UndoView {
  const key = outcome === "undone" ? undoIdOf(effectId) : null;
  return { outcome, at: at.toISOString(), by, note: note ?? null, idempotency_key: key };
}

/** The same with names, approval and figures, from the rows around it. */
export function toEffectDetail(
  effect: EffectRecord,
  runStatus: RunStatus,
  { mission, approvals, turns }: EffectSurroundings,
): EffectDetailView {
  const { taskId, attempt, turnKey, agentId } = effect;
  const turn = turns.find((each) => each.taskId === taskId && each.attempt === attempt && each.key === turnKey);
  return {
    ...toEffectView(effect, runStatus),
    idempotency_key: effect.idempotencyKey,
    task_title: mission.tasks.find(({ id }) => id === taskId)?.title ?? taskId,
    agent_name: mission.agents.find(({ id }) => id === agentId)?.name ?? agentId,
    approved_by: approvals.find(({ approvalId }) => approvalId === effect.approvalId)?.decidedBy ?? null,
    is_undo_asked: approvals.some(
      (asked) => asked.status === "pending" && asked.subject === undoSubject(effect.effectId),
    ),
    claimed_at: effect.claimedAt.toISOString(),
    settled_at: effect.settledAt?.toISOString() ?? null,
    result: effect.result ?? null,
    cost_usd: turn ? costUsd([turn]) : null,
    duration_ms: turn?.durationMs ?? null,
  };
}

/** What is needed to name who allowed and did an effect. */
export interface EffectSurroundings {
  readonly mission: Pick<Mission, "tasks" | "agents">;
  readonly approvals: readonly ApprovalRecord[];
  readonly turns: readonly Turn[];
}
