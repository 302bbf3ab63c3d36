import { sql } from "kysely";
import type { Database } from "./database.js";
import { insertOf } from "./insert.js";
import type { BlobRow, CheckpointRow, WriteRow } from "./schema.js";
import { Template } from "./template.js";

type Thread = Pick<CheckpointRow, "thread_id" | "checkpoint_ns">;
export type CheckpointKey = Thread & Pick<CheckpointRow, "checkpoint_id">;
type Kept = Thread & { kept: number };

const CHECKPOINT_KEY = ["thread_id", "checkpoint_ns", "checkpoint_id"] as const;
const CHECKPOINT_COLUMNS = [
  ...CHECKPOINT_KEY,
  "parent_checkpoint_id",
  "type",
  "checkpoint",
  "versions",
  "held",
  "metadata_type",
  "metadata",
  "digest",
] as const;
const BLOB_KEY = ["thread_id", "checkpoint_ns", "channel", "version"] as const;
const BLOB_COLUMNS = [...BLOB_KEY, "type", "value", "digest"] as const;
const WRITE_KEY = [...CHECKPOINT_KEY, "task_id", "idx"] as const;
const WRITE_COLUMNS = [...WRITE_KEY, "channel", "type", "value", "digest"] as const;

/** What is written for a superstep. */
export function checkpointWrites({ sql: db }: Database) {
  return {
    put: insertOf(db, "checkpoints", CHECKPOINT_COLUMNS, (insert) =>
      insert.onConflict((conflict) =>
        conflict.columns(CHECKPOINT_KEY).doUpdateSet((row) => ({
          parent_checkpoint_id: row.ref("excluded.parent_checkpoint_id"),
          type: row.ref("excluded.type"),
          checkpoint: row.ref("excluded.checkpoint"),
          versions: row.ref("excluded.versions"),
          held: row.ref("excluded.held"),
          metadata_type: row.ref("excluded.metadata_type"),
          metadata: row.ref("excluded.metadata"),
          digest: row.ref("excluded.digest"),
        })),
      ),
    ),
    addBlob: insertOf(db, "checkpoint_blobs", BLOB_COLUMNS, (insert) =>
      insert.onConflict((conflict) =>
        conflict.columns(BLOB_KEY).doUpdateSet((row) => ({
          type: row.ref("excluded.type"),
          value: row.ref("excluded.value"),
          digest: row.ref("excluded.digest"),
        })),
      ),
    ),
    addWrite: insertOf(db, "checkpoint_writes", WRITE_COLUMNS, (insert) =>
      insert.onConflict((conflict) => conflict.columns(WRITE_KEY).doNothing()),
    ),
    replaceWrite: insertOf(db, "checkpoint_writes", WRITE_COLUMNS, (insert) =>
      insert.onConflict((conflict) =>
        conflict.columns(WRITE_KEY).doUpdateSet((row) => ({
          channel: row.ref("excluded.channel"),
          type: row.ref("excluded.type"),
          value: row.ref("excluded.value"),
          digest: row.ref("excluded.digest"),
        })),
      ),
    ),
  };
}

/** What takes away all but the newest checkpoints, with what belongs to them only. */
export function checkpointPruning({ sql: db }: Database) {
  return {
    pruneWrites: new Template<Kept>((hole) =>
      db
        .deleteFrom("checkpoint_writes")
        .where("thread_id", "=", hole("thread_id"))
        .where("checkpoint_ns", "=", hole("checkpoint_ns"))
        .where("checkpoint_id", "<", oldestKept(hole)),
    ),
    prune: new Template<Kept>((hole) =>
      db
        .deleteFrom("checkpoints")
        .where("thread_id", "=", hole("thread_id"))
        .where("checkpoint_ns", "=", hole("checkpoint_ns"))
        .where("checkpoint_id", "<", oldestKept(hole)),
    ),
    pruneBlobs: new Template<Thread>((hole) =>
      db
        .deleteFrom("checkpoint_blobs")
        .where("thread_id", "=", hole("thread_id"))
        .where("checkpoint_ns", "=", hole("checkpoint_ns"))
        .where(
          sql<boolean>`(channel, version) not in (
            select used.key, used.value from checkpoints, json_each(checkpoints.versions) as used
            where thread_id = ${hole("thread_id")} and checkpoint_ns = ${hole("checkpoint_ns")})`,
        ),
    ),
  };
}

/** How a checkpoint is put together again. */
export function checkpointReads({ sql: db }: Database) {
  return {
    find: new Template<CheckpointKey, CheckpointRow>((hole) =>
      db
        .selectFrom("checkpoints")
        .selectAll()
        .where("thread_id", "=", hole("thread_id"))
        .where("checkpoint_ns", "=", hole("checkpoint_ns"))
        .where("checkpoint_id", "=", hole("checkpoint_id")),
    ),
    newest: new Template<Thread, CheckpointRow>((hole) =>
      db
        .selectFrom("checkpoints")
        .selectAll()
        .where("thread_id", "=", hole("thread_id"))
        .where("checkpoint_ns", "=", hole("checkpoint_ns"))
        .orderBy("checkpoint_id", "desc")
        .limit(1),
    ),
    blobsOf: new Template<Thread & Pick<CheckpointRow, "versions">, BlobRow>((hole) =>
      db
        .selectFrom("checkpoint_blobs")
        .selectAll()
        .where("thread_id", "=", hole("thread_id"))
        .where("checkpoint_ns", "=", hole("checkpoint_ns"))
        .where(sql<boolean>`(channel, version) in (select key, value from json_each(${hole("versions")}))`),
    ),
    writesOf: new Template<CheckpointKey, WriteRow>((hole) =>
      db
        .selectFrom("checkpoint_writes")
        .selectAll()
        .where("thread_id", "=", hole("thread_id"))
        .where("checkpoint_ns", "=", hole("checkpoint_ns"))
        .where("checkpoint_id", "=", hole("checkpoint_id"))
        .orderBy("task_id")
        .orderBy("idx"),
    ),
  };
}

/** The id below which checkpoints go; nothing is below it while no more than `kept` others are there. */
function oldestKept(hole: <Name extends keyof Kept>(name: Name) => Kept[Name]) {
  return sql<string>`(
    select checkpoint_id from checkpoints where thread_id = ${hole("thread_id")} and checkpoint_ns = ${hole("checkpoint_ns")}
    order by checkpoint_id desc limit 1 offset ${hole("kept")})`;
}
