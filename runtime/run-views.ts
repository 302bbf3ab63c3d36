import { answerTo, mergeBoard } from "../core/blackboard.js";
import { hasCode, OrchestratorError } from "../core/errors.js";
import type { KillAct } from "../core/kill.js";
import { toldWithStops } from "../core/kill-status.js";
import { toKpiView, toLimitView } from "../core/kpi.js";
import { didYouMean } from "../core/lookup.js";
import type { Mission } from "../core/mission.js";
import { costUsd } from "../core/money.js";
import { toPlan } from "../core/plan.js";
import type { Store } from "../core/ports.js";
import type { ApprovalRecord, RunRecord } from "../core/records.js";
import type { RunStatus } from "../core/run.js";
import { isTerminal } from "../core/run.js";
import { actualPath } from "../core/schedule.js";
import { toApprovalView, toTaskView } from "../core/to-view.js";
import type { ApprovalView, FinalReport, LeadTimeView, RunSummary, StatusView } from "../core/views.js";
import { assertId } from "./given.js";

const MINUTE_MS = 60_000;
const OPEN: readonly RunStatus[] = ["queued", "running", "waiting"];

/** Finds a run by its id or a unique beginning of it. */
export async function findRun(store: Store, wanted: string): Promise<RunRecord> {
  assertId("run", wanted);
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

/** The mission as the run began with it: its version is read back, whatever the files say now. */
export async function missionOf(store: Store, run: RunRecord): Promise<Mission> {
  const mission = await findVersion(store, run.missionVersion);
  if (mission) return mission;
  throw new OrchestratorError(
    "mission_changed",
    `Version ${run.missionVersion.slice(0, 12)} of ${run.missionSlug}, under which run ${run.runId} began, is not in this store.`,
  );
}

/** The same for many runs, by the version that each began with: every version is read once. Some may be gone. */
export function versionsOf(store: Store): (version: string) => Promise<Mission | undefined> {
  const read = new Map<string, Promise<Mission | undefined>>();
  return (version) => {
    const found = read.get(version) ?? findVersion(store, version);
    read.set(version, found);
    return found;
  };
}

async function findVersion(store: Store, version: string): Promise<Mission | undefined> {
  const stored = await store.missions.find(version);
  return stored?.document as unknown as Mission | undefined; // safe: written by newRun from a Mission, which is plain JSON
}

/** Finds an approval by its id or a unique beginning of it. */
export async function findApproval(store: Store, wanted: string): Promise<ApprovalRecord> {
  assertId("approval", wanted);
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

/** What stands above everything that is told of one run. */
export function headingOf(run: RunRecord) {
  return {
    run_id: run.runId,
    title: run.title,
    mission_id: run.missionId,
    mission: run.missionName,
    mission_version: run.missionVersion,
    status: run.status,
  };
}

/** The rows that a run's status is made from. */
export type RunRows = {
  readonly [Name in "tasks" | "results" | "observations"]: Pick<Store[Name], "of">;
} & { readonly approvals: Pick<Store["approvals"], "list"> };

/** Everything about one run, from its rows. */
export async function toStatus(
  store: RunRows,
  run: RunRecord,
  mission: Mission,
  on: readonly KillAct[] = [],
): Promise<StatusView> {
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
    ...headingOf(run),
    ...toldWithStops({ run, mission, tasks: rows, pending: approvals.filter(isPending) }, on),
    failure: run.failure ?? null,
    tasks: Object.fromEntries(tasks),
    blackboard: board,
    approvals: approvals.map((request) => toApprovalView(request, run)),
    kpis: mission.kpis.map((kpi) => toKpiView(kpi, observations, run.status)),
    limits: mission.limits.map((limit) => toLimitView(limit, observations)),
    cost_usd: costUsd(rows),
    started_at: run.startedAt.toISOString(),
    finished_at: run.finishedAt?.toISOString() ?? null,
    makespan_ms: run.finishedAt ? run.finishedAt.getTime() - run.startedAt.getTime() : null,
    critical_path_ms: run.finishedAt
      ? Math.round(actualPath(mission.tasks, (id) => byId.get(id)).minutes * MINUTE_MS)
      : null,
    lead_time: leadTimeOf(run),
  };
}

function isPending({ status }: Pick<ApprovalRecord, "status">): boolean {
  return status === "pending";
}

/** As its report has it, once a run has ended; reports of older versions have none. */
function leadTimeOf(run: RunRecord): LeadTimeView | null {
  const report = run.report as FinalReport | undefined; // safe: only the report node writes it
  return report?.lead_time ?? null;
}

/** One line about each run, newest first. */
export async function toSummaries(
  store: Store,
  filter: { status?: readonly RunStatus[]; missionId?: string },
): Promise<RunSummary[]> {
  const on = await store.kills.on();
  // A run that the kill switch stops is told otherwise than its row says: then all that are open are looked at.
  const isOpenAsked = on.length > 0 && filter.status?.some((status) => !isTerminal(status)) === true;
  const wanted = isOpenAsked ? [...new Set<RunStatus>([...(filter.status ?? []), ...OPEN])] : filter.status;
  const read = versionsOf(store);
  const runs = await store.runs.list({ ...filter, ...(wanted && { status: wanted }) });
  const pending = await store.approvals.list({ status: ["pending"] });
  const summaries = await Promise.all(
    runs.map(async (run) => {
      const tasks = await store.tasks.of(run.runId);
      const asked = pending.filter((request) => request.runId === run.runId);
      const mission = on.length === 0 ? undefined : await read(run.missionVersion);
      const told = toldWithStops({ run, mission, tasks, pending: asked }, on);
      return {
        run_id: run.runId,
        title: run.title,
        mission_id: run.missionId,
        mission: run.missionName,
        case_id: run.caseId,
        ...told,
        tasks_done: tasks.filter((task) => task.status === "done").length,
        tasks_total: tasks.length,
        pending_approvals: asked.length,
        started_at: run.startedAt.toISOString(),
        finished_at: run.finishedAt?.toISOString() ?? null,
      };
    }),
  );
  return summaries.filter(({ status }) => filter.status?.includes(status) ?? true);
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
