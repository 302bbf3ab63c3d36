import type { Json } from "../../core/digest.js";
import type { Effects, Kills, Statement } from "../../core/ports.js";
import type { EffectRecord, RunFence, UndoRecord } from "../../core/records.js";
import { isTerminal, RUN_STATUSES } from "../../core/run.js";
import { fromJson, present, toJson, toJsonOrNull, toMoment, toText, toTextOrNull } from "./columns.js";
import type { Database } from "./database.js";
import { allBut, insertOf } from "./insert.js";
import type { EffectRow } from "./schema.js";
import { mustChange, once, Template } from "./template.js";

const OPEN = RUN_STATUSES.filter((status) => !isTerminal(status));

const COLUMNS = [
  "effect_id",
  "run_id",
  "fence",
  "task_id",
  "attempt",
  "agent_id",
  "turn_key",
  "tool",
  "scope",
  "dedupe_key",
  "again",
  "args",
  "args_digest",
  "idempotency_key",
  "status",
  "result",
  "approval_id",
  "claimed_at",
  "settled_at",
  "undoes",
  "undo_outcome",
  "undo_at",
  "undo_by",
  "undo_note",
] as const;

/** Acts on the world: claimed before they are done, so that after any crash it is known which may have happened. */
export class EffectStore implements Effects {
  readonly #db: Database;
  readonly #kills: Pick<Kills, "allow">;
  readonly #claim: Template<EffectRow>;
  readonly #settle: Template<Pick<EffectRow, "effect_id" | "status" | "result" | "settled_at">>;
  readonly #settleClaim: Template<
    Pick<EffectRow, "effect_id" | "status" | "result" | "settled_at" | "run_id" | "fence">
  >;
  readonly #undone: Template<Pick<EffectRow, "effect_id" | "undo_outcome" | "undo_at" | "undo_by" | "undo_note">>;
  readonly #stands: Template<{ effect_id: string }>;
  readonly #find: Template<{ effect_id: string }, EffectRow>;
  readonly #of: Template<{ run_id: string }, EffectRow>;

