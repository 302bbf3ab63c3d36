import { sql } from "kysely";
import type { Database } from "./database.js";
import { insertOf } from "./insert.js";
import { isToGoOn } from "./leases.js";
import type { RunRow } from "./schema.js";
import { Template } from "./template.js";

type Key = Pick<RunRow, "run_id">;
type Owned = Pick<RunRow, "run_id" | "fence">;

const RUN_COLUMNS = [
  "run_id",
  "mission_id",
  "mission_slug",
  "mission_name",
  "mission_version",
  "case_id",
  "case_data",
  "case_digest",
  "title",
  "status",
  "host",
  "dispatch",
  "approver",
  "owner",
  "fence",
  "lease_until",
  "cancel_requested_by",
  "review_round",
  "failure",
  "head_seq",
  "head_hash",
  "started_at",
  "finished_at",
  "lead_time",
  "report",
  "ending",
] as const;
const OPEN = ["queued", "running", "waiting"] as const;

/** How a run begins, changes hands and is read. */
export function runTemplates({ sql: db }: Database) {
  return {
    insert: insertOf(db, "runs", RUN_COLUMNS, (insert) =>
      insert.onConflict((conflict) => conflict.column("run_id").doNothing()),
    ),
    owned: new Template<Owned>((hole) =>
      db
        .updateTable("runs")
        .set({ fence: hole("fence") })
        .where("run_id", "=", hole("run_id"))
        .where("fence", "=", hole("fence")),
    ),
    release: new Template<Owned>((hole) =>
      db
        .updateTable("runs")
        .set({ owner: null, lease_until: null })
        .where("run_id", "=", hole("run_id"))
        .where("fence", "=", hole("fence")),
    ),
    find: new Template<Key, RunRow>((hole) => db.selectFrom("runs").selectAll().where("run_id", "=", hole("run_id"))),
    ofCase: new Template<Pick<RunRow, "mission_id" | "case_id">, RunRow>((hole) =>
      db
        .selectFrom("runs")
        .selectAll()
        .where("mission_id", "=", hole("mission_id"))
        .where("case_id", "=", hole("case_id"))
        .orderBy("started_at", "desc")
        .orderBy("run_id", "desc"),
    ),
    heads: new Template<{ limit: number }, Pick<RunRow, "run_id" | "head_seq">>((hole) =>
      db
        .selectFrom("runs")
        .select(["run_id", "head_seq"])
        .orderBy("started_at", "desc")
        .orderBy("run_id", "desc")
        .limit(sql<number>`${hole("limit")}`),
    ),
    findByPrefix: new Template<Key & { after: string; limit: number }, RunRow>((hole) =>
      db
        .selectFrom("runs")
        .selectAll()
        .where("run_id", ">=", hole("run_id"))
        .where("run_id", "<", hole("after"))
        .orderBy("run_id")
        .limit(sql<number>`${hole("limit")}`),
    ),
  };
}

/** How a run moves. A run that has ended is moved by none of these. */
export function runMoves({ sql: db }: Database) {
  return {
    wait: new Template<Owned>((hole) =>
      db
        .updateTable("runs")
        .set({ status: "waiting" })
        .where("run_id", "=", hole("run_id"))
        .where("fence", "=", hole("fence"))
        .where("status", "in", OPEN),
    ),
    start: new Template<Key>((hole) =>
      db
        .updateTable("runs")
        .set({ status: "running" })
        .where("run_id", "=", hole("run_id"))
        .where("status", "in", OPEN),
    ),
    reviewRound: new Template<Owned & Pick<RunRow, "review_round">>((hole) =>
      db
        .updateTable("runs")
        .set({ review_round: hole("review_round") })
        .where("run_id", "=", hole("run_id"))
        .where("fence", "=", hole("fence")),
    ),
    cancel: new Template<Key & { cancel_requested_by: string }>((hole) =>
      db
        .updateTable("runs")
        .set((columns) => ({
          cancel_requested_by: columns.fn.coalesce("cancel_requested_by", sql<string>`${hole("cancel_requested_by")}`),
        }))
        .where("run_id", "=", hole("run_id"))
        .where("status", "in", OPEN),
    ),
    finish: new Template<Key & Pick<RunRow, "status" | "lead_time" | "report" | "failure" | "finished_at">>((hole) =>
      db
        .updateTable("runs")
        .set({
          status: hole("status"),
          lead_time: hole("lead_time"),
          report: hole("report"),
          failure: hole("failure"),
          finished_at: hole("finished_at"),
        })
        .where("run_id", "=", hole("run_id"))
        .where("status", "in", OPEN),
    ),
  };
}

/** How a run comes to take back what it did, once. */
export function endingOf({ sql: db }: Database) {
  return new Template<Owned & { ending: string }>((hole) =>
    db
      .updateTable("runs")
      .set({ ending: hole("ending") })
      .where("run_id", "=", hole("run_id"))
      .where("fence", "=", hole("fence"))
      .where("ending", "is", null)
      .where("status", "in", OPEN),
  );
}

/** What must hold of a run for a unit to be written; none of these changes anything. */
export function runGuards({ sql: db }: Database) {
  return {
    isOnlyOpen: new Template<Key>((hole) =>
      db
        .updateTable("runs")
        .set((columns) => ({ run_id: columns.ref("run_id") }))
        .where("run_id", "=", hole("run_id"))
        .where(
          sql<boolean>`not exists (
            select 1 from runs as other where other.mission_id = runs.mission_id and other.case_id = runs.case_id
            and other.run_id <> runs.run_id and other.host = 'orchestrator' and other.status in ('queued', 'running', 'waiting'))`,
        ),
    ),
    nothingToApply: new Template<Key>((hole) =>
      db
        .updateTable("runs")
        .set((columns) => ({ run_id: columns.ref("run_id") }))
        .where("run_id", "=", hole("run_id"))
        .where(sql<boolean>`not ${isToGoOn()}`),
    ),
    nothingLost: new Template<Key>((hole) =>
      db
        .updateTable("runs")
        .set((columns) => ({ run_id: columns.ref("run_id") }))
        .where("run_id", "=", hole("run_id"))
        .where(
          sql<boolean>`not exists (select 1 from effects where effects.run_id = runs.run_id
            and effects.status = 'claimed' and effects.undoes is null)`,
        ),
    ),
    goOn: new Template<Key>((hole) =>
      db
        .updateTable("runs")
        .set((columns) => ({ run_id: columns.ref("run_id") }))
        .where("run_id", "=", hole("run_id"))
        .where("cancel_requested_by", "is", null),
    ),
  };
}
