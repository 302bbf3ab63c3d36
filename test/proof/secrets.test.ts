import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import BetterSqlite3 from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Ended } from "../apps/cli/child.js";
import { callMany, runCli } from "../apps/cli/child.js";

const VAULT = join(import.meta.dirname, "../support/vault");
const PASSWORD = "Tr0ub4dor&3/zebra";
/** The password as anybody might have written it; in base64 the part that does not change with what stands around it. */
const SHAPES = [
  PASSWORD,
  encodeURIComponent(PASSWORD),
  Buffer.from(PASSWORD).toString("base64").slice(0, 20),
  Buffer.from(`bob:${PASSWORD}`).toString("base64").slice(6),
  Buffer.from(PASSWORD).toString("hex"),
];

let folder: string;
let told: Ended;
let shown: readonly Ended[];
let stored: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mission-secrets-"));
  writeFileSync(
    join(folder, "mission.config.mjs"),
    `export default { data: ${JSON.stringify(VAULT)}, agents: ${JSON.stringify(join(VAULT, "agents"))}, tools: ${JSON.stringify(join(VAULT, "tools"))} };`,
  );
  process.env["VAULT_PASSWORD"] = PASSWORD;
  await runCli(["runs"], folder);
  // As long as somebody reads, the log of changes stays beside the store.
  const file = join(folder, ".missions", "missions.db");
  const reader = new BetterSqlite3(file);
  reader.prepare("select count(*) from runs").get();
  told = await runCli(["run", "vault-visit", "--approve-as", "ada"], folder);
  const run = String(reader.prepare("select run_id from runs").pluck().get());
  const asked = [
    ["status", run],
    ["log", run],
    ["log", run, "--json"],
    ["effects", run],
    ["report", run, "--format", "md"],
    ["report", run, "--format", "html"],
    ["report", run, "--format", "json"],
    ["export", run],
    ["watch", run],
    ["approvals", "--all", "--json"],
    ["audit", "verify", run],
  ];
  shown = await callMany(asked, folder);
  stored = [...filesOf(join(folder, ".missions")), ...valuesOf(reader)].join("\n");
  reader.close();
}, 120_000);

afterAll(() => {
  delete process.env["VAULT_PASSWORD"];
  rmSync(folder, { recursive: true, force: true });
});

/** The bytes of every file, as text. */
function filesOf(path: string): readonly string[] {
  const names = readdirSync(path);
  expect(names).toContain("missions.db-wal");
  return names.map((name) => readFileSync(join(path, name)).toString());
}

/** Every value of every table; what was pressed is unpressed. */
function valuesOf(reader: BetterSqlite3.Database): readonly string[] {
  const tables = reader.prepare("select name from sqlite_master where type = 'table'").pluck().all();
  return tables.flatMap((table) => {
    const rows = reader
      .prepare(`select * from "${String(table)}"`)
      .raw()
      .all() as unknown[][]; // safe: `raw` gives lists
    return rows.flat().map((value) => (Buffer.isBuffer(value) ? unpressed(value) : String(value)));
  });
}

function unpressed(value: Buffer): string {
  try {
    return inflateRawSync(value).toString();
  } catch {
    return value.toString();
  }
}

const leaks = (text: string) => SHAPES.filter((shape) => text.includes(shape));
/** What of these the store does not hold: asserted like this, a failure does not print the whole store. */
const missing = (...texts: readonly string[]) => texts.filter((text) => !stored.includes(text));

describe("a tool and an agent that tell their password to everybody", () => {
  test("did what they do: the agent was told what became of each call", () => {
    expect(told.out + told.err).toContain("signing in as bob with •••");
    expect(missing("535 login with ••• refused", "a letter filed under •••", "I dropped •••")).toEqual([]);
  });

  test("leave no trace of it in the store, its log, and what is pressed in them", () => {
    expect(leaks(stored)).toEqual([]);
  });

  test("leave none on the terminal, in reports, logs, exports and answers", () => {
    expect(leaks(told.out + told.err)).toEqual([]);
    for (const { out, err } of shown) {
      expect(leaks(out + err)).toEqual([]);
      expect(out).not.toBe("");
    }
    expect(shown.at(-1)).toMatchObject({ code: 0, out: expect.stringContaining("every chain is whole") });
  });

  test("cannot pass it on: a secret, its value and the signs for it are refused as arguments, and each refusal is an event", () => {
    expect(missing("hold the value of the secret VAULT_PASSWORD.", "which stands where a secret was.")).toEqual([]);
    expect(shown[1]?.out.match(/bad_arguments/gu)).toHaveLength(3);
  });
});
