import { beforeAll, expect, test } from "vitest";
import type { SqlDatabaseOptions } from "../../../tools/connectors/sql.js";
import { sqlDatabase } from "../../../tools/connectors/sql.js";
import type { Postgres } from "../../support/postgres.js";
import { describeOnPostgres } from "../../support/postgres.js";
import { toolContext } from "../../support/tool-context.js";

const ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT count(*) FROM c";

function open(url: string, options: Partial<SqlDatabaseOptions> = {}) {
  const [query, tables] = sqlDatabase({ url, name: "shop", timeoutMs: 10_000, ...options });
  const context = (signal?: AbortSignal) => ({ ...toolContext(), ...(signal && { signal }) });
  return {
    query: (sql: string, params: (string | number | boolean | null)[] = [], signal?: AbortSignal) =>
      query.run({ sql, params }, context(signal)),
    describe: (table?: string) => tables.run({ ...(table && { table }) }, context()),
  };
}

/** A shop, and one who may read it. */
async function shopOf(postgres: Postgres) {
  await postgres.admin(`
    CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, credit numeric(12, 2));
    INSERT INTO customers VALUES (1, 'Ada', 12.50), (2, 'Grace', NULL);
    CREATE VIEW names AS SELECT name FROM customers;
    CREATE TABLE salaries (amount int);
    CREATE SEQUENCE numbers;
    CREATE FUNCTION bump() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT nextval('numbers') $$;
    CREATE FUNCTION erase() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN DELETE FROM customers; END $$;
  `);
  const reader = await postgres.role();
  await postgres.admin(`
    GRANT USAGE ON SCHEMA public TO ${reader.name};
    GRANT SELECT ON customers, names TO ${reader.name};
  `);
  return reader;
}

describeOnPostgres("a PostgreSQL database is read", (postgres) => {
  let url: string;
  let shop: ReturnType<typeof open>;
  beforeAll(async () => {
    ({ url } = await shopOf(postgres));
    shop = open(url);
  });

  test("by a SELECT with bound values: columns, and rows in their order", async () => {
    expect(
      await shop.query("SELECT id, name AS n, name AS n FROM customers WHERE name = $1 OR id = $2", ["Ada", 9]),
    ).toEqual({ columns: ["id", "n", "n"], rows: [[1, "Ada", "Ada"]], truncated: false });
    expect((await shop.query("/* all */ TABLE customers; -- of them")).rows).toHaveLength(2);
    expect((await shop.query("SELECT $1::bool, $2::int, $3::text", [true, 3, null])).rows).toEqual([[true, 3, null]]);
    expect(await shop.query("SELECT 1 AS one WHERE false")).toEqual({ columns: ["one"], rows: [], truncated: false });
  });

  test.each([
    ["true", true],
    ["2::smallint", 2],
    ["9007199254740991", 9007199254740991],
    ["9007199254740992", "9007199254740992"],
    ["12.50::numeric", "12.50"],
    ["'NaN'::numeric", "NaN"],
    ["1.5::float8", 1.5],
    ["'NaN'::float8", "NaN"],
    ["'-Infinity'::float4", "-Infinity"],
    ["'2026-03-02'::date", "2026-03-02"],
    ["'0044-03-15 BC'::date", "0044-03-15 BC"],
    ["'2026-03-02 08:00'::timestamp", "2026-03-02T08:00:00"],
    ["'2026-03-02 08:00:00.25+02'::timestamptz", "2026-03-02T06:00:00.25Z"],
    ["'infinity'::timestamptz", "infinity"],
    ["'1 day 02:00'::interval", "P1DT2H"],
    ["'hi'::bytea", { base64: "aGk=" }],
    [`'{"a": [1, null]}'::jsonb`, { a: [1, null] }],
    ["array[1, null, 3]", [1, null, 3]],
    ["array['a', 'NULL', 'x,\"y']", ["a", "NULL", 'x,"y']],
    [
      "array[[1.5, 2], [3, 4]]::numeric[]",
      [
        ["1.5", "2"],
        ["3", "4"],
      ],
    ],
    ["int4range(1, 3)", "[1,3)"],
    ["null::int", null],
  ])("values become JSON by one rule: %s", async (sql, json) => {
    expect((await shop.query(`SELECT ${sql}`)).rows).toEqual([[json]]);
  });

  test("up to so many rows and bytes, fetched little by little; the answer says that there are more", async () => {
    const numbers = "SELECT n, repeat('x', 100) FROM (SELECT generate_series(1, 1000000000) AS n) AS s";

    const few = await open(url, { maxRows: 300 }).query(numbers);
    const small = await open(url, { maxBytes: 5_000 }).query(numbers);

    expect([few.rows.length, few.rows.at(-1)?.[0], few.truncated]).toEqual([300, 300, true]);
    expect(small.truncated).toBe(true);
    expect(JSON.stringify(small.rows).length).toBeLessThanOrEqual(5_001);
    expect((await shop.query("SELECT generate_series(1, 200)")).truncated).toBe(false);
    expect((await shop.query("SELECT generate_series(1, 201)")).truncated).toBe(true);
  });

  test("what the role may read is described, and nothing else", async () => {
    expect(await shop.describe()).toEqual({
      tables: [
        {
          name: "customers",
          kind: "table",
          columns: [
            { name: "id", type: "integer", nullable: false },
            { name: "name", type: "text", nullable: false },
            { name: "credit", type: "numeric(12,2)", nullable: true },
          ],
        },
        { name: "names", kind: "view", columns: [{ name: "name", type: "text", nullable: true }] },
      ],
      truncated: false,
    });
    expect((await shop.describe("public.NAMES")).tables.map(({ name }) => name)).toEqual(["names"]);
  });

  test("a server that is not there is worth another try, a wrong database is not", async () => {
    const [away, wrong] = [new URL(url), new URL(url)];
    away.port = "1";
    wrong.pathname = "/no_such_database";

    await expect(open(away.href).query("SELECT 1")).rejects.toMatchObject({ transient: true });
    await expect(open(wrong.href).query("SELECT 1")).rejects.toMatchObject({ transient: false });
  });

  test("a connection that the server ends is made anew", async () => {
    const { query } = open(url);
    const [[pid]] = (await query("SELECT pg_backend_pid()")).rows as [[number]];

    await postgres.admin(`SELECT pg_terminate_backend(${pid})`);

    await expect.poll(() => query("SELECT 1").then(({ rows }) => rows, String)).toEqual([[1]]);
  });
});

