import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../../core/digest.js";
import { readSecretsWith, secret } from "../../../core/secret.js";
import type { JsonTool } from "../../../tools/connectors/declared-effect.js";
import type { OpenApiOptions } from "../../../tools/connectors/openapi.js";
import { openApiTools } from "../../../tools/connectors/openapi.js";
import { openWorld } from "../../support/gate.js";
import { openFreshStore } from "../../support/store.js";
import { toolContext } from "../../support/tool-context.js";
import type { Web } from "../../support/web.js";
import { sendJson, serve } from "../../support/web.js";

const ID = { name: "petId", in: "path", required: true, schema: { type: "string" } };
const PETS: JsonObject = {
  openapi: "3.0.3",
  info: { title: "Pets", version: "1" },
  servers: [{ url: "https://pets.example/v1" }],
  paths: {
    "/pets": {
      get: {
        operationId: "listPets",
        summary: "Lists pets.",
        parameters: [
          { name: "limit", in: "query", schema: { type: "integer", maximum: 100 } },
          { name: "tags", in: "query", schema: { type: "array", items: { type: "string" } } },
          { name: "ids", in: "query", explode: false, schema: { type: "array", items: { type: "integer" } } },
          { name: "where", in: "query", style: "deepObject", schema: { type: "object" } },
          { name: "X-Trace", in: "header", schema: { type: "string" } },
        ],
        responses: { "200": json({ type: "array", items: { $ref: "#/components/schemas/Pet" } }) },
      },
      post: {
        operationId: "createPet",
        requestBody: {
          required: true,
          content: { "application/json": { schema: { $ref: "#/components/schemas/Pet" } } },
        },
        responses: { "201": json({ $ref: "#/components/schemas/Pet" }) },
      },
    },
    "/pets/{petId}": {
      parameters: [ID],
      get: { operationId: "getPet", responses: { default: json({ $ref: "#/components/schemas/Pet" }) } },
      delete: { operationId: "deletePet", responses: { "204": { description: "gone" } } },
    },
  },
  components: {
    schemas: {
      Pet: {
        required: ["name"],
        properties: {
          name: { type: "string", pattern: "^[a-z]+$" },
          owner: { type: "string", nullable: true },
          children: { type: "array", items: { $ref: "#/components/schemas/Pet" } },
        },
      },
    },
  },
};

function json(schema: JsonObject): JsonObject {
  return { description: "ok", content: { "application/json": { schema } } };
}

function toolsFor(web: Web, options: Partial<OpenApiOptions> = {}) {
  const tools = openApiTools({
    document: PETS,
    server: `${web.url}/v1`,
    ...{ allowHttp: true, allowPrivate: true },
    ...options,
  });
  return (name: string): JsonTool => {
    const tool = tools.find((one) => one.name === name);
    if (!tool) throw new Error(`There is no ${name}, only ${tools.map((one) => one.name).join(", ")}.`);
    return tool;
  };
}

async function run(tool: JsonTool, args: JsonObject): Promise<Json> {
  return tool.output.parse(await tool.run(tool.input.parse(args), toolContext()));
}

/** A document with one operation. */
function withOperation(operation: JsonObject, path = "/x", method = "get"): JsonObject {
  return { openapi: "3.1.0", paths: { [path]: { [method]: { operationId: "x", ...operation } } } };
}

