import type { IncomingMessage } from "node:http";
import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { HttpError } from "./http-error.js";

const DECODERS: Readonly<Record<string, (() => Transform) | undefined>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

const SENT = { mayHaveArrived: true };

/** How a body is read. */
export interface Reading {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** False for the answer to HEAD, which describes a body that it lacks. */
  readonly hasBody: boolean;
}

/**
 * The whole body as text. Cut off with `response_too_large` as soon as more than `maxBytes` have come, counted both as
 * sent and as unpacked, so that neither an endless body nor a small one that unpacks to a huge one is kept.
 */
export async function readText(response: IncomingMessage, reading: Reading): Promise<string> {
  const encoding = response.headers["content-encoding"]?.trim().toLowerCase() || "identity";
  const isPacked = reading.hasBody && encoding !== "identity";
  const decoder = isPacked ? DECODERS[encoding]?.() : undefined;
  if (isPacked && !decoder) {
    response.destroy();
    throw new HttpError("response_unreadable", `The answer is packed as "${encoding.slice(0, 40)}".`, SENT);
  }
  const bytes = await collect(response, decoder, reading);
  return decode(bytes, response.headers["content-type"] ?? "");
}

function collect(response: IncomingMessage, decoder: Transform | undefined, reading: Reading): Promise<Buffer> {
  const { maxBytes, signal } = reading;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const counts = { packed: 0, unpacked: 0 };
    const end = (settle: () => void): void => {
      signal.removeEventListener("abort", stop);
      settle();
    };
    const fail = (error: unknown): void => {
      response.destroy();
      decoder?.destroy();
      end(() => reject(error));
    };
    const stop = (): void => fail(signal.reason);
    const count = (kind: "packed" | "unpacked", chunk: Buffer): void => {
      counts[kind] += chunk.length;
      if (counts[kind] > maxBytes) fail(tooLarge(maxBytes));
    };
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    response.on("error", (cause) => fail(brokeOff(cause)));
    decoder?.on("error", (cause) => fail(notUnpacked(cause)));
    if (decoder) response.on("data", (chunk: Buffer) => count("packed", chunk)).pipe(decoder);
    const body = decoder ?? response;
    body.on("data", (chunk: Buffer) => {
      count("unpacked", chunk);
      chunks.push(chunk);
    });
    body.on("end", () => end(() => resolve(Buffer.concat(chunks))));
  });
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError("response_too_large", `The answer is larger than ${maxBytes} bytes.`, SENT);
}

function brokeOff(cause: unknown): HttpError {
  return new HttpError("unreachable", "The answer broke off.", { ...SENT, transient: true, cause });
}

function notUnpacked(cause: unknown): HttpError {
  return new HttpError("response_unreadable", "The answer cannot be unpacked.", { ...SENT, cause });
}

function decode(bytes: Buffer, contentType: string): string {
  const charset = /charset=\s*"?([\w.:-]+)/iu.exec(contentType)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}
