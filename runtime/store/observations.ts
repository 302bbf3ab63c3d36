import type { Observations, Statement } from "../../core/ports.js";
import type { ObservationRecord } from "../../core/records.js";
import { toText } from "./columns.js";
import type { Database } from "./database.js";
import { insertOf } from "./insert.js";
import type { ObservationRow } from "./schema.js";
import { Template } from "./template.js";

/** KPI values that were observed. */
export class ObservationStore implements Observations {
  readonly #db: Database;
  readonly #put: Template<ObservationRow>;
  readonly #of: Template<{ run_id: string }, ObservationRow>;

  constructor(db: Database) {
    this.#db = db;
    this.#put = insertOf(db.sql, "observations", ["run_id", "kpi_id", "basis", "value", "at", "by"], (insert) =>
      insert.onConflict((conflict) =>
        conflict.columns(["run_id", "kpi_id", "basis"]).doUpdateSet((row) => ({
          value: row.ref("excluded.value"),
          at: row.ref("excluded.at"),
          by: row.ref("excluded.by"),
        })),
      ),
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
    const { runId, kpiId, basis, value, at, by } = observation;
    return [this.#put.with({ run_id: runId, kpi_id: kpiId, basis, value, at: toText(at), by })];
  }

  async of(runId: string): Promise<ObservationRecord[]> {
    return (await this.#db.read(this.#of.with({ run_id: runId }))).map((row) => ({
      runId: row.run_id,
      kpiId: row.kpi_id,
      basis: row.basis,
      value: row.value,
      at: new Date(row.at),
      by: row.by,
    }));
  }
}
