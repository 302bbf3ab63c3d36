import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Database, Statement } from "better-sqlite3";
import BetterSqlite3 from "better-sqlite3";
import { OrchestratorError } from "../../core/errors.js";
import { GroupCommit } from "./commit.js";
import { Locks } from "./locks.js";
import { migrate } from "./migrate.js";
import { foreignMessage, readOnlyMessage, toStoreError } from "./store-errors.js";

/** How long a statement or a transaction waits for another process's lock. */
const BUSY_TIMEOUT_MS = 5_000;
/** Pages of the write-ahead log (16 MB) before they are moved into the file: most are written again until then. */
const LOG_PAGES = 4_000;
const MAGIC = "SQLite format 3\0";
const FILES = Symbol.for("mission-orchestrator.sqlite-files");

/** One file as this process has it open: one handle, one queue of commits, shared by all who opened it. */
export interface SqliteFile {
  readonly path: string;
  readonly handle: Database;
  readonly commits: GroupCommit;
  readonly lock: Locks;
  users: number;
}

interface Registry {
  readonly open: Map<string, SqliteFile>;
  /** Closed handles and their statements. Never let go: collecting a statement can end the process on Node 24. */
  readonly closed: unknown[];
}

/** On the process, not on the module: a second copy of this module must find the same handle. */
function registry(): Registry {
  const shared: typeof globalThis & { [FILES]?: Registry } = globalThis;
  shared[FILES] ??= { open: new Map(), closed: [] };
  return shared[FILES];
}

/**
 * The process's one handle of the file (a second would block the event loop on the first one's lock), opened, brought
 * to the newest schema and counted: every caller must `closeSqlite` once.
 */
export function openSqlite(path: string, options: { busyTimeoutMs?: number } = {}): SqliteFile {
  const file = locate(path);
  const known = registry().open.get(file);
  if (known) {
    known.users += 1;
    return known;
  }
  try {
    const { handle, lock } = openHandle(file, options.busyTimeoutMs ?? BUSY_TIMEOUT_MS);
    const opened: SqliteFile = { path: file, handle, commits: new GroupCommit(handle, file, lock), lock, users: 1 };
    registry().open.set(file, opened);
    return opened;
  } catch (error) {
    throw toStoreError(error, file);
  }
}

/** Lets go of the file; the last one to do so closes it, which also empties the write-ahead log. */
export function closeSqlite(file: SqliteFile): void {
  file.users -= 1;
  if (file.users > 0) return;
  registry().open.delete(file.path);
  file.handle.close();
}

function openHandle(path: string, busyTimeoutMs: number): Pick<SqliteFile, "handle" | "lock"> {
  const handle = new BetterSqlite3(path, { timeout: 0 });
  const lock = new Locks(handle, busyTimeoutMs);
  keepStatements(handle);
  try {
    setUp(handle, path, lock);
  } catch (error) {
    handle.close();
    throw error;
  }
  return { handle, lock };
}

function setUp(handle: Database, path: string, lock: Locks): void {
  lock.patiently(() => migrate(handle, path));
  lock.patiently(() => handle.exec("pragma journal_mode = wal"));
  handle.exec("pragma synchronous = full");
  handle.exec("pragma temp_store = memory");
  handle.exec(`pragma wal_autocheckpoint = ${LOG_PAGES}`);
}

/**
 * Makes `prepare` give the same statement for the same text, for ever: the driver's statements must not be collected,
 * and text without values in it is a short list.
 */
function keepStatements(handle: Database): void {
  const prepare = handle.prepare.bind(handle);
  const statements = new Map<string, Statement>();
  registry().closed.push([handle, statements]);
  const cached = (text: string): Statement => {
    const known = statements.get(text);
    if (known) return known;
    const statement = prepare(text);
    statements.set(text, statement);
    return statement;
  };
  // Safe: the cache answers with what the driver's own `prepare` answered for the same text.
  handle.prepare = cached as Database["prepare"];
}

/** The file's one name, after checks that touch nothing: a folder, permission to write, and that it is SQLite. */
function locate(path: string): string {
  const folder = dirname(resolve(path));
  if (!existsSync(folder) && basename(folder) === ".missions" && existsSync(dirname(folder))) mkdirSync(folder);
  if (!existsSync(folder)) {
    throw new OrchestratorError(
      "file_not_found",
      `The folder ${folder} of the store does not exist. Create it, or choose another file with --store.`,
    );
  }
  const file = join(realpathSync(folder), basename(path));
  const real = existsSync(file) ? realpathSync(file) : file;
  refuseReadOnly(real);
  if (existsSync(real)) refuseForeign(real);
  return real;
}

function refuseReadOnly(file: string): void {
  try {
    accessSync(dirname(file), constants.R_OK | constants.W_OK);
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) closeSync(openSync(file, "r+"));
  } catch (error) {
    throw new OrchestratorError("store_read_only", readOnlyMessage(file), { cause: error });
  }
}

function refuseForeign(file: string): void {
  const { size } = statSync(file);
  const start = Buffer.alloc(MAGIC.length);
  if (statSync(file).isFile()) {
    if (size === 0) return;
    const descriptor = openSync(file, "r");
    readSync(descriptor, start, 0, start.length, 0);
    closeSync(descriptor);
  }
  if (start.toString("latin1") !== MAGIC) throw new OrchestratorError("store_foreign", foreignMessage(file));
}
