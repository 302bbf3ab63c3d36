import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import { hasCode, OrchestratorError } from "../../core/errors.js";
import type { Statement } from "../../core/ports.js";
import type { RunFence, RunRecord } from "../../core/records.js";
import { present } from "./columns.js";
import { staleMessage } from "./commit.js";
import type { Database } from "./database.js";
import { databaseNow } from "./dialect.js";
import { isDead, noteOwner, partsOf } from "./owner.js";
import type { RunRow } from "./schema.js";
import { mustChange, once, Template } from "./template.js";

/** What decides whether a live process has a run; `now` is the database's clock. */
export interface Holder {
  owner: string | null;
  fence: number;
  lease_until: number | null;
  now: number;
}

/** Who works on a run and until when, by the database's clock. A lease whose process is dead on this host counts as over. */
export class Leases {
  readonly #db: Database;
  readonly #take: Template<{ run_id: string; owner: string; lease_ms: number; gone: string | null }, { fence: number }>;
  readonly #extend: Template<{ run_id: string; fence: number; lease_ms: number }>;
  readonly #holder: Template<{ run_id: string }, Holder>;
  readonly #cancel: Template<{ run_id: string }, { cancel_requested_by: string | null }>;

  constructor(db: Database) {
    this.#db = db;
    this.#take = new Template((hole) =>
      db.sql
        .updateTable("runs")
        .set((columns) => ({
          owner: hole("owner"),
          fence: columns("fence", "+", 1),
          lease_until: sql<number>`${databaseNow()} + ${hole("lease_ms")}`,
        }))
        .where("run_id", "=", hole("run_id"))
        .where((columns) =>
          columns.or([
            columns("owner", "is", null),
            columns("owner", "=", hole("gone")),
            columns("lease_until", "is", null),
            columns("lease_until", "<=", databaseNow()),
          ]),
        )
        .returning("fence"),
    );
    this.#extend = new Template((hole) =>
      db.sql
        .updateTable("runs")
        .set({ lease_until: sql<number>`${databaseNow()} + ${hole("lease_ms")}` })
        .where("run_id", "=", hole("run_id"))
        .where("fence", "=", hole("fence"))
        .where("owner", "is not", null),
    );
    this.#holder = new Template((hole) =>
      db.sql
        .selectFrom("runs")
        .select(["owner", "fence", "lease_until", databaseNow().as("now")])
        .where("run_id", "=", hole("run_id")),
    );
    this.#cancel = new Template((hole) =>
      db.sql.selectFrom("runs").select("cancel_requested_by").where("run_id", "=", hole("run_id")),
    );
  }

  /** The present owner gets its fence back, the lease extended; everybody else raises it, or is told who holds it. */
  async take(runId: string, owner: string, leaseMs: number): Promise<number> {
    noteOwner(owner);
    const before = await this.#holderOf(runId);
    if (before.owner === owner && (await this.renew({ runId, fence: before.fence }, leaseMs)).held) return before.fence;
    const gone = before.owner !== null && isDead(before.owner) ? before.owner : null;
    const [taken] = await this.#db.write(this.#take.with({ run_id: runId, owner, lease_ms: leaseMs, gone }));
    if (taken) return taken.fence;
    throw busy(runId, await this.#holderOf(runId));
  }

  /** The lease of a run that is created in the same unit, with its owner. */
  first({ runId, owner, fence }: Pick<RunRecord, "runId" | "owner" | "fence">, leaseMs: number): Statement[] {
    if (owner === undefined) return [];
    noteOwner(owner);
    return [this.#extend.with({ run_id: runId, fence, lease_ms: leaseMs })];
  }

  async renew(run: RunFence, leaseMs: number): Promise<{ held: boolean; cancelRequestedBy?: string }> {
    const query = this.#extend.with({ run_id: run.runId, fence: run.fence, lease_ms: leaseMs });
    const statement = mustChange(query, "stale_owner", staleMessage(run.runId, run.fence));
    try {
      await this.#db.commit({ statements: [statement] });
    } catch (error) {
      if (hasCode(error, "stale_owner")) return { held: false };
      throw error;
    }
    const [row] = await this.#db.read(this.#cancel.with({ run_id: run.runId }));
    return { held: true, ...present({ cancelRequestedBy: row?.cancel_requested_by }) };
  }

  /** Runs hosted here that nobody works on and that could go on. */
  async recoverable(): Promise<RunRow[]> {
    const query = this.#db.sql
      .selectFrom("runs")
      .selectAll()
      .select(databaseNow().as("now"))
      .where("host", "=", "orchestrator")
      .where((columns) =>
        columns.or([
          columns("status", "in", ["queued", "running"]),
          columns.and([columns("status", "=", "waiting"), isToGoOn()]),
        ]),
      )
      .orderBy("started_at")
      .orderBy("run_id");
    return (await this.#db.read(once(query))).filter((row) => !isHeld(row));
  }

  /** True while a live process has the run. */
  async isHeld(runId: string): Promise<boolean> {
    const [holder] = await this.#db.read(this.#holder.with({ run_id: runId }));
    return holder !== undefined && isHeld(holder);
  }

  async #holderOf(runId: string): Promise<Holder> {
    const [holder] = await this.#db.read(this.#holder.with({ run_id: runId }));
    if (!holder) throw new OrchestratorError("run_not_found", `There is no run ${runId}. See \`mission runs\`.`);
    return holder;
  }
}

/**
 * True for a row of `runs` with a decision, or a request to cancel, that its graph has not gone on with. A run that
 * takes back what it did is ending as it is: a request to cancel moves it no more.
 */
export function isToGoOn(): RawBuilder<boolean> {
  return sql<boolean>`((runs.cancel_requested_by is not null and runs.ending is null) or exists (
    select 1 from approvals where approvals.run_id = runs.run_id and approvals.applied_at is null
    and approvals.status in ('approved', 'edited', 'rejected', 'answered')))`;
}

/** True while a live process has the run. */
export function isHeld(holder: Holder): boolean {
  if (holder.owner === null || holder.lease_until === null || holder.lease_until <= holder.now) return false;
  return !isDead(holder.owner);
}

function busy(runId: string, holder: Holder): OrchestratorError {
  const parts = holder.owner === null ? undefined : partsOf(holder.owner);
  const who = parts ? `process ${parts.pid} on ${parts.host}` : (holder.owner ?? "another process");
  const until = holder.lease_until === null ? "soon" : new Date(holder.lease_until).toISOString();
  return new OrchestratorError(
    "run_busy",
    `Run ${runId} is being worked on by ${who}, at least until ${until}. Wait for it, or stop that process and try again.`,
    { details: { owner: holder.owner, lease_until: until } },
  );
}
