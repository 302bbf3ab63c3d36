import { sql } from "kysely";
import type { JsonObject } from "../../core/digest.js";
import type { Events } from "../../core/ports.js";
import type { EventRecord } from "../../core/records.js";
import { fromJson, present } from "./columns.js";
import type { Database } from "./database.js";
import type { EventRow } from "./schema.js";
import { Template } from "./template.js";

/** Reads the events of runs; they are appended by the units that they tell of. */
export class EventStore implements Events {
  readonly #db: Database;
  readonly #of: Template<{ run_id: string; after: number; limit: number }, EventRow>;

  constructor(db: Database) {
    this.#db = db;
    this.#of = new Template((hole) =>
      db.sql
        .selectFrom("events")
        .selectAll()
        .where("run_id", "=", hole("run_id"))
        .where("seq", ">", hole("after"))
        .orderBy("seq")
        .limit(sql<number>`${hole("limit")}`),
    );
  }

  async of(runId: string, options: { afterSeq?: number; limit?: number } = {}): Promise<EventRecord[]> {
    const { afterSeq = 0, limit = Number.MAX_SAFE_INTEGER } = options;
    return (await this.#db.read(this.#of.with({ run_id: runId, after: afterSeq, limit }))).map(toEvent);
  }
}

function toEvent(row: EventRow): EventRecord {
  return {
    runId: row.run_id,
    seq: row.seq,
    key: row.key,
    type: row.type,
    ...present({ taskId: row.task_id }),
    at: new Date(row.at),
    data: fromJson<JsonObject>(row.data),
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}
