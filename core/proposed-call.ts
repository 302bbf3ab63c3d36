import { isJsonObject } from "./define-agent.js";
import type { Json } from "./digest.js";
import { callDigestOf } from "./effect.js";

/** An act that a result proposes: each argument's name, with the JSON pointer to its value in the result. */
export interface Proposal {
  readonly tool: string;
  readonly args: Readonly<Record<string, string>>;
}

/** The arguments that a result gives to a proposal, with their digest, or the first argument that it has no value for. */
export type CallFromResult =
  | { readonly ok: true; readonly args: Record<string, Json>; readonly digest: string }
  | { readonly ok: false; readonly name: string; readonly pointer: string };

/** The call that a proposal comes to with this result. */
export function callFromResult({ tool, args }: Proposal, result: Json): CallFromResult {
  const values: Record<string, Json> = {};
  for (const [name, pointer] of Object.entries(args)) {
    const value = atPointer(result, pointer);
    if (value === undefined) return { ok: false, name, pointer };
    values[name] = value;
  }
  return { ok: true, args: values, digest: callDigestOf(tool, values) };
}

function atPointer(value: Json, pointer: string): Json | undefined {
  let current: Json | undefined = value;
  for (const part of pointer.split("/").slice(1)) {
    const step = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(current)) current = current[Number(step)];
    else if (isJsonObject(current)) current = current[step];
    else return undefined;
  }
  return current;
}
