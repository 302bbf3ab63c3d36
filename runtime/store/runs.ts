import type { JsonObject } from "../../core/digest.js";
import { FIRST_HASH } from "../../core/event-hash.js";
import type { RunFilter, Runs, Statement } from "../../core/ports.js";
import type { RunEnding, RunFence, RunRecord } from "../../core/records.js";
import type { TerminalStatus } from "../../core/run.js";
import { fromJson, present, toJson, toJsonOrNull, toMoment, toText, toTextOrNull } from "./columns.js";
import { staleMessage } from "./commit.js";
import type { Database } from "./database.js";
import { afterPrefix } from "./dialect.js";
import { Leases } from "./leases.js";
import { packText, unpackText } from "./packed.js";
import { endingOf, runGuards, runMoves, runTemplates } from "./run-templates.js";
import type { RunRow } from "./schema.js";
import { mustChange, once } from "./template.js";

const MAX_PREFIX_MATCHES = 10;

/** The runs of one database. Writes of the graph carry the owner's fence: a stale owner is refused. */
export class RunStore implements Runs {
  readonly #db: Database;
  readonly #leases: Leases;
  readonly #templates: ReturnType<typeof runTemplates>;
  readonly #moves: ReturnType<typeof runMoves>;
  readonly #ending: ReturnType<typeof endingOf>;
  readonly #guards: ReturnType<typeof runGuards>;

  constructor(db: Database) {
    this.#db = db;
    this.#leases = new Leases(db);
    this.#templates = runTemplates(db);
    this.#moves = runMoves(db);
    this.#ending = endingOf(db);
    this.#guards = runGuards(db);
  }

