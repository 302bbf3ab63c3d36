import type { Database } from "better-sqlite3";
import { OrchestratorError } from "../../core/errors.js";
import type { Statement, Unit } from "../../core/ports.js";
import type { EventRecord, RunFence } from "../../core/records.js";
import { sqlite } from "./dialect.js";
import { EventChain } from "./event-chain.js";
import type { Locks } from "./locks.js";
import { isEnvironmental, toStoreError } from "./store-errors.js";
import { Template } from "./template.js";

const fenceHolds = new Template<{ run_id: string; fence: number }>((hole) =>
  sqlite.selectFrom("runs").select("run_id").where("run_id", "=", hole("run_id")).where("fence", "=", hole("fence")),
);

interface Queued {
  readonly unit: Unit;
  readonly at: Date;
  /** Settles the promise of `commit`. */
  readonly settle: (error: unknown) => void;
}

/** What became of a batch: for each unit its failure, or nothing; and what was told by those on disk. */
interface Written {
  readonly failures: readonly unknown[];
  readonly events: readonly EventRecord[];
}

/** Told of every commit of this process. */
export interface CommitListener {
  /** Called at once after a commit, before anybody hears of it: what a crash here would leave is on disk. */
  readonly afterCommit?: () => void;
  readonly onEvent?: (event: EventRecord) => void;
}

/**
 * Group commit: units are queued, and at the end of the event loop's turn all of them go into one transaction. A unit
 * that is refused fails alone. What the disk or a lock makes fail, fails them all.
 */
export class GroupCommit {
  readonly #handle: Database;
  readonly #path: string;
  readonly #lock: Locks;
  readonly #listeners = new Set<CommitListener>();
  #queue: Queued[] = [];
  #timer: NodeJS.Immediate | undefined;
  #lost: unknown;

  constructor(handle: Database, path: string, lock: Locks) {
    this.#handle = handle;
    this.#path = path;
    this.#lock = lock;
  }

