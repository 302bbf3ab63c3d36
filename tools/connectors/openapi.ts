import { z } from "zod";
import type { Json, JsonObject } from "../../core/digest.js";
import type { Secret } from "../../core/secret.js";
import type { ToolContext } from "../../core/tool.js";
import { defineTool } from "../define-tool.js";
import type { DeclaredEffect, JsonTool } from "./declared-effect.js";
import { assertDeclared, DeclaredEffectsSchema, effectOf } from "./declared-effect.js";
import { made, SecretSchema } from "./factory.js";
import type { HttpClient, HttpResponse } from "./http-client.js";
import { createHttpClient } from "./http-client.js";
import { HttpError } from "./http-error.js";
import { allowedUrl } from "./http-guard.js";
import { isObject, jsonContract } from "./json-contract.js";
import type { Operation } from "./openapi-document.js";
import { isJsonType, operationsOf, readDocument } from "./openapi-document.js";
import { buildRequest } from "./openapi-request.js";
import { parseJson } from "./parse-json.js";
import { assertSuccess } from "./refused-by.js";
import { assertNames } from "./tool-name.js";
import { wordsOf } from "./words-of.js";

const TIMEOUT_MS = 15_000;
const MAX_BYTES = 200_000;
const MAX_DESCRIPTION = 600;
const READING: ReadonlySet<string> = new Set(["GET", "HEAD"]);

const OptionsSchema = z.strictObject({
  document: z.union([z.string().min(1), z.instanceof(URL), z.custom<JsonObject>(isObject)]),
  server: z.url().optional(),
  allowHosts: z.array(z.string()).optional(),
  allowPrivate: z.boolean().default(false),
  allowHttp: z.boolean().default(false),
  auth: z
    .union([
      z.strictObject({ bearer: SecretSchema }),
      z.strictObject({ header: z.string(), value: SecretSchema }),
      z.strictObject({ user: z.string(), password: SecretSchema }),
    ])
    .optional(),
  only: z.array(z.string()).optional(),
  prefix: z.string().default(""),
  effects: DeclaredEffectsSchema.default({}),
  timeoutMs: z.int().positive().default(TIMEOUT_MS),
  maxBytes: z.int().positive().default(MAX_BYTES),
});
type Options = z.output<typeof OptionsSchema>;

/** What `openApiTools` is told. */
export interface OpenApiOptions {
  /** An OpenAPI 3 document: an object, a text of JSON or YAML, or the path or `file:` URL of a file of either. */
  readonly document: string | URL | JsonObject;
  /** Where the service is; default the document's first server, when that is a whole URL. */
  readonly server?: string;
  /** Where requests and redirects may go; default the server's host alone. */
  readonly allowHosts?: readonly string[];
  readonly allowPrivate?: boolean;
  readonly allowHttp?: boolean;
  /** Sent with every request to the server, never to where a redirect leads. */
  readonly auth?: { bearer: Secret } | { header: string; value: Secret } | { user: string; password: Secret };
  /** The operations to take, by `operationId`; default all. */
  readonly only?: readonly string[];
  /** Goes before every tool's name. */
  readonly prefix?: string;
  /** By `operationId`. What is not declared reads (GET, HEAD), is irreversible (all others), and deletes (DELETE). */
  readonly effects?: Readonly<Record<string, DeclaredEffect>>;
  /** Of one call; default 15 seconds. */
  readonly timeoutMs?: number;
  /** Of one answer; default 200,000. */
  readonly maxBytes?: number;
}

/**
 * One tool for each operation of an OpenAPI document, named after its `operationId` in snake_case. Parameters are
 * arguments by their names, the body is `body`; others are refused. Effects send the act's key as `Idempotency-Key`.
 * The server's refusals are told in its words: 4xx as permanent and not done, 429 and 5xx as worth another try. `config_invalid`
 * for options, a document or an operation that cannot be used.
 */
export function openApiTools(given: OpenApiOptions): readonly JsonTool[] {
  return made("openApiTools", OptionsSchema, given, toTools);
}

function toTools(options: Options): readonly JsonTool[] {
  const document = readDocument(options.document);
  const server = serverOf(options, document);
  const operations = operationsOf(document, options.only);
  const ids = operations.map(({ id }) => id);
  assertDeclared(Object.keys(options.effects), ids, "operation");
  const named = operations.map((operation) => ({ operation, name: `${options.prefix}${operation.toolName}` }));
  assertNames(named.map(({ operation, name }) => ({ name, from: operation.id })));
  const client = createHttpClient({ ...options, allowHosts: options.allowHosts ?? [server.host] });
  return named.map(({ operation, name }) => toTool(name, operation, { document, server, client, options }));
}

