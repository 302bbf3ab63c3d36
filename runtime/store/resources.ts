import { sql } from "kysely";
import type { Resources, Statement } from "../../core/ports.js";
import type { ResourceRecord, RunFence } from "../../core/records.js";
import type { RunStatus } from "../../core/run.js";
import { isSettled, isTerminal, TASK_STATUSES } from "../../core/run.js";
import { toText } from "./columns.js";
import type { Database } from "./database.js";
import { databaseNow } from "./dialect.js";
import { insertOf } from "./insert.js";
import type { Holder } from "./leases.js";
import { isHeld } from "./leases.js";
import type { ResourceRow } from "./schema.js";
import { mustChange, once, Template } from "./template.js";

const SETTLED = TASK_STATUSES.filter(isSettled);
const COLUMNS = ["resource", "run_id", "task_id", "fence", "kept", "taken_at"] as const;

type OfTask = Pick<ResourceRow, "run_id" | "task_id">;
type Own = OfTask & Pick<ResourceRow, "resource" | "fence">;

/** A resource with what decides whether its holder still holds it; empty where the run is gone. */
interface Found extends ResourceRow {
  status: RunStatus | null;
  owner: string | null;
  run_fence: number | null;
  lease_until: number | null;
  now: number;
  /** 1 where the task has begun to act and has not settled: also without anybody at work on it, it is half done. */
  is_half_done: number;
}

/**
 * Who writes to what. A row means nothing by itself: its holder holds it under the run's present lease, or, once one of
 * its acts is claimed or done, for as long as the run is open and the task has not settled, whoever works on it or
 * waits. So what a dead process had only taken is free at once, by nobody's doing.
 */
export class ResourceStore implements Resources {
  readonly #db: Database;
  readonly #insert: Template<ResourceRow>;
  readonly #replace: Template<ResourceRow & { old_run: string; old_task: string; old_fence: number; old_at: string }>;
  readonly #held: Template<Own>;
  readonly #free: Template<OfTask>;
  readonly #freeUnlessActed: Template<OfTask>;
  readonly #keep: Template<OfTask>;
  readonly #freeAll: Template<Pick<OfTask, "run_id">>;

