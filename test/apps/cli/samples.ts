import { allowedFor, consequencesFor } from "../../../core/approval.js";
import type {
  ApprovalView,
  FinalReport,
  KpiView,
  RunOutcome,
  RunSummary,
  StatusView,
  TaskView,
} from "../../../core/views.js";

export const NOW = new Date("2026-03-02T10:00:00Z");

export function taskView(parts: Partial<TaskView> = {}): TaskView {
  return {
    title: "Verify documents",
    status: "done",
    agent_id: "A2",
    agent_name: "Document Verification Agent",
    attempts: 1,
    started_at: "2026-03-02T09:00:00.000Z",
    finished_at: "2026-03-02T09:00:01.500Z",
    cost_usd: 0,
    degraded: false,
    waiting_for: null,
    summary: "5 documents match",
    error_code: null,
    error: null,
    progress: null,
    result_digest: "d1",
    ...parts,
  };
}

export function approvalView(parts: Partial<ApprovalView> = {}): ApprovalView {
  const kind = parts.kind ?? "task_result";
  return {
    approval_id: "ap11111122223333",
    run_id: "run1",
    title: "Hollis & Reed",
    mission: "Reduce Customer Onboarding Time",
    kind,
    task_id: "T2",
    digest: "digest1",
    summary: "May the documents of Hollis & Reed be accepted?",
    allowed: allowedFor(kind),
    assigned_to: "approver",
    due_at: "2026-03-02T14:00:00.000Z",
    created_at: "2026-03-02T09:30:00.000Z",
    status: "pending",
    decided_by: null,
    decided_at: null,
    shown: {
      question: "May the documents of Hollis & Reed be accepted?",
      missionName: "Reduce Customer Onboarding Time",
      title: "Hollis & Reed",
      taskTitle: "Verify documents",
      agentName: "Document Verification Agent",
      subject: { verdict: "match" },
      proposed: [],
      evidence: [
        {
          title: "Passport",
          left: { label: "In the application", text: "Name: Ada Hollis\nBorn: 1980-02-03" },
          right: { label: "In the passport", text: "Name: Ada Hollis\nBorn: 1980-02-04" },
        },
      ],
      reasons: [],
      allowed: allowedFor(kind),
      consequences: consequencesFor(kind, []),
      degraded: false,
    },
    ...parts,
  };
}

export function question(schema: ApprovalView["shown"]["schema"], parts: Partial<ApprovalView> = {}): ApprovalView {
  const asked = approvalView({
    kind: "question",
    approval_id: "qu99999922223333",
    summary: "When does the passport expire?",
    ...parts,
  });
  return {
    ...asked,
    shown: { ...asked.shown, question: "When does the passport expire?", evidence: [], ...(schema && { schema }) },
  };
}

const KPI: KpiView = {
  kpi_id: "onboarding_time_days",
  unit: "days",
  direction: "lower",
  baseline: 5,
  target: 2,
  actual: 1.1666,
  basis: "simulated",
  attainment: 1.2778,
  source: "the dataset",
};

export function statusView(parts: Partial<StatusView> = {}): StatusView {
  return {
    run_id: "run1",
    title: "Hollis & Reed",
    mission_id: "M001",
    mission: "Reduce Customer Onboarding Time",
    mission_version: "0123456789abcdef0123",
    status: "completed",
    failure: null,
    tasks: { T1: taskView({ title: "Collect customer information" }), T2: taskView() },
    blackboard: {},
    approvals: [],
    kpis: [KPI, { ...KPI, kpi_id: "csat", unit: "points", actual: null, basis: "pending", attainment: null }],
    limits: [{ limit_id: "max_steps", op: "<=", value: 5, actual: 3, status: "kept" }],
    cost_usd: 0,
    started_at: "2026-03-02T09:00:00.000Z",
    finished_at: "2026-03-02T09:00:03.000Z",
    makespan_ms: 3000,
    critical_path_ms: 2900,
    lead_time: null,
    ...parts,
  };
}

export function outcome(parts: Partial<RunOutcome> = {}): RunOutcome {
  return {
    run_id: "run1",
    title: "Hollis & Reed",
    status: "completed",
    approvals: [],
    note: null,
    is_elsewhere: false,
    ...parts,
  };
}

export function runSummary(parts: Partial<RunSummary> = {}): RunSummary {
  return {
    run_id: "run1",
    title: "Hollis & Reed",
    mission_id: "M001",
    mission: "Reduce Customer Onboarding Time",
    case_id: "C-1",
    status: "waiting",
    tasks_done: 1,
    tasks_total: 3,
    pending_approvals: 1,
    started_at: "2026-03-02T09:00:00.000Z",
    finished_at: null,
    ...parts,
  };
}

export function finalReport(parts: Partial<FinalReport> = {}): FinalReport {
  return {
    run_id: "run1",
    title: "Hollis & Reed",
    mission_id: "M001",
    mission: "Reduce Customer Onboarding Time",
    mission_version: "0123456789abcdef0123",
    status: "completed",
    failure: null,
    summary: "Onboarded Hollis & Reed. Three tasks were done. The call is booked.",
    tasks: [{ ...taskView(), task_id: "T2" }],
    blackboard: {},
    kpis: [
      KPI,
      { ...KPI, kpi_id: "csat", unit: "points", actual: null, basis: "pending", attainment: null, source: null },
    ],
    limits: [{ limit_id: "max_steps", op: "<=", value: 5, actual: 3, status: "kept" }],
    decisions: [
      {
        task_id: "T2",
        kind: "task_result",
        question: "May the documents be accepted?",
        decision: "approved",
        by: "ada",
        authenticated: false,
        at: "2026-03-02T09:30:00.000Z",
        comment: null,
      },
    ],
    effects: [
      {
        effect_id: "e1",
        task_id: "T3",
        agent_id: "A3",
        tool: "book_calendar_entry",
        status: "done",
        args: { title: "Call | Hollis" },
        approval_id: null,
        at: "2026-03-02T09:45:00.000Z",
      },
    ],
    degraded: [],
    rests_on: ["Mission version 0123456789ab", "Agents A1, A2, A3"],
    cost_usd: 0,
    started_at: "2026-03-02T09:00:00.000Z",
    finished_at: "2026-03-02T09:50:00.000Z",
    chain_head: "feedbeef",
    disclosure: "Automated agents did this work.",
    ...parts,
  };
}
