import { answerTo, mergeBoard } from "../core/blackboard.js";
import { hasCode, OrchestratorError } from "../core/errors.js";
import { toKpiView, toLimitView } from "../core/kpi.js";
import { didYouMean } from "../core/lookup.js";
import type { Mission } from "../core/mission.js";
import { costUsd } from "../core/money.js";
import { toPlan } from "../core/plan.js";
import type { Store } from "../core/ports.js";
import type { ApprovalRecord, RunRecord, TaskRecord } from "../core/records.js";
import type { RunStatus } from "../core/run.js";
import { criticalPath } from "../core/schedule.js";
import { toApprovalView, toTaskView } from "../core/to-view.js";
import type { ApprovalView, RunSummary, StatusView } from "../core/views.js";

const MINUTE_MS = 60_000;

/** Finds a run by its id or a unique beginning of it. */
export async function findRun(store: Store, wanted: string): Promise<RunRecord> {
  const exact = await store.runs.find(wanted);
  if (exact) return exact;
  const [only, ...others] = wanted === "" ? [] : await store.runs.findByPrefix(wanted);
  if (only && others.length === 0) return only;
  if (only) {
    const list = [only, ...others].map((run) => `${run.runId} (${run.title})`);
    throw new OrchestratorError(
      "ambiguous_id",
      `"${wanted}" is the beginning of ${list.length} runs: ${list.join(", ")}. Give more of the id.`,
    );
  }
  const near = didYouMean(
    wanted,
    (await store.runs.list({ limit: 200 })).map((run) => run.runId),
  );
  throw new OrchestratorError("run_not_found", `There is no run "${wanted}".${near} "mission runs" lists them.`);
}

/** Finds an approval by its id or a unique beginning of it. */
export async function findApproval(store: Store, wanted: string): Promise<ApprovalRecord> {
  const exact = await store.approvals.find(wanted);
  if (exact) return exact;
  const [only, ...others] = wanted === "" ? [] : await store.approvals.findByPrefix(wanted);
  if (only && others.length === 0) return only;
  if (only) {
    const list = [only, ...others].map(
      (request) => `${request.approvalId.slice(0, 12)} (${request.shown.title}: ${request.shown.question})`,
    );
    throw new OrchestratorError(
      "ambiguous_id",
      `"${wanted}" is the beginning of ${list.length} approvals: ${list.join(", ")}. Give more of the id.`,
    );
  }
  throw new OrchestratorError(
    "approval_not_found",
    `There is no approval "${wanted}". "mission approvals" lists what waits.`,
  );
}

/** Everything about one run, from its rows. */
export async function toStatus(store: Store, run: RunRecord, mission: Mission): Promise<StatusView> {
  const [rows, approvals, observations, results] = await Promise.all([
    store.tasks.of(run.runId),
    store.approvals.list({ runId: run.runId }),
    store.observations.of(run.runId),
    store.results.of(run.runId),
  ]);
  const byId = new Map(rows.map((row) => [row.taskId, row]));
  const outputs = new Map(results.map((result) => [result.taskId, result.output]));
  const tasks = mission.tasks.flatMap((task) => {
    const row = byId.get(task.id);
    return row ? [[task.id, toTaskView(task, row, mission)] as const] : [];
  });
  const { board } = mergeBoard(
    {
      mission,
      plan: toPlan(mission.tasks),
      stateOf: (id) => byId.get(id) ?? { status: "todo" },
      outputOf: (id) => outputs.get(id),
      resolved: (conflict) => answerTo(approvals, conflict),
    },
    new Set(byId.keys()),
  );
  return {
    run_id: run.runId,
    title: run.title,
    mission_id: run.missionId,
    mission: run.missionName,
    mission_version: run.missionVersion,
    status: run.status,
    failure: run.failure ?? null,
    tasks: Object.fromEntries(tasks),
    blackboard: board,
    approvals: approvals.map((request) => toApprovalView(request, run)),
    kpis: mission.kpis.map((kpi) => toKpiView(kpi, observations)),
    limits: mission.limits.map((limit) => toLimitView(limit, observations)),
    cost_usd: costUsd(rows),
    started_at: run.startedAt.toISOString(),
    finished_at: run.finishedAt?.toISOString() ?? null,
    makespan_ms: run.finishedAt ? run.finishedAt.getTime() - run.startedAt.getTime() : null,
    critical_path_ms: run.finishedAt
      ? Math.round(criticalPath(mission.tasks, ({ id }) => minutesOf(byId.get(id))).minutes * MINUTE_MS)
      : null,
  };
}

function minutesOf(row: TaskRecord | undefined): number {
  if (!row?.startedAt || !row.finishedAt) return 0;
  return (row.finishedAt.getTime() - row.startedAt.getTime()) / MINUTE_MS;
}

/** One line about each run, newest first. */
export async function toSummaries(
  store: Store,
  filter: { status?: readonly RunStatus[]; missionId?: string },
): Promise<RunSummary[]> {
  const runs = await store.runs.list(filter);
  const pending = await store.approvals.list({ status: ["pending"] });
  return Promise.all(
    runs.map(async (run) => {
      const tasks = await store.tasks.of(run.runId);
      return {
        run_id: run.runId,
        title: run.title,
        mission_id: run.missionId,
        mission: run.missionName,
        case_id: run.caseId,
        status: run.status,
        tasks_done: tasks.filter((task) => task.status === "done").length,
        tasks_total: tasks.length,
        pending_approvals: pending.filter((request) => request.runId === run.runId).length,
        started_at: run.startedAt.toISOString(),
        finished_at: run.finishedAt?.toISOString() ?? null,
      };
    }),
  );
}

/** Approvals with the titles of their runs; those that wait come first, soonest due first. */
export async function toApprovalViews(store: Store, requests: readonly ApprovalRecord[]): Promise<ApprovalView[]> {
  const runs = new Map<string, RunRecord | undefined>();
  for (const request of requests) {
    if (!runs.has(request.runId)) runs.set(request.runId, await store.runs.find(request.runId));
  }
  return [...requests]
    .sort(
      (a, b) =>
        Number(b.status === "pending") - Number(a.status === "pending") || a.dueAt.getTime() - b.dueAt.getTime(),
    )
    .map((request) =>
      toApprovalView(
        request,
        runs.get(request.runId) ?? { title: request.shown.title, missionName: request.shown.missionName },
      ),
    );
}

/** Resolves with nothing instead of throwing when it is one of these codes. */
export function unlessCode<Value>(
  work: Promise<Value>,
  ...codes: Parameters<typeof hasCode> extends [unknown, ...infer Codes] ? Codes : never
): Promise<Value | undefined> {
  return work.catch((error: unknown) => {
    if (hasCode(error, ...codes)) return undefined;
    throw error;
  });
}
