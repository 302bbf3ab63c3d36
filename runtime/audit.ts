import type { AuditView, BrokenEventView, ChainEnd, RunAuditView } from "../core/audit.js";
import { CHAIN_START, findBreak, headInReport, missing, nameOf, reportBreak } from "../core/audit.js";
import type { RowClaim } from "../core/audit-rows.js";
import { bearsOut, claimsOf, subjectOf } from "../core/audit-rows.js";
import { OrchestratorError } from "../core/errors.js";
import type { Store } from "../core/ports.js";
import type { FoundEvent, RunRecord } from "../core/records.js";
import { findRun } from "./run-views.js";

const PAGE = 500;

export interface AuditOptions {
  /** A run's id or a unique beginning of it; all runs when absent. */
  readonly run?: string;
  /** A hash known from elsewhere, such as the head printed on a report, or its beginning: some event must have it. */
  readonly head?: string;
}

/** Recomputes the chains of one run or of all from the events as stored, a page at a time, and compares them with the rows. */
export async function auditRuns(store: Store, { run, head }: AuditOptions): Promise<AuditView> {
  const wanted = run === undefined ? undefined : await idOf(store, run);
  const known =
    wanted === undefined ? (await store.runs.heads(Number.MAX_SAFE_INTEGER)).map(({ runId }) => runId) : [wanted];
  const runs: RunAuditView[] = [];
  for (const runId of known) runs.push(await auditRun(store, runId, wanted === undefined ? undefined : head));
  if (wanted === undefined) for (const runId of await store.events.orphans()) runs.push(await orphan(store, runId));
  const events = runs.reduce((sum, each) => sum + each.events, 0);
  return { is_sound: runs.every((each) => each.is_sound), events, runs };
}

/** A run whose row cannot be read is still found, by its whole id. */
async function idOf(store: Store, wanted: string): Promise<string> {
  const ids = (await store.runs.heads(Number.MAX_SAFE_INTEGER)).map(({ runId }) => runId);
  if (ids.includes(wanted) || (await store.events.found(wanted, { limit: 1 })).length > 0) return wanted;
  return (await findRun(store, wanted)).runId;
}