describeOnPostgres("I3: a role that can do more than read is refused before its first query", (postgres) => {
  const FAULTS: readonly [string, string, (role: string) => string, RegExp][] = [
    ["a superuser", "SUPERUSER", () => "SELECT 1", /is a superuser/],
    ["one who makes roles", "CREATEROLE", () => "SELECT 1", /may make roles/],
    ["one who writes a table", "", (role) => `GRANT INSERT ON things TO ${role}`, /may change public\.things/],
    ["one who writes a column", "", (role) => `GRANT UPDATE (n) ON things TO ${role}`, /may change public\.things/],
    ["a table's owner", "", (role) => `ALTER TABLE things OWNER TO ${role}`, /may change public\.things/],
    ["one who may become a writer", "NOINHERIT", (role) => `GRANT writer_role TO ${role}`, /may change public\.things/],
    [
      "one who advances a sequence",
      "",
      (role) => `GRANT USAGE ON SEQUENCE counter TO ${role}`,
      /sequence public\.counter/,
    ],
    [
      "one who makes tables",
      "",
      (role) => `GRANT CREATE ON SCHEMA public TO ${role}`,
      /create things in the schema public/,
    ],
    ["one who reads the server's files", "", (role) => `GRANT pg_read_server_files TO ${role}`, /pg_read_server_files/],
    [
      "one who may call pg_read_file",
      "",
      (role) => `GRANT EXECUTE ON FUNCTION pg_read_file(text) TO ${role}`,
      /may call pg_read_file/,
    ],
  ];

  test.each(FAULTS)("%s", async (name, attributes, grant, words) => {
    const writer = await postgres.role();
    await postgres.admin("DROP TABLE IF EXISTS things; DROP SEQUENCE IF EXISTS counter");
    await postgres.admin("CREATE TABLE things (n int); CREATE SEQUENCE counter");
    if (name === "one who may become a writer") await postgres.admin(`GRANT DELETE ON things TO ${writer.name}`);
    const role = await postgres.role(attributes);
    await postgres.admin(grant(role.name).replace("writer_role", writer.name));

    const shop = open(role.url);
    await expect(shop.query("SELECT 1")).rejects.toThrow(words);
    await expect(shop.describe()).rejects.toThrow("CREATE ROLE mission_reader");
    await postgres.admin(`DROP OWNED BY ${role.name}; DROP OWNED BY ${writer.name}`);
  });
});

