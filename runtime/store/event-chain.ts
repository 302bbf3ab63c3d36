import type { Database } from "better-sqlite3";
import { OrchestratorError } from "../../core/errors.js";
import type { EventDraft } from "../../core/event.js";
import { hashOfEvent } from "../../core/event-hash.js";
import type { EventRecord } from "../../core/records.js";
import { redactJson } from "../../core/redact.js";
import { toJson, toText } from "./columns.js";
import { sqlite } from "./dialect.js";
import type { EventRow } from "./schema.js";
import { Template } from "./template.js";

interface Head {
  readonly seq: number;
  readonly hash: string;
}

const selectHead = new Template<{ run_id: string }>((hole) =>
  sqlite.selectFrom("runs").select(["head_seq", "head_hash"]).where("run_id", "=", hole("run_id")),
);

const updateHead = new Template<{ run_id: string; head_seq: number; head_hash: string }>((hole) =>
  sqlite
    .updateTable("runs")
    .set({ head_seq: hole("head_seq"), head_hash: hole("head_hash") })
    .where("run_id", "=", hole("run_id")),
);

const insertEvent = new Template<EventRow>((hole) =>
  sqlite
    .insertInto("events")
    .values({
      run_id: hole("run_id"),
      seq: hole("seq"),
      key: hole("key"),
      type: hole("type"),
      task_id: hole("task_id"),
      at: hole("at"),
      data: hole("data"),
      previous_hash: hole("previous_hash"),
      hash: hole("hash"),
    })
    .onConflict((conflict) => conflict.columns(["run_id", "key"]).doNothing()),
);

/**
 * Appends events inside one transaction. The heads are read from the runs' rows once, kept here, and written back by
 * `writeHeads`; what a unit appended is taken back by `forget` when the unit fails, and kept by `keep`.
 */
export class EventChain {
  readonly #handle: Database;
  readonly #heads = new Map<string, Head>();
  readonly #unitHeads = new Map<string, Head>();
  #unitEvents: EventRecord[] = [];
  /** What was appended by the units that stand. */
  readonly appended: EventRecord[] = [];

  constructor(handle: Database) {
    this.#handle = handle;
  }

  /** Adds the event to its run's chain; nothing when its key is there already. */
  append(draft: EventDraft, at: Date): void {
    const head = this.#headOf(draft.runId);
    const { runId, key, type, taskId } = draft;
    const event = {
      runId,
      seq: head.seq + 1,
      key,
      type,
      ...(taskId !== undefined && { taskId }),
      at,
      data: redactJson(draft.data),
      previousHash: head.hash,
    };
    const record: EventRecord = { ...event, hash: hashOfEvent(event) };
    if (this.#run(insertEvent.with(toRow(record))) === 0) return;
    this.#unitHeads.set(runId, { seq: record.seq, hash: record.hash });
    this.#unitEvents.push(record);
  }

  keep(): void {
    for (const [runId, head] of this.#unitHeads) this.#heads.set(runId, head);
    this.appended.push(...this.#unitEvents);
    this.forget();
  }

  forget(): void {
    this.#unitHeads.clear();
    this.#unitEvents = [];
  }

  writeHeads(): void {
    const touched = new Set(this.appended.map((event) => event.runId));
    for (const runId of touched) {
      const head = this.#headOf(runId);
      this.#run(updateHead.with({ run_id: runId, head_seq: head.seq, head_hash: head.hash }));
    }
  }

  #headOf(runId: string): Head {
    const known = this.#unitHeads.get(runId) ?? this.#heads.get(runId);
    if (known) return known;
    const { sql, parameters } = selectHead.with({ run_id: runId });
    // Safe: the query selects exactly these columns.
    const row = this.#handle.prepare(sql).get(...parameters) as { head_seq: number; head_hash: string } | undefined;
    if (!row) throw new OrchestratorError("run_not_found", `An event was told of run ${runId}, which does not exist.`);
    return { seq: row.head_seq, hash: row.head_hash };
  }

  #run({ sql, parameters }: { sql: string; parameters: readonly unknown[] }): number {
    return this.#handle.prepare(sql).run(...parameters).changes;
  }
}

function toRow(event: EventRecord): EventRow {
  return {
    run_id: event.runId,
    seq: event.seq,
    key: event.key,
    type: event.type,
    task_id: event.taskId ?? null,
    at: toText(event.at),
    data: toJson(event.data),
    previous_hash: event.previousHash,
    hash: event.hash,
  };
}
