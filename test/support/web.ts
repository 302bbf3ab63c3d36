import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach } from "vitest";

/** A web server of a test on this machine; it stops with the test. */
export interface Web {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Method and path of every request, in order. */
  readonly seen: readonly string[];
  /** The requests' headers, in order. */
  readonly headers: readonly IncomingMessage["headers"][];
  /** The requests' bodies, in order; one that is still coming is not there yet. */
  readonly bodies: readonly string[];
}

const open = new Set<Server>();
afterEach(async () => {
  const servers = [...open];
  open.clear();
  await Promise.all(
    servers.map((server) => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    }),
  );
});

/** Serves until the test ends. With `isRead: false` the bodies are left for `answer` to read. */
export async function serve(answer: RequestListener, { isRead = true } = {}): Promise<Web> {
  const address = "127.0.0.1";
  const seen: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
    if (isRead) void readBody(request).then((body) => bodies.push(body));
    answer(request, response);
  });
  open.add(server);
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  // Safe: a listening server of TCP has an address.
  const { port } = server.address() as AddressInfo;
  return { host: `${address}:${port}`, port, url: `http://${address}:${port}`, seen, headers, bodies };
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

/** Sends chunks until nobody takes them any more. */
export function sendForever(response: ServerResponse, chunk: string | Buffer): void {
  const more = (): void => {
    if (!response.destroyed) response.write(chunk, () => setImmediate(more));
  };
  more();
}

/** A small body that unpacks to this many bytes. */
export function bomb(bytes: number): Buffer {
  return gzipSync(Buffer.alloc(bytes));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
