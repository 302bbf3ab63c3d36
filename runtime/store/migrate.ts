import type { Database } from "better-sqlite3";
import { OrchestratorError } from "../../core/errors.js";
import { initial } from "./migrations/001-initial.js";
import { fewerPages } from "./migrations/002-fewer-pages.js";
import { killSwitch } from "./migrations/003-kill-switch.js";
import { undo } from "./migrations/004-undo.js";
import { resources } from "./migrations/005-resources.js";
import { foreignMessage } from "./store-errors.js";

const MIGRATIONS: readonly string[] = [initial, fewerPages, killSwitch, undo, resources];

/** Marks a file as ours in its header: "MORC". */
const APPLICATION_ID = 0x4d4f5243;

/**
 * Brings the file to the newest schema, in one transaction; several processes may do so at once. A file that is not
 * ours (`store_foreign`) or of a later release (`store_newer`) is refused and left as it is.
 */
export function migrate(handle: Database, path: string): void {
  if (versionOf(handle, path) === MIGRATIONS.length) return;
  handle.exec("begin immediate");
  try {
    const pending = MIGRATIONS.slice(versionOf(handle, path));
    for (const migration of pending) handle.exec(migration);
    handle.exec(`pragma application_id = ${APPLICATION_ID}; pragma user_version = ${MIGRATIONS.length}; commit`);
  } catch (error) {
    if (handle.inTransaction) handle.exec("rollback");
    throw error;
  }
}

/** The schema of a file, as it is and as this release has it; refuses what `migrate` refuses. Reads only. */
export function schemaVersionOf(handle: Database, path: string): { found: number; newest: number } {
  return { found: versionOf(handle, path), newest: MIGRATIONS.length };
}

/** The number of migrations that the file has seen; refuses what is not ours. Reads only. */
function versionOf(handle: Database, path: string): number {
  const { owner, version, tables } = headerOf(handle);
  if (owner !== APPLICATION_ID && (owner !== 0 || version !== 0 || tables > 0)) {
    throw new OrchestratorError("store_foreign", foreignMessage(path));
  }
  if (version > MIGRATIONS.length) {
    throw new OrchestratorError(
      "store_newer",
      `${path} was written by a newer release (schema ${version}; this one knows ${MIGRATIONS.length}). Update mission-orchestrator.`,
    );
  }
  return version;
}

function headerOf(handle: Database): { owner: number; version: number; tables: number } {
  const query = `select (select application_id from pragma_application_id) as owner,
    (select user_version from pragma_user_version) as version, (select count(*) from sqlite_master) as tables`;
  // Safe: the query selects exactly these three, and always one row.
  return handle.prepare(query).get() as { owner: number; version: number; tables: number };
}
