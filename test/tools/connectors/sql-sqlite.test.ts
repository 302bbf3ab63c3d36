import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSecretsWith, secret } from "../../../core/secret.js";
import type { SqlDatabaseOptions } from "../../../tools/connectors/sql.js";
import { sqlDatabase } from "../../../tools/connectors/sql.js";
import { GIVEN_UP, runBeside } from "../../support/beside.js";
import { openWorld } from "../../support/gate.js";
import { openFreshStore } from "../../support/store.js";
import { toolContext } from "../../support/tool-context.js";

const ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
/** Of a query that is given up long before. */
const LIMIT_MS = 60_000;

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mission-sql-"));
  file = join(folder, "shop.db");
  const db = new BetterSqlite3(file);
  db.exec(
    `
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, credit REAL, photo BLOB);
    INSERT INTO customers VALUES (1, 'Ada', 12.5, x'6869'), (2, 'Grace', NULL, NULL);
    CREATE VIEW names AS SELECT name FROM customers;
    CREATE TABLE numbers (n INTEGER);
  `,
  );
  const insert = db.prepare("INSERT INTO numbers VALUES (?)");
  db.transaction(() => {
    for (let n = 1; n <= 5_000; n += 1) insert.run(n);
  })();
  db.close();
  const other = new BetterSqlite3(join(folder, "secret.db"));
  other.exec("CREATE TABLE salaries (amount); INSERT INTO salaries VALUES (1)");
  other.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function open(options: Partial<SqlDatabaseOptions> = {}) {
  const [query, describeTables] = sqlDatabase({ url: `sqlite:${file}`, name: "shop", ...options });
  const context = (signal?: AbortSignal) => ({ ...toolContext(), ...(signal && { signal }) });
  return {
    query: (sql: string, params: (string | number | boolean | null)[] = [], signal?: AbortSignal) =>
      query.run({ sql, params }, context(signal)),
    describe: (table?: string) => describeTables.run({ ...(table && { table }) }, context()),
    tools: [query, describeTables] as const,
  };
}

/** Whether a process runs; one that ended and was not waited for does not. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /u.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function fingerprint() {
  return readdirSync(folder)
    .filter((name) => !/-(?:wal|shm)$/u.test(name))
    .map(
      (name) =>
        `${name} ${createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex")}`,
    );
}

describe("a SQLite file is read", () => {
  test("by a SELECT with bound values: columns, and rows in their order", async () => {
    const { query } = open();

    expect(await query("SELECT id, name FROM customers WHERE name = ? OR id = ? ORDER BY id", ["Ada", 2])).toEqual({
      columns: ["id", "name"],
      rows: [
        [1, "Ada"],
        [2, "Grace"],
      ],
      truncated: false,
    });
    expect(await query("-- by name\n/* of all */ WITH n AS (SELECT 1 AS a, 2 AS a) SELECT * FROM n;")).toEqual({
      columns: ["a", "a:1"],
      rows: [[1, 2]],
      truncated: false,
    });
    expect((await query("VALUES (?, ?, ?)", [true, 3, null])).rows).toEqual([[1, 3, null]]);
  });

  test("values become JSON by one rule: what is not exact as a number is text, bytes are base64", async () => {
    const { rows } = await open().query(
      "SELECT 9007199254740991, 9007199254740992, -9223372036854775808, 1.5, 9e999, -9e999, x'6869', 'a', NULL",
    );

    expect(rows).toEqual([
      [
        9007199254740991,
        "9007199254740992",
        "-9223372036854775808",
        1.5,
        "Infinity",
        "-Infinity",
        { base64: "aGk=" },
        "a",
        null,
      ],
    ]);
  });

  test("up to so many rows and bytes; the answer says that there are more", async () => {
    const few = await open({ maxRows: 3 }).query("SELECT n FROM numbers ORDER BY n");
    const exactly = await open({ maxRows: 3 }).query("SELECT n FROM numbers ORDER BY n LIMIT 3");
    const small = await open({ maxBytes: 100 }).query("SELECT n FROM numbers ORDER BY n");
    const none = await open({ maxBytes: 100 }).query("SELECT hex(zeroblob(1000))");

    expect(few).toEqual({ columns: ["n"], rows: [[1], [2], [3]], truncated: true });
    expect(exactly).toMatchObject({ rows: [[1], [2], [3]], truncated: false });
    expect(small.truncated).toBe(true);
    expect(JSON.stringify(small.rows).length).toBeLessThanOrEqual(101);
    expect(none).toMatchObject({ rows: [], truncated: true });
  });

  test("its tables and views are described with their columns", async () => {
    const { describe: tables } = open();

    expect(await tables("CUSTOMERS")).toEqual({
      tables: [
        {
          name: "customers",
          kind: "table",
          columns: [
            { name: "id", type: "integer", nullable: false },
            { name: "name", type: "text", nullable: false },
            { name: "credit", type: "real", nullable: true },
            { name: "photo", type: "blob", nullable: true },
          ],
        },
      ],
      truncated: false,
    });
    expect((await tables()).tables.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      "table customers",
      "view names",
      "table numbers",
    ]);
  });

  test("the path may come from a secret, read with each call", async () => {
    readSecretsWith((name) => (name === "SHOP_URL" ? `sqlite:${file}` : undefined));

    expect((await open({ url: secret("SHOP_URL") }).query("SELECT 1")).rows).toEqual([[1]]);
    await expect(open({ url: secret("OTHER_URL") }).query("SELECT 1")).rejects.toThrow("OTHER_URL is not set");
  });

  test("questions wait for each other, and one that is given up while it waits is not asked", async () => {
    const { query } = open();
    const given = new AbortController();

    const first = query("SELECT count(*) FROM numbers");
    const second = query("SELECT 2", [], given.signal);
    const third = query("SELECT 3");
    given.abort(new Error("given up"));

    await expect(second).rejects.toThrow("given up");
    expect((await first).rows).toEqual([[5000]]);
    expect((await third).rows).toEqual([[3]]);
  });

  test("a file that is missing is not made; another kind of file is no database", async () => {
    await expect(open({ url: `sqlite:${join(folder, "none.db")}` }).query("SELECT 1")).rejects.toThrow(
      "unable to open database file",
    );
    expect(readdirSync(folder)).not.toContain("none.db");
    await expect(open({ url: `sqlite:${import.meta.filename}` }).query("SELECT 1")).rejects.toThrow("not a database");
  });

  test.each([
    [{ url: "mysql://x" }, "/url"],
    [{ url: "sqlite:a", name: "My DB" }, "/name"],
    [{ url: "sqlite:a", maxRows: 0 }, "/maxRows"],
    [{ url: "sqlite:a", extra: 1 }, "extra"],
  ])("options that do not fit are the author's mistake: %j", (options, words) => {
    expect(() => sqlDatabase(options)).toThrow(words);
  });
});

