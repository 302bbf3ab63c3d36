import { z } from "zod";
import type { Json, JsonObject } from "../../core/digest.js";
import { wordsOf } from "./words-of.js";

const MAX_DEPTH = 64;
const MAX_PARTS = 20_000;
/** What a contract keeps as it is. Conditions and patterns are left to the other side, which checks its own schema too. */
const KEPT = [
  ..."required minProperties maxProperties minItems maxItems uniqueItems minLength maxLength format".split(" "),
  ..."minimum maximum exclusiveMinimum exclusiveMaximum multipleOf default".split(" "),
];
const MAX_DESCRIPTION = 500;

/**
 * A zod contract for a JSON Schema (2020-12, draft 7 or OpenAPI's 3.0 dialect) that somebody else wrote. References are
 * followed within `document` only, also to themselves; one that leads out, nowhere or in a circle of references alone,
 * and a schema that is nested or branched beyond reason, throw a plain `Error`. Patterns become words in descriptions:
 * a regular expression of a stranger is not run here.
 */
export function jsonContract(schema: JsonObject, document: JsonObject = schema, maxParts = MAX_PARTS): z.ZodType<Json> {
  const copy = new Copy(document, maxParts);
  const root = copy.of(schema, new Set(), 0);
  // Safe: what is copied is a JSON Schema by its keywords; zod refuses what is none. Contracts of JSON give JSON.
  const whole = { ...root, $defs: copy.defs } as Parameters<typeof z.fromJSONSchema>[0];
  return z.fromJSONSchema(whole, { registry: z.registry() }) as z.ZodType<Json>;
}

/** An object's schema that refuses names it does not know, unless it says itself that others may be there. */
export function closed(schema: JsonObject): JsonObject {
  return { ...schema, additionalProperties: schema["additionalProperties"] ?? false };
}

/** What a local reference leads to. Throws a plain `Error` when it leads out of the document or nowhere. */
export function referred(ref: string, document: JsonObject): JsonObject {
  if (!ref.startsWith("#")) throw new Error(`the reference ${wordsOf(ref, 200)} leads out of the document`);
  const keys = decodeURIComponent(ref.slice(1)).split("/").slice(1);
  let at: Json | undefined = document;
  for (const key of keys) {
    const name = key.replaceAll("~1", "/").replaceAll("~0", "~");
    at = typeof at === "object" && at !== null && Object.hasOwn(at, name) ? (at as JsonObject)[name] : undefined;
  }
  if (!isObject(at)) throw new Error(`the reference ${wordsOf(ref, 200)} leads nowhere`);
  return at;
}

/** True for JSON objects, not for lists. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Copies a schema in the dialect that zod reads, with everything that it refers to as definitions. */
class Copy {
  readonly defs: Record<string, JsonObject> = {};
  readonly #document: JsonObject;
  readonly #maxParts: number;
  readonly #names = new Map<string, string>();
  #parts = 0;

  constructor(document: JsonObject, maxParts: number) {
    this.#document = document;
    this.#maxParts = maxParts;
  }

  /** `inPlace` holds the references that speak of the same value: one of them again would never end. */
  of(schema: JsonObject, inPlace: ReadonlySet<string>, depth: number): JsonObject {
    this.#parts += 1;
    if (depth > MAX_DEPTH) throw new Error(`the schema is nested deeper than ${MAX_DEPTH}`);
    if (this.#parts > this.#maxParts) throw new Error(`the schema has more than ${this.#maxParts} parts`);
    const ref = schema["$ref"];
    if (typeof ref === "string") return { $ref: this.#define(ref, inPlace, depth), ...describedBy(schema) };
    const own = { ...bounds(schema), ...this.#below(schema, inPlace, depth) };
    const type = typeOf(schema);
    const typed = { ...own, ...(type !== undefined && { type }), ...describedBy(schema) };
    return schema["nullable"] === true ? { anyOf: [typed, { type: "null" }] } : typed;
  }

  #define(ref: string, inPlace: ReadonlySet<string>, depth: number): string {
    if (inPlace.has(ref)) throw new Error(`the reference ${wordsOf(ref, 200)} leads to itself`);
    const known = this.#names.get(ref);
    const name = known ?? `d${this.#names.size + 1}`;
    if (known === undefined) {
      this.#names.set(ref, name);
      this.defs[name] = this.of(referred(ref, this.#document), new Set([...inPlace, ref]), depth + 1);
    }
    return `#/$defs/${name}`;
  }

  #below(schema: JsonObject, inPlace: ReadonlySet<string>, depth: number): JsonObject {
    const below = (part: Json | undefined): Json => this.#part(part, new Set(), depth);
    const beside = (part: Json | undefined): Json => this.#part(part, inPlace, depth);
    const { properties, additionalProperties, items, prefixItems } = schema;
    const choices = ["allOf", "anyOf", "oneOf"].flatMap((key) => {
      const parts = schema[key];
      return Array.isArray(parts) && parts.length > 0 ? [[key, parts.map(beside)]] : [];
    });
    const first = Array.isArray(items) ? items : prefixItems;
    return {
      ...Object.fromEntries(choices),
      ...(isObject(properties) && {
        properties: Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, below(part)])),
      }),
      ...(additionalProperties !== undefined && { additionalProperties: below(additionalProperties) }),
      ...(Array.isArray(first) && { prefixItems: first.map(below) }),
      ...(items !== undefined && !Array.isArray(items) && { items: below(items) }),
    };
  }

  #part(part: Json | undefined, inPlace: ReadonlySet<string>, depth: number): Json {
    if (typeof part === "boolean") return part;
    if (!isObject(part)) throw new Error("a part of the schema is neither an object nor true or false");
    return this.of(part, inPlace, depth + 1);
  }
}

/** Keywords without schemas in them; bounds of the older dialects in the words of the newer. */
function bounds(schema: JsonObject): JsonObject {
  const kept: Record<string, Json | undefined> = Object.fromEntries(
    KEPT.flatMap((key) => (schema[key] === undefined ? [] : [[key, schema[key]]])),
  );
  for (const [flag, limit] of [
    ["exclusiveMinimum", "minimum"],
    ["exclusiveMaximum", "maximum"],
  ] as const) {
    if (typeof kept[flag] !== "boolean") continue;
    if (kept[flag]) kept[flag] = kept[limit];
    else delete kept[flag];
  }
  const { enum: values, const: only } = schema;
  if (Array.isArray(values) && values.every(isScalar)) kept["enum"] = values;
  if (only !== undefined && isScalar(only)) kept["const"] = only;
  return kept;
}

/** Authors leave the type away where other words imply it. */
function typeOf(schema: JsonObject): Json | undefined {
  if (schema["type"] !== undefined) return schema["type"];
  if (schema["properties"] !== undefined || isObject(schema["additionalProperties"])) return "object";
  return schema["items"] === undefined && schema["prefixItems"] === undefined ? undefined : "array";
}

function describedBy(schema: JsonObject): JsonObject {
  const { description, pattern } = schema;
  const words = typeof description === "string" ? description : "";
  const form = typeof pattern === "string" ? ` Pattern: ${pattern}` : "";
  const text = wordsOf(`${words}${form}`, MAX_DESCRIPTION);
  return text === "" ? {} : { description: text };
}

function isScalar(value: Json): boolean {
  return value === null || typeof value !== "object";
}