describe("an operation becomes a tool", () => {
  test("with a name, a text, contracts and an effect", () => {
    const tools = openApiTools({ document: PETS });

    expect(tools.map(({ name, effect, description }) => ({ name, effect, description }))).toEqual([
      { name: "list_pets", effect: "reads", description: "Lists pets. (GET /pets)" },
      { name: "create_pet", effect: "irreversible", description: "(POST /pets)" },
      { name: "get_pet", effect: "reads", description: "(GET /pets/{petId})" },
      { name: "delete_pet", effect: "irreversible", description: "(DELETE /pets/{petId})" },
    ]);
    expect(tools.map(({ deletes = false }) => deletes)).toEqual([false, false, false, true]);
    expect(tools[1]?.dedupeScope).toBe("case");
    expect(tools.map(({ remedy }) => remedy)).toEqual([
      undefined,
      expect.stringMatching(/^Take it back at .+, where POST \/pets did it\.$/u),
      undefined,
      expect.stringMatching(/where DELETE \/pets\/\{petId\} did it/u),
    ]);
    expect(tools[1]?.dedupeKey?.({ a: 1, b: 2 })).toBe(tools[1]?.dedupeKey?.({ b: 2, a: 1 }));
  });

  test("from a text and from a file alike", async () => {
    const folder = await mkdtemp(join(tmpdir(), "openapi-"));
    try {
      const path = join(folder, "pets.json");
      writeFileSync(path, JSON.stringify(PETS));

      expect(openApiTools({ document: path }).length).toBe(4);
      expect(openApiTools({ document: JSON.stringify(PETS), only: ["getPet"], prefix: "pets_" })[0]?.name).toBe(
        "pets_get_pet",
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("with the effect that its author declares", () => {
    const [tool] = openApiTools({
      document: PETS,
      only: ["createPet"],
      effects: {
        createPet: {
          effect: "writes",
          idempotent: true,
          dedupeScope: "run",
          dedupeKey: ({ body }) => JSON.stringify(body),
        },
      },
    });

    expect(tool).toMatchObject({ effect: "writes", idempotent: true, dedupeScope: "run" });
  });

  test("whose schema refers to itself", () => {
    const [tool] = openApiTools({ document: PETS, only: ["createPet"] });
    const child = { name: "b", children: [{ name: "c" }] };

    expect(tool?.input.safeParse({ body: { name: "a", owner: null, children: [child] } }).success).toBe(true);
    expect(tool?.input.safeParse({ body: { name: "a", children: [{ nome: "b" }] } }).success).toBe(false);
  });

  test("that refuses arguments it does not know, and those that do not fit", () => {
    const [tool] = openApiTools({ document: PETS, only: ["listPets"] });

    for (const args of [{ limit: 101 }, { limit: "1" }, { limt: 1 }, { tags: "a" }, [], null]) {
      expect(tool?.input.safeParse(args).success).toBe(false);
    }
  });
});

describe("a call becomes a request", () => {
  test("with every argument in its place", async () => {
    const web = await serve((_, response) => sendJson(response, [{ name: "Rex" }]));

    const found = await run(toolsFor(web)("list_pets"), {
      limit: 2,
      tags: ["a b", "c&d"],
      ids: [1, 2],
      where: { age: "3", "a&b": "=" },
      "X-Trace": "t1",
    });

    expect(found).toEqual([{ name: "Rex" }]);
    const [seen] = web.seen;
    expect(new URL(seen?.split(" ")[1] ?? "", web.url).searchParams.toString()).toBe(
      new URLSearchParams([
        ...[
          ["limit", "2"],
          ["tags", "a b"],
          ["tags", "c&d"],
          ["ids", "1,2"],
          ["where[age]", "3"],
          ["where[a&b]", "="],
        ],
      ] as [string, string][]).toString(),
    );
    expect(web.headers[0]).toMatchObject({ "x-trace": "t1" });
    expect(web.headers[0]).not.toHaveProperty("idempotency-key", "");
  });

  test("with the act's key, for effects, and with credentials that are a secret", async () => {
    readSecretsWith((name) => (name === "PETS_TOKEN" ? "token-of-pets" : undefined));
    const web = await serve((_, response) => sendJson(response, { name: "Rex" }, 201));

    const tool = toolsFor(web, { auth: { bearer: secret("PETS_TOKEN") } })("create_pet");
    await run(tool, { body: { name: "Rex" } });

    expect(web.headers[0]).toMatchObject({
      ...{ "idempotency-key": "key-1", authorization: "Bearer token-of-pets", "content-type": "application/json" },
    });
    expect(web.bodies).toEqual(['{"name":"Rex"}']);
  });

  test("a secret that is missing is told before anything is sent", async () => {
    readSecretsWith(() => undefined);
    const web = await serve((_, response) => response.end());

    const tool = toolsFor(web, { auth: { header: "x-key", value: secret("PETS_KEY") } })("delete_pet");

    await expect(run(tool, { petId: "1" })).rejects.toMatchObject({
      notDone: true,
      message: expect.stringContaining("PETS_KEY"),
    });
    expect(web.seen).toEqual([]);
  });

  test("what is in a path stays in its segment", async () => {
    const web = await serve((_, response) => sendJson(response, { name: "Rex" }));

    await run(toolsFor(web)("get_pet"), { petId: "a/b?c#d%2e" });

    expect(web.seen).toEqual(["GET /v1/pets/a%2Fb%3Fc%23d%252e"]);
  });

  test.each(["..", ".", "", "../admin", "a/../../admin", "..\\admin", "a\u0000b", "a\r\nb"])(
    "%j does not get into a path",
    async (petId) => {
      const web = await serve((_, response) => response.end());

      await expect(run(toolsFor(web)("get_pet"), { petId })).rejects.toMatchObject({
        code: "bad_request",
        notDone: true,
      });
      expect(web.seen).toEqual([]);
    },
  );

  test("two values that only together are a step upwards are refused", async () => {
    const web = await serve((_, response) => response.end());
    const parameters = ["a", "b"].map((name) => ({ name, in: "path", schema: { type: "string" } }));
    const document = withOperation({ parameters }, "/x/{a}{b}/y");

    await expect(run(toolsFor(web, { document })("x"), { a: ".", b: "." })).rejects.toMatchObject({
      code: "bad_request",
    });
    await expect(
      run(toolsFor(web, { document: withOperation({ parameters }, "/x/{a}.{b}/y") })("x"), { a: "%2e", b: "%2e" }),
    ).resolves.toBeDefined();
  });

  test("a header that would end its line is refused", async () => {
    const web = await serve((_, response) => response.end());

    await expect(run(toolsFor(web)("list_pets"), { "X-Trace": "a\r\nhost: evil" })).rejects.toMatchObject({
      code: "bad_request",
    });
  });
});

describe("an answer", () => {
  test.each<[string, string, string, Json]>([
    [
      "of JSON as the document promises it",
      "application/json; charset=utf-8",
      '{"name":"Rex","more":1}',
      { name: "Rex", more: 1 },
    ],
    ["of a kind of JSON", "application/problem+json", '{"name":"Rex"}', { name: "Rex" }],
  ])("%s is the result", async (_, type, body, result) => {
    const web = await serve((_request, response) => response.writeHead(200, { "content-type": type }).end(body));

    expect(await run(toolsFor(web)("get_pet"), { petId: "1" })).toEqual(result);
  });

  test.each([
    ["of another shape", "application/json", '{"nome":"Rex"}'],
    ["of another type", "text/html", '{"name":"Rex"}'],
    ["that is no JSON", "application/json", "{"],
    ["nested beyond reason", "application/json", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
  ])("%s does not fit the contract, but the act counts as done", async (_, type, body) => {
    const web = await serve((_request, response) => response.writeHead(200, { "content-type": type }).end(body));
    const tool = toolsFor(web)("get_pet");

    const given = await tool.run({ petId: "1" }, toolContext());

    expect(tool.output.safeParse(given).success).toBe(false);
  });

  test("without a promise is told with its status", async () => {
    const web = await serve((_, response) => response.writeHead(204).end());

    expect(await run(toolsFor(web)("delete_pet"), { petId: "1" })).toEqual({ status: 204, body: "" });
  });

  test.each([
    [400, false, true],
    [404, false, true],
    [408, true, false],
    [409, false, false],
    [422, false, true],
    [429, true, true],
    [500, true, false],
    [503, true, false],
    [304, false, false],
  ])("%i: to be tried again %s, surely not done %s", async (status, transient, notDone) => {
    const web = await serve((_, response) =>
      response.writeHead(status).end(status === 304 ? undefined : `No\u0000\n pets ${"x".repeat(5_000)}`),
    );

    const failed = run(toolsFor(web)("delete_pet"), { petId: "1" });

    await expect(failed).rejects.toMatchObject({ status, transient, notDone });
    await expect(failed).rejects.toThrow(
      status === 304 ? "304" : /^DELETE \/pets\/\{petId\} was answered with \d+: No pets x{300,400}…$/u,
    );
  });
});

describe("I2, I3: through the gate", () => {
  let fresh: Awaited<ReturnType<typeof openFreshStore>>;
  beforeEach(async () => {
    fresh = await openFreshStore();
  });
  afterEach(() => fresh.drop());

  test("an undeclared effect is asked about, done once, and sends the same key for the same act", async () => {
    let status = 503;
    const web = await serve((_, response) => sendJson(response, { name: "Rex" }, status));
    const effects = { createPet: { effect: "writes", reach: "own", idempotent: true } } as const;
    const undeclared = await openWorld({ store: fresh.store, tools: [toolsFor(web)("create_pet")], runId: "run-2" });
    const args = { body: { name: "Rex" } };

    expect(await undeclared.asked("create_pet", args)).toMatchObject({ kind: "tool_call" });
    const { call } = await openWorld({ store: fresh.store, tools: [toolsFor(web, { effects })("create_pet")] });
    expect(await call("create_pet", args)).toMatchObject({ ok: false, code: "tool_failed", transient: true });
    status = 201;
    expect(await call("create_pet", args)).toEqual({ ok: true, value: { name: "Rex" } });
    expect(await call("create_pet", args, { attempt: 2 })).toEqual({ ok: true, value: { name: "Rex" } });

    expect(new Set(web.headers.map((headers) => headers["idempotency-key"])).size).toBe(1);
    expect(web.seen.length).toBe(2);
  });

  test("what the server refuses is told as not done, and nobody is asked whether it happened", async () => {
    const web = await serve((_, response) => sendJson(response, { message: "no such kind" }, 422));
    const effects = { createPet: { effect: "writes", reach: "own" } } as const;
    const { call, events } = await openWorld({ store: fresh.store, tools: [toolsFor(web, { effects })("create_pet")] });

    const reply = await call("create_pet", { body: { name: "Rex" } });

    expect(reply).toMatchObject({
      ok: false,
      code: "tool_failed",
      transient: false,
      reason: expect.stringContaining("no such kind"),
    });
    expect(await events("effect_not_done")).toHaveLength(1);
  });
});

describe("a document may be YAML as well as JSON", () => {
  const YAML = `\uFEFF# Our pets
openapi: 3.0.3
servers: [{ url: https://pets.example/v1 }]
paths:
  /pets/{petId}:
    parameters:
      - &id { name: petId, in: path, required: true, schema: { type: string } }
    get:
      operationId: getPet
      summary: >-
        Gets
        a pet.
      responses:
        200: &found
          description: ok
          content: { application/json: { schema: { $ref: "#/components/schemas/Pet" } } }
  /pets/{petId}/twin:
    get:
      operationId: getTwin
      parameters: [*id]
      responses: { 200: *found }
components:
  schemas:
    Pet: { required: [name], properties: { name: { type: string }, born: { type: string, enum: [2020-01-01] } } }
`;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "openapi-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("as a text or a file, and its tools work", async () => {
    const file = join(folder, "pets.yaml");
    writeFileSync(file, YAML);
    const web = await serve((_, response) => sendJson(response, { name: "Rex", born: "2020-01-01" }));

    for (const document of [YAML, file]) {
      const tool = toolsFor(web, { document });
      expect(tool("get_pet")).toMatchObject({ effect: "reads", description: "Gets a pet. (GET /pets/{petId})" });
      expect(await run(tool("get_twin"), { petId: "1" })).toEqual({ name: "Rex", born: "2020-01-01" });
    }
    expect(web.seen).toEqual(["GET /v1/pets/1/twin", "GET /v1/pets/1/twin"]);
  });
});

describe("what cannot be used is refused when the tools are made", () => {
  const circle = { A: { $ref: "#/components/schemas/B" }, B: { $ref: "#/components/schemas/A" } };
  const both = { C: { allOf: [{ $ref: "#/components/schemas/C" }, { type: "object" }] } };
  const returning = (schema: JsonObject) => withOperation({ responses: { "200": json(schema) } });
  const taking = (parameter: JsonObject) => withOperation({ parameters: [{ name: "p", schema: {}, ...parameter }] });

  test.each<[string, Partial<OpenApiOptions>, string]>([
    [
      "an option that there is not",
      { srever: "https://a.example" } as Partial<OpenApiOptions>,
      '"srever" is not a field here',
    ],
    [
      "a secret in clear",
      { auth: { bearer: "token" } } as unknown as Partial<OpenApiOptions>,
      "/auth/bearer: must be a secret",
    ],
    ["another version", { document: { swagger: "2.0" } }, "not OpenAPI 3"],
    ["a text that is no JSON", { document: "{openapi: 3.0.0" }, "it is not JSON"],
    [
      "a text that is no YAML",
      { document: "openapi: 3.0.0\npaths: [" },
      "The text of the document cannot be read: line 2",
    ],
    ["YAML of another version", { document: "openapi: 3.1\npaths: {}\n" }, "must say 3.0 or 3.1, such as 3.1.0"],
    ["a file that is not there", { document: "/nowhere/pets.json" }, "/nowhere/pets.json"],
    ["no server", { document: withOperation({}) }, "no server"],
    ["an operation in `only` that there is not", { only: ["getPets"] }, 'Did you mean "getPet"'],
    [
      "an effect of an operation that there is not",
      { effects: { createPets: { effect: "writes" } } },
      'Did you mean "createPet"',
    ],
    ["a server that is not among the hosts", { allowHosts: ["other.example"] }, "not an allowed host"],
    ["a server without https", { server: "http://pets.example" }, "http: is not allowed"],
    [
      "a reference that leads out",
      { document: returning({ $ref: "https://evil.example/x.json" }), server: "https://a.example" },
      "leads out",
    ],
    [
      "a reference to a file",
      { document: returning({ $ref: "../secrets.json#/a" }), server: "https://a.example" },
      "leads out",
    ],
    [
      "a reference that leads nowhere",
      { document: returning({ $ref: "#/components/schemas/No" }), server: "https://a.example" },
      "nowhere",
    ],
    [
      "a reference to a prototype",
      { document: returning({ $ref: "#/__proto__" }), server: "https://a.example" },
      "nowhere",
    ],
    [
      "a circle of references",
      {
        document: { ...returning({ $ref: "#/components/schemas/A" }), components: { schemas: circle } },
        server: "https://a.example",
      },
      "leads to itself",
    ],
    [
      "a schema that is a part of itself",
      {
        document: { ...returning({ $ref: "#/components/schemas/C" }), components: { schemas: both } },
        server: "https://a.example",
      },
      "leads to itself",
    ],
    [
      "a cookie that is needed",
      { document: taking({ in: "cookie", required: true }), server: "https://a.example" },
      "cookie p",
    ],
    [
      "a style that is not supported",
      { document: taking({ in: "path", style: "matrix" }), server: "https://a.example" },
      "matrix",
    ],
    [
      "a body of parts",
      {
        document: withOperation({ requestBody: { content: { "multipart/form-data": {} } } }, "/x", "post"),
        server: "https://a.example",
      },
      "multipart/form-data",
    ],
    [
      "two operations of one name",
      {
        document: {
          openapi: "3.1.0",
          paths: { "/a": { get: { operationId: "getIt" } }, "/b": { get: { operationId: "get_it" } } },
        },
        server: "https://a.example",
      },
      "getIt and get_it",
    ],
    [
      "an operation whose name has no letter",
      { document: { openapi: "3.1.0", paths: { "/a": { get: { operationId: "!!!" } } } }, server: "https://a.example" },
      "The operation !!! cannot become a tool: no name can be made of it",
    ],
  ])("%s", (_, options, words) => {
    expect(() => openApiTools({ document: PETS, ...options })).toThrow(
      expect.objectContaining({ code: "config_invalid", message: expect.stringContaining(words) }),
    );
  });

  test("a schema that branches or nests beyond reason", () => {
    let deep: JsonObject = {};
    for (let level = 0; level < 100; level += 1) deep = { type: "object", properties: { a: deep } };
    const wide = { anyOf: Array.from({ length: 30_000 }, () => ({ type: "string" })) };

    for (const schema of [deep, wide]) {
      expect(() => openApiTools({ document: returning(schema), server: "https://a.example" })).toThrow("the schema");
    }
  });
});
