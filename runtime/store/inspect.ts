import { existsSync } from "node:fs";
import BetterSqlite3 from "better-sqlite3";
import { schemaVersionOf } from "./migrate.js";
import { isDead } from "./owner.js";
import { isLocked, toStoreError } from "./store-errors.js";

const LOCK_WAIT_MS = 200;

/** What a store's file says of itself. */
export interface Inspection {
  readonly schema: { readonly found: number; readonly newest: number };
  readonly journalMode: string;
  /** What SQLite finds wrong with the file; empty when it is whole. */
  readonly damage: string;
  /** Who writes to it just now and keeps others waiting. */
  readonly lockedBy: string | undefined;
  readonly runs: number;
  /** Titles of runs that are under way and that no live process works on. */
  readonly left: readonly string[];
}

/** Never let go: on Node 24 the process can end when a closed handle's statements are collected. */
const kept: unknown[] = [];

/**
 * Looks at a store's file without changing or creating it, and without bringing it to the newest schema. Throws the
 * named error of what keeps it from being read. Not for a process that has the store open: it takes a handle of its own.
 */
export function inspectStore(path: string): Inspection {
  try {
    // A write-ahead log that a kill has left stays as it is for a handle that cannot write. Where there is none, such a
    // handle would leave an empty one, and one that can write leaves nothing.
    const handle = open(path, existsSync(`${path}-wal`));
    try {
      return inspect(handle, path);
    } finally {
      handle.close();
    }
  } catch (error) {
    throw toStoreError(error, path);
  }
}

function open(path: string, readonly: boolean): BetterSqlite3.Database {
  const handle = new BetterSqlite3(path, { readonly, fileMustExist: true, timeout: LOCK_WAIT_MS });
  kept.push(handle);
  return handle;
}

function inspect(handle: BetterSqlite3.Database, path: string): Inspection {
  const text = (sql: string): string => {
    const statement = handle.prepare(sql);
    kept.push(statement);
    return String(statement.pluck().get());
  };
  const schema = schemaVersionOf(handle, path);
  const damage = text("pragma quick_check(1)");
  const isOurs = schema.found > 0 && damage === "ok";
  return {
    schema,
    journalMode: text("pragma journal_mode"),
    damage: damage === "ok" ? "" : damage,
    lockedBy: lockOf(path),
    runs: isOurs ? Number(text("select count(*) from runs")) : 0,
    left: isOurs ? leftRuns(handle) : [],
  };
}

/** Takes the lock for a moment and writes nothing. The handle that looks stays open meanwhile: so this one is not the last, which would empty the log. */
function lockOf(path: string): string | undefined {
  const handle = open(path, false);
  try {
    handle.exec("begin immediate; rollback");
    return undefined;
  } catch (error) {
    if (!isLocked(error)) throw error;
    return toStoreError(error, path).message;
  } finally {
    handle.close();
  }
}

function leftRuns(handle: BetterSqlite3.Database): string[] {
  const statement = handle.prepare(
    `select title, owner, coalesce(lease_until, 0) > cast(unixepoch('subsec') * 1000 as integer) as leased from runs
     where host = 'orchestrator' and status in ('queued', 'running')`,
  );
  kept.push(statement);
  // Safe: the query selects exactly these.
  const rows = statement.all() as { title: string; owner: string | null; leased: number }[];
  return rows.filter(({ owner, leased }) => owner === null || leased === 0 || isDead(owner)).map(({ title }) => title);
}
