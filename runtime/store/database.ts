import type { Clock, Unit } from "../../core/ports.js";
import { sqlite } from "./dialect.js";
import type { SqliteFile } from "./sqlite.js";
import { closeSqlite } from "./sqlite.js";
import { toStoreError } from "./store-errors.js";
import type { Query } from "./template.js";

/** What the resources know of a database: SQL to build on, reads, and units. */
export interface Database {
  readonly sql: typeof sqlite;
  /** Sees every unit committed before it, also while it is queued. */
  read<Row>(query: Query<Row>): Promise<Row[]>;
  /** Several reads of one moment: nothing that another process writes comes between them. */
  readTogether<Outcome>(reads: (read: <Row>(query: Query<Row>) => Row[]) => Outcome): Promise<Outcome>;
  /** One statement that writes and answers with rows, committed at once, after everything queued before it. */
  write<Row>(query: Query<Row>): Promise<Row[]>;
  commit(unit: Unit): Promise<void>;
}

/** A SQLite file as a `Database`. */
export class SqliteDatabase implements Database {
  readonly sql = sqlite;
  readonly #file: SqliteFile;
  readonly #clock: Clock;

  constructor(file: SqliteFile, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
  }

  async read<Row>(query: Query<Row>): Promise<Row[]> {
    return this.#all(query);
  }

  async readTogether<Outcome>(reads: (read: <Row>(query: Query<Row>) => Row[]) => Outcome): Promise<Outcome> {
    this.#file.commits.flush();
    this.#run("begin");
    try {
      const outcome = reads((query) => this.#all(query));
      this.#run("commit");
      return outcome;
    } finally {
      // Else the process's one handle would stay in it, and refuse every unit that comes.
      if (this.#file.handle.inTransaction) this.#run("rollback");
    }
  }

  async write<Row>(query: Query<Row>): Promise<Row[]> {
    const rows = this.#all(query);
    this.#file.commits.announce();
    return rows;
  }

  commit(unit: Unit): Promise<void> {
    return this.#file.commits.commit(unit, this.#clock.now());
  }

  /** Rejects when units queued before could not be written, whoever queued them. */
  async flush(): Promise<void> {
    this.#file.commits.flush();
    const loss = this.#file.commits.takeLoss();
    if (loss !== undefined) throw loss;
  }

  /** Everything queued is written first; the file is let go of also when that fails. */
  async close(): Promise<void> {
    this.#file.commits.takeLoss();
    try {
      await this.flush();
    } finally {
      closeSqlite(this.#file);
    }
  }

  #run(sql: string): void {
    try {
      this.#file.handle.prepare(sql).run();
    } catch (error) {
      throw toStoreError(error, this.#file.path);
    }
  }

  #all<Row>({ sql, parameters }: Query<Row>): Row[] {
    this.#file.commits.flush();
    try {
      // Safe: the query's type was made by Kysely from the schema.
      return this.#file.lock.patiently(() => this.#file.handle.prepare(sql).all(...parameters) as Row[]);
    } catch (error) {
      throw toStoreError(error, this.#file.path);
    }
  }
}
