import { isJsonObject } from "./define-agent.js";
import type { Json, JsonObject } from "./digest.js";
import { canonicalJson } from "./digest.js";
import { escapeKey } from "./problem.js";

/** What differs between two JSON values, place by place: `at` is a JSON pointer; `from` or `to` is absent where there is nothing. */
export function changesOf(before: Json, after: Json): readonly JsonObject[] {
  return compare(before, after, "");
}

function compare(from: Json | undefined, to: Json | undefined, at: string): readonly JsonObject[] {
  if (from === undefined) return to === undefined ? [] : [{ at, to }];
  if (to === undefined) return [{ at, from }];
  if (canonicalJson(from) === canonicalJson(to)) return [];
  if (isJsonObject(from) && isJsonObject(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])];
    return keys.flatMap((key) => compare(own(from, key), own(to, key), `${at}/${escapeKey(key)}`));
  }
  if (Array.isArray(from) && Array.isArray(to)) {
    const length = Math.max(from.length, to.length);
    return Array.from({ length }, (_, index) => compare(from[index], to[index], `${at}/${index}`)).flat();
  }
  return [{ at, from, to }];
}

function own(value: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}
