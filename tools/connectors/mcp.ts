import type { Tool } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { JsonObject } from "../../core/digest.js";
import { defineTool } from "../define-tool.js";
import type { DeclaredEffect, JsonTool } from "./declared-effect.js";
import { assertDeclared, DeclaredEffectsSchema, effectOf } from "./declared-effect.js";
import { asInvalid, made, SecretSchema } from "./factory.js";
import { closed, isObject, jsonContract } from "./json-contract.js";
import { PlainResultSchema, resultOf } from "./mcp-result.js";
import { digestOfTool, McpServer } from "./mcp-server.js";
import type { McpServerSpec } from "./mcp-transport.js";
import { assertNames, toolName } from "./tool-name.js";
import { wordsOf } from "./words-of.js";

const TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_MS = 5_000;
const MAX_DESCRIPTION = 600;

const TextsSchema = z.record(z.string(), z.union([z.string(), SecretSchema])).optional();
const OptionsSchema = z.strictObject({
  servers: z.record(
    z.string().regex(/^[A-Za-z][\w-]*$/u, "begin with a letter; letters, digits, _ and - only"),
    z.union([
      z.strictObject({
        ...{ command: z.string().min(1), args: z.array(z.string()).optional(), env: TextsSchema },
        cwd: z.string().optional(),
      }),
      z.strictObject({
        ...{ url: z.url({ protocol: /^https?$/u }), headers: TextsSchema, allowHosts: z.array(z.string()).optional() },
        ...{ allowPrivate: z.boolean().optional(), allowHttp: z.boolean().optional() },
      }),
    ]),
  ),
  effects: DeclaredEffectsSchema.default({}),
  timeoutMs: z.int().positive().default(TIMEOUT_MS),
  connectTimeoutMs: z.int().positive().default(CONNECT_TIMEOUT_MS),
  idleMs: z.int().positive().default(IDLE_MS),
});
type Options = z.output<typeof OptionsSchema>;

/** What `mcpTools` is told. */
export interface McpOptions {
  /** By the name that goes before each tool's. Headers and variables may be secrets. */
  readonly servers: Readonly<Record<string, McpServerSpec>>;
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
 * for its list once, here; then its connection is closed, and made again when a tool is called. Rejects with
 * `config_invalid` that names the server when one cannot be reached, or offers what cannot become a tool.
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

async function toolsOf(name: string, spec: McpServerSpec, options: Options) {
  const server = new McpServer(name, spec, options);
  try {
    const offered = await server.tools();
    return offered.map((tool) => ({ tool: toTool(name, server, tool, options), from: `${tool.name} of ${name}` }));
  } finally {
    await server.close();
  }
}

function toTool(serverName: string, server: McpServer, offered: Tool, options: Options): JsonTool {
  const name = toolName(serverName, offered.name);
  const digest = digestOfTool(offered);
  const effect = effectOf(
    options.effects[name],
    "irreversible",
    `the server ${serverName}, where ${wordsOf(offered.name, 80)} did it`,
  );
  const timeoutMs = effect.timeoutMs ?? options.timeoutMs;
  try {
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
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${wordsOf(offered.name, 80)} of ${serverName} cannot become a tool: ${why}.`, { cause });
  }
}

function contractsOf({ inputSchema, outputSchema }: Tool): Pick<JsonTool, "input" | "output"> {
  const plain: unknown = JSON.parse(JSON.stringify([inputSchema, outputSchema ?? null]));
  const [input, output] = plain as [JsonObject, JsonObject | null]; // safe: the protocol's schema says both are objects
  return {
    // Safe: a contract of type `object` gives objects.
    input: jsonContract(closed({ ...input, type: "object" })) as JsonTool["input"],
    // Safe: the plain result is JSON.
    output: isObject(output) ? jsonContract(output) : (PlainResultSchema as unknown as JsonTool["output"]),
  };
}