  constructor(db: Database) {
    this.#db = db;
    this.#insert = insertOf(db.sql, "resources", COLUMNS, (insert) =>
      insert.onConflict((conflict) => conflict.column("resource").doNothing()),
    );
    this.#replace = new Template((hole) =>
      db.sql
        .updateTable("resources")
        .set({
          run_id: hole("run_id"),
          task_id: hole("task_id"),
          fence: hole("fence"),
          kept: hole("kept"),
          taken_at: hole("taken_at"),
        })
        .where("resource", "=", hole("resource"))
        .where("run_id", "=", hole("old_run"))
        .where("task_id", "=", hole("old_task"))
        .where("fence", "=", hole("old_fence"))
        .where("taken_at", "=", hole("old_at"))
        .where((columns) => columns.or([columns("run_id", "=", hole("run_id")), sql<boolean>`not ${halfDone()}`])),
    );
    this.#held = new Template((hole) =>
      db.sql
        .updateTable("resources")
        .set((columns) => ({ resource: columns.ref("resource") }))
        .where("resource", "=", hole("resource"))
        .where("run_id", "=", hole("run_id"))
        .where("task_id", "=", hole("task_id"))
        .where("fence", "=", hole("fence")),
    );
    const ofTask = (hole: <Name extends keyof OfTask>(name: Name) => OfTask[Name]) =>
      db.sql.deleteFrom("resources").where("run_id", "=", hole("run_id")).where("task_id", "=", hole("task_id"));
    this.#free = new Template(ofTask);
    this.#freeUnlessActed = new Template((hole) => ofTask(hole).where(sql<boolean>`not ${hasActed()}`));
    this.#keep = new Template((hole) =>
      db.sql
        .updateTable("resources")
        .set({ kept: 1 })
        .where("run_id", "=", hole("run_id"))
        .where("task_id", "=", hole("task_id")),
    );
    this.#freeAll = new Template((hole) => db.sql.deleteFrom("resources").where("run_id", "=", hole("run_id")));
  }

  async find(resources: readonly string[]): Promise<ResourceRecord[]> {
    const query = this.#db.sql
      .selectFrom("resources")
      .leftJoin("runs", "runs.run_id", "resources.run_id")
      .selectAll("resources")
      .select(["runs.status", "runs.owner", "runs.fence as run_fence", "runs.lease_until", databaseNow().as("now")])
      .select(sql<number>`case when ${halfDone()} then 1 else 0 end`.as("is_half_done"))
      .where("resource", "in", resources)
      .orderBy("resource");
    return (await this.#db.read(once(query))).map(toResource);
  }

  take(
    { runId, fence }: RunFence,
    taskId: string,
    resources: readonly string[],
    found: readonly ResourceRecord[],
    at: Date,
  ): Statement[] {
    const own = { run_id: runId, task_id: taskId, fence, kept: 0, taken_at: toText(at) };
    const takings = [...new Set(resources)].sort().map((resource) => {
      const old = found.find((row) => row.resource === resource && !(row.runId === runId && row.taskId === taskId));
      const query = old
        ? this.#replace.with({
            ...own,
            resource,
            old_run: old.runId,
            old_task: old.taskId,
            old_fence: old.fence,
            old_at: toText(old.takenAt),
          })
        : this.#insert.with({ ...own, resource });
      return mustChange(query, "resource_taken", `${resource} is held by another task.`);
    });
    return [this.#free.with(own), ...takings];
  }

  stillHeld({ runId, fence }: RunFence, taskId: string, resources: readonly string[]): Statement[] {
    return resources.map((resource) => {
      const query = this.#held.with({ resource, run_id: runId, task_id: taskId, fence });
      return mustChange(query, "resource_taken", `Task ${taskId} of run ${runId} does not hold ${resource} any more.`);
    });
  }

  free(runId: string, taskId: string): Statement[] {
    return [this.#free.with({ run_id: runId, task_id: taskId })];
  }

  freeUnlessActed(runId: string, taskId: string): Statement[] {
    const of = { run_id: runId, task_id: taskId };
    return [this.#freeUnlessActed.with(of), this.#keep.with(of)];
  }

  freeAll(runId: string): Statement[] {
    return [this.#freeAll.with({ run_id: runId })];
  }
}

function toResource(row: Found): ResourceRecord {
  return {
    resource: row.resource,
    runId: row.run_id,
    taskId: row.task_id,
    fence: row.fence,
    takenAt: new Date(row.taken_at),
    isHeld: holds(row),
  };
}

function holds({ status, owner, run_fence, lease_until, now, fence, kept, is_half_done }: Found): boolean {
  if (status === null || isTerminal(status)) return false;
  if (is_half_done === 1) return true;
  const holder: Holder = { owner, fence: run_fence ?? 0, lease_until, now };
  return isHeld(holder) && (kept === 1 || run_fence === fence);
}

/** Of a row of `resources`: an act of its task is claimed or done. */
function hasActed() {
  return sql<boolean>`exists (select 1 from effects where effects.run_id = resources.run_id
    and effects.task_id = resources.task_id and effects.status in ('claimed', 'done'))`;
}

/** Of a row of `resources`: what its task did is being taken back, and no person has said what became of it instead. */
function isHalfUndone() {
  return sql<boolean>`exists (select 1 from effects inner join effects as acts on acts.effect_id = effects.undoes
    where effects.run_id = resources.run_id and effects.task_id = resources.task_id
      and effects.status = 'claimed' and acts.undo_outcome is null)`;
}

/** Of a row of `resources`: its task has acted and not settled, or is half undone, and its run is not over. */
function halfDone() {
  return sql<boolean>`(((${hasActed()} and not exists (select 1 from tasks where tasks.run_id = resources.run_id
      and tasks.task_id = resources.task_id and tasks.status in (${sql.join(SETTLED.map((status) => sql.lit(status)))})))
      or ${isHalfUndone()})
    and exists (select 1 from runs where runs.run_id = resources.run_id
      and runs.status not in ('completed', 'failed', 'cancelled')))`;
}
