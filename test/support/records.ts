import type { Json } from "../../core/digest.js";
import { digestOf } from "../../core/digest.js";
import type { ApprovalRecord, EffectRecord, ResultRecord, RunRecord, TaskRecord, Turn } from "../../core/records.js";

const NOW = new Date("2026-03-01T08:00:00Z");

/** A run's row as a test needs it; what is not given is plausible. */
export function runRecord(runId: string, fields: Partial<RunRecord> = {}): Omit<RunRecord, "headSeq" | "headHash"> {
  return {
    runId,
    missionId: "M001",
    missionSlug: "customer-onboarding",
    missionName: "Customer onboarding",
    missionVersion: "v1",
    caseId: `case of ${runId}`,
    caseData: { customer_id: runId },
    caseDigest: "digest of the case",
    title: `Customer ${runId}`,
    status: "running",
    host: "orchestrator",
    dispatch: "dataflow",
    fence: 0,
    reviewRound: 0,
    startedAt: NOW,
    ...fields,
  };
}

export function taskRecord(runId: string, taskId: string, fields: Partial<TaskRecord> = {}): TaskRecord {
  return {
    runId,
    taskId,
    status: "todo",
    attempt: 1,
    tried: [],
    failures: 0,
    refusals: 0,
    costMicroUsd: 0,
    degraded: false,
    feedback: [],
    ...fields,
  };
}

export function resultRecord(runId: string, taskId: string, output: Json): ResultRecord {
  return { runId, taskId, attempt: 1, digest: digestOf(output), output, superseded: false };
}

export function turnRecord(runId: string, key: string, fields: Partial<Turn> = {}): Turn {
  return {
    runId,
    taskId: "T1",
    attempt: 1,
    key,
    kind: "tool",
    name: "read_document",
    args: { path: "a.txt" },
    reply: { ok: true },
    at: NOW,
    durationMs: 12.5,
    costMicroUsd: 0,
    ...fields,
  };
}

export function effectRecord(effectId: string, runId: string, fields: Partial<EffectRecord> = {}): EffectRecord {
  return {
    effectId,
    runId,
    fence: 1,
    taskId: "T5",
    attempt: 1,
    agentId: "A4",
    turnKey: "turn",
    tool: "put_in_outbox",
    scope: "case",
    dedupeKey: "to",
    again: "",
    args: { to: "ada@example.com" },
    argsDigest: "digest of the arguments",
    idempotencyKey: `key of ${effectId}`,
    status: "claimed",
    claimedAt: NOW,
    ...fields,
  };
}

export function approvalRecord(
  approvalId: string,
  runId: string,
  fields: Partial<ApprovalRecord> = {},
): ApprovalRecord {
  return {
    approvalId,
    runId,
    taskId: "T2",
    attempt: 1,
    kind: "task_result",
    subject: "result",
    round: 0,
    digest: "shown",
    shown: {
      question: "May the check of Ada's documents stand?",
      missionName: "Customer onboarding",
      title: "Ada",
      taskTitle: "Verify documents",
      agentName: "Verification agent",
      subject: { verified: true },
      proposed: [],
      evidence: [],
      reasons: [],
      allowed: ["approve", "edit", "reject"],
      consequences: { approve: "The result stands." },
      degraded: false,
    },
    role: "approver",
    escalateTo: [],
    status: "pending",
    createdAt: NOW,
    dueAt: new Date("2026-03-02T08:00:00Z"),
    ...fields,
  };
}
