import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json } from "../../core/digest.js";
import type { Secret } from "../../core/secret.js";
import type { Kept, SandboxAnswer } from "./sandbox-books.js";
import { SandboxBooks } from "./sandbox-books.js";

const MAX_BODY_BYTES = 100_000;

/**
 * What happens to one of the next acts: told a failure, cut off or kept waiting, before or after it was done. What was cut
 * off before is done all the same once `doneOn` settles.
 */
export type SandboxTrouble =
  | { readonly kind: "answer"; readonly status: number; readonly retryAfterSeconds?: number; readonly text?: string }
  | { readonly kind: "hang_up" | "hang"; readonly after: "act" }
  | { readonly kind: "hang_up" | "hang"; readonly after: "nothing"; readonly doneOn?: Promise<unknown> };

/** Where the sandbox listens, and for whom. */
export interface SandboxOptions {
  /** Default any free one. */
  readonly port?: number;
  /** Asked of everybody when it is given. */
  readonly token?: Secret;
  /** Told of every act that came, before anything else, and again when it was done. */
  readonly onAct?: (path: string, progress: "came" | "done") => void;
}

/** A provider of payments and messages on this machine, in memory. Nothing is paid and nothing sent. */
export interface SandboxProvider {
  /** The `url` for `payments` and `sms`, which also need `allowHttp` and `allowPrivate`. */
  readonly url: string;
  /** What was done, in order, each with its idempotency key. */
  readonly kept: Readonly<Record<"payments" | "refunds" | "messages", readonly Kept[]>>;
  /** Troubles for the next acts, one for each, in order. */
  trouble(...next: readonly SandboxTrouble[]): void;
  /** Cuts all connections off. */
  close(): Promise<void>;
}

/**
 * Starts a counterpart for `payments` and `sms`, to try missions by hand and in tests; `GET <url>/payments`, `/refunds`
 * and `/messages` show what it keeps. A payment to `declined` is declined.
 */
export async function startSandboxProvider(options: SandboxOptions = {}): Promise<SandboxProvider> {
  const books = new SandboxBooks();
  const troubles: SandboxTrouble[] = [];
  const server = createServer((request, response) => {
    serve(request, response, { books, troubles, options }).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  // Safe: a listening server of TCP has an address.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    kept: books.kept,
    trouble: (...next) => void troubles.push(...next),
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

interface Desk {
  readonly books: SandboxBooks;
  readonly troubles: SandboxTrouble[];
  readonly options: SandboxOptions;
}

async function serve(request: IncomingMessage, response: ServerResponse, desk: Desk): Promise<void> {
  const { books, options } = desk;
  const url = new URL(request.url ?? "/", "http://sandbox");
  const body = await bodyOf(request);
  if (options.token !== undefined && request.headers.authorization !== `Bearer ${options.token.reveal()}`) {
    return send(response, { status: 401, body: { error: "The token is missing or wrong." } });
  }
  if (request.method === "GET")
    return send(response, books.look(url.pathname, url.searchParams.get("idempotency_key")));
  if (request.method !== "POST") return send(response, { status: 405, body: { error: "GET and POST only." } });
  if (body === undefined) return send(response, { status: 413, body: { error: "The body is too large." } });
  options.onAct?.(url.pathname, "came");
  const trouble = desk.troubles.shift();
  if (trouble?.kind === "answer") return send(response, troubled(trouble));
  const key = request.headers["idempotency-key"];
  const act = () => {
    const done = books.act(url.pathname, typeof key === "string" ? key : "", body);
    options.onAct?.(url.pathname, "done");
    return done;
  };
  if (trouble?.after === "nothing") {
    stop(trouble.kind, response);
    return void trouble.doneOn?.then(act, act);
  }
  const answer = act();
  if (trouble) return stop(trouble.kind, response);
  return send(response, answer);
}

function troubled({ status, retryAfterSeconds, text }: Extract<SandboxTrouble, { kind: "answer" }>): SandboxAnswer {
  const headers = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  return { status, headers, body: { error: text ?? "The sandbox was told to fail." } };
}

function stop(kind: "hang_up" | "hang", response: ServerResponse): void {
  if (kind === "hang_up") response.destroy();
}

function send(response: ServerResponse, { status, headers, body }: SandboxAnswer): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** The body as JSON, `null` when it is none; nothing when it is too large. */
async function bodyOf(request: IncomingMessage): Promise<Json | undefined> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
