import type { Json } from "../core/digest.js";
import { escapeKey } from "../core/problem.js";

/** The most that the arguments of one call may hold as JSON, in bytes: more belongs into a file or an artifact. */
const MAX_ARGUMENT_BYTES = 1_048_576;
/** The most that a tool may answer as JSON, in bytes. */
export const MAX_ANSWER_BYTES = 4_194_304;
const MAX_DEPTH = 64;
const MAX_WORDS = 4_000;
/** The key that sets what an object inherits, where code copies it without looking. */
const INHERITANCE = "__proto__";

/** What keeps arguments from being looked at at all: their size, their depth, a key with a meaning of its own; nothing when they are fit. */
export function argumentsFault(args: Json): string | undefined {
  const open: { value: Json | undefined; at: string; depth: number }[] = [{ value: args, at: "", depth: 0 }];
  let characters = 0;
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, at, depth } = next;
    if (typeof value === "string") characters += value.length;
    if (characters > MAX_ARGUMENT_BYTES) return tooLarge();
    if (typeof value !== "object" || value === null) continue;
    if (depth >= MAX_DEPTH) return `They are nested deeper than ${MAX_DEPTH} levels. Pass them flat.`;
    const entries = Object.entries(value);
    characters += entries.length;
    for (const [key, inner] of entries) {
      if (key === INHERITANCE)
        return `${at}/${INHERITANCE}: "${INHERITANCE}" is not a field of anything. Leave it out.`;
      characters += key.length;
      open.push({ value: inner, at: `${at}/${escapeKey(key)}`, depth: depth + 1 });
    }
  }
  return Buffer.byteLength(JSON.stringify(args)) > MAX_ARGUMENT_BYTES ? tooLarge() : undefined;
}

function tooLarge(): string {
  return `They hold more than ${MAX_ARGUMENT_BYTES} bytes. Pass less, or name where it lies.`;
}

/** Words as an agent reads them: whatever a tool throws or an argument holds, they stay short. */
export function inShort(words: string): string {
  return words.length <= MAX_WORDS ? words : `${words.slice(0, MAX_WORDS)}… (${words.length} characters)`;
}

/** The words of what was thrown, which may be anything; not shortened, so that what is hidden in them is found whole. */
export function wordsOf(thrown: unknown): string {
  try {
    const words: unknown = thrown instanceof Error ? thrown.message : thrown;
    return String(words);
  } catch {
    return "it threw something that has no words";
  }
}
