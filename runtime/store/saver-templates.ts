import { sql } from "kysely";
import type { Database } from "./database.js";
import { insertOf } from "./insert.js";
import type { CheckpointRow, WriteRow } from "./schema.js";
import { Template } from "./template.js";

type Thread = Pick<CheckpointRow, "thread_id" | "checkpoint_ns">;
export type CheckpointKey = Thread & Pick<CheckpointRow, "checkpoint_id">;
type Kept = Thread & { kept: number };

/** The SQL of the saver, compiled once for each database. */
export class CheckpointTemplates {
  readonly put: Template<CheckpointRow>;
  readonly addWrite: Template<WriteRow>;
  readonly replaceWrite: Template<WriteRow>;
  readonly prune: Template<Kept>;
  readonly pruneWrites: Template<Kept>;
  readonly find: Template<CheckpointKey, CheckpointRow>;
  readonly newest: Template<Thread, CheckpointRow>;
  readonly writesOf: Template<CheckpointKey, WriteRow>;

  constructor({ sql: db }: Database) {
    this.put = insertOf(db, "checkpoints", CHECKPOINT_COLUMNS, (insert) =>
      insert.onConflict((conflict) =>
        conflict.columns(CHECKPOINT_KEY).doUpdateSet((row) => ({
          parent_checkpoint_id: row.ref("excluded.parent_checkpoint_id"),
          type: row.ref("excluded.type"),
          checkpoint: row.ref("excluded.checkpoint"),
          metadata_type: row.ref("excluded.metadata_type"),
          metadata: row.ref("excluded.metadata"),
        })),
      ),
    );
    this.addWrite = insertOf(db, "checkpoint_writes", WRITE_COLUMNS, (insert) =>
      insert.onConflict((conflict) => conflict.columns(WRITE_KEY).doNothing()),
    );
    this.replaceWrite = insertOf(db, "checkpoint_writes", WRITE_COLUMNS, (insert) =>
      insert.onConflict((conflict) =>
        conflict.columns(WRITE_KEY).doUpdateSet((row) => ({
          channel: row.ref("excluded.channel"),
          type: row.ref("excluded.type"),
          value: row.ref("excluded.value"),
        })),
      ),
    );
    this.prune = new Template((hole) =>
      db
        .deleteFrom("checkpoints")
        .where("thread_id", "=", hole("thread_id"))
        .where("checkpoint_ns", "=", hole("checkpoint_ns"))
        .where("checkpoint_id", "<", oldestKept(hole)),
    );
    this.pruneWrites = new Template((hole) =>
      db
        .deleteFrom("checkpoint_writes")
        .where("thread_id", "=", hole("thread_id"))
        .where("checkpoint_ns", "=", hole("checkpoint_ns"))
        .where("checkpoint_id", "<", oldestKept(hole)),
    );
    this.find = new Template((hole) =>
      db
        .selectFrom("checkpoints")
        .selectAll()
        .where("thread_id", "=", hole("thread_id"))
        .where("checkpoint_ns", "=", hole("checkpoint_ns"))
        .where("checkpoint_id", "=", hole("checkpoint_id")),
    );
    this.newest = new Template((hole) =>
      db
        .selectFrom("checkpoints")
        .selectAll()
        .where("thread_id", "=", hole("thread_id"))
        .where("checkpoint_ns", "=", hole("checkpoint_ns"))
        .orderBy("checkpoint_id", "desc")
        .limit(1),
    );
    this.writesOf = new Template((hole) =>
      db
        .selectFrom("checkpoint_writes")
        .selectAll()
        .where("thread_id", "=", hole("thread_id"))
        .where("checkpoint_ns", "=", hole("checkpoint_ns"))
        .where("checkpoint_id", "=", hole("checkpoint_id"))
        .orderBy("task_id")
        .orderBy("idx"),
    );
  }
}

const CHECKPOINT_KEY = ["thread_id", "checkpoint_ns", "checkpoint_id"] as const;
const CHECKPOINT_COLUMNS = [...CHECKPOINT_KEY, "parent_checkpoint_id", "type", "checkpoint", "metadata_type", "metadata"] as const;
const WRITE_KEY = [...CHECKPOINT_KEY, "task_id", "idx"] as const;
const WRITE_COLUMNS = [...WRITE_KEY, "channel", "type", "value"] as const;

/** The id below which checkpoints go; nothing is below it while no more than `kept` others are there. */
function oldestKept(hole: <Name extends keyof Kept>(name: Name) => Kept[Name]) {
  return sql<string>`(
    select checkpoint_id from checkpoints where thread_id = ${hole("thread_id")} and checkpoint_ns = ${hole("checkpoint_ns")}
    order by checkpoint_id desc limit 1 offset ${hole("kept")})`;
}
