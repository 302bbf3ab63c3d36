import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { CallToolResult, Tool } from "@modelcontextprotocol/sdk/types.js";
import type { JsonObject } from "../../core/digest.js";
import { digestOf } from "../../core/digest.js";
import { McpFailure } from "./mcp-error.js";
import type { McpServerSpec, OpenTransport } from "./mcp-transport.js";
import { openTransport } from "./mcp-transport.js";
import { wordsOf } from "./words-of.js";

const MAX_PAGES = 20;
const MAX_WORDS = 300;
/**
 * JSON-RPC's code for a method that there is not: nothing was run. Its code for arguments that do not fit says less:
 * servers also give it when a result does not fit, after the tool has acted.
 */
const NOT_RUN = -32601;

/** Statuses of HTTP that the same request gets again. */
const DENIED: ReadonlySet<unknown> = new Set([400, 401, 403]);

/** How long a server may take, and how long its connection is kept when nobody calls. */
export interface McpLimits {
  readonly connectTimeoutMs: number;
  readonly idleMs: number;
}

/** One call of a tool. */
export interface McpCall {
  readonly tool: string;
  /** The digest that the tool had when it was made one of ours. */
  readonly digest: string;
  readonly args: JsonObject;
  /** Empty for calls without effect. */
  readonly idempotencyKey: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface Connection {
  readonly client: Client;
  readonly way: OpenTransport;
  /** By name; undefined until asked, and again once the server says that its list has changed. */
  offered: ReadonlyMap<string, Tool> | undefined;
  fault: string;
}

/**
 * One MCP server: connected when it is first needed, closed when nobody has called for a while, connected anew after it
 * died or fell silent. Before a call its list of tools is asked where it may have changed: a tool that is not what it was
 * when the mission was read is not called.
 */
export class McpServer {
  readonly #name: string;
  readonly #spec: McpServerSpec;
  readonly #limits: McpLimits;
  #connection: Promise<Connection> | undefined;
  #calls = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(name: string, spec: McpServerSpec, limits: McpLimits) {
    this.#name = name;
    this.#spec = spec;
    this.#limits = limits;
  }

  /** All tools that the server offers now. Rejects with `McpFailure`. */
  async tools(): Promise<readonly Tool[]> {
    return this.#during(undefined, async ({ client }) => this.#list(client));
  }

  /** Rejects with `McpFailure` when there is no result; a result may still be a failure of the tool. */
  async call({ tool, digest, args, idempotencyKey, timeoutMs, signal }: McpCall): Promise<CallToolResult> {
    return this.#during(signal, async (connection) => {
      connection.offered ??= new Map((await this.#list(connection.client, signal)).map((each) => [each.name, each]));
      const now = connection.offered.get(tool);
      if (now === undefined || digestOfTool(now) !== digest) throw this.#changed(tool);
      const { CallToolResultSchema } = await import("@modelcontextprotocol/sdk/types.js");
      const params = { name: tool, arguments: args, ...(idempotencyKey !== "" && { _meta: { idempotencyKey } }) };
      return connection.client.request({ method: "tools/call", params }, CallToolResultSchema, {
        signal,
        timeout: timeoutMs,
      });
    });
  }

