import { SqlRefusal } from "./sql-question.js";

/** What everybody may call in PostgreSQL although it acts: on other sessions and their locks, or on what listens to the log. */
const ACTS =
  /\b(?:pg_(?:terminate|cancel)_backend|pg_(?:try_)?advisory_(?:xact_)?(?:un)?lock(?:_shared|_all)?|pg_notify|pg_logical_emit_message)\b/iu;
/** What runs SQL that is made while the query runs, in which such a name could be hidden, and names in escapes. */
const HIDING = /\b(?:query_to_xml(?:schema|_and_xmlschema)?|ts_stat|ts_rewrite)\b|\bu&"/iu;

/**
 * Refuses by name what a transaction that only reads lets through and a rollback does not take back. The names are looked
 * for in the whole text, comments and literals included; a value that holds one is passed as a parameter. Throws `SqlRefusal`.
 */
export function assertNoActs(sql: string): void {
  const found = ACTS.exec(sql) ?? HIDING.exec(sql);
  if (!found) return;
  throw new SqlRefusal(`Only reading is allowed: ${found[0]} may not stand in the SQL. A value goes into params.`);
}
