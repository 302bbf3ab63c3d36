import { hash } from "node:crypto";
import canonicalize from "canonicalize";

/** Any JSON value. What crosses the store, the journal or an approval is one of these. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };
/** A JSON object; keys whose value is `undefined` are absent from its canonical form. */
export type JsonObject = { readonly [key: string]: Json | undefined };

/** RFC 8785 canonical JSON: equal values give equal text, whatever the order of their keys. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("Only JSON values have a canonical form.");
  return text;
}

/** The sha256, in hex, of the RFC 8785 form of a value: the digest of results, arguments and approvals. */
export function digestOf(value: unknown): string {
  return sha256(canonicalJson(value));
}

/** The sha256 of UTF-8 text, in hex. */
export function sha256(text: string): string {
  return hash("sha256", text, "hex");
}
