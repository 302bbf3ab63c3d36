import { setImmediate as others } from "node:timers/promises";
import type { Tool } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { JsonObject } from "../../core/digest.js";
import { didYouMean } from "../../core/lookup.js";
import { defineTool } from "../define-tool.js";
import type { DeclaredEffect, JsonTool } from "./declared-effect.js";
import { assertDeclared, DeclaredEffectsSchema, effectOf } from "./declared-effect.js";
import { asInvalid, made, SecretSchema } from "./factory.js";
import { closed, isObject, jsonContract } from "./json-contract.js";
import { PlainResultSchema, resultOf } from "./mcp-result.js";
import { digestOfTool, McpServer } from "./mcp-server.js";
import type { McpServerSpec } from "./mcp-transport.js";
import { assertNameable, assertNames, toolName } from "./tool-name.js";
import { wordsOf } from "./words-of.js";

const TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_MS = 5_000;
const MAX_DESCRIPTION = 600;
/** Of one server. More would be read for seconds at every start, and no agent could choose among them. */
const MAX_TOOLS = 500;
/** Of one schema; a model could not read more either. */
const MAX_PARTS = 2_000;

const OnlySchema = z.array(z.string()).optional();
const TextsSchema = z.record(z.string(), z.union([z.string(), SecretSchema])).optional();
const OptionsSchema = z.strictObject({
  servers: z.record(
    z.string().regex(/^[A-Za-z][\w-]*$/u, "begin with a letter; letters, digits, _ and - only"),
    z.union([
      z.strictObject({
        ...{ command: z.string().min(1), args: z.array(z.string()).optional(), env: TextsSchema },
        ...{ cwd: z.string().optional(), only: OnlySchema },
      }),
      z.strictObject({
        ...{ url: z.url({ protocol: /^https?$/u }), headers: TextsSchema, allowHosts: z.array(z.string()).optional() },
        ...{ allowPrivate: z.boolean().optional(), allowHttp: z.boolean().optional() },
        only: OnlySchema,
      }),
    ]),
  ),
  effects: DeclaredEffectsSchema.default({}),
  timeoutMs: z.int().positive().default(TIMEOUT_MS),
  connectTimeoutMs: z.int().positive().default(CONNECT_TIMEOUT_MS),
  idleMs: z.int().positive().default(IDLE_MS),
});
type Options = z.output<typeof OptionsSchema>;

/** A server, and which of its tools are taken. */
export type McpServerOptions = McpServerSpec & {
  /** By the server's own names; default all. At most 500 tools of one server can be taken. */
  readonly only?: readonly string[] | undefined;
};

/** What `mcpTools` is told. */
export interface McpOptions {
  /** By the name that goes before each tool's. Headers and variables may be secrets. */
  readonly servers: Readonly<Record<string, McpServerOptions>>;
  /** By our name of the tool, `<server>_<tool>`. What is not declared is irreversible, whatever the server says of it. */
  readonly effects?: Readonly<Record<string, DeclaredEffect>>;
  /** Of one call; default 30 seconds. */
  readonly timeoutMs?: number;
  /** To connect, and to list the tools; default 10 seconds each. */
  readonly connectTimeoutMs?: number;
  /** How long a connection is kept when nobody calls; default 5 seconds. */
  readonly idleMs?: number;
}

/**
 * The tools of MCP servers, over stdio and streamable HTTP, as tools of ours behind the same gate. Every server is asked
 * for its list once, here; then its connection is closed, and made again when a tool is called. The process goes on with
 * its other work meanwhile. Rejects with `config_invalid` that names the server when one cannot be reached, offers more
 * than can be taken, or what cannot become a tool.
 */
export async function mcpTools(given: McpOptions): Promise<readonly JsonTool[]> {
  return made("mcpTools", OptionsSchema, given, async (options) => {
    try {
      const found = await Promise.all(Object.entries(options.servers).map((entry) => toolsOf(...entry, options)));
      const tools = found.flat();
      assertNames(tools.map(({ tool, from }) => ({ name: tool.name, from })));
      assertDeclared(
        Object.keys(options.effects),
        tools.map(({ tool }) => tool.name),
        "tool",
      );
      return tools.map(({ tool }) => tool);
    } catch (cause) {
      throw asInvalid("mcpTools", cause);
    }
  });
}

async function toolsOf(name: string, spec: McpServerOptions, options: Options) {
  const server = new McpServer(name, spec, options);
  try {
    const made: { readonly tool: JsonTool; readonly from: string }[] = [];
    for (const offered of taken(name, spec.only, await server.tools())) {
      made.push({ tool: toTool(name, server, offered, options), from: nameOf(name, offered) });
      await others();
    }
    return made;
  } finally {
    await server.close();
  }
}

/** The tools that are meant, in the server's order. */
function taken(name: string, only: readonly string[] | undefined, offered: readonly Tool[]): readonly Tool[] {
  const names = offered.map((tool) => tool.name);
  const lost = only?.find((one) => !names.includes(one));
  if (lost !== undefined) {
    throw new Error(`"only" names ${wordsOf(lost, 80)}, but ${name} offers no such tool.${didYouMean(lost, names)}`);
  }
  const meant = only ? offered.filter((tool) => only.includes(tool.name)) : offered;
  if (meant.length <= MAX_TOOLS) return meant;
  throw new Error(
    `${name} would give ${meant.length} tools, but at most ${MAX_TOOLS} of one server are taken. Name those that are needed in its "only".`,
  );
}

function nameOf(serverName: string, offered: Tool): string {
  return `${wordsOf(offered.name, 80)} of ${serverName}`;
}

function toTool(serverName: string, server: McpServer, offered: Tool, options: Options): JsonTool {
  try {
    return declared(serverName, server, offered, options);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const told = `${nameOf(serverName, offered)} cannot become a tool: ${why}`;
    throw new Error(`${told.replace(/\.$/u, "")}. Leave it out with "only".`, { cause });
  }
}

function declared(serverName: string, server: McpServer, offered: Tool, options: Options): JsonTool {
  assertNameable(offered.name);
  const name = toolName(serverName, offered.name);
  const digest = digestOfTool(offered);
  const effect = effectOf(
    options.effects[name],
    "irreversible",
    `the server ${serverName}, where ${wordsOf(offered.name, 80)} did it`,
  );
  const timeoutMs = effect.timeoutMs ?? options.timeoutMs;
  return defineTool({
    description: wordsOf(offered.description ?? offered.title ?? offered.name, MAX_DESCRIPTION),
    maxCostMicroUsd: 0,
    ...effect,
    ...{ name, timeoutMs },
    ...contractsOf(offered),
    close: () => server.close(),
    run: async (args, { signal, idempotencyKey }) => {
      const call = { tool: offered.name, digest, args, idempotencyKey, timeoutMs, signal };
      return resultOf(name, await server.call(call), offered.outputSchema !== undefined);
    },
  } satisfies JsonTool);
}

function contractsOf({ inputSchema, outputSchema }: Tool): Pick<JsonTool, "input" | "output"> {
  const plain: unknown = JSON.parse(JSON.stringify([inputSchema, outputSchema ?? null]));
  const [input, output] = plain as [JsonObject, JsonObject | null]; // safe: the protocol's schema says both are objects
  const contract = (schema: JsonObject) => jsonContract(schema, schema, MAX_PARTS);
  return {
    // Safe: a contract of type `object` gives objects.
    input: contract(closed({ ...input, type: "object" })) as JsonTool["input"],
    // Safe: the plain result is JSON.
    output: isObject(output) ? contract(output) : (PlainResultSchema as unknown as JsonTool["output"]),
  };
}