  /** Resolves when the unit is on disk; its events bear the moment given. A caller that does not wait hears of a failure at its next awaited commit. */
  commit(unit: Unit, at = new Date()): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      const settle = (error: unknown): void => (error === undefined ? resolve() : reject(error));
      this.#queue.push({ unit, at, settle });
    });
    done.catch(() => undefined);
    this.#timer ??= setImmediate(() => this.flush());
    return done;
  }

  /** Commits everything queued so far, at once; each unit's promise tells how it went. */
  flush(): void {
    clearImmediate(this.#timer);
    this.#timer = undefined;
    if (this.#queue.length === 0) return;
    const batch = this.#queue;
    this.#queue = [];
    this.#transact(batch);
  }

  /** The first failure of disk or lock since this was last asked: units were queued and are not on disk. */
  takeLoss(): unknown {
    const loss = this.#lost;
    this.#lost = undefined;
    return loss;
  }

  /** Returns what takes the listener away again. */
  listen(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells that something else than a unit was committed on the handle. */
  announce(): void {
    for (const { afterCommit } of this.#listeners) afterCommit?.();
  }

  #transact(batch: readonly Queued[]): void {
    const { failures, events } = this.#write(batch);
    try {
      if (failures.includes(undefined)) this.announce();
    } finally {
      for (const [index, { settle }] of batch.entries()) settle(failures[index]);
    }
    for (const event of events) for (const { onEvent } of this.#listeners) onEvent?.(event);
  }

  /**
   * One transaction for the whole batch: for each unit its failure, or `undefined` when it is on disk. Units are hardly
   * ever refused, so savepoints, which copy every page that a unit changes, are made only once one was.
   */
  #write(batch: readonly Queued[]): Written {
    try {
      return this.#writeWhole(batch) ?? this.#writeApart(batch);
    } catch (error) {
      this.#rollBack();
      const failure = toStoreError(error, this.#path);
      this.#lost ??= failure;
      return { failures: batch.map(() => failure), events: [] };
    }
  }

  /** All units or none; nothing when one of several was refused, and none of them is written. Throws what concerns every unit. */
  #writeWhole(batch: readonly Queued[]): Written | undefined {
    const chain = new EventChain(this.#handle);
    const held = new Set<string>();
    this.#lock.begin();
    try {
      const needless = overwritten(batch);
      for (const queued of batch) this.#apply(queued, chain, held, needless);
    } catch (error) {
      if (isEnvironmental(error) || !this.#handle.inTransaction) throw error;
      this.#run("rollback");
      return batch.length > 1 ? undefined : { failures: [toStoreError(error, this.#path)], events: [] };
    }
    chain.keep();
    chain.writeHeads();
    this.#run("commit");
    return { failures: batch.map(() => undefined), events: chain.appended };
  }

  /** Each unit in its own savepoint, so that one that is refused fails alone. */
  #writeApart(batch: readonly Queued[]): Written {
    const chain = new EventChain(this.#handle);
    const held = new Set<string>();
    this.#lock.begin();
    const failures = batch.map((queued) => this.#attempt(queued, chain, held));
    chain.writeHeads();
    this.#run("commit");
    return { failures, events: chain.appended };
  }

  /** Throws only what concerns every unit; a unit's own failure is returned, and its savepoint rolled back. */
  #attempt(queued: Queued, chain: EventChain, held: Set<string>): unknown {
    this.#run("savepoint unit");
    try {
      this.#apply(queued, chain, held);
    } catch (error) {
      if (isEnvironmental(error) || !this.#handle.inTransaction) throw error;
      chain.forget();
      this.#run("rollback to unit");
      this.#run("release unit");
      return toStoreError(error, this.#path);
    }
    this.#run("release unit");
    chain.keep();
    return undefined;
  }

  #apply({ unit, at }: Queued, chain: EventChain, held: Set<string>, needless?: ReadonlySet<Statement>): void {
    if (unit.fence) this.#checkFence(unit.fence, held);
    for (const statement of unit.statements) if (!needless?.has(statement)) this.#execute(statement);
    for (const draft of unit.events ?? []) chain.append(draft, at);
  }

  /** Once for each owner in a transaction: no other process can take the run while it lasts. */
  #checkFence({ runId, fence }: RunFence, held: Set<string>): void {
    const name = `${fence}:${runId}`;
    if (held.has(name)) return;
    const { sql, parameters } = fenceHolds.with({ run_id: runId, fence });
    if (this.#handle.prepare(sql).get(...parameters) === undefined) throw staleOwner(runId, fence);
    held.add(name);
  }

  #execute({ sql, parameters, mustChange }: Statement): void {
    const { changes } = this.#handle.prepare(sql).run(...parameters);
    if (mustChange && changes < mustChange.rows) throw new OrchestratorError(mustChange.code, mustChange.message);
  }

  /** SQLite has often rolled back by itself. A failure here hides no other: the next transaction would tell of it. */
  #rollBack(): void {
    try {
      if (this.#handle.inTransaction) this.#run("rollback");
    } catch {}
  }

  #run(sql: string): void {
    this.#handle.prepare(sql).run();
  }
}

/** The statements whose row is written again later in the batch, with nothing in between that asks what rows say. */
function overwritten(batch: readonly Queued[]): ReadonlySet<Statement> {
  const needless = new Set<Statement>();
  const later = new Set<string>();
  for (const statement of batch.flatMap(({ unit }) => unit.statements).reverse()) {
    if (statement.mustChange) later.clear();
    if (statement.overwrites === undefined) continue;
    if (later.has(statement.overwrites)) needless.add(statement);
    later.add(statement.overwrites);
  }
  return needless;
}

/** Said to a process that writes for a run which another has taken over. */
function staleOwner(runId: string, fence: number): OrchestratorError {
  return new OrchestratorError("stale_owner", staleMessage(runId, fence));
}

/** The words of `stale_owner`. */
export function staleMessage(runId: string, fence: number): string {
  return `Run ${runId} has another owner than number ${fence} by now. This process writes nothing more for it; see \`mission status ${runId}\`.`;
}
