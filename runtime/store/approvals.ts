import type { ApprovalShown, Decision } from "../../core/approval.js";
import { statusOf } from "../../core/approval.js";
import type { ApprovalFilter, Approvals, Statement } from "../../core/ports.js";
import type { ApprovalRecord } from "../../core/records.js";
import { fromJson, fromJsonOrNull, present, toJson, toJsonOrNull, toMoment, toText, toTextOrNull } from "./columns.js";
import type { Database } from "./database.js";
import { afterPrefix } from "./dialect.js";
import { insertOf } from "./insert.js";
import type { ApprovalRow } from "./schema.js";
import { mustChange, once, Template } from "./template.js";

const MAX_PREFIX_MATCHES = 10;
const DECIDED = ["approved", "edited", "rejected", "answered"] as const;
const COLUMNS = [
  "approval_id",
  "run_id",
  "task_id",
  "attempt",
  "kind",
  "subject",
  "round",
  "digest",
  "shown",
  "role",
  "escalate_to",
  "status",
  "created_at",
  "due_at",
  "decided_at",
  "decided_by",
  "authenticated",
  "decision",
  "applied_at",
] as const;

type Key = Pick<ApprovalRow, "approval_id">;

/** Questions to people. The row is the only truth: whoever changes it first has decided. */
export class ApprovalStore implements Approvals {
  readonly #db: Database;
  readonly #put: Template<ApprovalRow>;
  readonly #shows: Template<Key & { digest: string }>;
  readonly #decide: Template<
    Key & Pick<ApprovalRow, "status" | "decision" | "decided_by" | "authenticated" | "decided_at">
  >;
  readonly #apply: Template<Key & { applied_at: string }>;
  readonly #close: Template<Key & Pick<ApprovalRow, "status" | "decided_at">>;
  readonly #find: Template<Key, ApprovalRow>;
  readonly #ofRun: Template<Pick<ApprovalRow, "run_id">, ApprovalRow>;

