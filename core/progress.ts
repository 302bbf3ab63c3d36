import type { DecisionType } from "./approval.js";
import type { KillAct } from "./kill.js";
import { toldWithStops } from "./kill-status.js";
import type { KillView } from "./kill-views.js";
import type { Mission, Task } from "./mission.js";
import { costUsd } from "./money.js";
import type { ApprovalRecord, EventRecord, RunRecord, TaskRecord } from "./records.js";
import type { RunStatus, TaskStatus } from "./run.js";
import { isSettled, isTerminal } from "./run.js";

/** What keeps a task from going on. `slot`: nothing but a free place, of its run or of its agent. */
export type WaitsFor =
  | { readonly kind: "tasks"; readonly titles: readonly string[] }
  | {
      readonly kind: "person";
      readonly role: string;
      readonly due_at: string;
      readonly approval_id: string;
      readonly question: string;
      readonly allowed: readonly DecisionType[];
    }
  | { readonly kind: "retry"; readonly at: string; readonly reason: string }
  | { readonly kind: "kill_switch"; readonly reason: string }
  | { readonly kind: "slot" };

/** One task of a run at work, as `mission watch` shows it in one line. */
export interface TaskProgressView {
  readonly task_id: string;
  readonly title: string;
  readonly status: TaskStatus;
  readonly agent_name: string | null;
  readonly attempt: number;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly estimated_minutes: number;
  /** Share of its work that is done, 0 to 1, as far as it says so itself. */
  readonly done_ratio: number;
  readonly waits_for: WaitsFor | null;
  /** What came of it, or why nothing did. */
  readonly outcome: string | null;
}

/** How far a run is: what `mission watch` shows. */
export interface ProgressView {
  readonly run_id: string;
  readonly title: string;
  readonly mission: string;
  readonly status: RunStatus;
  /** The switches that stop work of it now; absent when there are none. */
  readonly stopped?: readonly KillView[];
  readonly failure: string | null;
  /** 0 to 1. What is skipped counts as done; what failed or is blocked does not. */
  readonly done_ratio: number;
  /** `estimates`: tasks weigh what they were estimated at. `count`: no task has an estimate, so all weigh the same. */
  readonly done_by: "estimates" | "count";
  readonly cost_usd: number;
  readonly started_at: string;
  readonly finished_at: string | null;
  /** A live process works on the run. */
  readonly is_held: boolean;
  /** In dependency order. */
  readonly tasks: readonly TaskProgressView[];
}

/** The rows that progress is made from. */
export interface ProgressRows {
  readonly run: RunRecord;
  readonly mission: Pick<Mission, "tasks" | "agents">;
  readonly tasks: readonly TaskRecord[];
  /** Those that nobody has decided. */
  readonly pending: readonly ApprovalRecord[];
  /** Events that tell of new attempts, oldest first. */
  readonly attempts: readonly EventRecord[];
  readonly isHeld: boolean;
  /** The switches that are on. */
  readonly on?: readonly KillAct[];
}

/** How far a run is, by its rows alone. */
export function toProgress(rows: ProgressRows): ProgressView {
  const { run, mission } = rows;
  const byId = new Map(rows.tasks.map((task) => [task.taskId, task]));
  const names = new Map(mission.agents.map(({ id, name }) => [id, name]));
  const tasks = mission.tasks.flatMap((task) => {
    const record = byId.get(task.id);
    return record ? [toTaskProgress(task, record, names, waitsFor(task, record, rows, byId))] : [];
  });
  const all = tasks.reduce((sum, task) => sum + task.estimated_minutes, 0);
  const weightOf = (task: TaskProgressView) => (all > 0 ? task.estimated_minutes : 1);
  const done = tasks.reduce((sum, task) => sum + weightOf(task) * task.done_ratio, 0);
  return {
    run_id: run.runId,
    title: run.title,
    mission: run.missionName,
    ...toldWithStops(rows, rows.on ?? []),
    failure: run.failure ?? null,
    done_ratio: tasks.length === 0 ? 0 : done / (all > 0 ? all : tasks.length),
    done_by: all > 0 ? "estimates" : "count",
    cost_usd: costUsd(rows.tasks),
    started_at: run.startedAt.toISOString(),
    finished_at: run.finishedAt?.toISOString() ?? null,
    is_held: rows.isHeld,
    tasks,
  };
}

function toTaskProgress(
  task: Task,
  record: TaskRecord,
  names: ReadonlyMap<string, string>,
  waits: WaitsFor | undefined,
): TaskProgressView {
  const { status, agentId, startedAt, finishedAt, progress, summary, errorMessage } = record;
  const isDone = status === "done" || status === "skipped";
  const hasFailed = status === "failed" || status === "blocked";
  return {
    task_id: task.id,
    title: task.title,
    status,
    agent_name: agentId === undefined ? null : (names.get(agentId) ?? agentId),
    attempt: record.attempt,
    started_at: startedAt?.toISOString() ?? null,
    finished_at: finishedAt?.toISOString() ?? null,
    estimated_minutes: task.estimatedMinutes,
    done_ratio: isDone ? 1 : hasFailed ? 0 : Math.min(1, Math.max(0, progress?.ratio ?? 0)),
    waits_for: waits ?? null,
    outcome: (hasFailed ? errorMessage : summary) ?? null,
  };
}

function waitsFor(
  task: Task,
  record: TaskRecord,
  { run, mission, pending, attempts, on = [] }: ProgressRows,
  byId: ReadonlyMap<string, TaskRecord>,
): WaitsFor | undefined {
  if (isTerminal(run.status) || isSettled(record.status)) return undefined;
  const request = pending.find(({ taskId }) => taskId === task.id);
  if (request) {
    const { role, dueAt, approvalId, shown } = request;
    const due = dueAt.toISOString();
    const { question, allowed } = shown;
    return { kind: "person", role, due_at: due, approval_id: approvalId, question, allowed };
  }
  if (record.status === "running") return undefined;
  if (record.status === "waiting_for_person" && on.length > 0)
    return { kind: "kill_switch", reason: record.waitingFor ?? "" };
  const open = task.dependsOn.filter((id) => !isSettled(byId.get(id)?.status ?? "todo"));
  if (open.length > 0) {
    return { kind: "tasks", titles: open.map((id) => mission.tasks.find((each) => each.id === id)?.title ?? id) };
  }
  return retryOf(record, attempts) ?? { kind: "slot" };
}

function retryOf({ taskId, attempt }: TaskRecord, attempts: readonly EventRecord[]): WaitsFor | undefined {
  const event = attempts.find(({ key }) => key === `task_attempt:${taskId}:${attempt}`);
  const delay = event?.data["delay_ms"];
  if (!event || typeof delay !== "number") return undefined;
  const reason = String(event.data["reason"] ?? "");
  return { kind: "retry", at: new Date(event.at.getTime() + delay).toISOString(), reason };
}
