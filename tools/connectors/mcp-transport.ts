import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { Secret } from "../../core/secret.js";
import { createGuardedFetch } from "./guarded-fetch.js";

const MAX_BYTES = 4_000_000;
const MAX_STDERR = 400;

/** How a server is reached: a program that is started here, or a URL of streamable HTTP. */
export type McpServerSpec =
  | {
      readonly command: string;
      readonly args?: readonly string[] | undefined;
      /** Besides a few harmless variables it gets nothing of this process's environment. */
      readonly env?: Readonly<Record<string, string | Secret>> | undefined;
      readonly cwd?: string | undefined;
    }
  | {
      readonly url: string;
      readonly headers?: Readonly<Record<string, string | Secret>> | undefined;
      /** Default the URL's host alone. */
      readonly allowHosts?: readonly string[] | undefined;
      readonly allowPrivate?: boolean | undefined;
      readonly allowHttp?: boolean | undefined;
    };

/** A way to a server, and the last words it wrote beside the protocol. */
export interface OpenTransport {
  readonly transport: Transport;
  readonly lastWords: () => string;
}

/** Prepares the way; the program is started, or the URL asked, by the client that connects over it. */
export async function openTransport(spec: McpServerSpec): Promise<OpenTransport> {
  return "url" in spec ? overHttp(spec) : overStdio(spec);
}

async function overStdio({ command, args = [], env = {}, cwd }: Extract<McpServerSpec, { command: string }>) {
  const { StdioClientTransport } = await import("@modelcontextprotocol/sdk/client/stdio.js");
  const transport = new StdioClientTransport({
    ...{ command, args: [...args], env: revealed(env), stderr: "pipe", maxBufferSize: MAX_BYTES },
    ...(cwd !== undefined && { cwd }),
  });
  let words = "";
  transport.stderr?.on("data", (chunk: Buffer) => {
    words = `${words}${chunk.toString()}`.slice(-MAX_STDERR);
  });
  return { transport, lastWords: () => words };
}

async function overHttp(spec: Extract<McpServerSpec, { url: string }>): Promise<OpenTransport> {
  const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
  const url = new URL(spec.url);
  const fetch = createGuardedFetch({
    allowHosts: spec.allowHosts ?? [url.host],
    allowHttp: spec.allowHttp ?? false,
    allowPrivate: spec.allowPrivate ?? false,
    maxBytes: MAX_BYTES,
  });
  const transport = new StreamableHTTPClientTransport(url, {
    fetch,
    requestInit: { headers: revealed(spec.headers ?? {}) },
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1,
      maxReconnectionDelay: 1,
      reconnectionDelayGrowFactor: 1,
    },
  });
  // Safe: the class says that it implements the interface; its optional fields are declared a little wider.
  return { transport: transport as Transport, lastWords: () => "" };
}

function revealed(values: Readonly<Record<string, string | Secret>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === "string" ? value : value.reveal()]),
  );
}