describeOnPostgres("I3: an SQL text does not leave its cage in PostgreSQL", (postgres) => {
  let reader: { name: string; url: string };
  let shop: ReturnType<typeof open>;
  beforeAll(async () => {
    reader = await shopOf(postgres);
    shop = open(reader.url);
  });

  const REFUSED: readonly [string, string, RegExp][] = [
    ["a write", "DELETE FROM customers", /begins with DELETE/],
    ["a write that returns", "UPDATE customers SET name = 'x' RETURNING id", /begins with UPDATE/],
    ["a write behind a WITH", "WITH d AS (DELETE FROM customers RETURNING id) SELECT * FROM d", /data-modifying/],
    ["a write as the end of a WITH", "WITH d AS (SELECT 1) DELETE FROM customers", /./],
    ["a table made by a SELECT", "SELECT * INTO copied FROM customers", /INTO is not allowed/],
    ["a lock", "SELECT * FROM customers FOR UPDATE", /read-only transaction|permission denied/],
    ["two statements", "SELECT 1; DELETE FROM customers", /multiple commands/],
    ["two statements around a comment", "SELECT 1;--\nDELETE FROM customers", /multiple commands/],
    ["a write behind nested comments", "/* /* */ SELECT */ DELETE FROM customers --*/", /./],
    ["an end of the transaction", "SELECT 1; COMMIT; DELETE FROM customers", /multiple commands/],
    ["the server's files by COPY", "COPY customers TO '/tmp/stolen'", /begins with COPY/],
    ["a program by COPY", "COPY customers TO PROGRAM 'sh'", /begins with COPY/],
    ["the server's files by a function", "SELECT pg_read_file('/etc/passwd')", /permission denied/],
    ["the server's folders", "SELECT pg_ls_dir('.')", /permission denied/],
    ["a large object from a file", "SELECT lo_import('/etc/passwd')", /permission denied|read-only/],
    ["another role", "SET ROLE postgres", /begins with SET/],
    [
      "another role by a function",
      "SELECT set_config('role', 'pg_write_all_data', false)",
      /permission denied|must be/,
    ],
    ["a transaction that writes", "SET TRANSACTION READ WRITE", /begins with SET/],
    ["one by a function", "SELECT set_config('transaction_read_only', 'off', false)", /read-write mode/],
    ["a sequence by another's rights", "SELECT bump()", /read-only transaction/],
    ["a write by another's rights", "SELECT erase()", /read-only transaction/],
    ["a block of code", "DO $$ BEGIN DELETE FROM customers; END $$", /begins with DO/],
    ["a program of the server's", "CALL erase()", /begins with CALL/],
    ["a table that was not granted", "SELECT * FROM salaries", /permission denied/],
    ["passwords", "SELECT * FROM pg_authid", /permission denied/],
    ["SQL inside of XML", "SELECT query_to_xml('DELETE FROM customers', true, true, '')", /query_to_xml/],
    ["SQL inside of a text search", "SELECT * FROM ts_stat('SELECT pg_' || 'notify(1)')", /ts_stat/],
    ["the end of another session", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity", /pg_terminate_backend/],
    ["the end of another's query", 'SELECT "pg_cancel_backend"(1)', /pg_cancel_backend/],
    ["a name in escapes", 'SELECT U&"pg\\005fcancel_backend"(1)', /U&"/],
    ["a lock that the application takes", "SELECT PG_ADVISORY_LOCK(4711)", /PG_ADVISORY_LOCK/],
    ["a lock for a while", "SELECT pg_try_advisory_xact_lock_shared(4711)", /pg_try_advisory_xact_lock_shared/],
  ];

  test.each(REFUSED)("%s", async (_, sql, words) => {
    await expect(shop.query(sql)).rejects.toThrow(words);

    expect((await postgres.admin("SELECT count(*)::int AS n FROM customers")).rows).toEqual([{ n: 2 }]);
    expect((await postgres.admin("SELECT to_regclass('copied') AS t")).rows).toEqual([{ t: null }]);
  });

  test.each([
    ["a sleep", "SELECT pg_sleep(600)"],
    ["a recursion without end", ENDLESS],
    ["a sleep that lifts its own limit first", "SELECT set_config('statement_timeout', '0', false), pg_sleep(600)"],
    [
      "sleeps after the limit was lifted",
      "SELECT set_config('statement_timeout', '0', false), pg_sleep(0.01 * n) FROM generate_series(1, 1000) n",
    ],
  ])("%s is cut at its limit, on the server too", async (_, sql) => {
    const { query } = open(reader.url, { timeoutMs: 1_000 });

    await expect(query(sql)).rejects.toThrow("stopped at its limit of 1000 ms");

    await expect.poll(() => working(reader.name)).toBe(0);
    expect((await query("SELECT count(*) FROM customers")).rows).toEqual([[2]]);
  });

  test("a query that is given up ends on the server", async () => {
    const { query } = open(reader.url, { timeoutMs: 120_000 });
    await query("SELECT 1");
    const given = new AbortController();

    const asked = query("SELECT pg_sleep(600)", [], given.signal);
    await Promise.race([asked, expect.poll(() => working(reader.name)).toBe(1)]);
    given.abort(new Error("the run was cancelled"));

    await expect(asked).rejects.toThrow("the run was cancelled");
    await expect.poll(() => working(reader.name)).toBe(0);
  });

  test("a giant value is cut before it fills the memory", async () => {
    const { query } = open(reader.url, { timeoutMs: 120_000 });

    await expect(query("SELECT repeat('x', 900000000)")).rejects.toThrow("stopped");

    expect((await query("SELECT 1")).rows).toEqual([[1]]);
  }, 90_000);

  test("no setting of one query is left for the next", async () => {
    await shop.query("SELECT set_config('application_name', 'changed', false)");

    expect((await shop.query("SELECT current_setting('application_name')")).rows).toEqual([["mission-orchestrator"]]);
  });

  async function working(role: string): Promise<number> {
    const { rows } = await postgres.admin(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = '${role}' AND state = 'active'`,
    );
    return rows[0].n;
  }
});