  constructor(db: Database, kills: Pick<Kills, "allow">) {
    this.#db = db;
    this.#kills = kills;
    this.#claim = insertOf(db.sql, "effects", COLUMNS, (insert) =>
      insert.onConflict((conflict) =>
        conflict
          .column("effect_id")
          .doUpdateSet((row) =>
            Object.fromEntries(allBut(COLUMNS, ["effect_id"]).map((name) => [name, row.ref(`excluded.${name}`)])),
          )
          .where("effects.status", "=", "not_done"),
      ),
    );
    this.#settle = new Template((hole) =>
      db.sql
        .updateTable("effects")
        .set({ status: hole("status"), result: hole("result"), settled_at: hole("settled_at") })
        .where("effect_id", "=", hole("effect_id"))
        .where("status", "=", "claimed"),
    );
    this.#settleClaim = new Template((hole) =>
      db.sql
        .updateTable("effects")
        .set({ status: hole("status"), result: hole("result"), settled_at: hole("settled_at") })
        .where("effect_id", "=", hole("effect_id"))
        .where("status", "=", "claimed")
        .where("run_id", "=", hole("run_id"))
        .where("fence", "=", hole("fence")),
    );
    this.#undone = undoneIn(db);
    this.#stands = standsIn(db);
    this.#find = new Template((hole) =>
      db.sql.selectFrom("effects").selectAll().where("effect_id", "=", hole("effect_id")),
    );
    this.#of = new Template((hole) =>
      db.sql
        .selectFrom("effects")
        .selectAll()
        .where("run_id", "=", hole("run_id"))
        .orderBy("claimed_at")
        .orderBy("effect_id"),
    );
  }

  claim(effect: EffectRecord): Statement[] {
    const message = `The act ${effect.tool} (${effect.effectId}) is claimed or done already: find out what became of it before trying again.`;
    const claim = mustChange(this.#claim.with(toRow({ ...effect, status: "claimed" })), "already_decided", message);
    return [...this.#kills.allow(effect), claim];
  }

  settle(effectId: string, status: "done" | "not_done", result: unknown, at: Date, claimedBy?: RunFence): Statement[] {
    const values = { effect_id: effectId, status, result: toJsonOrNull(result), settled_at: toText(at) };
    const query = claimedBy
      ? this.#settleClaim.with({ ...values, run_id: claimedBy.runId, fence: claimedBy.fence })
      : this.#settle.with(values);
    return [mustChange(query, "already_decided", `The act ${effectId} is settled already; its outcome stands.`)];
  }

  undone(effectId: string, { outcome, at, by, note }: UndoRecord): Statement[] {
    const told = { undo_outcome: outcome, undo_at: toText(at), undo_by: by, undo_note: note ?? null };
    const message = `What became of the act ${effectId} is known already, or it was never done.`;
    return [mustChange(this.#undone.with({ effect_id: effectId, ...told }), "already_decided", message)];
  }

  stands(effectId: string): Statement[] {
    const message = `The act ${effectId} was taken back, or is about to be.`;
    return [mustChange(this.#stands.with({ effect_id: effectId }), "already_decided", message)];
  }

  async restedOn({ effectId, runId, scope, settledAt, claimedAt }: EffectRecord) {
    if (scope === "task" || scope === "run") return undefined;
    const query = this.#db.sql
      .selectFrom("events")
      .innerJoin("runs", "runs.run_id", "events.run_id")
      .innerJoin("runs as own", (join) =>
        join.onRef("own.mission_id", "=", "runs.mission_id").on("own.run_id", "=", runId),
      )
      .select(["runs.run_id", "runs.title"])
      .where("events.type", "=", "effect_reused")
      .where("events.data", "like", `%"effect":"${effectId}"%`)
      .where("runs.run_id", "<>", runId)
      .where("runs.status", "not in", ["failed", "cancelled"])
      .where("runs.ending", "is", null)
      // Who had ended before it was done does not rest on it, and is not looked through.
      .where((columns) =>
        columns.or([
          columns("runs.finished_at", "is", null),
          columns("runs.finished_at", ">=", toText(settledAt ?? claimedAt)),
        ]),
      )
      .orderBy("runs.started_at")
      .limit(1);
    const [row] = await this.#db.read(once(query));
    return row && { runId: row.run_id, title: row.title };
  }

  async find(effectId: string): Promise<EffectRecord | undefined> {
    const [row] = await this.#db.read(this.#find.with({ effect_id: effectId }));
    return row && toEffect(row);
  }

  async of(runId: string): Promise<EffectRecord[]> {
    return (await this.#db.read(this.#of.with({ run_id: runId }))).map(toEffect);
  }
}

function toRow(effect: EffectRecord): EffectRow {
  return {
    effect_id: effect.effectId,
    run_id: effect.runId,
    fence: effect.fence,
    task_id: effect.taskId,
    attempt: effect.attempt,
    agent_id: effect.agentId,
    turn_key: effect.turnKey,
    tool: effect.tool,
    scope: effect.scope,
    dedupe_key: effect.dedupeKey,
    again: effect.again,
    args: toJson(effect.args),
    args_digest: effect.argsDigest,
    idempotency_key: effect.idempotencyKey,
    status: effect.status,
    result: toJsonOrNull(effect.result),
    approval_id: effect.approvalId ?? null,
    claimed_at: toText(effect.claimedAt),
    settled_at: toTextOrNull(effect.settledAt),
    undoes: effect.undoes ?? null,
    undo_outcome: effect.undo?.outcome ?? null,
    undo_at: toTextOrNull(effect.undo?.at),
    undo_by: effect.undo?.by ?? null,
    undo_note: effect.undo?.note ?? null,
  };
}

function toEffect(row: EffectRow): EffectRecord {
  return {
    effectId: row.effect_id,
    runId: row.run_id,
    fence: row.fence,
    taskId: row.task_id,
    attempt: row.attempt,
    agentId: row.agent_id,
    turnKey: row.turn_key,
    tool: row.tool,
    scope: row.scope,
    dedupeKey: row.dedupe_key,
    again: row.again,
    args: fromJson<Json>(row.args),
    argsDigest: row.args_digest,
    idempotencyKey: row.idempotency_key,
    status: row.status,
    claimedAt: new Date(row.claimed_at),
    ...(row.result !== null && { result: fromJson<Json>(row.result) }),
    ...present({
      approvalId: row.approval_id,
      settledAt: toMoment(row.settled_at),
      undoes: row.undoes,
      undo: toUndo(row),
    }),
  };
}

function toUndo({ undo_outcome, undo_at, undo_by, undo_note }: EffectRow): UndoRecord | undefined {
  if (undo_outcome === null || undo_at === null || undo_by === null) return undefined;
  return { outcome: undo_outcome, at: new Date(undo_at), by: undo_by, ...present({ note: undo_note }) };
}

function standsIn(db: Database): Template<{ effect_id: string }> {
  return new Template((hole) =>
    db.sql
      .updateTable("effects")
      .set((columns) => ({ effect_id: columns.ref("effect_id") }))
      .where("effect_id", "=", hole("effect_id"))
      .where("status", "=", "done")
      .where((columns) =>
        columns.or([
          columns("undo_outcome", "in", ["left", "nothing"]),
          columns.and([
            columns("undo_outcome", "is", null),
            columns.not(
              columns.exists(
                columns
                  .selectFrom("runs")
                  .select("runs.run_id")
                  .whereRef("runs.run_id", "=", "effects.run_id")
                  .where("runs.ending", "is not", null)
                  .where("runs.status", "in", OPEN),
              ),
            ),
          ]),
        ]),
      ),
  );
}

function undoneIn(
  db: Database,
): Template<Pick<EffectRow, "effect_id" | "undo_outcome" | "undo_at" | "undo_by" | "undo_note">> {
  return new Template((hole) =>
    db.sql
      .updateTable("effects")
      .set({
        undo_outcome: hole("undo_outcome"),
        undo_at: hole("undo_at"),
        undo_by: hole("undo_by"),
        undo_note: hole("undo_note"),
      })
      .where("effect_id", "=", hole("effect_id"))
      .where("status", "=", "done")
      .where("undo_outcome", "is", null),
  );
}
