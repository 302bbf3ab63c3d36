import { readFileSync, statSync } from "node:fs";
import BetterSqlite3 from "better-sqlite3";
import type { ErrorCode } from "../../core/errors.js";
import { OrchestratorError } from "../../core/errors.js";

/** An error of the driver or of the disk as the named error that says what to do; a named error stays as it is. */
export function toStoreError(error: unknown, path: string): OrchestratorError {
  if (error instanceof OrchestratorError) return error;
  const code = sqliteCodeOf(error);
  const [named, message] = explain(code, path, error);
  return new OrchestratorError(named, message, { cause: error });
}

const ENVIRONMENTAL = /^SQLITE_(AUTH|BUSY|CANTOPEN|CORRUPT|FULL|IOERR|LOCKED|NOMEM|NOTADB|PERM|PROTOCOL|READONLY)/u;

/** True when the disk, a lock or the file failed, and not one unit's own statement: then the whole commit fails. */
export function isEnvironmental(error: unknown): boolean {
  return ENVIRONMENTAL.test(sqliteCodeOf(error));
}

/** True when another process holds a lock for now. */
export function isLocked(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/u.test(sqliteCodeOf(error));
}

function sqliteCodeOf(error: unknown): string {
  return error instanceof BetterSqlite3.SqliteError ? error.code : "";
}

function explain(code: string, path: string, error: unknown): [ErrorCode, string] {
  if (code === "SQLITE_FULL") {
    return [
      "store_full",
      `The disk of ${path} is full. Free space and try again: everything reported as saved is kept.`,
    ];
  }
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return [
      "store_locked",
      `${path} is locked by ${lockHolderOf(path)}. Try again when that process is done, or stop it.`,
    ];
  }
  if (code.startsWith("SQLITE_READONLY") || code === "SQLITE_PERM" || code === "SQLITE_AUTH") {
    return ["store_read_only", readOnlyMessage(path)];
  }
  if (code === "SQLITE_NOTADB") return ["store_foreign", foreignMessage(path)];
  if (code.startsWith("SQLITE_CORRUPT")) {
    return ["store_failed", `${path} is damaged. Put a copy from before the damage in its place.`];
  }
  if (code.startsWith("SQLITE_CANTOPEN")) {
    return [
      "store_failed",
      `${path} cannot be opened. Check that it is a file in a folder that this user may write to.`,
    ];
  }
  if (error instanceof TypeError && error.message === "The database connection is not open") {
    return ["closed", `${path} was closed by this process. Open another orchestrator on it.`];
  }
  const reason = error instanceof Error ? error.message : String(error);
  return ["store_failed", `${path}: ${reason}. Nothing was written.`];
}

/** What to say of a file that this user may not write to. */
export function readOnlyMessage(path: string): string {
  return `${path} or its folder is read-only for this user. Allow writing to both, or choose another file with --store.`;
}

/** What to say of a file that holds something else. */
export function foreignMessage(path: string): string {
  return `${path} is not a store of Mission Orchestrator; it was left as it is. Choose another file with --store.`;
}

/** Who writes to the file now, as far as the operating system tells. */
function lockHolderOf(path: string): string {
  try {
    const inodes = [path, `${path}-shm`].map((file) => statSync(file, { throwIfNoEntry: false })?.ino);
    const pids = readFileSync("/proc/locks", "utf8")
      .split("\n")
      .map((line) => /WRITE\s+(?<pid>\d+)\s+\w+:\w+:(?<inode>\d+)/u.exec(line)?.groups)
      .filter((lock) => lock !== undefined && inodes.includes(Number(lock["inode"])))
      .map((lock) => lock?.["pid"])
      .filter((pid) => pid !== undefined && pid !== String(process.pid));
    return pids[0] === undefined ? "another process" : `process ${pids[0]}`;
  } catch {
    return "another process"; // no /proc: the system does not tell
  }
}