  create(
    run: Omit<RunRecord, "headSeq" | "headHash">,
    options: { readonly asOnlyOpen?: boolean; readonly leaseMs?: number } = {},
  ): Statement[] {
    const taken = `Run ${run.runId} exists already. Continue it with \`mission resume ${run.runId}\`, or start one under another id.`;
    const insert = [mustChange(this.#templates.insert.with(toRow(run)), "run_exists", taken)];
    if (options.leaseMs !== undefined) insert.push(...this.#leases.first(run, options.leaseMs));
    if (!options.asOnlyOpen) return insert;
    const open = `Case ${run.caseId} has an open run of ${run.missionSlug} already. Find it with \`mission runs\` and continue or cancel that one.`;
    return [...insert, mustChange(this.#guards.isOnlyOpen.with({ run_id: run.runId }), "run_exists", open)];
  }

  takeLease(runId: string, owner: string, leaseMs: number): Promise<number> {
    return this.#leases.take(runId, owner, leaseMs);
  }

  renewLease(run: RunFence, leaseMs: number): Promise<{ held: boolean; cancelRequestedBy?: string }> {
    return this.#leases.renew(run, leaseMs);
  }

  releaseLease(run: RunFence): Statement[] {
    return [this.#templates.release.with({ run_id: run.runId, fence: run.fence })];
  }

  wait(run: RunFence): Statement[] {
    const values = { run_id: run.runId, fence: run.fence };
    return [
      mustChange(this.#moves.wait.with(values), "stale_owner", staleMessage(run.runId, run.fence)),
      mustChange(
        this.#guards.nothingToApply.with({ run_id: run.runId }),
        "already_decided",
        `Run ${run.runId} has a decision that was not applied yet, or is to be cancelled: it goes on instead of waiting.`,
      ),
    ];
  }

  setRunning(run: RunFence): Statement[] {
    return [this.#owned(run), this.#moves.start.with({ run_id: run.runId })];
  }

  setReviewRound(run: RunFence, round: number): Statement[] {
    const query = this.#moves.reviewRound.with({ run_id: run.runId, fence: run.fence, review_round: round });
    return [mustChange(query, "stale_owner", staleMessage(run.runId, run.fence))];
  }

  setEnding(run: RunFence, ending: RunEnding): Statement[] {
    const values = { run_id: run.runId, fence: run.fence, ending: toJson(ending) };
    return [this.#owned(run), this.#ending.with(values)];
  }

  requestCancel(runId: string, by: string): Statement[] {
    const message = `Run ${runId} has ended or does not exist: there is nothing to cancel. See \`mission runs\`.`;
    return [mustChange(this.#moves.cancel.with({ run_id: runId, cancel_requested_by: by }), "run_finished", message)];
  }

  finish(
    run: RunFence,
    status: TerminalStatus,
    report: JsonObject,
    failure: string | undefined,
    at: Date,
  ): Statement[] {
    const values = {
      run_id: run.runId,
      status,
      lead_time: leadTimeOf(report),
      report: packText(toJson(report)),
      failure: failure ?? null,
      finished_at: toText(at),
    };
    const lost = `Run ${run.runId} has an act of which nobody knows whether it happened: it cannot end. Continue it with \`mission resume ${run.runId}\`.`;
    return [
      this.#owned(run),
      mustChange(this.#guards.nothingLost.with({ run_id: run.runId }), "run_busy", lost),
      this.#moves.finish.with(values),
    ];
  }

  goOn(runId: string): Statement[] {
    const message = `Run ${runId} is to be cancelled: it does nothing more.`;
    return [mustChange(this.#guards.goOn.with({ run_id: runId }), "run_finished", message)];
  }

  isHeld(runId: string): Promise<boolean> {
    return this.#leases.isHeld(runId);
  }

  async find(runId: string): Promise<RunRecord | undefined> {
    const [row] = await this.#db.read(this.#templates.find.with({ run_id: runId }));
    return row && toRun(row);
  }

  async findByPrefix(prefix: string): Promise<RunRecord[]> {
    const values = { run_id: prefix, after: afterPrefix(prefix), limit: MAX_PREFIX_MATCHES };
    return (await this.#db.read(this.#templates.findByPrefix.with(values))).map(toRun);
  }

  async list(filter: RunFilter = {}): Promise<RunRecord[]> {
    const { status, missionId, caseId, limit } = filter;
    // What every start asks is compiled once.
    if (missionId !== undefined && caseId !== undefined && !status && limit === undefined) {
      const ofCase = this.#templates.ofCase.with({ mission_id: missionId, case_id: caseId });
      return (await this.#db.read(ofCase)).map(toRun);
    }
    let query = this.#db.sql.selectFrom("runs").selectAll().orderBy("started_at", "desc").orderBy("run_id", "desc");
    if (status) query = query.where("status", "in", status);
    if (missionId !== undefined) query = query.where("mission_id", "=", missionId);
    if (caseId !== undefined) query = query.where("case_id", "=", caseId);
    if (limit !== undefined) query = query.limit(limit);
    return (await this.#db.read(once(query))).map(toRun);
  }

  async heads(limit: number): Promise<Pick<RunRecord, "runId" | "headSeq">[]> {
    const rows = await this.#db.read(this.#templates.heads.with({ limit }));
    return rows.map((row) => ({ runId: row.run_id, headSeq: row.head_seq }));
  }

  async recoverable(): Promise<RunRecord[]> {
    return (await this.#leases.recoverable()).map(toRun);
  }

  #owned(run: RunFence): Statement {
    const query = this.#templates.owned.with({ run_id: run.runId, fence: run.fence });
    return mustChange(query, "stale_owner", staleMessage(run.runId, run.fence));
  }
}

function toRow(run: Omit<RunRecord, "headSeq" | "headHash">): RunRow {
  return {
    run_id: run.runId,
    mission_id: run.missionId,
    mission_slug: run.missionSlug,
    mission_name: run.missionName,
    mission_version: run.missionVersion,
    case_id: run.caseId,
    case_data: toJson(run.caseData),
    case_digest: run.caseDigest,
    title: run.title,
    status: run.status,
    host: run.host,
    dispatch: run.dispatch,
    approver: run.approver ?? null,
    owner: run.owner ?? null,
    fence: run.fence,
    lease_until: run.leaseUntil?.getTime() ?? null,
    cancel_requested_by: run.cancelRequestedBy ?? null,
    review_round: run.reviewRound,
    failure: run.failure ?? null,
    head_seq: 0,
    head_hash: FIRST_HASH,
    started_at: toText(run.startedAt),
    finished_at: toTextOrNull(run.finishedAt),
    lead_time: leadTimeOf(run.report),
    report: run.report === undefined ? null : packText(toJson(run.report)),
    ending: toJsonOrNull(run.ending),
  };
}

/** In a column of its own, so that counting over runs need not read their reports. */
function leadTimeOf(report: JsonObject | undefined): string | null {
  return toJsonOrNull(report?.["lead_time"]);
}

function toRun(row: RunRow): RunRecord {
  return {
    runId: row.run_id,
    missionId: row.mission_id,
    missionSlug: row.mission_slug,
    missionName: row.mission_name,
    missionVersion: row.mission_version,
    caseId: row.case_id,
    caseData: fromJson<JsonObject>(row.case_data),
    caseDigest: row.case_digest,
    title: row.title,
    status: row.status,
    host: row.host,
    dispatch: row.dispatch,
    fence: row.fence,
    reviewRound: row.review_round,
    headSeq: row.head_seq,
    headHash: row.head_hash,
    startedAt: new Date(row.started_at),
    ...present({
      approver: row.approver,
      owner: row.owner,
      leaseUntil: row.lease_until === null ? undefined : new Date(row.lease_until),
      cancelRequestedBy: row.cancel_requested_by,
      failure: row.failure,
      finishedAt: toMoment(row.finished_at),
      report: row.report === null ? undefined : fromJson<JsonObject>(unpackText(row.report)),
      ending: row.ending === null ? undefined : fromJson<RunEnding>(row.ending),
    }),
  };
}
