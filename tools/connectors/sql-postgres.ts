import type { CustomTypesConfig } from "pg";
import pg from "pg";
import type { Json } from "../../core/digest.js";
import { assertNoActs } from "./sql-acts.js";
import { assertQuery } from "./sql-guard.js";
import type { SqlLimits, SqlParameter, SqlRows, SqlSource, SqlTable, SqlTables } from "./sql-question.js";
import { assertReader } from "./sql-role.js";
import { SqlSheet } from "./sql-sheet.js";
import { postgresReader } from "./sql-values.js";

const CONNECT_MS = 5_000;
const MAX_BATCH = 200;
const FIRST = ["SELECT", "WITH", "VALUES", "TABLE"];
// Safe: the driver has its arrays split by this object, whatever its types say.
const arrays = pg.types.arrayParser as unknown as {
  create(text: string, element: (text: string) => Json): { parse(): Json[] };
};
const TYPES: CustomTypesConfig = {
  // Safe: values come as text, which is what the readers take.
  getTypeParser: ((type: number) =>
    postgresReader(type, (text, element) =>
      arrays.create(text, element).parse(),
    )) as CustomTypesConfig["getTypeParser"],
};

/**
 * A PostgreSQL database, over one connection whose role is looked at when it is made. Every query is a cursor in a
 * transaction that only reads and that is always rolled back, with a time limit of the server's own; the session is
 * wiped behind it.
 */
export function openPostgres(url: string): SqlSource {
  return new PostgresSource(url);
}

class PostgresSource implements SqlSource {
  readonly #url: string;
  #client: pg.Client | undefined;
  #pid: number | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async ready(): Promise<void> {
    await this.#connection();
  }

  async query(sql: string, params: readonly SqlParameter[], limits: SqlLimits): Promise<SqlRows> {
    assertQuery(sql, FIRST);
    assertNoActs(sql);
    return this.#reading(limits, (client, until) => fetchRows(client, sql, params, { ...limits, until }));
  }

  describe(table: string | undefined, limits: SqlLimits): Promise<SqlTables> {
    return this.#reading(limits, (client) => tablesOf(client, table, limits));
  }

  /** Over a second connection, since the first is busy. */
  async cancel(): Promise<void> {
    if (this.#pid === undefined) return;
    const other = await connected(this.#url);
    await other.query("SELECT pg_cancel_backend($1)", [this.#pid]);
    await other.end();
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }

  async #reading<Value>(limits: SqlLimits, read: (client: pg.Client, until: number) => Promise<Value>): Promise<Value> {
    const client = await this.#connection();
    const until = performance.now() + limits.timeoutMs;
    try {
      await client.query(`BEGIN READ ONLY; ${settingsFor(limits.timeoutMs)}`);
      return await read(client, until);
    } finally {
      await client.query("ROLLBACK").then(
        () => client.query("DISCARD ALL"),
        () => this.#drop(client),
      );
    }
  }

  async #connection(): Promise<pg.Client> {
    if (this.#client) return this.#client;
    const client = await connected(this.#url);
    client.on("error", () => this.#drop(client));
    client.on("end", () => this.#drop(client));
    try {
      await client.query(`SET statement_timeout = ${CONNECT_MS}`);
      await assertReader(client);
      const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      this.#pid = rows[0]?.pid;
    } catch (error) {
      await client.end();
      throw error;
    }
    this.#client = client;
    return client;
  }

  #drop(client: pg.Client): void {
    if (this.#client === client) this.#client = undefined;
    client.end().catch(() => {});
  }
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: "mission-orchestrator",
    keepAlive: true,
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** For this transaction: limits, and how values are written. */
function settingsFor(timeoutMs: number): string {
  const settings = {
    statement_timeout: timeoutMs,
    lock_timeout: timeoutMs,
    idle_in_transaction_session_timeout: timeoutMs + CONNECT_MS,
    TimeZone: "'UTC'",
    DateStyle: "'ISO'",
    IntervalStyle: "'iso_8601'",
    bytea_output: "'hex'",
    extra_float_digits: 1,
  };
  return Object.entries(settings)
    .map(([name, value]) => `SET LOCAL ${name} = ${value};`)
    .join(" ");
}

/** A cursor takes one query and nothing else: no command, no writing in a WITH, no second statement. */
async function fetchRows(
  client: pg.Client,
  sql: string,
  params: readonly SqlParameter[],
  limits: SqlLimits & { until: number },
): Promise<SqlRows> {
  await client.query({
    text: `DECLARE mission_rows NO SCROLL CURSOR FOR ${sql}`,
    values: params.map((value) => (value === null ? null : String(value))),
    ...{ queryMode: "extended" },
  });
  const sheet = new SqlSheet<readonly Json[]>(limits);
  let columns: string[] = [];
  for (let batch = 1; ; batch = Math.min(MAX_BATCH, sheet.room)) {
    const left = Math.max(1, Math.ceil(limits.until - performance.now()));
    await client.query(`SET LOCAL statement_timeout = ${left}`);
    const text = `FETCH FORWARD ${batch} FROM mission_rows`;
    const { rows, fields } = await client.query<Json[]>({ text, rowMode: "array", types: TYPES });
    columns = fields.map(({ name }) => name);
    if (!rows.every((row) => sheet.add(row)) || rows.length < batch) break;
  }
  return { columns, rows: sheet.rows, truncated: sheet.truncated };
}

/** All that the role may read, by the names that a query uses. */
const TABLES = `
SELECT c.oid::regclass::text AS name, CASE WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END AS kind,
  json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
    'nullable', NOT a.attnotnull) ORDER BY a.attnum) AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'SELECT')
  AND has_schema_privilege(n.oid, 'USAGE')
  AND ($1::text IS NULL OR lower($1) IN (lower(c.relname), lower(n.nspname || '.' || c.relname)))
GROUP BY c.oid, c.relkind ORDER BY 1 LIMIT $2`;

async function tablesOf(client: pg.Client, only: string | undefined, limits: SqlLimits): Promise<SqlTables> {
  const { rows } = await client.query<SqlTable>(TABLES, [only ?? null, limits.maxRows + 1]);
  const sheet = new SqlSheet<SqlTable>(limits);
  rows.every((row) => sheet.add(row));
  return { tables: sheet.rows, truncated: sheet.truncated };
}