  /** Ends the connection; the next call makes another. A second call does nothing. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    if (this.#connection) await this.#drop(this.#connection);
  }

  async #during<Value>(signal: AbortSignal | undefined, work: (open: Connection) => Promise<Value>): Promise<Value> {
    clearTimeout(this.#idle);
    this.#calls += 1;
    const opening = this.#connection ?? this.#connect();
    this.#connection = opening;
    let open: Connection | undefined;
    try {
      open = await unlessAborted(opening, signal);
      return await work(open);
    } catch (error) {
      const isShared = signal?.aborted === true && this.#calls > 1;
      if (!isShared && (open === undefined || !isAnswer(error))) void this.#drop(opening);
      signal?.throwIfAborted();
      throw this.#named(error, open);
    } finally {
      this.#calls -= 1;
      if (this.#calls === 0) this.#idle = setTimeout(() => void this.close(), this.#limits.idleMs).unref();
    }
  }

  async #drop(connection: Promise<Connection>): Promise<void> {
    if (this.#connection === connection) this.#connection = undefined;
    const open = await connection.catch(() => undefined);
    await open?.client.close().catch(() => undefined);
  }

  async #connect(): Promise<Connection> {
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const { ToolListChangedNotificationSchema } = await import("@modelcontextprotocol/sdk/types.js");
    const way = await openTransport(this.#spec);
    const client = new Client({ name: "mission-orchestrator", version: "1" });
    const connection: Connection = { client, way, offered: undefined, fault: "" };
    client.onerror = (error) => {
      connection.fault = error.message;
    };
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      connection.offered = undefined;
    });
    try {
      await client.connect(way.transport, { timeout: this.#limits.connectTimeoutMs });
    } catch (cause) {
      await client.close().catch(() => undefined);
      throw new McpFailure(this.#words("could not be reached", cause, connection), {
        ...{ cause, transient: !DENIED.has(codeOf(cause)), notDone: true },
      });
    }
    return connection;
  }

  async #list(client: Client, signal?: AbortSignal): Promise<readonly Tool[]> {
    const { ListToolsResultSchema } = await import("@modelcontextprotocol/sdk/types.js");
    const tools: Tool[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const request = { method: "tools/list" as const, ...(cursor !== undefined && { params: { cursor } }) };
      const options = { timeout: this.#limits.connectTimeoutMs, ...(signal && { signal }) };
      const answer = await client.request(request, ListToolsResultSchema, options).catch((cause: unknown) => {
        throw new McpFailure(this.#words("did not list its tools", cause), { cause, transient: true, notDone: true });
      });
      tools.push(...answer.tools);
      cursor = answer.nextCursor;
      if (cursor === undefined) return tools;
    }
    throw new McpFailure(`The MCP server ${this.#name} lists its tools without end.`, { notDone: true });
  }

  #changed(tool: string): McpFailure {
    const words = `The MCP server ${this.#name} no longer offers ${wordsOf(tool, 80)} as it was when the mission was read.`;
    return new McpFailure(`${words} Read the mission again.`, { notDone: true });
  }

  #named(error: unknown, open: Connection | undefined): unknown {
    if (error instanceof McpFailure) return error;
    const code = codeOf(error);
    const isAnswered = isAnswer(error);
    return new McpFailure(this.#words(isAnswered ? "refused the call" : "gave no answer", error, open), {
      ...{ cause: error, transient: !isAnswered && !DENIED.has(code), notDone: code === NOT_RUN },
    });
  }

  #words(what: string, error: unknown, open?: Pick<Connection, "way" | "fault">): string {
    const message = error instanceof Error ? error.message : String(error);
    const more = [open?.fault ?? "", open?.way.lastWords() ?? ""].filter(
      (text) => text !== "" && !message.includes(text),
    );
    return `The MCP server ${this.#name} ${what}: ${wordsOf([message, ...more].join("; "), MAX_WORDS)}`;
  }
}

/** What a tool is, as far as a call depends on it. */
export function digestOfTool({ name, inputSchema, outputSchema }: Tool): string {
  return digestOf([name, JSON.parse(JSON.stringify([inputSchema, outputSchema ?? null]))]);
}

/** What is shared is not given up with one call that no longer waits for it. */
function unlessAborted<Value>(shared: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal?.reason);
    if (signal?.aborted) leave();
    signal?.addEventListener("abort", leave, { once: true });
    void shared.then(resolve, reject).finally(() => signal?.removeEventListener("abort", leave));
  });
}

/** Failures that the server itself answered with; after others the connection cannot be trusted. */
function isAnswer(error: unknown): boolean {
  if (error instanceof McpFailure) return true;
  const code = codeOf(error);
  return typeof code === "number" && code <= -32000 && code !== CONNECTION_CLOSED && code !== REQUEST_TIMEOUT;
}

const CONNECTION_CLOSED = -32000;
const REQUEST_TIMEOUT = -32001;

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
