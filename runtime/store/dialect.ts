import type { RawBuilder } from "kysely";
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from "kysely";
import type { Schema } from "./schema.js";

/** Builds SQL for SQLite; it has no driver, so it cannot run anything. */
export const sqlite = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/** Milliseconds since 1970 by the database's clock, one value within one statement. */
export function databaseNow(): RawBuilder<number> {
  return sql<number>`cast(unixepoch('subsec') * 1000 as integer)`;
}

/** The first text, in the database's order, that does not begin with the prefix. */
export function afterPrefix(prefix: string): string {
  return `${prefix}\u{10FFFF}`;
}