async function auditRun(store: Store, runId: string, head: string | undefined): Promise<RunAuditView> {
  let walk: Walk | undefined;
  try {
    const rows = await rowsOf(store, runId);
    walk = new Walk(store, rows.run, rows.claims, head);
    return toView(runId, rows.run.title, walk, await walk.findBreak());
  } catch (error) {
    if (error instanceof OrchestratorError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    const what = `A row that belongs to the run cannot be read (${why}): it was changed by something else than this program.`;
    return toView(runId, "", walk, missing(null, what, "unreadable"));
  }
}

async function orphan(store: Store, runId: string): Promise<RunAuditView> {
  const [first] = await store.events.found(runId, { limit: 1 });
  const what = "The run of this event has no row any more: it was removed.";
  const broken: BrokenEventView = first ? { ...nameOf(first), fault: "untold", what } : missing(null, what, "untold");
  return toView(runId, "", undefined, broken);
}

/** The rows come before the events: what a live run adds meanwhile is then in the log, and nothing seems untold. */
async function rowsOf(store: Store, runId: string) {
  const run = await getRun(store, runId);
  const [tasks, approvals, effects, observations] = await Promise.all([
    store.tasks.of(runId),
    store.approvals.list({ runId }),
    store.effects.of(runId),
    store.observations.of(runId),
  ]);
  return { run, claims: claimsOf({ run, tasks, approvals, effects, observations }) };
}

async function getRun(store: Store, runId: string): Promise<RunRecord> {
  const run = await store.runs.find(runId);
  if (!run) throw new Error(`run ${runId} has no row`);
  return run;
}

/** One pass over a run's events, from the first to the head that its row names. */
class Walk {
  readonly #store: Store;
  readonly #run: RunRecord;
  readonly #claims: ReadonlyMap<string, RowClaim>;
  /** What the events said of the rows' claims: each event that bears none out, or nothing. */
  readonly #answers = new Map<string, FoundEvent | undefined>();
  /** Hashes that must turn up. */
  readonly #heads: Map<string, BrokenEventView>;
  #told: FoundEvent | undefined;
  #last = CHAIN_START;

  constructor(store: Store, run: RunRecord, claims: ReadonlyMap<string, RowClaim>, head: string | undefined) {
    this.#store = store;
    this.#run = run;
    this.#claims = claims;
    const printed = headInReport(run);
    const lost = (what: string) => missing(null, `${what} Events up to it were cut off or replaced.`, "unknown_head");
    this.#heads = new Map([
      ...(printed === undefined
        ? []
        : [[printed, lost(`No event has the hash ${printed}, which the run's report prints as its head.`)] as const]),
      ...(head === undefined ? [] : [[head, lost(`No event has the hash ${head} that you gave.`)] as const]),
    ]);
  }

  get last(): ChainEnd {
    return this.#last;
  }

  async findBreak(): Promise<BrokenEventView | undefined> {
    let isFirst = true;
    for (;;) {
      const page = await this.#store.events.found(this.#run.runId, {
        ...(!isFirst && { afterSeq: this.#last.seq }),
        limit: PAGE,
      });
      isFirst = false;
      for (const found of page) {
        const broken = findBreak(found, this.#last);
        if (broken) return broken;
        this.#pass(found);
      }
      if (page.length > 0) continue;
      // The row comes after the events: what it names beyond them is there by now, or was cut off.
      const { headSeq, headHash } = await getRun(this.#store, this.#run.runId);
      const isMore = headSeq > this.#last.seq && (await this.#next()) !== undefined;
      if (!isMore) return (await this.#breakAtHead(headSeq, headHash)) ?? (await this.#breakInRows());
    }
  }

  #pass(found: FoundEvent): void {
    if ("unreadable" in found) return;
    const { seq, hash, key } = found.event;
    this.#last = { seq, hash };
    this.#compare(found);
    for (const head of this.#heads.keys()) if (hash.startsWith(head)) this.#heads.delete(head);
    if (key === "report_written") this.#told = found;
  }

  /** An event that came after the rows were read may tell of a later state than they: then it says nothing against them. */
  #compare(found: Extract<FoundEvent, { event: unknown }>): void {
    const subject = subjectOf(found.event);
    const claim = this.#claims.get(subject);
    if (!claim) return;
    if (bearsOut(found.event, claim)) this.#answers.set(subject, undefined);
    else if (found.event.seq <= this.#run.headSeq) this.#answers.set(subject, found);
  }

  async #next(): Promise<FoundEvent | undefined> {
    return (await this.#store.events.found(this.#run.runId, { afterSeq: this.#last.seq, limit: 1 }))[0];
  }

  async #breakAtHead(headSeq: number, headHash: string): Promise<BrokenEventView | undefined> {
    const { seq, hash } = this.#last;
    if (headSeq > seq) {
      const gone = headSeq === seq + 1 ? `Event ${headSeq} is` : `Events ${seq + 1} to ${headSeq} are`;
      return missing(seq + 1, `${gone} missing at the end: the run's row counts ${headSeq}. The tail was cut off.`);
    }
    if (headSeq < seq) {
      const [extra] = await this.#store.events.found(this.#run.runId, { afterSeq: headSeq, limit: 1 });
      const what = `The run's row counts ${headSeq} events; this one was added by something else than this program.`;
      return extra ? { ...nameOf(extra), fault: "after_head", what } : missing(headSeq + 1, what, "after_head");
    }
    if (headHash === hash) return undefined;
    const [at] = await this.#store.events.found(this.#run.runId, { afterSeq: seq - 1, limit: 1 });
    const what = "It is not the event that the run's row names as the last: the log was rewritten, or the row was.";
    return at ? { ...nameOf(at), fault: "head_differs", what } : missing(seq, what, "head_differs");
  }

  async #breakInRows(): Promise<BrokenEventView | undefined> {
    for (const [subject, claim] of this.#claims) {
      if (claim.isDenial || this.#answers.has(subject)) continue;
      if (claim.isToldElsewhere && (await isToldElsewhere(this.#store, subject))) continue;
      const what = `The run's rows say ${claim.said}, but no event does: the log was cut off, or the rows were changed.`;
      return missing(this.#last.seq + 1, what, "untold");
    }
    const [lost] = this.#heads.values();
    return lost ?? reportBreak(this.#run, this.#told) ?? this.#differingRow();
  }

  #differingRow(): BrokenEventView | undefined {
    for (const [subject, found] of this.#answers) {
      const said = this.#claims.get(subject)?.said;
      if (!found || said === undefined) continue;
      const what = `The run's rows say ${said}, and this event tells otherwise: the rows were changed by something else than this program.`;
      return { ...nameOf(found), fault: "row_differs", what };
    }
    return undefined;
  }
}

/** Whether any run's log has an event of this key. Looks through all of them: asked only where the run's own has none. */
async function isToldElsewhere(store: Store, key: string): Promise<boolean> {
  for (const { runId } of await store.runs.heads(Number.MAX_SAFE_INTEGER)) {
    const events = await store.events.of(runId, { types: ["effect_done", "effect_not_done"] });
    if (events.some((event) => event.key === key)) return true;
  }
  return false;
}

function toView(
  runId: string,
  title: string,
  walk: Walk | undefined,
  broken: BrokenEventView | undefined,
): RunAuditView {
  const { seq, hash } = walk?.last ?? CHAIN_START;
  return { run_id: runId, title, is_sound: !broken, events: seq, head: hash, broken: broken ?? null };
}
