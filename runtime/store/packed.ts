import { deflateRawSync, inflateRawSync } from "node:zlib";

/** Smaller values are kept as they are: pressing them would cost more time than it saves bytes. */
const PACKED_FROM_BYTES = 8 * 1_024;
const FASTEST = 1;
const SUFFIX = "+deflate";

/** A long text as a column holds it: pressed. Short ones stay text. */
export function packText(text: string): string | Uint8Array {
  return text.length < PACKED_FROM_BYTES ? text : deflateRawSync(text, { level: FASTEST });
}

/** What `packText` was given. */
export function unpackText(column: string | Uint8Array): string {
  return typeof column === "string" ? column : inflateRawSync(column).toString();
}

/** A serialised value with its type: a long one pressed, and its type says so. */
export function packTyped([type, value]: readonly [string, Uint8Array]): readonly [string, Uint8Array] {
  if (value.length < PACKED_FROM_BYTES) return [type, value];
  return [`${type}${SUFFIX}`, deflateRawSync(value, { level: FASTEST })];
}

/** What `packTyped` was given. */
export function unpackTyped(type: string, value: Uint8Array): readonly [string, Uint8Array] {
  return type.endsWith(SUFFIX) ? [type.slice(0, -SUFFIX.length), inflateRawSync(value)] : [type, value];
}
