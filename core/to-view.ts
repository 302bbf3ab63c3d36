import type { Mission, Task } from "./mission.js";
import { costUsd } from "./money.js";
import type { ApprovalRecord, EffectRecord, RunRecord, TaskRecord } from "./records.js";
import type { RunStatus } from "./run.js";
import type { ApprovalView, EffectView, TaskView } from "./views.js";

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

/** An effect as reports show it: what a failed or cancelled run did is *not undone*. */
export function toEffectView(effect: EffectRecord, runStatus: RunStatus): EffectView {
  const stays = effect.status === "done" && (runStatus === "failed" || runStatus === "cancelled");
  return {
    effect_id: effect.effectId,
    task_id: effect.taskId,
    agent_id: effect.agentId,
    tool: effect.tool,
    status: stays ? "not_undone" : effect.status,
    args: effect.args,
    approval_id: effect.approvalId ?? null,
    at: (effect.settledAt ?? effect.claimedAt).toISOString(),
  };
}
