import type { IncomingMessage, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../../core/digest.js";
import { readSecretsWith, secret } from "../../../core/secret.js";
import type { McpOptions } from "../../../tools/connectors/mcp.js";
import { mcpTools } from "../../../tools/connectors/mcp.js";
import { approvedCall } from "../../support/approved-call.js";
import { openWorld } from "../../support/gate.js";
import { deferred } from "../../support/kill.js";
import { createListServer, createTestServer } from "../../support/mcp-server.js";
import { openFreshStore } from "../../support/store.js";
import { toolContext } from "../../support/tool-context.js";
import { sendForever, sendJson, serve } from "../../support/web.js";

const CHILD = fileURLToPath(new URL("../../support/mcp-child.ts", import.meta.url));

/** A real server, in a child process. */
function overStdio(...args: string[]): McpOptions["servers"] {
  return { notes: { command: process.execPath, args: ["--import", "tsx", CHILD, ...args] } };
}

/** Makes the tools, and answers one by its name. */
async function made(options: McpOptions) {
  const tools = await mcpTools(options);
  return (name: string) => {
    const tool = tools.find((one) => one.name === name);
    if (!tool) throw new Error(`There is no ${name}, only ${tools.map((one) => one.name).join(", ")}.`);
    return {
      tool,
      run: async (args: JsonObject = {}, signal?: AbortSignal) =>
        tool.output.parse(await tool.run(tool.input.parse(args), { ...toolContext(), ...(signal && { signal }) })),
    };
  };
}

/** A real server of streamable HTTP, with one session for each client. */
async function overHttp(
  isKnown: (request: IncomingMessage) => boolean = () => true,
  create: () => Pick<ReturnType<typeof createTestServer>, "connect"> = createTestServer,
) {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    if (!isKnown(request)) return sendJson(response, { error: "who are you" }, 401);
    const known = sessions.get(String(request.headers["mcp-session-id"] ?? ""));
    if (known) return known.handleRequest(request, response);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    // Safe: the class says that it implements the interface; its optional fields are declared a little wider.
    await create().connect(transport as Parameters<ReturnType<typeof createTestServer>["connect"]>[0]);
    return transport.handleRequest(request, response);
  };
  return serve((request, response) => void handle(request, response), { isRead: false });
}

const LOCAL = { allowHttp: true, allowPrivate: true };

describe("a server's tools become ours", () => {
  test("over stdio: with names, contracts, and irreversible whatever the server says of them", async () => {
    const tool = await made({ servers: overStdio() });

    expect(tool("notes_find_note").tool).toMatchObject({
      ...{ description: "Finds a note.", effect: "irreversible", dedupeScope: "case" },
      remedy: "Take it back at the server notes, where find_note did it.",
    });
    expect(tool("notes_find_note").tool.input.safeParse({ word: "tea", more: 1 }).success).toBe(false);
    expect(tool("notes_find_note").tool.input.safeParse({ word: "t" }).success).toBe(false);
    expect(await tool("notes_find_note").run({ word: "tea" })).toEqual({
      ...{ text: "A note on tea.\n[image of image/png, 4 characters]", data: null, is_clipped: false },
    });
    expect(await tool("notes_add_note").run({ text: "a" })).toEqual({ count: 1, key: "key-1" });
    expect(await tool("notes_flood").run()).toMatchObject({ text: "x".repeat(20_000), is_clipped: true });
  });

  test("over HTTP: with headers that may be secrets", async () => {
    readSecretsWith((name) => (name === "NOTES_TOKEN" ? "Bearer notes" : undefined));
    const web = await overHttp((request) => request.headers.authorization === "Bearer notes");
    const headers = { authorization: secret("NOTES_TOKEN") };

    const tool = await made({ servers: { web: { url: `${web.url}/mcp`, headers, ...LOCAL } } });

    expect(await tool("web_find_note").run({ word: "tea" })).toMatchObject({ data: null });
    expect(await tool("web_add_note").run({ text: "a" })).toEqual({ count: 1, key: "key-1" });
    await expect(mcpTools({ servers: { web: { url: `${web.url}/mcp`, ...LOCAL } } })).rejects.toMatchObject({
      ...{
        code: "config_invalid",
        message: expect.stringMatching(/MCP server web could not be reached.*who are you/u),
      },
    });
  });

  test("with the effects that their author declares", async () => {
    const effects = { notes_find_note: { effect: "reads", timeoutMs: 1_000 } } as const;

    const tool = await made({ servers: overStdio(), effects });

    expect(tool("notes_find_note").tool).toMatchObject({ effect: "reads", timeoutMs: 1_000 });
    await expect(mcpTools({ servers: overStdio(), effects: { notes_findnote: { effect: "reads" } } })).rejects.toThrow(
      'Did you mean "notes_find_note"',
    );
  });
});