interface Service {
  readonly document: JsonObject;
  readonly server: URL;
  readonly client: HttpClient;
  readonly options: Options;
}

function serverOf(options: Options, document: JsonObject): URL {
  const { servers } = document;
  const [first] = Array.isArray(servers) ? servers : [];
  const url = options.server ?? String((first as JsonObject | undefined)?.["url"] ?? "");
  if (!URL.canParse(url) || url.includes("{")) {
    throw new Error('The document names no server by a whole URL: give it as "server".');
  }
  return allowedUrl(url, { allowHosts: options.allowHosts ?? [new URL(url).host], allowHttp: options.allowHttp });
}

function toTool(name: string, operation: Operation, service: Service): JsonTool {
  const { method, path, summary } = operation;
  const declared = service.options.effects[operation.id];
  const effect = effectOf(
    declared,
    READING.has(method) ? "reads" : "irreversible",
    `${service.server.host}, where ${method} ${path} did it`,
  );
  try {
    return defineTool({
      name,
      description: wordsOf(`${summary} (${method} ${path})`, MAX_DESCRIPTION),
      timeoutMs: service.options.timeoutMs,
      maxCostMicroUsd: 0,
      ...(method === "DELETE" && { deletes: true }),
      ...effect,
      input: inputOf(operation, service.document),
      output: outputOf(operation, service.document),
      run: (args, context) => call(operation, service, args, context),
    } satisfies JsonTool);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The operation ${operation.id} cannot become a tool: ${why}.`, { cause });
  }
}

/** Every parameter by its name, and nothing else. */
function inputOf({ parameters, body }: Operation, document: JsonObject): JsonTool["input"] {
  const properties = [
    ...parameters.map(({ argument, schema }): [string, JsonObject] => [argument, schema]),
    ...(body ? [["body", body.schema] as [string, JsonObject]] : []),
  ];
  const required = [
    ...parameters.filter(({ isRequired }) => isRequired).map(({ argument }) => argument),
    ...(body?.isRequired ? ["body"] : []),
  ];
  const root = { type: "object", properties: Object.fromEntries(properties), required, additionalProperties: false };
  // Safe: a contract of type `object` gives objects.
  return jsonContract(root, document) as JsonTool["input"];
}

/** The answer as the document promises it, else its status with what came. */
function outputOf({ answer }: Operation, document: JsonObject): JsonTool["output"] {
  return answer ? jsonContract(answer, document) : z.strictObject({ status: z.int(), body: z.json() });
}

async function call(operation: Operation, service: Service, args: JsonObject, context: ToolContext): Promise<Json> {
  const { method, path, body, answer } = operation;
  const { url, headers, body: text } = buildRequest(service.server, operation, args);
  const response = await service.client.request({
    method,
    url,
    signal: context.signal,
    headers: {
      accept: "application/json, text/*;q=0.5",
      ...headers,
      ...(text !== undefined && body && { "content-type": body.mediaType }),
      ...(context.idempotencyKey !== "" && { "idempotency-key": context.idempotencyKey }),
      ...credentials(service.options.auth),
    },
    ...(text !== undefined && { body: text }),
  });
  assertSuccess(`${method} ${path}`, response);
  const given = bodyOf(response);
  return answer ? given : { status: response.status, body: given };
}

/** The body as JSON where it says so and is; else its text: the contract tells the rest. The act is done by now. */
function bodyOf({ headers, text }: HttpResponse): Json {
  if (!isJsonType(headers["content-type"] ?? "")) return text;
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

/** A secret that is missing is told before anything is sent. */
function credentials(auth: Options["auth"]): Record<string, string> {
  try {
    return auth === undefined ? {} : revealed(auth);
  } catch (cause) {
    throw new HttpError("bad_request", cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function revealed(auth: NonNullable<Options["auth"]>): Record<string, string> {
  if ("bearer" in auth) return { authorization: `Bearer ${auth.bearer.reveal()}` };
  if ("header" in auth) return { [auth.header]: auth.value.reveal() };
  const pair = Buffer.from(`${auth.user}:${auth.password.reveal()}`).toString("base64");
  return { authorization: `Basic ${pair}` };
}
