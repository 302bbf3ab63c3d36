import { toJsonSchema } from "@langchain/core/utils/json_schema";
import { z } from "zod";
import type { Json, JsonObject } from "../../core/digest.js";
import type { ToolContext } from "../../core/tool.js";
import { defineTool } from "../define-tool.js";
import type { DeclaredEffect, JsonTool } from "./declared-effect.js";
import { effectOf } from "./declared-effect.js";
import { made } from "./factory.js";
import { closed, isObject, jsonContract } from "./json-contract.js";

const TIMEOUT_MS = 30_000;

/** What of a LangChain tool is used: any that `tool(…)` makes, or a class of one's own, fits. */
export interface LangChainTool {
  readonly name: string;
  readonly description: string;
  /** Of zod 3, zod 4 or JSON Schema. */
  readonly schema: unknown;
  readonly responseFormat?: string;
  invoke(input: unknown, config?: object): Promise<unknown>;
}

/** What must be said about a LangChain tool, besides what it says itself. */
export interface FromLangChainTool extends Omit<DeclaredEffect, "effect"> {
  readonly effect: "reads" | "writes" | "irreversible";
  /** Another name than the tool's own. */
  readonly name?: string;
  /** What it returns; default any JSON, or `{ content, artifact }` where the tool returns both. */
  readonly output?: z.ZodType<Json>;
}

/**
 * A LangChain tool as one of ours: behind the gate, with its effect, limit and key declared. Its own schema is its
 * contract; unknown arguments are refused. It is run with the call's signal and callbacks, and finds `idempotencyKey`,
 * `runId` and `agentId` in `config.configurable`. `config_invalid` when it has no schema that JSON can say.
 */
export function fromLangChainTool(tool: LangChainTool, declared: FromLangChainTool): JsonTool {
  return made("fromLangChainTool", TOOL, tool, () => {
    const hasArtifact = tool.responseFormat === "content_and_artifact";
    const { name = tool.name, output = hasArtifact ? CONTENT_AND_ARTIFACT : z.json(), ...effect } = declared;
    return defineTool({
      description: tool.description,
      timeoutMs: TIMEOUT_MS,
      maxCostMicroUsd: 0,
      ...effectOf(effect, "irreversible", `what ${tool.name} acts on`),
      name,
      input: inputOf(tool.schema),
      output: output as JsonTool["output"], // safe: both defaults give JSON
      run: async (args, context) => resultOf(await tool.invoke(inputFor(tool, args, context), configFor(context))),
    });
  });
}

const TOOL = z.looseObject({
  name: z.string().min(1),
  description: z.string(),
  invoke: z.custom((value) => typeof value === "function", "must be a function"),
});
const CONTENT_AND_ARTIFACT = z.strictObject({ content: z.json(), artifact: z.json() });

/** The tool's schema as JSON says it, and what only its own code can check on top. */
function inputOf(schema: unknown): JsonTool["input"] {
  // Safe: LangChain's function takes every kind of schema that its tools have, and gives JSON Schema.
  const json = toJsonSchema(schema as Parameters<typeof toJsonSchema>[0], { io: "input", unrepresentable: "any" });
  const plain: unknown = JSON.parse(JSON.stringify(json));
  if (!isObject(plain)) throw new Error("the tool has no schema of an object");
  const contract = jsonContract(closed({ type: "object", ...plain }));
  const own = parserOf(schema);
  // Safe: a contract of type `object` gives objects.
  return contract.superRefine((value, context) => {
    for (const { message, path } of own?.(value) ?? []) context.addIssue({ code: "custom", message, path: [...path] });
  }) as JsonTool["input"];
}

interface Issue {
  readonly message: string;
  readonly path: readonly (string | number)[];
}

/** The checks of a zod schema; none of one that JSON Schema says all of. Checks that only run asynchronously are left to the tool. */
function parserOf(schema: unknown): ((value: unknown) => readonly Issue[]) | undefined {
  if (typeof schema !== "object" || schema === null || !("safeParse" in schema)) return undefined;
  const { safeParse } = schema as { safeParse(value: unknown): { error?: { issues: readonly Issue[] } } }; // safe: zod's
  return (value) => {
    try {
      return safeParse.call(schema, value).error?.issues ?? [];
    } catch {
      return [];
    }
  };
}

/** A tool that gives an artifact gives it to a tool call only. */
function inputFor(tool: LangChainTool, args: JsonObject, { idempotencyKey, runId }: ToolContext): unknown {
  if (tool.responseFormat !== "content_and_artifact") return args;
  return { type: "tool_call", id: idempotencyKey || runId, name: tool.name, args };
}

function configFor({ signal, idempotencyKey, runId, agentId }: ToolContext): object {
  return { signal, configurable: { idempotencyKey, runId, agentId } };
}

/** The value itself; of a message its content, and the artifact where there may be one. */
function resultOf(value: unknown): Json {
  const json: Json = JSON.parse(JSON.stringify(isMessage(value) ? partsOf(value) : value) ?? "null");
  return json;
}

interface Message {
  readonly content: unknown;
  readonly artifact?: unknown;
  readonly status?: string;
}

function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && "content" in value && "lc_namespace" in value;
}

function partsOf({ content, artifact, status }: Message): unknown {
  if (status === "error") throw new Error(typeof content === "string" ? content : JSON.stringify(content));
  return artifact === undefined ? content : { content, artifact };
}