describe("a server of many or strange tools", () => {
  /** The options for a server that offers these. */
  async function offering(...list: Parameters<typeof createListServer>): Promise<{ url: string } & typeof LOCAL> {
    const web = await overHttp(undefined, () => createListServer(...list));
    return { url: `${web.url}/mcp`, ...LOCAL };
  }
  const many = (count: number) => Array.from({ length: count }, (_, index) => `do_${index}`);

  test("more than can be taken are refused with what to do, and with `only` those that are meant are taken", async () => {
    const web = await offering(many(3_000));

    await expect(mcpTools({ servers: { web } })).rejects.toMatchObject({
      ...{ code: "config_invalid", message: expect.stringMatching(/web would give 3000 tools.*at most 500.*"only"/u) },
    });
    const tool = await made({ servers: { web: { ...web, only: ["do_2999", "do_7"] } } });
    expect(await tool("web_do_2999").run()).toMatchObject({ text: "do_2999" });
    expect(() => tool("web_do_8")).toThrow("only web_do_7, web_do_2999");
    await expect(mcpTools({ servers: { web: { ...web, only: ["do_x"] } } })).rejects.toThrow(
      '"only" names do_x, but web offers no such tool.',
    );
  });

  test("the process goes on with other work between one tool and the next", async () => {
    const servers = { web: await offering(many(400)) };
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };

    setImmediate(count);
    const tools = await mcpTools({ servers });
    isOver = true;

    expect(tools).toHaveLength(400);
    expect(turns).toBeGreaterThanOrEqual(400);
  });

  test("a schema beyond reason is refused by its tool's name", async () => {
    const parts = Object.fromEntries(Array.from({ length: 2_001 }, (_, index) => [`p${index}`, { type: "string" }]));

    await expect(mcpTools({ servers: { web: await offering(["big"], parts) } })).rejects.toThrow(
      'big of web cannot become a tool: the schema has more than 2000 parts. Leave it out with "only".',
    );
  });

  test.each<[string, readonly string[], string]>([
    ["of signs alone", ["!!!", "find"], "!!! of web cannot become a tool: no name can be made of it"],
    [
      "of another script alone",
      ["\u043f\u043e\u0438\u0441\u043a"],
      "\u043f\u043e\u0438\u0441\u043a of web cannot become a tool",
    ],
    ["that says nothing", [""], "cannot become a tool: no name can be made of it"],
    [
      "that becomes another's",
      ["find_note", "findNote"],
      "find_note of web and findNote of web would both be the tool web_find_note.",
    ],
    ["that differs in a sign", ["a.b", "a-b"], "a.b of web and a-b of web would both be the tool web_a_b."],
    ["that is there twice", ["a", "a"], "a of web and a of web would both be the tool web_a."],
    [
      "that differs beyond 64 characters",
      [`${"a".repeat(70)}1`, `${"a".repeat(70)}2`],
      "would both be the tool web_aaa",
    ],
  ])("a name %s is refused, and with `only` the others can be used", async (_, names, words) => {
    const web = await offering([...names, "other"]);

    await expect(mcpTools({ servers: { web } })).rejects.toMatchObject({
      ...{ code: "config_invalid", message: expect.stringContaining(words) },
    });
    expect(await mcpTools({ servers: { web: { ...web, only: ["other"] } } })).toHaveLength(1);
  });

  test("two servers' tools of one name are refused with both", async () => {
    const servers = { a: await offering(["b_find"]), a_b: await offering(["find"]) };

    await expect(mcpTools({ servers })).rejects.toThrow("b_find of a and find of a_b would both be the tool a_b_find.");
  });
});

