import type { Json } from "../../core/digest.js";
import type { JournalRows, Statement } from "../../core/ports.js";
import type { Turn } from "../../core/records.js";
import { fromJson, toJson, toText } from "./columns.js";
import type { Database } from "./database.js";
import { insertOf } from "./insert.js";
import type { TurnRow } from "./schema.js";
import { Template } from "./template.js";

const COLUMNS = [
  "run_id",
  "task_id",
  "attempt",
  "key",
  "kind",
  "name",
  "args",
  "reply",
  "at",
  "duration_ms",
  "cost_micro_usd",
] as const;

/** The turns of all runs. What was written first stands: a turn is never rewritten. */
export class JournalStore implements JournalRows {
  readonly #db: Database;
  readonly #put: Template<TurnRow>;
  readonly #of: Template<{ run_id: string }, TurnRow>;

  constructor(db: Database) {
    this.#db = db;
    this.#put = insertOf(db.sql, "journal", COLUMNS, (insert) =>
      insert.onConflict((conflict) => conflict.columns(["run_id", "task_id", "attempt", "key"]).doNothing()),
    );
    this.#of = new Template((hole) =>
      db.sql
        .selectFrom("journal")
        .selectAll()
        .where("run_id", "=", hole("run_id"))
        .orderBy("task_id")
        .orderBy("attempt")
        .orderBy("at"),
    );
  }

  put(turn: Turn): Statement[] {
    return [this.#put.with(toRow(turn))];
  }

  async of(runId: string): Promise<Turn[]> {
    return (await this.#db.read(this.#of.with({ run_id: runId }))).map(toTurn);
  }
}

function toRow(turn: Turn): TurnRow {
  return {
    run_id: turn.runId,
    task_id: turn.taskId,
    attempt: turn.attempt,
    key: turn.key,
    kind: turn.kind,
    name: turn.name,
    args: toJson(turn.args),
    reply: toJson(turn.reply),
    at: toText(turn.at),
    duration_ms: turn.durationMs,
    cost_micro_usd: turn.costMicroUsd,
  };
}

function toTurn(row: TurnRow): Turn {
  return {
    runId: row.run_id,
    taskId: row.task_id,
    attempt: row.attempt,
    key: row.key,
    kind: row.kind,
    name: row.name,
    args: fromJson<Json>(row.args),
    reply: fromJson<Json>(row.reply),
    at: new Date(row.at),
    durationMs: row.duration_ms,
    costMicroUsd: row.cost_micro_usd,
  };
}
