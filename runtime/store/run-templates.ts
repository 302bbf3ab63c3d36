import { sql } from "kysely";
import type { Database } from "./database.js";
import { insertOf } from "./insert.js";
import { hasUnappliedDecision } from "./leases.js";
import type { RunRow } from "./schema.js";
import { Template } from "./template.js";

type Key = Pick<RunRow, "run_id">;
type Owned = Pick<RunRow, "run_id" | "fence">;

/** The SQL of `runs`, compiled once for each database. */
export class RunTemplates {
  readonly insert: Template<RunRow>;
  readonly owned: Template<Owned>;
  readonly release: Template<Owned>;
  readonly wait: Template<Owned>;
  readonly nothingToApply: Template<Key>;
  readonly start: Template<Key>;
  readonly reviewRound: Template<Owned & Pick<RunRow, "review_round">>;
  readonly cancel: Template<Key & { cancel_requested_by: string }>;
  readonly finish: Template<Key & Pick<RunRow, "status" | "report" | "failure" | "finished_at">>;
  readonly find: Template<Key, RunRow>;
  readonly findByPrefix: Template<Key & { after: string; limit: number }, RunRow>;

  constructor({ sql: db }: Database) {
    const open = ["queued", "running", "waiting"] as const;
    const ownedRow = () => db.updateTable("runs");

    this.insert = insertOf(db, "runs", RUN_COLUMNS, (insert) => insert.onConflict((conflict) => conflict.column("run_id").doNothing()));
    this.owned = new Template((hole) =>
      ownedRow().set({ fence: hole("fence") }).where("run_id", "=", hole("run_id")).where("fence", "=", hole("fence")),
    );
    this.release = new Template((hole) =>
      ownedRow().set({ owner: null, lease_until: null }).where("run_id", "=", hole("run_id")).where("fence", "=", hole("fence")),
    );
    this.wait = new Template((hole) =>
      ownedRow()
        .set({ status: "waiting" })
        .where("run_id", "=", hole("run_id"))
        .where("fence", "=", hole("fence"))
        .where("status", "in", open),
    );
    this.nothingToApply = new Template((hole) =>
      ownedRow()
        .set((columns) => ({ run_id: columns.ref("run_id") }))
        .where("run_id", "=", hole("run_id"))
        .where(sql<boolean>`not ${hasUnappliedDecision()}`),
    );
    this.start = new Template((hole) =>
      ownedRow().set({ status: "running" }).where("run_id", "=", hole("run_id")).where("status", "in", open),
    );
    this.reviewRound = new Template((hole) =>
      ownedRow()
        .set({ review_round: hole("review_round") })
        .where("run_id", "=", hole("run_id"))
        .where("fence", "=", hole("fence")),
    );
    this.cancel = new Template((hole) =>
      ownedRow()
        .set((columns) => ({
          cancel_requested_by: columns.fn.coalesce("cancel_requested_by", sql<string>`${hole("cancel_requested_by")}`),
        }))
        .where("run_id", "=", hole("run_id"))
        .where("status", "in", open),
    );
    this.finish = new Template((hole) =>
      ownedRow()
        .set({ status: hole("status"), report: hole("report"), failure: hole("failure"), finished_at: hole("finished_at") })
        .where("run_id", "=", hole("run_id"))
        .where("status", "in", open),
    );
    this.find = new Template((hole) => db.selectFrom("runs").selectAll().where("run_id", "=", hole("run_id")));
    this.findByPrefix = new Template((hole) =>
      db
        .selectFrom("runs")
        .selectAll()
        .where("run_id", ">=", hole("run_id"))
        .where("run_id", "<", hole("after"))
        .orderBy("run_id")
        .limit(sql<number>`${hole("limit")}`),
    );
  }
}

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
  "report",
] as const;
