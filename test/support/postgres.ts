import pg from "pg";
import { afterAll, beforeAll, describe } from "vitest";

/** A database of a suite's own, with random names; it goes with the suite. */
export interface Postgres {
  /** Of one who may do everything in it. */
  readonly adminUrl: string;
  /** Runs statements as that one. */
  admin(sql: string): Promise<pg.QueryResult>;
  /** Makes a role that may log in, and gives its URL. */
  role(attributes?: string): Promise<{ readonly name: string; readonly url: string }>;
}

/**
 * A `describe` on the server of `TEST_POSTGRES_URL`, whose role must be a superuser. Without the variable it is skipped
 * with one line that says so; with REQUIRE_POSTGRES it fails instead.
 */
export function describeOnPostgres(name: string, tests: (postgres: Postgres) => void): void {
  const url = process.env["TEST_POSTGRES_URL"];
  if (url) describe(name, () => tests(freshDatabase(url)));
  else if (process.env["REQUIRE_POSTGRES"]) throw new Error("TEST_POSTGRES_URL must name a PostgreSQL server.");
  else {
    process.stderr.write(`Skipped, because TEST_POSTGRES_URL names no PostgreSQL server: ${name}\n`);
    describe.skip(name, () => tests(freshDatabase("")));
  }
}

function freshDatabase(serverUrl: string): Postgres {
  const random = () => crypto.randomUUID().slice(0, 8);
  const database = `mission_test_${random()}`;
  const roles: string[] = [];
  let client: pg.Client;
  beforeAll(async () => {
    await once(serverUrl, `CREATE DATABASE ${database}`);
    client = new pg.Client(urlOf(serverUrl, { database }));
    await client.connect();
    await client.query("REVOKE ALL ON SCHEMA public FROM PUBLIC");
  });
  afterAll(async () => {
    await client?.end();
    await once(serverUrl, `DROP DATABASE ${database} WITH (FORCE)`);
    for (const role of roles) await once(serverUrl, `DROP ROLE ${role}`);
  });
  return {
    adminUrl: urlOf(serverUrl || "postgres://nobody@localhost/none", { database }),
    admin: (sql) => client.query(sql),
    async role(attributes = "") {
      const [role, password] = [`mission_test_${random()}`, random()];
      await client.query(`CREATE ROLE ${role} LOGIN PASSWORD '${password}' ${attributes}`);
      roles.push(role);
      return { name: role, url: urlOf(serverUrl, { database, role, password }) };
    },
  };
}

function urlOf(serverUrl: string, parts: { database: string; role?: string; password?: string }): string {
  const url = new URL(serverUrl);
  url.pathname = `/${parts.database}`;
  if (parts.role) url.username = parts.role;
  if (parts.password) url.password = parts.password;
  return url.href;
}

async function once(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