  constructor(db: Database) {
    this.#db = db;
    const update = () => db.sql.updateTable("approvals");
    this.#ofRun = new Template((hole) =>
      db.sql
        .selectFrom("approvals")
        .selectAll()
        .where("run_id", "=", hole("run_id"))
        .orderBy("created_at")
        .orderBy("approval_id"),
    );
    this.#put = insertOf(db.sql, "approvals", COLUMNS, (insert) =>
      insert.onConflict((conflict) => conflict.column("approval_id").doNothing()),
    );
    this.#shows = new Template((hole) =>
      update()
        .set({ digest: hole("digest") })
        .where("approval_id", "=", hole("approval_id"))
        .where("digest", "=", hole("digest")),
    );
    this.#decide = new Template((hole) =>
      update()
        .set({
          status: hole("status"),
          decision: hole("decision"),
          decided_by: hole("decided_by"),
          authenticated: hole("authenticated"),
          decided_at: hole("decided_at"),
        })
        .where("approval_id", "=", hole("approval_id"))
        .where("status", "=", "pending"),
    );
    this.#apply = new Template((hole) =>
      update()
        .set({ applied_at: hole("applied_at") })
        .where("approval_id", "=", hole("approval_id"))
        .where("status", "in", DECIDED)
        .where("applied_at", "is", null),
    );
    this.#close = new Template((hole) =>
      update()
        .set({ status: hole("status"), decided_at: hole("decided_at") })
        .where("approval_id", "=", hole("approval_id"))
        .where("status", "=", "pending"),
    );
    this.#find = new Template((hole) =>
      db.sql.selectFrom("approvals").selectAll().where("approval_id", "=", hole("approval_id")),
    );
  }

  put(approval: ApprovalRecord): Statement[] {
    return [this.#put.with(toRow(approval))];
  }

  decide(
    approvalId: string,
    digest: string,
    decision: Decision,
    by: string,
    authenticated: boolean,
    at: Date,
  ): Statement[] {
    const values = {
      approval_id: approvalId,
      status: statusOf(decision),
      decision: toJson(decision),
      decided_by: by,
      authenticated: authenticated ? 1 : 0,
      decided_at: toText(at),
    };
    const stale = `Approval ${approvalId} shows something else than what was decided on, or is gone. Look at it again with \`mission approvals\`.`;
    const decided = `Approval ${approvalId} is not open any more; what was decided first stands. See \`mission approvals\`.`;
    return [
      mustChange(this.#shows.with({ approval_id: approvalId, digest }), "stale_digest", stale),
      mustChange(this.#decide.with(values), "already_decided", decided),
    ];
  }

  markApplied(approvalIds: readonly string[], at: Date): Statement[] {
    return approvalIds.map((approvalId) => this.#apply.with({ approval_id: approvalId, applied_at: toText(at) }));
  }

  close(approvalId: string, status: "expired" | "withdrawn", at: Date): Statement[] {
    const message = `Approval ${approvalId} is not open any more: it is not ${status}. See \`mission approvals\`.`;
    const query = this.#close.with({ approval_id: approvalId, status, decided_at: toText(at) });
    return [mustChange(query, "already_decided", message)];
  }

  async find(approvalId: string): Promise<ApprovalRecord | undefined> {
    const [row] = await this.#db.read(this.#find.with({ approval_id: approvalId }));
    return row && toApproval(row);
  }

  async findByPrefix(prefix: string): Promise<ApprovalRecord[]> {
    const query = this.#db.sql
      .selectFrom("approvals")
      .selectAll()
      .where("approval_id", ">=", prefix)
      .where("approval_id", "<", afterPrefix(prefix))
      .orderBy("approval_id")
      .limit(MAX_PREFIX_MATCHES);
    return (await this.#db.read(once(query))).map(toApproval);
  }

  async list(filter: ApprovalFilter = {}): Promise<ApprovalRecord[]> {
    const { runId, status } = filter;
    // What every pass of a run asks is compiled once.
    if (runId !== undefined) {
      const rows = await this.#db.read(this.#ofRun.with({ run_id: runId }));
      return rows.filter((row) => !status || status.includes(row.status)).map(toApproval);
    }
    let query = this.#db.sql.selectFrom("approvals").selectAll().orderBy("created_at").orderBy("approval_id");
    if (status) query = query.where("status", "in", status);
    return (await this.#db.read(once(query))).map(toApproval);
  }
}

function toRow(approval: ApprovalRecord): ApprovalRow {
  return {
    approval_id: approval.approvalId,
    run_id: approval.runId,
    task_id: approval.taskId,
    attempt: approval.attempt,
    kind: approval.kind,
    subject: approval.subject,
    round: approval.round,
    digest: approval.digest,
    shown: toJson(approval.shown),
    role: approval.role,
    escalate_to: toJson(approval.escalateTo),
    status: approval.status,
    created_at: toText(approval.createdAt),
    due_at: toText(approval.dueAt),
    decided_at: toTextOrNull(approval.decidedAt),
    decided_by: approval.decidedBy ?? null,
    authenticated: approval.authenticated === undefined ? null : Number(approval.authenticated),
    decision: toJsonOrNull(approval.decision),
    applied_at: toTextOrNull(approval.appliedAt),
  };
}

function toApproval(row: ApprovalRow): ApprovalRecord {
  return {
    approvalId: row.approval_id,
    runId: row.run_id,
    taskId: row.task_id,
    attempt: row.attempt,
    kind: row.kind,
    subject: row.subject,
    round: row.round,
    digest: row.digest,
    shown: fromJson<ApprovalShown>(row.shown),
    role: row.role,
    escalateTo: fromJson<string[]>(row.escalate_to),
    status: row.status,
    createdAt: new Date(row.created_at),
    dueAt: new Date(row.due_at),
    ...present({
      decidedAt: toMoment(row.decided_at),
      decidedBy: row.decided_by,
      authenticated: row.authenticated === null ? undefined : row.authenticated === 1,
      decision: fromJsonOrNull<Decision>(row.decision),
      appliedAt: toMoment(row.applied_at),
    }),
  };
}
