import type { Feedback } from "../../core/define-agent.js";
import type { Statement, Tasks } from "../../core/ports.js";
import type { TaskRecord } from "../../core/records.js";
import { fromDigestBytes, fromJson, fromJsonOrNull, present, toDigestBytes, toJson, toJsonOrNull } from "./columns.js";
import type { Database } from "./database.js";
import { allBut, insertOf } from "./insert.js";
import type { TaskRow } from "./schema.js";
import { Template } from "./template.js";

const COLUMNS = [
  "run_id",
  "task_id",
  "status",
  "attempt",
  "agent_id",
  "tried",
  "failures",
  "refusals",
  "code_version",
  "started_at",
  "finished_at",
  "cost_micro_usd",
  "degraded",
  "inputs_digest",
  "result_digest",
  "error_code",
  "error_message",
  "summary",
  "waiting_for",
  "chosen",
  "feedback",
  "progress",
] as const;
const KEY = ["run_id", "task_id"] as const;

/** The tasks of all runs: one row for each task, as it stands now. */
export class TaskStore implements Tasks {
  readonly #db: Database;
  readonly #put: Template<TaskRow>;
  readonly #of: Template<{ run_id: string }, TaskRow>;

  constructor(db: Database) {
    this.#db = db;
    this.#put = insertOf(db.sql, "tasks", COLUMNS, (insert) =>
      insert.onConflict((conflict) =>
        conflict
          .columns(KEY)
          .doUpdateSet((columns) =>
            Object.fromEntries(allBut(COLUMNS, KEY).map((name) => [name, columns.ref(`excluded.${name}`)])),
          ),
      ),
    );
    this.#of = new Template((hole) =>
      db.sql.selectFrom("tasks").selectAll().where("run_id", "=", hole("run_id")).orderBy("task_id"),
    );
  }

  put(tasks: readonly TaskRecord[]): Statement[] {
    return tasks.map((task) => ({
      ...this.#put.with(toRow(task)),
      overwrites: `tasks ${task.runId} ${task.taskId}`,
    }));
  }

  async of(runId: string): Promise<TaskRecord[]> {
    return (await this.#db.read(this.#of.with({ run_id: runId }))).map(toTask);
  }
}

function toRow(task: TaskRecord): TaskRow {
  return {
    run_id: task.runId,
    task_id: task.taskId,
    status: task.status,
    attempt: task.attempt,
    agent_id: task.agentId ?? null,
    tried: toJson(task.tried),
    failures: task.failures,
    refusals: task.refusals,
    code_version: task.codeVersion ?? null,
    started_at: task.startedAt?.getTime() ?? null,
    finished_at: task.finishedAt?.getTime() ?? null,
    cost_micro_usd: task.costMicroUsd,
    degraded: task.degraded ? 1 : 0,
    inputs_digest: task.inputsDigest === undefined ? null : toDigestBytes(task.inputsDigest),
    result_digest: task.resultDigest === undefined ? null : toDigestBytes(task.resultDigest),
    error_code: task.errorCode ?? null,
    error_message: task.errorMessage ?? null,
    summary: task.summary ?? null,
    waiting_for: task.waitingFor ?? null,
    chosen: task.chosen ?? null,
    feedback: toJson(task.feedback),
    progress: toJsonOrNull(task.progress),
  };
}

function toTask(row: TaskRow): TaskRecord {
  return {
    runId: row.run_id,
    taskId: row.task_id,
    status: row.status,
    attempt: row.attempt,
    tried: fromJson<string[]>(row.tried),
    failures: row.failures,
    refusals: row.refusals,
    costMicroUsd: row.cost_micro_usd,
    degraded: row.degraded === 1,
    feedback: fromJson<Feedback[]>(row.feedback),
    ...present({
      agentId: row.agent_id,
      codeVersion: row.code_version,
      startedAt: row.started_at === null ? undefined : new Date(row.started_at),
      finishedAt: row.finished_at === null ? undefined : new Date(row.finished_at),
      inputsDigest: row.inputs_digest === null ? undefined : fromDigestBytes(row.inputs_digest),
      resultDigest: row.result_digest === null ? undefined : fromDigestBytes(row.result_digest),
      errorCode: row.error_code,
      errorMessage: row.error_message,
      summary: row.summary,
      waitingFor: row.waiting_for,
      chosen: row.chosen,
      progress: fromJsonOrNull<NonNullable<TaskRecord["progress"]>>(row.progress),
    }),
  };
}
