import type { InsertQueryBuilder, InsertResult, Kysely } from "kysely";
import type { Schema } from "./schema.js";
import { Template } from "./template.js";

type Insert<Table extends keyof Schema> = InsertQueryBuilder<Schema, Table, InsertResult>;

/**
 * An insert of these columns; `then` says what happens when the row exists, for example `replaceAll`. Columns are
 * listed once and values go in by name.
 */
export function insertOf<Table extends keyof Schema>(
  db: Kysely<Schema>,
  table: Table,
  columns: readonly (keyof Schema[Table] & string)[],
  then: (insert: Insert<Table>) => Insert<Table> = (insert) => insert,
): Template<Schema[Table]> {
  return new Template((hole) => {
    const values = Object.fromEntries(columns.map((column) => [column, hole(column)]));
    // Safe: each column gets the hole of its own name; Kysely cannot see that through `fromEntries`.
    return then(db.insertInto(table).values(values as never));
  });
}

/** What an upsert sets: every column but the key's, to the value that was to be inserted. */
export function allBut<Column extends string>(columns: readonly Column[], key: readonly Column[]): Column[] {
  return columns.filter((column) => !key.includes(column));
}
