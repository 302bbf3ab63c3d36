import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Json } from "../../core/digest.js";
import type { RefusalCode } from "../../core/errors.js";
import type { ToolDefinition } from "../../core/tool.js";
import { codeTools } from "../../tools/connectors/code.js";
import { folder } from "../../tools/connectors/files.js";
import type { HttpClient } from "../../tools/connectors/http-client.js";
import { createHttpClient } from "../../tools/connectors/http-client.js";
import { sqlDatabase } from "../../tools/connectors/sql.js";
import { defineTool } from "../../tools/define-tool.js";
import { openWorld } from "../support/gate.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";

/** One attempt to leave a tool's cage. After each the agent reads the refusal and goes on; nobody is asked. */
interface Escape {
  readonly attack: string;
  readonly tool: string;
  readonly args: Json;
  readonly code: RefusalCode;
  /** Words that the agent reads. */
  readonly told: string;
}

const KEPT_OUT = "kept outside";
const failed = { code: "tool_failed" } as const;
const file = { ...failed, tool: "read_file" } as const;
const inside = { ...failed, tool: "fetch_inside" } as const;
const outside = { ...failed, tool: "fetch_public" } as const;
const sql = { ...failed, tool: "query_database" } as const;
const code = { ...failed, tool: "run_code" } as const;

const ESCAPES: readonly Escape[] = [
  { attack: "a path upwards", ...file, args: { path: "../secret.txt" }, told: 'may hold no empty name, "." or ".."' },
  { attack: "a path from the root", ...file, args: { path: "/etc/passwd.txt" }, told: "must be relative" },
  { attack: "a path of another system", ...file, args: { path: "..\\secret.txt" }, told: "must be relative" },
  { attack: "a path in signs that look like dots", ...file, args: { path: "․․/secret.txt" }, told: "look like" },
  { attack: "a link that leads out", ...file, args: { path: "link.txt" }, told: "is not a regular file" },
  { attack: "a folder that leads out", ...file, args: { path: "linked/secret.txt" }, told: "plain folder" },
  {
    attack: "a file written through a folder that leads out",
    ...{ ...failed, tool: "write_file", args: { path: "linked/new.txt", content: "x" } },
    told: "plain folder",
  },
  {
    attack: "a redirect to a host that is not listed",
    ...inside,
    args: { url: "/to-other-host" },
    told: "is not an allowed host",
  },
  {
    attack: "a redirect to a machine's own data",
    ...inside,
    args: { url: "/to-metadata" },
    told: "is not an allowed host",
  },
  { attack: "a redirect to another scheme", ...inside, args: { url: "/to-file" }, told: "file:" },
  {
    attack: "a name that leads to this machine",
    ...outside,
    args: { url: "https://rebound.example/" },
    told: "loopback",
  },
  {
    attack: "a name that leads to a machine's own data",
    ...{ ...outside, args: { url: "https://metadata.example/" } },
    told: "169.254.169.254 is a",
  },
  {
    attack: "an address in other digits",
    ...outside,
    args: { url: "https://2130706433/" },
    told: "is not an allowed host",
  },
  { attack: "a name before an @", ...outside, args: { url: "https://rebound.example@127.0.0.1/" }, told: "password" },
  { attack: "another database beside this one", ...sql, args: { sql: "attach 'other.db' as other" }, told: "quer" },
  { attack: "a setting of the database", ...sql, args: { sql: "pragma writable_schema = 1" }, told: "quer" },
  { attack: "a second statement", ...sql, args: { sql: "select 1; delete from words" }, told: "one" },
  { attack: "a statement that writes", ...sql, args: { sql: "delete from words returning *" }, told: "quer" },
  { attack: "code of an extension", ...sql, args: { sql: "select load_extension('x')" }, told: "not authorized" },
  { attack: "a file of the host in a program", ...code, args: { code: "require('fs')" }, told: "require" },
  { attack: "the process of the host in a program", ...code, args: { code: "process.env" }, told: "process" },
  { attack: "a request out of a program", ...code, args: { code: "fetch('http://127.0.0.1')" }, told: "fetch" },
  {
    attack: "the host through a function's own maker",
    ...{ ...code, args: { code: "(() => {}).constructor.constructor('return process')().env" } },
    told: "process",
  },
  { attack: "a program without an end", ...code, args: { code: "for (;;) {}" }, told: "time limit" },
];

let place: string;
let server: Server;
let tools: readonly ToolDefinition[];
let fresh: FreshStore;
const reached: string[] = [];

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), "cages-"));
  const root = join(place, "root");
  mkdirSync(root);
  writeFileSync(join(place, "secret.txt"), KEPT_OUT);
  symlinkSync(join(place, "secret.txt"), join(root, "link.txt"));
  symlinkSync(place, join(root, "linked"));
  const database = new BetterSqlite3(join(place, "words.db"));
  database.exec("create table words (word text); insert into words values ('tea')");
  database.close();
  const leads: Readonly<Record<string, string>> = {
    "/to-other-host": "http://other.example/",
    "/to-metadata": "http://169.254.169.254/latest/meta-data",
    "/to-file": "file:///etc/passwd",
  };
  server = createServer((request, response) => {
    const to = leads[request.url ?? ""];
    reached.push(request.url ?? "");
    response.writeHead(to === undefined ? 200 : 302, to === undefined ? {} : { location: to }).end(KEPT_OUT);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // safe: it listens on a port
  const own = createHttpClient({ allowHosts: [`127.0.0.1:${port}`], allowPrivate: true, allowHttp: true });
  const resolveHost = async (name: string) => [name.startsWith("metadata") ? "169.254.169.254" : "127.0.0.1"];
  const open = createHttpClient({ allowHosts: ["rebound.example", "metadata.example"], resolveHost });
  tools = [
    ...folder({ root, reach: "own" }),
    ...sqlDatabase({ url: `sqlite:${join(place, "words.db")}` }),
    ...codeTools(),
    fetcher("fetch_inside", own, `http://127.0.0.1:${port}`),
    fetcher("fetch_public", open),
  ] as unknown as readonly ToolDefinition[]; // safe: tools of a known input are tools
});

afterAll(async () => {
  await Promise.all(tools.map((tool) => tool.close?.()));
  await new Promise((resolve) => server.close(resolve));
  rmSync(place, { recursive: true });
});

beforeEach(async () => {
  fresh = await openFreshStore();
});
afterEach(() => fresh.drop());

function fetcher(name: string, client: HttpClient, base?: string) {
  return defineTool({
    name,
    description: "Reads a page.",
    input: z.strictObject({ url: z.string() }),
    output: z.strictObject({ text: z.string() }),
    effect: "reads",
    reach: "own",
    timeoutMs: 60_000,
    maxCostMicroUsd: 0,
    run: async ({ url }) => ({ text: (await client.request({ url: new URL(url, base) })).text }),
  });
}

describe("I3: attempts to leave a cage, through the gate", () => {
  test.each(ESCAPES)("$attack: $code, the agent goes on", async ({ tool, args, code: refusal, told }) => {
    const world = await openWorld({ store: fresh.store, tools });
    reached.length = 0;

    const reply = await world.call(tool, args, { turnKey: "k" });

    expect(reply).toMatchObject({ ok: false, code: refusal, reason: expect.stringContaining(told) });
    expect(JSON.stringify(reply)).not.toContain(KEPT_OUT);
    expect(reached.filter((path) => !path.startsWith("/to-"))).toEqual([]);
    expect(await world.call("query_database", { sql: "select word from words" }, { turnKey: "after" })).toMatchObject({
      ok: true,
      value: { rows: [["tea"]] },
    });
  });
});