describe("a server that misbehaves is a failure with its name", () => {
  test("one that fails a call says so in its words", async () => {
    const tool = await made({ servers: overStdio() });

    await expect(tool("notes_fail").run()).rejects.toMatchObject({
      message: "notes_fail failed: no luck",
      transient: false,
    });
  });

  test("one that dies is started again for the next call", async () => {
    const tool = await made({ servers: overStdio() });

    await expect(tool("notes_die").run()).rejects.toMatchObject({
      ...{ message: expect.stringContaining("The MCP server notes gave no answer"), transient: true, notDone: false },
    });
    expect(await tool("notes_add_note").run({ text: "b" })).toMatchObject({ count: 1 });
  });

  test("one that was closed with the orchestrator is connected anew when it is called again", async () => {
    const tool = await made({ servers: overStdio() });
    expect(await tool("notes_add_note").run({ text: "a" })).toMatchObject({ count: 1 });

    await tool("notes_find_note").tool.close?.();
    await tool("notes_find_note").tool.close?.();

    expect(await tool("notes_add_note").run({ text: "b" })).toMatchObject({ count: 1 });
  });

  test("one that hangs is left at the call's signal, with its reason", async () => {
    const tool = await made({ servers: overStdio() });
    const control = new AbortController();

    const call = tool("notes_hang").run({}, control.signal);
    control.abort(new Error("the time is over"));

    await expect(call).rejects.toThrow("the time is over");
    expect(await tool("notes_find_note").run({ word: "tea" })).toMatchObject({ data: null });
  });

  test.each(["connected", "asked for its tools"])(
    "one that hangs when it is %s is left at the call's signal",
    async (at) => {
      const hung = deferred();
      let isHanging = false;
      const hang = (when: string) => {
        if (!isHanging || at !== when) return undefined;
        hung.finish();
        return new Promise<never>(() => {});
      };
      const { url } = await overHttp(undefined, () => {
        const server = createListServer(["find"], {}, () => hang("asked for its tools"));
        return { connect: (transport) => hang("connected") ?? server.connect(transport) };
      });
      const tool = await made({ servers: { list: { url: `${url}/mcp`, ...LOCAL } }, connectTimeoutMs: 60_000 });
      await tool("list_find").tool.close?.();
      isHanging = true;
      const control = new AbortController();

      const call = tool("list_find").run({}, control.signal);
      await hung.done;
      control.abort(new Error("the time is over"));

      await expect(call).rejects.toThrow("the time is over");
      isHanging = false;
      expect(await tool("list_find").run()).toMatchObject({ text: "find" });
    },
  );

  test("one that changes a tool after it was read does not get it called", async () => {
    const tool = await made({ servers: overStdio() });

    expect(await tool("notes_change").run()).toMatchObject({ text: "changed" });
    await expect(tool("notes_change").run()).rejects.toMatchObject({
      ...{ message: expect.stringContaining("no longer offers change"), transient: false, notDone: true },
    });
    expect(await tool("notes_find_note").run({ word: "tea" })).toMatchObject({ data: null });
  });

  test("one that prints junk between its messages is still understood", async () => {
    const tool = await made({ servers: overStdio() });

    expect(await tool("notes_print_junk").run()).toMatchObject({ text: "printed" });
  });

  test.each<[string, McpOptions, RegExp]>([
    [
      "does not start",
      { servers: overStdio("broken") },
      /MCP server notes could not be reached.*the notes are not there/u,
    ],
    [
      "does not answer",
      { servers: overStdio("silent"), connectTimeoutMs: 500 },
      /MCP server notes could not be reached/u,
    ],
    [
      "is no program",
      { servers: { notes: { command: "/nowhere/notes" } } },
      /MCP server notes could not be reached.*ENOENT/u,
    ],
    ["is no address", { servers: { notes: { url: "ftp://a.example" } } }, /mcpTools: /u],
    ["is not reached over http", { servers: { notes: { url: "http://a.example/" } } }, /http: is not allowed/u],
    ["is private", { servers: { notes: { url: "https://127.0.0.1:1/" } } }, /loopback/u],
  ])("one that %s", async (_, options, words) => {
    await expect(mcpTools(options)).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringMatching(words),
    });
  });

  test.each<[string, (request: IncomingMessage, response: ServerResponse) => void]>([
    ["another page", (_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<p>")],
    ["no JSON", (_, response) => response.writeHead(200, { "content-type": "application/json" }).end("{")],
    ["no message", (_, response) => sendJson(response, { hello: 1 })],
    ["a redirect to metadata", (_, response) => response.writeHead(307, { location: "http://169.254.169.254/" }).end()],
    [
      "a redirect to another host",
      (_, response) => response.writeHead(307, { location: "https://evil.example/" }).end(),
    ],
    [
      "a body without end",
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        sendForever(response, "x".repeat(100_000));
      },
    ],
  ])("one over HTTP that gives %s", async (_, answer) => {
    const web = await serve(answer);

    await expect(
      mcpTools({ servers: { web: { url: web.url, ...LOCAL } }, connectTimeoutMs: 2_000 }),
    ).rejects.toMatchObject({ code: "config_invalid", message: expect.stringContaining("MCP server web") });
    expect(web.seen.every((seen) => seen === "POST /" || seen === "GET /")).toBe(true);
  });
});

describe("I2, I3: through the gate", () => {
  let fresh: Awaited<ReturnType<typeof openFreshStore>>;
  beforeEach(async () => {
    fresh = await openFreshStore();
  });
  afterEach(() => fresh.drop());

  test("what nobody declared is asked about first, and done once", async () => {
    const tools = await mcpTools({ servers: overStdio() });
    const { asked, call, session } = await openWorld({ store: fresh.store, tools });

    const request = await asked("notes_add_note", { text: "a" }, { turnKey: "k" });
    await session.decide(request, { type: "approve" });
    const reply = await call("notes_add_note", { text: "a" }, { turnKey: "k" });

    expect(reply).toMatchObject({ ok: true, value: { count: 1, key: expect.stringMatching(/^[0-9a-f]{64}$/u) } });
    expect(await call("notes_add_note", { text: "a" }, { attempt: 2 })).toEqual(reply);
  });

  test("an error of the protocol that says no more than that something does not fit leaves open whether it was done", async () => {
    const tools = await mcpTools({ servers: overStdio("old") });
    const world = await openWorld({ store: fresh.store, tools });
    const effects = () => fresh.store.effects.of("run-1");

    expect(await approvedCall(world, "notes_leave", {})).toMatchObject({ ok: false });
    expect(await effects()).toMatchObject([{ tool: "notes_leave", status: "not_done" }]);
    const add = { turnKey: "k2" };
    await world.session.decide(await world.asked("notes_add", {}, add), { type: "approve" });
    expect(await world.asked("notes_add", {}, add)).toMatchObject({ kind: "in_doubt" });
    expect((await effects()).find(({ tool }) => tool === "notes_add")).toMatchObject({ status: "claimed" });
  });
});
