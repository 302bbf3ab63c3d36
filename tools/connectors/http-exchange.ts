import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction, Socket } from "node:net";
import { isIPv6 } from "node:net";
import { addressRefusal, literalAddress } from "./http-address.js";
import { HttpError } from "./http-error.js";

/** All addresses of a name. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

/** One message and its answer, without redirects. */
export interface Exchange {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
  readonly allowPrivate: boolean;
  readonly resolveHost: ResolveHost;
}

const LATER: ReadonlySet<unknown> = new Set(
  "ECONNRESET ECONNREFUSED ETIMEDOUT EAI_AGAIN EPIPE EHOSTUNREACH ENETUNREACH EHOSTDOWN".split(" "),
);

/** By the system's own resolver. */
export async function resolveBySystem(hostname: string): Promise<readonly string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}

/**
 * Sends the request over a new connection and resolves with the answer's head. A name is resolved once, inside the
 * connecting: all its addresses are checked, and the connection is made to one of exactly these, so that a name which
 * changes its mind in between gains nothing.
 */
export async function exchange(asked: Exchange): Promise<IncomingMessage> {
  const literal = literalAddress(asked.url.hostname);
  if (literal !== undefined) assertAddresses([literal], asked);
  const progress = { isConnected: false };
  return new Promise((resolve, reject) => {
    const request = open(asked);
    request.on("socket", (socket) => socket.once(readyEvent(asked.url), () => check(socket)));
    request.on("response", resolve);
    request.on("error", (error) => reject(asHttpError(error, asked, progress.isConnected)));
    // The last that is heard of every request. One that is answered by another protocol ends with nothing else.
    request.on("close", () => reject(asHttpError(new Error("no answer came"), asked, progress.isConnected)));
    const check = (socket: Socket): void => {
      const refusal = addressRefusal(socket.remoteAddress ?? "", asked.allowPrivate);
      if (refusal !== undefined) request.destroy(refused(asked.url.host, refusal));
      else {
        progress.isConnected = true;
        request.end(asked.body);
      }
    };
  });
}

/** The message is written only after the address at the other end was looked at. */
function open({ url, method, headers, body, signal, ...checks }: Exchange): ClientRequest {
  const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
  const options: RequestOptions = {
    method,
    headers: { ...headers, ...length },
    agent: false,
    signal,
    lookup: lookupThat((hostname) => checkedAddresses(hostname, { url, ...checks })),
  };
  return url.protocol === "https:" ? requestHttps(url, options) : requestHttp(url, options);
}

function readyEvent(url: URL): "secureConnect" | "connect" {
  return url.protocol === "https:" ? "secureConnect" : "connect";
}

type Checks = Pick<Exchange, "url" | "allowPrivate" | "resolveHost">;

async function checkedAddresses(hostname: string, checks: Checks): Promise<readonly string[]> {
  const addresses = await checks.resolveHost(hostname);
  if (addresses.length === 0) throw new HttpError("unreachable", `${hostname} has no address.`);
  assertAddresses(addresses, checks);
  return addresses;
}

/** One bad address among good ones is enough: which of them is tried is not ours to say. */
function assertAddresses(addresses: readonly string[], { url, allowPrivate }: Pick<Checks, "url" | "allowPrivate">) {
  for (const address of addresses) {
    const refusal = addressRefusal(address, allowPrivate);
    if (refusal !== undefined) throw refused(url.host, refusal);
  }
}

function refused(host: string, why: string): HttpError {
  return new HttpError("address_not_allowed", `${host} is not reached: ${why}, which is not allowed.`);
}

/** Our resolving in the form that Node's sockets ask for. */
function lookupThat(resolve: (hostname: string) => Promise<readonly string[]>): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const found = addresses.map((address): LookupAddress => ({ address, family: isIPv6(address) ? 6 : 4 }));
        const [first] = found;
        if (options.all === true) callback(null, found);
        else callback(null, first?.address ?? "", first?.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ""),
    );
  };
}

function asHttpError(error: unknown, { url, signal }: Exchange, isConnected: boolean): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof HttpError) return error;
  // Safe: every error can be asked for a code.
  const { code, message } = error as NodeJS.ErrnoException;
  return new HttpError("unreachable", `${url.host} could not be reached: ${code ?? message}.`, {
    cause: error,
    transient: LATER.has(code),
    mayHaveArrived: isConnected,
  });
}
