import { toPointer } from "./problem.js";

const MAX_DEPTH = 200;
/** About a byte each: the characters of texts and keys, and one for each value. */
const MAX_SIZE = 8_000_000;
/** They mean something else to every JavaScript object. */
const FORBIDDEN_KEYS: readonly string[] = ["__proto__", "constructor", "prototype"];
/** Half of a surrogate pair: UTF-8 cannot write it. */
const HALF_CHARACTER = /\p{Surrogate}/u;

interface Spot {
  readonly value: unknown;
  readonly path: readonly string[];
}

/**
 * Why a value from outside cannot be stored, digested and read back as it is, with its JSON pointer; nothing when it
 * can. Goes at most 200 levels deep and stops at 8,000,000 characters, so it ends for circles as well.
 */
export function jsonFaultOf(root: unknown): string | undefined {
  const open: Spot[] = [{ value: root, path: [] }];
  let size = 0;
  for (let spot = open.pop(); spot !== undefined; spot = open.pop()) {
    const { value, path } = spot;
    const fault = faultOfValue(value) ?? faultOfKey(path.at(-1));
    if (fault !== undefined) return `${shownPath(path)} ${fault}`;
    if (path.length > MAX_DEPTH) return `it is nested more than ${MAX_DEPTH} levels deep`;
    size += 1 + (path.at(-1)?.length ?? 0) + (typeof value === "string" ? value.length : 0);
    if (size > MAX_SIZE) return `it has more than ${MAX_SIZE.toLocaleString("en-US")} characters`;
    if (typeof value !== "object" || value === null) continue;
    for (const [key, inner] of Object.entries(value)) open.push({ value: inner, path: [...path, key] });
  }
  return undefined;
}

function faultOfValue(value: unknown): string | undefined {
  if (typeof value === "number" && !Number.isFinite(value)) return `is ${value}, which no JSON number can be`;
  if (typeof value === "string" && HALF_CHARACTER.test(value)) return "has half a character (a lone surrogate)";
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function") return "is no JSON value";
  return typeof value === "object" && value !== null && !isPlain(value) ? "is no JSON value" : undefined;
}

function faultOfKey(key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  if (FORBIDDEN_KEYS.includes(key)) return `stands under "${key}", a key that is not allowed`;
  return HALF_CHARACTER.test(key) ? "stands under a key with half a character (a lone surrogate)" : undefined;
}

/** Lists, and objects of no class, whichever realm they come from. */
function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Readable everywhere, and short. */
function shownPath(path: readonly string[]): string {
  const pointer = toPointer(path).replace(/\p{Surrogate}/gu, "\uFFFD");
  if (pointer === "") return "it";
  return pointer.length > 120 ? `${pointer.slice(0, 120)}…` : pointer;
}
