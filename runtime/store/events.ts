import { sql } from "kysely";
import type { JsonObject } from "../../core/digest.js";
import type { EventType } from "../../core/event.js";
import type { EventMoment, Events } from "../../core/ports.js";
import type { EventRecord, FoundEvent } from "../../core/records.js";
import { fromJson, present, toJson } from "./columns.js";
import type { Database } from "./database.js";
import type { EventRow } from "./schema.js";
import { once, Template } from "./template.js";

const MAX_ORPHANS = 10;

/** Reads the events of runs; they are appended by the units that they tell of. */
export class EventStore implements Events {
  readonly #db: Database;
  readonly #of: Template<{ run_id: string; after: number; limit: number }, EventRow>;
  readonly #moments: Template<{ run_id: string; types: string }, Pick<EventRow, "type" | "task_id" | "at">>;

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
    this.#moments = new Template((hole) =>
      db.sql
        .selectFrom("events")
        .select(["type", "task_id", "at"])
        .where("run_id", "=", hole("run_id"))
        .where(sql<boolean>`type in (select value from json_each(${hole("types")}))`)
        .orderBy("seq"),
    );
  }

  async of(
    runId: string,
    options: { afterSeq?: number; limit?: number; types?: readonly EventType[] } = {},
  ): Promise<EventRecord[]> {
    const { afterSeq = 0, limit = Number.MAX_SAFE_INTEGER, types } = options;
    if (types) return this.#ofTypes(runId, afterSeq, limit, types);
    return (await this.#rows(runId, afterSeq, limit)).map(toEvent);
  }

  async moments(runId: string, types: readonly EventType[]): Promise<EventMoment[]> {
    const rows = await this.#db.read(this.#moments.with({ run_id: runId, types: toJson(types) }));
    return rows.map(({ type, task_id, at }) => ({ type, at: new Date(at), ...present({ taskId: task_id }) }));
  }

  async found(runId: string, options: { afterSeq?: number; limit: number }): Promise<FoundEvent[]> {
    const { afterSeq = Number.MIN_SAFE_INTEGER, limit } = options;
    return (await this.#rows(runId, afterSeq, limit)).map(toFound);
  }

  async orphans(): Promise<string[]> {
    const query = this.#db.sql
      .selectFrom("events")
      .select("run_id")
      .distinct()
      .where("run_id", "not in", (runs) => runs.selectFrom("runs").select("runs.run_id"))
      .orderBy("run_id")
      .limit(MAX_ORPHANS);
    return (await this.#db.read(once(query))).map((row) => row.run_id);
  }

  #rows(runId: string, after: number, limit: number): Promise<EventRow[]> {
    return this.#db.read(this.#of.with({ run_id: runId, after, limit }));
  }

  async #ofTypes(runId: string, afterSeq: number, limit: number, types: readonly EventType[]): Promise<EventRecord[]> {
    const query = this.#db.sql
      .selectFrom("events")
      .selectAll()
      .where("run_id", "=", runId)
      .where("seq", ">", afterSeq)
      .where("type", "in", types)
      .orderBy("seq")
      .limit(limit);
    return (await this.#db.read(once(query))).map(toEvent);
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

function toFound(row: EventRow): FoundEvent {
  const why = faultOf(row);
  if (why === undefined) return { event: toEvent(row) };
  const { seq, key, type } = row;
  return { unreadable: { seq: Number.isSafeInteger(seq) ? seq : null, key: String(key), type: String(type) }, why };
}

/** Why the row is not one that was ever written here. SQLite keeps any value in any column. */
function faultOf(row: EventRow): string | undefined {
  if (!Number.isSafeInteger(row.seq)) return "its number is no whole number";
  const texts = { key: row.key, type: row.type, at: row.at, data: row.data, hash: row.hash };
  const wrong = Object.entries({ ...texts, task_id: row.task_id ?? "", previous_hash: row.previous_hash });
  const odd = wrong.find(([, value]) => typeof value !== "string");
  if (odd) return `its column ${odd[0]} holds no text`;
  const at = new Date(row.at);
  if (Number.isNaN(at.getTime()) || at.toISOString() !== row.at) return `"${row.at}" is no moment as events have them`;
  return dataFaultOf(row.data);
}

/** What was written reads back as the very same text; a byte that means nothing, such as a space, is a change too. */
function dataFaultOf(text: string): string | undefined {
  try {
    const data: unknown = JSON.parse(text);
    if (typeof data !== "object" || data === null || Array.isArray(data)) return "its data is no JSON object";
    return toJson(data) === text ? undefined : "its data is not written as it was when the event was";
  } catch {
    return "its data is no JSON";
  }
}
