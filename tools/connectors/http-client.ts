import type { IncomingMessage } from "node:http";
import { readText } from "./http-body.js";
import { HttpError } from "./http-error.js";
import type { ResolveHost } from "./http-exchange.js";
import { exchange, resolveBySystem } from "./http-exchange.js";
import { allowedUrl, assertHost } from "./http-guard.js";
import { checkedHeaders, harmlessHeaders } from "./http-headers.js";

const MAX_BYTES = 1_000_000;
const TIMEOUT_MS = 10_000;
const MAX_REDIRECTS = 3;
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
const READING: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Where a client may go, and how much it waits and takes. */
export interface HttpClientOptions {
  /** `api.example.com` (usual port), `api.example.com:8443`, `*.example.com` (below it), or `*` for every public host. */
  readonly allowHosts: readonly string[];
  /** Allows addresses of this machine and of private networks; link-local and metadata addresses stay refused. */
  readonly allowPrivate?: boolean;
  /** Allows `http:`; default only `https:`. */
  readonly allowHttp?: boolean;
  /** Of an answer's body, sent and unpacked; default one million. */
  readonly maxBytes?: number;
  /** Of one request with all its redirects; default 10 seconds. */
  readonly timeoutMs?: number;
  /** Finds all addresses of a name; default the system's resolver. */
  readonly resolveHost?: ResolveHost;
}

/** One request of a connector. */
export interface HttpRequest {
  readonly method?: string;
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** An answer of any status: also 404 and 500 are answers. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; several of one name joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Where the answer came from, after redirects. */
  readonly url: string;
}

/** The one way of connectors to speak HTTP. */
export interface HttpClient {
  request(request: HttpRequest): Promise<HttpResponse>;
}

/**
 * A client that reaches only allowed hosts, at addresses that are looked at when it is connected, follows at most three
 * redirects with each checked like the first, and stops reading at its limits. Redirects carry no headers of the caller's
 * to another origin; one that would send a body elsewhere is not followed. Rejects with `HttpError`, or with the reason
 * of the caller's signal.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const settings = settingsOf(options);
  return {
    async request({ method = "GET", url, headers = {}, body, signal }) {
      const verb = method.toUpperCase();
      if (!METHODS.has(verb)) throw new HttpError("bad_request", `${JSON.stringify(method)} is not a method.`);
      const first = {
        method: verb,
        url: allowedUrl(String(url), settings),
        headers: { ...USUAL, ...checkedHeaders(headers) },
        body,
      };
      const limit = AbortSignal.timeout(settings.timeoutMs);
      try {
        return await follow(first, settings, signal ? AbortSignal.any([signal, limit]) : limit);
      } catch (error) {
        signal?.throwIfAborted();
        if (!limit.aborted) throw error;
        const words = `${first.url.host} did not answer within ${settings.timeoutMs} ms.`;
        throw new HttpError("timeout", words, { cause: error, transient: true, mayHaveArrived: true });
      }
    },
  };
}

type Settings = Required<HttpClientOptions>;

function settingsOf(options: HttpClientOptions): Settings {
  for (const entry of options.allowHosts) assertHost(entry);
  return {
    allowHosts: options.allowHosts,
    allowPrivate: options.allowPrivate ?? false,
    allowHttp: options.allowHttp ?? false,
    maxBytes: options.maxBytes ?? MAX_BYTES,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    resolveHost: options.resolveHost ?? resolveBySystem,
  };
}

const USUAL = { "accept-encoding": "identity", "user-agent": "mission-orchestrator" };

interface Hop {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

async function follow(first: Hop, settings: Settings, signal: AbortSignal): Promise<HttpResponse> {
  let hop = first;
  for (let redirects = 0; ; redirects += 1) {
    try {
      signal.throwIfAborted();
      const response = await exchange({ ...hop, signal, ...settings });
      const to = REDIRECTS.has(response.statusCode ?? 0) ? response.headers.location : undefined;
      if (to === undefined) return await answer(response, hop, settings.maxBytes, signal);
      response.destroy();
      if (redirects === MAX_REDIRECTS) throw notFollowed(`more than ${MAX_REDIRECTS} redirects follow each other`);
      hop = next(hop, response.statusCode ?? 0, to, settings);
    } catch (error) {
      throw redirects > 0 && error instanceof HttpError ? error.afterArrival() : error;
    }
  }
}

async function answer(response: IncomingMessage, hop: Hop, maxBytes: number, signal: AbortSignal) {
  const text = await readText(response, { maxBytes, signal, hasBody: hop.method !== "HEAD" });
  const headers = Object.entries(response.headers).map(([name, value]): [string, string] => [
    name,
    Array.isArray(value) ? value.join(", ") : (value ?? ""),
  ]);
  return { status: response.statusCode ?? 0, headers: Object.fromEntries(headers), text, url: hop.url.href };
}

function next(hop: Hop, status: number, location: string, settings: Settings): Hop {
  if (!URL.canParse(location, hop.url.href)) throw notFollowed("it leads to no URL");
  const url = redirected(new URL(location, hop.url).href, settings);
  if (hop.url.protocol === "https:" && url.protocol !== "https:") throw notFollowed("it leaves https:");
  const isSameOrigin = url.origin === hop.url.origin;
  const headers = isSameOrigin ? hop.headers : harmlessHeaders(hop.headers);
  if (READING.has(hop.method)) return { ...hop, url, headers };
  if (status === 303) return { method: "GET", url, headers, body: undefined };
  if (isSameOrigin && (status === 307 || status === 308)) return { ...hop, url };
  throw notFollowed(`${hop.method} is not sent a second time to ${url.host}`);
}

function redirected(location: string, settings: Settings): URL {
  try {
    return allowedUrl(location, settings);
  } catch (error) {
    throw error instanceof HttpError ? error.afterArrival() : error;
  }
}

function notFollowed(why: string): HttpError {
  return new HttpError("redirect_not_followed", `The redirect is not followed: ${why}.`, { mayHaveArrived: true });
}
