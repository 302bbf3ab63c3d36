import type { Json, JsonObject } from "./digest.js";

const HIDDEN = "•••";
/** A shorter value would be found by chance in texts that have nothing to do with it. */
const SHORTEST = 3;
const SHORTEST_NUMBER = 4;
const MAX_DEPTH = 30;
/** Members of events that rows and readers are found by: no text for people. */
const NAMES = new Set(
  "turn effect approval approval_id digest args_digest result_digest inputs_digest agent tool status kind code type rule ruling".split(
    " ",
  ),
);
const marked = new WeakMap<JsonObject, boolean>();

/** The texts and numbers of a value that its JSON Schema marks with `"personal": true`, at that place or above it. */
export function personalIn(schema: JsonObject, value: Json | undefined): readonly (string | number)[] {
  if (value === undefined || !isMarked(schema)) return [];
  const found: (string | number)[] = [];
  collect(schema, value, schema, found, 0);
  return found;
}

/** The same for JSON pointers, in which `*` stands for every entry of a list or object. */
export function personalAt(pointers: readonly string[], value: Json): readonly (string | number)[] {
  return pointers.flatMap((pointer) => leavesOf(at(value, pointer.split("/").slice(1))));
}

/** What stands in a log for a personal value: enough to tell two apart, too little to know either. */
export function masked(value: string): string {
  const [name = "", host] = value.split("@");
  const first = [...name][0] ?? "";
  return host === undefined ? `${first}${HIDDEN}` : `${first}${HIDDEN}@${HIDDEN}`;
}

/** Hides the personal values of one run wherever they stand in texts as words of their own. */
export class Mask {
  readonly #values = new Map<string, string>();
  #pattern: RegExp | undefined;

  add(values: readonly (string | number)[]): void {
    for (const value of values) {
      const text = String(value).trim();
      const isLong = text.length >= (typeof value === "number" ? SHORTEST_NUMBER : SHORTEST);
      if (!isLong || this.#values.has(text)) continue;
      this.#values.set(text, typeof value === "number" ? HIDDEN : masked(text));
      this.#pattern = undefined;
    }
  }

  text(text: string): string {
    if (this.#values.size === 0) return text;
    this.#pattern ??= patternOf([...this.#values.keys()]);
    return text.replace(this.#pattern, (found) => this.#values.get(found) ?? HIDDEN);
  }

  /** As `text`, for every text in a value made of JSON and dates but those that are names of rows. */
  json<Value>(value: Value): Value {
    // Safe: a text stays a text.
    return this.#values.size === 0 ? value : (this.#clean(value) as Value);
  }

  #clean(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.#clean(item));
    if (typeof value !== "object" || value === null || value instanceof Date) return value;
    const members = Object.entries(value).map(
      ([key, member]) => [key, NAMES.has(key) && typeof member === "string" ? member : this.#clean(member)] as const,
    );
    return Object.fromEntries(members);
  }
}

/** True when a text of a log is what a row's text became when its personal values were hidden. */
export function isMaskOf(told: Json, said: Json | undefined): boolean {
  if (typeof told !== "string" || typeof said !== "string" || !told.includes(HIDDEN)) return false;
  const parts = told.split(HIDDEN).map(literal);
  return new RegExp(`^${parts.join("[^]*")}$`, "u").test(said);
}

function patternOf(values: readonly string[]): RegExp {
  const longestFirst = values.toSorted((a, b) => b.length - a.length).map(literal);
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${longestFirst.join("|")})(?![\\p{L}\\p{N}])`, "gu");
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/gu, "\\$&");
}

/** Most schemas mark nothing: those are not walked. */
function isMarked(schema: JsonObject): boolean {
  const known = marked.get(schema) ?? JSON.stringify(schema).includes('"personal":true');
  marked.set(schema, known);
  return known;
}

function collect(schema: JsonObject, value: Json, root: JsonObject, found: (string | number)[], depth: number): void {
  if (depth > MAX_DEPTH) return;
  if (schema["personal"] === true) {
    found.push(...leavesOf([value]));
    return;
  }
  for (const [part, member] of partsOf(schema, value, root)) {
    if (isObject(part) && member !== undefined) collect(part, member, root, found, depth + 1);
  }
}

/** What a schema says of a value, part by part: of the whole by others, and of each of its members. */
function partsOf(
  schema: JsonObject,
  value: Json,
  root: JsonObject,
): readonly (readonly [Json | undefined, Json | undefined])[] {
  const reference = schema["$ref"];
  const whole = [
    ...(typeof reference === "string" && reference.startsWith("#")
      ? at(root, reference.slice(1).split("/").slice(1))
      : []),
    ...[schema["anyOf"], schema["oneOf"], schema["allOf"]].flatMap(listOf),
  ].map((part) => [part, value] as const);
  if (Array.isArray(value)) {
    const first = listOf(schema["prefixItems"]);
    return [...whole, ...value.map((item: Json, index) => [first[index] ?? schema["items"], item] as const)];
  }
  if (!isObject(value)) return whole;
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const ofMember = (key: string) => (Object.hasOwn(properties, key) ? properties[key] : schema["additionalProperties"]);
  return [...whole, ...Object.entries(value).map(([key, member]) => [ofMember(key), member] as const)];
}

function at(value: Json | undefined, path: readonly string[]): readonly Json[] {
  const [step, ...rest] = path;
  if (value === undefined) return [];
  if (step === undefined) return [value];
  if (typeof value !== "object" || value === null) return [];
  const members: readonly (Json | undefined)[] = Object.values(value);
  if (step === "*") return members.flatMap((member) => at(member, rest));
  const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
  return Object.hasOwn(value, key) ? at(Object.entries(value).find(([name]) => name === key)?.[1], rest) : [];
}

function leavesOf(values: readonly (Json | undefined)[]): readonly (string | number)[] {
  return values.flatMap((value) => {
    if (typeof value === "string" || typeof value === "number") return [value];
    return typeof value === "object" && value !== null ? leavesOf(Object.values(value)) : [];
  });
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
