import { Readable } from "node:stream";
import { HttpError } from "./http-error.js";
import type { ResolveHost } from "./http-exchange.js";
import { exchange, resolveBySystem } from "./http-exchange.js";
import { allowedUrl } from "./http-guard.js";
import { checkedHeaders } from "./http-headers.js";

/** Where a guarded `fetch` may go, and how much it takes of one answer. */
export interface FetchLimits {
  readonly allowHosts: readonly string[];
  readonly allowHttp: boolean;
  readonly allowPrivate: boolean;
  readonly maxBytes: number;
  readonly resolveHost?: ResolveHost;
}

/** What libraries call `fetch`, as far as they use it here. */
export type GuardedFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * A `fetch` for libraries that bring their own protocol: hosts and addresses are checked as for every connector. A redirect
 * is an answer, never followed here; a body is cut off at its limit while it streams. Bodies are texts.
 */
export function createGuardedFetch(limits: FetchLimits): GuardedFetch {
  return async (to, init = {}) => {
    const { method = "GET", body } = init;
    if (body !== undefined && body !== null && typeof body !== "string") {
      throw new HttpError("bad_request", "Only a text can be sent.");
    }
    const signal = init.signal ?? new AbortController().signal;
    const answer = await exchange({
      url: allowedUrl(String(to), limits),
      method,
      headers: { ...checkedHeaders(Object.fromEntries(new Headers(init.headers))), "accept-encoding": "identity" },
      body: body ?? undefined,
      signal,
      allowPrivate: limits.allowPrivate,
      resolveHost: limits.resolveHost ?? resolveBySystem,
    });
    const stop = (): void => void answer.destroy();
    signal.addEventListener("abort", stop, { once: true });
    answer.once("close", () => signal.removeEventListener("abort", stop));
    const { statusCode: status = 502, headers } = answer;
    const pairs = Object.entries(headers).flatMap(([name, value]): [string, string][] => [[name, String(value)]]);
    if ([204, 205, 304].includes(status)) {
      answer.resume();
      return new Response(null, { status, headers: pairs });
    }
    // Safe: Node's own web stream of a body of bytes.
    const stream = Readable.toWeb(answer) as ReadableStream<Uint8Array>;
    return new Response(stream.pipeThrough(cutAt(limits.maxBytes)), { status, headers: pairs });
  };
}

function cutAt(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes <= maxBytes) controller.enqueue(chunk);
      else controller.error(new HttpError("response_too_large", `The answer is larger than ${maxBytes} bytes.`));
    },
  });
}