describe("I3: an SQL text does not leave its cage", () => {
  const REFUSED: readonly [string, string, RegExp][] = [
    ["a write", "DELETE FROM customers", /begins with DELETE/],
    ["a write that returns", "INSERT INTO customers (name) VALUES ('Eve') RETURNING id", /begins with INSERT/],
    ["a write behind a WITH", "WITH x AS (SELECT 1) DELETE FROM customers", /would write/],
    ["a write that returns behind a WITH", "WITH x AS (SELECT 1) DELETE FROM customers RETURNING id", /would write/],
    ["two statements", "SELECT 1; DELETE FROM customers", /more than one statement/],
    ["two statements around a comment", "SELECT 1;--\nDELETE FROM customers", /more than one statement/],
    ["a comment before the write", "/* SELECT */ -- SELECT\nDROP TABLE customers", /begins with DROP/],
    ["a comment ended by a bare carriage return", "--\rSELECT 1\nDROP TABLE customers", /begins with none/],
    ["a comment that never ends", "/* SELECT 1", /begins with none/],
    ["a NUL character", "SELECT 1\0; DROP TABLE customers", /NUL/],
    ["another file", "ATTACH 'secret.db' AS other", /begins with ATTACH/],
    ["another file by its name", "SELECT * FROM 'secret.db'.salaries", /no such table/],
    ["a copy into a new file", "VACUUM INTO 'copy.db'", /begins with VACUUM/],
    ["a setting", "PRAGMA query_only = OFF", /begins with PRAGMA/],
    ["a setting that acts while it is compiled", "EXPLAIN PRAGMA writable_schema = ON", /begins with EXPLAIN/],
    ["a setting as a table", "SELECT * FROM pragma_database_list", /PRAGMAs are not read/],
    ["a setting as a quoted table", 'SELECT * FROM "PRAGMA_database_list"', /PRAGMAs are not read/],
    ["an extension", "SELECT load_extension('/tmp/evil.so')", /not authorized|no such function/],
    ["a file by a function", "SELECT readfile('/etc/passwd')", /no such function/],
    ["a file by a function that writes", "SELECT writefile('/tmp/x', 'x')", /no such function/],
    ["a tokenizer by its address", "SELECT fts3_tokenizer('simple', x'0000000000000000')", /./],
    ["a transaction", "BEGIN IMMEDIATE", /begins with BEGIN/],
    ["an empty statement", " ; ", /begins with none/],
    ["too many values", "SELECT 1", /./],
  ];

  let shop: ReturnType<typeof open>;
  beforeAll(() => {
    shop = open();
  });

  test.each(REFUSED)("%s", async (name, sql, words) => {
    const before = fingerprint();

    await expect(shop.query(sql, name === "too many values" ? [1] : [])).rejects.toThrow(words);

    expect(fingerprint()).toEqual(before);
  });

  test("a write fails at the connection itself, not only at the look of the text", async () => {
    const { openSqlite } = await import("../../../tools/connectors/sql-sqlite.js");
    const db = new BetterSqlite3(file, { readonly: true, fileMustExist: true });

    expect(() => db.exec("DELETE FROM customers")).toThrow("readonly database");
    db.close();
    await openSqlite(file).close();
  });

  test.each([
    ["a recursion without end", ENDLESS],
    ["a product of a table with itself", "SELECT count(*) FROM numbers a, numbers b, numbers c"],
  ])("%s is cut at its limit, and the next question is answered", async (_, sql) => {
    const { query } = open({ timeoutMs: 1_500 });

    await expect(query(sql)).rejects.toThrow("stopped at its limit of 1500 ms");

    expect((await query("SELECT count(*) FROM customers")).rows).toEqual([[2]]);
  });

  test.each([
    ["a recursion", "WITH RECURSIVE c(x) AS (SELECT 1 UNION SELECT x + 1 FROM c) SELECT max(x) FROM c"],
    ["a value", "SELECT length(group_concat(hex(randomblob(100000000)), '')) FROM numbers"],
    ["an order", "SELECT a.n FROM numbers a, numbers b, numbers c ORDER BY random()"],
  ])(
    "%s that fills the memory is cut long before its time, and the next question is answered",
    async (_, sql) => {
      const { query } = open({ timeoutMs: 120_000 });

      await expect(query(sql)).rejects.toThrow("too much memory");

      expect((await query("SELECT count(*) FROM customers")).rows).toEqual([[2]]);
    },
    60_000,
  );

  test("rows without end are not waited for: the answer is full, and says that there are more", async () => {
    const endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";

    expect(await open({ maxRows: 2 }).query(endless)).toEqual({ columns: ["x"], rows: [[1], [2]], truncated: true });
  });

  test("a query that is given up is killed at once", async () => {
    const { query } = open({ timeoutMs: 120_000 });
    await query("SELECT 1");
    const given = new AbortController();

    const asked = query(ENDLESS, [], given.signal);
    given.abort(new Error("the run was cancelled"));

    await expect(asked).rejects.toThrow("the run was cancelled");
    expect((await query("SELECT 2")).rows).toEqual([[2]]);
  });

  test.runIf(process.platform === "linux")(
    "a query outlives its limit by a moment only, also when the asking process is killed",
    async () => {
      const script = join(import.meta.dirname, "../../support/sql-query-child.ts");
      const args = ["--import", "tsx", script, `sqlite:${file}`, ENDLESS, "3000"];
      const asking = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      await once(asking.stdout, "data");
      const helpers = readFileSync(`/proc/${asking.pid}/task/${asking.pid}/children`, "utf8")
        .trim()
        .split(" ")
        .map(Number);

      asking.kill("SIGKILL");
      await once(asking, "exit");

      expect(helpers.length).toBeGreaterThan(0);
      await expect.poll(() => helpers.filter(isAlive), { timeout: 20_000 }).toEqual([]);
    },
  );

  test("this process goes on meanwhile", async () => {
    const { query } = open({ timeoutMs: LIMIT_MS });

    const beside = await runBeside(LIMIT_MS, (signal) => query(ENDLESS, [], signal));

    expect(beside).toMatchObject({ status: "completed", endedBy: GIVEN_UP });
    expect(beside.largestGapMs).toBeLessThan(LIMIT_MS / 2);
  });
});

describe("behind the gate", () => {
  test("both tools are reads: nobody is asked, and a refusal is a value that the agent can act on", async () => {
    const { store, drop } = await openFreshStore();
    const world = await openWorld({ tools: open().tools, store });

    expect(await world.call("query_shop", { sql: "SELECT name FROM names ORDER BY 1" })).toMatchObject({
      ok: true,
      value: { rows: [["Ada"], ["Grace"]] },
    });
    expect(await world.call("query_shop", { sql: "DROP TABLE customers" })).toMatchObject({
      ok: false,
      code: "tool_failed",
      reason: expect.stringContaining("Only reading is allowed"),
      transient: false,
    });
    expect(await world.call("describe_shop", { table: "names" })).toMatchObject({ ok: true });
    expect(await world.call("query_shop", { sql: "x".repeat(20_001) })).toMatchObject({ code: "bad_arguments" });
    await drop();
  });
});
