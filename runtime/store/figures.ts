import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import type { FigureFilter, Figures } from "../../core/ports.js";
import type { ObservationRecord, RunFigure } from "../../core/records.js";
import type { LeadTimeView } from "../../core/views.js";
import { fromJsonOrNull, present, toMoment, toText } from "./columns.js";
import type { Database } from "./database.js";
import { toObservation } from "./observations.js";
import { once } from "./template.js";

const DECIDED = ["approved", "edited", "rejected", "answered"] as const;

/** Counts over the runs of one database: one light row for each run, never its case, report or log. */
export class FigureStore implements Figures {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async runs(filter: FigureFilter = {}): Promise<RunFigure[]> {
    // A sum for each run by its key: a join would have to sort the runs with their reports.
    const ofTasks = (column: RawBuilder<number>) =>
      sql<number>`(select coalesce(${column}, 0) from tasks where tasks.run_id = runs.run_id)`;
    const query = this.#db.sql
      .selectFrom("runs")
      .select([
        "run_id",
        "mission_id",
        "mission_slug",
        "mission_name",
        "mission_version",
        "status",
        "started_at",
        "finished_at",
        "review_round",
        "lead_time",
        ofTasks(sql`sum(tasks.cost_micro_usd)`).as("cost_micro_usd"),
        ofTasks(sql`max(tasks.degraded)`).as("degraded"),
        ofTasks(sql`max(case when tasks.refusals > 0 or tasks.tried <> '[]' then 1 else 0 end)`).as("redone"),
      ])
      .where(within(filter))
      .orderBy(sql`finished_at is null`)
      .orderBy("finished_at")
      .orderBy("run_id");
    return (await this.#db.read(once(query))).map((row) => ({
      runId: row.run_id,
      missionId: row.mission_id,
      missionSlug: row.mission_slug,
      missionName: row.mission_name,
      missionVersion: row.mission_version,
      status: row.status,
      startedAt: new Date(row.started_at),
      costMicroUsd: row.cost_micro_usd,
      hasRework: row.review_round > 0 || row.redone === 1,
      isDegraded: row.degraded === 1,
      ...present({
        finishedAt: toMoment(row.finished_at),
        leadTime: fromJsonOrNull<LeadTimeView>(row.lead_time),
      }),
    }));
  }

  async observations(filter: FigureFilter = {}): Promise<ObservationRecord[]> {
    const query = this.#db.sql
      .selectFrom("runs")
      .innerJoin("observations", "observations.run_id", "runs.run_id")
      .selectAll("observations")
      .where(within(filter))
      .orderBy("observations.run_id")
      .orderBy("observations.kpi_id")
      .orderBy("observations.basis");
    return (await this.#db.read(once(query))).map(toObservation);
  }

  async decisions(filter: FigureFilter = {}): Promise<{ runId: string; waitedMs: number }[]> {
    const query = this.#db.sql
      .selectFrom("runs")
      .innerJoin("approvals", "approvals.run_id", "runs.run_id")
      .select(["approvals.run_id", "approvals.created_at", "approvals.decided_at"])
      .where(within(filter))
      .where("approvals.status", "in", DECIDED)
      .orderBy("approvals.approval_id");
    return (await this.#db.read(once(query))).map(({ run_id, created_at, decided_at }) => ({
      runId: run_id,
      waitedMs: Math.max(0, Date.parse(decided_at ?? created_at) - Date.parse(created_at)),
    }));
  }

  async missions(): Promise<Pick<RunFigure, "missionId" | "missionSlug" | "missionName" | "missionVersion">[]> {
    const newest = this.#db.sql
      .selectFrom("runs")
      .select(["mission_id", sql<string>`max(started_at)`.as("started_at")])
      .groupBy("mission_id")
      .as("newest");
    const query = this.#db.sql
      .selectFrom(newest)
      .innerJoin("runs", (join) =>
        join.onRef("runs.mission_id", "=", "newest.mission_id").onRef("runs.started_at", "=", "newest.started_at"),
      )
      .select(["runs.mission_id", "runs.mission_slug", "runs.mission_name", "runs.mission_version"])
      .orderBy("runs.mission_id")
      .orderBy("runs.run_id", "desc");
    const rows = await this.#db.read(once(query));
    const isFirst = (id: string, index: number) => rows.findIndex((row) => row.mission_id === id) === index;
    return rows
      .filter((row, index) => isFirst(row.mission_id, index))
      .map((row) => ({
        missionId: row.mission_id,
        missionSlug: row.mission_slug,
        missionName: row.mission_name,
        missionVersion: row.mission_version,
      }));
  }
}

/** The runs that a filter counts. Moments are ISO 8601 UTC, so that their text is in the order of time. */
function within({ missionId, from, to }: FigureFilter) {
  const conditions = [
    sql<boolean>`1 = 1`,
    ...(missionId === undefined ? [] : [sql<boolean>`runs.mission_id = ${missionId}`]),
    ...(from === undefined ? [] : [sql<boolean>`(runs.finished_at is null or runs.finished_at >= ${toText(from)})`]),
    ...(to === undefined ? [] : [sql<boolean>`coalesce(runs.finished_at, runs.started_at) <= ${toText(to)}`]),
  ];
  return sql<boolean>`${sql.join(conditions, sql` and `)}`;
}
