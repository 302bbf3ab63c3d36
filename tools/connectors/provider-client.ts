import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { JsonObject } from "../../core/digest.js";
import type { Secret } from "../../core/secret.js";
import { shapeOf } from "../../core/shape.js";
import { SecretSchema } from "./factory.js";
import type { HttpClient, HttpRequest, HttpResponse } from "./http-client.js";
import { createHttpClient } from "./http-client.js";
import { HttpError } from "./http-error.js";
import { parseJson } from "./parse-json.js";
import { mayBeRepeated, notUnderstood, ProviderError, refusedWith } from "./provider-error.js";

const MAX_BYTES = 64_000;
/** The part of a tool's time in which it asks; the rest is for its answer to be recorded. */
const ASKING_SHARE = 0.9;
const FIRST_PAUSE_MS = 200;
const MAX_TRIES = 5;

/** What every provider is told with: the base of its interface, the key to it, and where it may stand. */
export const PROVIDER_OPTIONS = {
  /** Such as `https://pay.example.com/v1`. */
  url: z.url({ protocol: /^https?$/u }),
  /** Sent as `Authorization: Bearer …`. */
  token: SecretSchema.optional(),
  /** Allows an address of this machine or a private network. */
  allowPrivate: z.boolean().default(false),
  /** Allows `http:`. */
  allowHttp: z.boolean().default(false),
  /** Of one call with all its tries. */
  timeoutMs: z.int().min(500).max(300_000).default(20_000),
};

/** The same, read. */
export interface ProviderSettings {
  readonly url: string;
  readonly token?: Secret | undefined;
  readonly allowPrivate: boolean;
  readonly allowHttp: boolean;
  readonly timeoutMs: number;
}

/** Somebody else's interface over HTTP that recognises an act by its idempotency key. */
export interface Provider {
  /** Does the act under the key. It is asked again as long as the time lasts, since the key keeps it single. */
  act<Schema extends z.ZodType>(path: string, of: Ask<Schema> & { body: JsonObject }): Promise<z.output<Schema>>;
  /** What was done under the key, or nothing. Does nothing. */
  find<Schema extends z.ZodType>(path: string, of: Ask<Schema>): Promise<z.output<Schema> | undefined>;
  /** All that stands there. Does nothing. */
  list<Schema extends z.ZodType>(path: string, of: Omit<Ask<Schema>, "key">): Promise<readonly z.output<Schema>[]>;
}

/** One question: under which key, what an answer looks like, and until when. */
interface Ask<Schema extends z.ZodType> {
  readonly key: string;
  readonly answer: Schema;
  readonly signal: AbortSignal;
}

/**
 * A provider at a URL. After 429, 5xx and a lost connection it is asked again, as late as `Retry-After` says, within the
 * time; rejects with `ProviderError`, or with the reason of the signal.
 */
export function createProvider(settings: ProviderSettings): Provider {
  const base = settings.url.replace(/\/+$/u, "");
  const client = createHttpClient({
    allowHosts: [new URL(base).host],
    allowPrivate: settings.allowPrivate,
    allowHttp: settings.allowHttp,
    maxBytes: MAX_BYTES,
    timeoutMs: settings.timeoutMs,
  });
  const ask = async (path: string, more: Omit<HttpRequest, "url">, signal: AbortSignal) => {
    const headers = { accept: "application/json", ...authorisation(settings), ...more.headers };
    return repeat(client, { ...more, url: `${base}${path}`, headers, signal }, settings.timeoutMs * ASKING_SHARE);
  };
  return {
    async act(path, { key, body, answer, signal }) {
      const headers = { "content-type": "application/json", "idempotency-key": key };
      return read(answer, await ask(path, { method: "POST", headers, body: JSON.stringify(body) }, signal));
    },
    async find(path, { key, answer, signal }) {
      const found = await ask(`${path}?idempotency_key=${encodeURIComponent(key)}`, {}, signal);
      return read(z.object({ data: z.array(answer).max(1) }), found).data[0];
    },
    async list(path, { answer, signal }) {
      return read(z.object({ data: z.array(answer) }), await ask(path, {}, signal)).data;
    },
  };
}

function authorisation({ token }: ProviderSettings): Record<string, string> {
  if (token === undefined) return {};
  try {
    return { authorization: `Bearer ${token.reveal()}` };
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new ProviderError(words, { cause, transient: false, notDone: true });
  }
}

async function repeat(client: HttpClient, request: HttpRequest & { signal: AbortSignal }, withinMs: number) {
  const { signal } = request;
  const until = performance.now() + withinMs;
  let isUnsure = false;
  for (let tries = 1; ; tries += 1) {
    const tried = await attempt(client, { ...request, signal: AbortSignal.any([signal, timeLeft(until)]) });
    signal.throwIfAborted();
    if ("text" in tried) return tried;
    const { error, pauseMs } = tried;
    const pause = Math.max(pauseMs ?? 0, FIRST_PAUSE_MS * 2 ** (tries - 1));
    if (!error.transient || tries === MAX_TRIES || performance.now() + pause >= until) {
      throw isUnsure ? unsure(error) : error;
    }
    isUnsure ||= !error.notDone;
    await wait(pause, undefined, { signal });
  }
}

function timeLeft(until: number): AbortSignal {
  return AbortSignal.timeout(Math.max(1, Math.ceil(until - performance.now())));
}

/** Something may have come of a try before this one, whatever this one says. */
function unsure(error: ProviderError): ProviderError {
  return new ProviderError(error.message, { cause: error.cause, transient: error.transient, notDone: false });
}

type Failed = { readonly error: ProviderError; readonly pauseMs?: number };

async function attempt(client: HttpClient, request: HttpRequest): Promise<HttpResponse | Failed> {
  try {
    const response = await client.request(request);
    if (response.status >= 200 && response.status <= 299) return response;
    return { error: refusedWith(response), ...(mayBeRepeated(response.status) && pauseOf(response)) };
  } catch (error) {
    if (error instanceof HttpError) {
      const { transient, notDone } = error;
      return { error: new ProviderError(`unreachable: ${error.message}`, { cause: error, transient, notDone }) };
    }
    const words = "unreachable: the provider did not answer in time";
    return { error: new ProviderError(words, { cause: error, transient: true, notDone: false }) };
  }
}

/** How long the provider asks to be left alone, in seconds or as a date. */
function pauseOf({ headers }: HttpResponse): { pauseMs?: number } {
  const said = headers["retry-after"]?.trim() ?? "";
  if (/^\d{1,9}$/u.test(said)) return { pauseMs: Number(said) * 1_000 };
  const date = Date.parse(said);
  return Number.isNaN(date) ? {} : { pauseMs: Math.max(0, date - Date.now()) };
}

function read<Schema extends z.ZodType>(schema: Schema, { text }: HttpResponse): z.output<Schema> {
  const shaped = shapeOf(schema, jsonOf(text));
  if (shaped.ok) return shaped.value;
  throw notUnderstood(shaped.problems.map(({ pointer, message }) => `${pointer || "/"}: ${message}`).join(" "));
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw notUnderstood(cause instanceof Error ? cause.message : String(cause), cause);
  }
}
