import type { Observations, Statement } from "../../core/ports.js";
import type { ObservationRecord } from "../../core/records.js";
import { toText } from "./columns.js";
import type { Database } from "./database.js";
import { insertOf } from "./insert.js";
import type { ObservationRow } from "./schema.js";
import { mustChange, Template } from "./template.js";

const COLUMNS = ["run_id", "kpi_id", "basis", "value", "at", "by"] as const;

/** What must stand for a correction to take its place. */
interface Standing {
  readonly old_value: number;
  readonly old_at: string;
  readonly old_by: string;
}

/** KPI values that were observed. */
export class ObservationStore implements Observations {
  readonly #db: Database;
  readonly #put: Template<ObservationRow>;
  readonly #record: Template<ObservationRow>;
  readonly #correct: Template<ObservationRow & Standing>;
  readonly #of: Template<{ run_id: string }, ObservationRow>;

  constructor(db: Database) {
    this.#db = db;
    this.#put = insertOf(db.sql, "observations", COLUMNS, (insert) =>
      insert.onConflict((conflict) =>
        conflict.columns(["run_id", "kpi_id", "basis"]).doUpdateSet((row) => ({
          value: row.ref("excluded.value"),
          at: row.ref("excluded.at"),
          by: row.ref("excluded.by"),
        })),
      ),
    );
    this.#record = insertOf(db.sql, "observations", COLUMNS, (insert) =>
      insert.onConflict((conflict) => conflict.columns(["run_id", "kpi_id", "basis"]).doNothing()),
    );
    this.#correct = new Template((hole) =>
      db.sql
        .updateTable("observations")
        .set({ value: hole("value"), at: hole("at"), by: hole("by") })
        .where("run_id", "=", hole("run_id"))
        .where("kpi_id", "=", hole("kpi_id"))
        .where("basis", "=", hole("basis"))
        .where("value", "=", hole("old_value"))
        .where("at", "=", hole("old_at"))
        .where("by", "=", hole("old_by")),
    );
    this.#of = new Template((hole) =>
      db.sql
        .selectFrom("observations")
        .selectAll()
        .where("run_id", "=", hole("run_id"))
        .orderBy("kpi_id")
        .orderBy("basis"),
    );
  }

  put(observation: ObservationRecord): Statement[] {
    return [this.#put.with(toRow(observation))];
  }

  record(observation: ObservationRecord, instead?: ObservationRecord): Statement[] {
    const row = toRow(observation);
    const message = `Somebody else has recorded ${observation.kpiId} of run ${observation.runId} meanwhile. Look at \`mission status ${observation.runId}\`.`;
    if (!instead) return [mustChange(this.#record.with(row), "kpi_recorded", message)];
    const old = { old_value: instead.value, old_at: toText(instead.at), old_by: instead.by };
    return [mustChange(this.#correct.with({ ...row, ...old }), "kpi_recorded", message)];
  }

  async of(runId: string): Promise<ObservationRecord[]> {
    return (await this.#db.read(this.#of.with({ run_id: runId }))).map(toObservation);
  }
}

function toRow({ runId, kpiId, basis, value, at, by }: ObservationRecord): ObservationRow {
  return { run_id: runId, kpi_id: kpiId, basis, value, at: toText(at), by };
}

/** An observation from its row. */
export function toObservation(row: ObservationRow): ObservationRecord {
  const { run_id: runId, kpi_id: kpiId, basis, value, at, by } = row;
  return { runId, kpiId, value, at: new Date(at), basis, by };
}
