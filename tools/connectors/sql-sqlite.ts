import BetterSqlite3 from "better-sqlite3";
import type { Json } from "../../core/digest.js";
import { assertQuery } from "./sql-guard.js";
import type { SqlLimits, SqlParameter, SqlRows, SqlSource, SqlTable, SqlTables } from "./sql-question.js";
import { SqlRefusal } from "./sql-question.js";
import { SqlSheet } from "./sql-sheet.js";
import { fromSqlite } from "./sql-values.js";

const BUSY_MS = 1_000;
const FIRST = ["SELECT", "WITH", "VALUES"];

/**
 * A SQLite file, opened for reading alone. The file must exist; nothing is attached to it, what its own views may call
 * is not trusted, and what a query needs beside it stays in memory. A query blocks this process until it ends.
 */
export function openSqlite(file: string): SqlSource {
  const db = new BetterSqlite3(file, { readonly: true, fileMustExist: true, timeout: BUSY_MS });
  for (const setting of ["query_only = ON", "trusted_schema = OFF", "temp_store = MEMORY", "mmap_size = 0"]) {
    db.pragma(setting);
  }
  return {
    ready: async () => void db.prepare("SELECT count(*) FROM sqlite_schema").get(),
    query: async (sql, params, limits) => query(db, sql, params, limits),
    describe: async (table, limits) => describe(db, table, limits),
    cancel: async () => {},
    close: async () => void db.close(),
  };
}

function query(db: BetterSqlite3.Database, sql: string, params: readonly SqlParameter[], limits: SqlLimits): SqlRows {
  assertQuery(sql, FIRST);
  if (/pragma_/iu.test(sql)) throw new SqlRefusal("PRAGMAs are not read, neither as tables nor by name.");
  const statement = db.prepare(sql);
  if (!statement.reader || !statement.readonly) throw new SqlRefusal("Only reading is allowed: this would write.");
  const columns = statement.columns().map(({ name }) => name);
  const sheet = new SqlSheet<readonly Json[]>(limits);
  for (const row of statement
    .safeIntegers()
    .raw()
    .iterate(...params.map(bound))) {
    // Safe: `raw` gives every row as an array.
    if (!sheet.add((row as unknown[]).map(fromSqlite))) break;
  }
  return { columns, rows: sheet.rows, truncated: sheet.truncated };
}

/** An integer is bound as one: bound as a float it would show as one. */
function bound(value: SqlParameter): string | number | bigint | null {
  if (typeof value === "boolean") return value ? 1n : 0n;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
}

function describe(db: BetterSqlite3.Database, only: string | undefined, limits: SqlLimits): SqlTables {
  const found = db
    .prepare<[string | null, string | null], { name: string; type: string }>(
      "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' " +
        "AND (? IS NULL OR name = ? COLLATE NOCASE) ORDER BY name",
    )
    .iterate(only ?? null, only ?? null);
  const names = [...found];
  const sheet = new SqlSheet<SqlTable>(limits);
  for (const { name, type } of names) {
    if (!sheet.add({ name, kind: type === "view" ? "view" : "table", columns: columnsOf(db, name) })) break;
  }
  return { tables: sheet.rows, truncated: sheet.truncated };
}

/** None for a view that is broken. */
function columnsOf(db: BetterSqlite3.Database, table: string): SqlTable["columns"] {
  try {
    return db
      .prepare<[string], { name: string; type: string; mandatory: number }>(
        'SELECT name, type, "notnull" OR pk > 0 AS mandatory FROM pragma_table_xinfo(?) WHERE hidden <> 1',
      )
      .all(table)
      .map(({ name, type, mandatory }) => ({ name, type: type.toLowerCase(), nullable: mandatory === 0 }));
  } catch {
    return [];
  }
}
