import type { CedarValueJson, Type, TypeOfAttribute } from "@cedar-policy/cedar-wasm/nodejs";
import { isJsonObject } from "../../core/define-agent.js";
import type { Json, JsonObject } from "../../core/digest.js";

/** A JSON Schema as far as policies can speak of its values. Dictionaries, unions and open values are not held. */
export type Held =
  | { readonly kind: "text" }
  | { readonly kind: "truth" }
  | { readonly kind: "integer" }
  | { readonly kind: "decimal" }
  | { readonly kind: "set"; readonly of: Held }
  | {
      readonly kind: "record";
      readonly fields: ReadonlyMap<string, { readonly held: Held; readonly isSure: boolean }>;
    };

/** Decimals of the policy language have four places and fit into 64 bits. */
const PLACES = 4;
const LARGEST_UNITS = 2n ** 63n - 1n;
const TINY = "0.00001";
/** A key with a meaning of its own in the engine's JSON: a record that had it would not be read as a record. */
const ESCAPES: ReadonlySet<string> = new Set(["__entity", "__extn", "__expr"]);

/** What policies can hold of the values of a schema; nothing when they can hold none of them. `null` counts as absent. */
export function heldBy(schema: JsonObject): Held | undefined {
  const { anyOf, items, enum: choices } = schema;
  const branches = (Array.isArray(anyOf) ? anyOf : []).filter(isJsonObject);
  const [only, ...others] = branches.filter((branch) => branch["type"] !== "null");
  if (only && others.length === 0) return heldBy(only);
  const [type, ...types] = typesOf(schema).filter((each) => each !== "null");
  if (types.length > 0) return undefined;
  if (type === "string" || isTexts(choices)) return { kind: "text" };
  if (type === "boolean") return { kind: "truth" };
  if (type === "integer") return { kind: "integer" };
  if (type === "number") return { kind: "decimal" };
  if (type === "array" && isJsonObject(items)) {
    const of = heldBy(items);
    return of && { kind: "set", of };
  }
  return type === "object" ? recordOf(schema) : undefined;
}

function recordOf({ properties, required }: JsonObject): Held {
  const names: readonly Json[] = Array.isArray(required) ? required : [];
  const fields = Object.entries(isJsonObject(properties) ? properties : {}).flatMap(([name, schema]) => {
    const held = isJsonObject(schema) && !ESCAPES.has(name) ? heldBy(schema) : undefined;
    const isSure = names.includes(name) && isJsonObject(schema) && !mayBeNull(schema);
    return held ? [[name, { held, isSure }] as const] : [];
  });
  return { kind: "record", fields: new Map(fields) };
}

function mayBeNull(schema: JsonObject): boolean {
  const { anyOf } = schema;
  const branches = Array.isArray(anyOf) ? anyOf.filter(isJsonObject) : [];
  return typesOf(schema).includes("null") || branches.some(mayBeNull);
}

function typesOf({ type }: JsonObject): readonly Json[] {
  return Array.isArray(type) ? type : type === undefined ? [] : [type];
}

function isTexts(choices: Json | undefined): boolean {
  return Array.isArray(choices) && choices.length > 0 && choices.every((choice) => typeof choice === "string");
}

/** The same as a type of the policy language, so that policies are checked against it. */
export function toCedarType(held: Held): Type<string> {
  if (held.kind === "text") return { type: "String" };
  if (held.kind === "truth") return { type: "Boolean" };
  if (held.kind === "integer") return { type: "Long" };
  if (held.kind === "decimal") return { type: "Extension", name: "decimal" };
  if (held.kind === "set") return { type: "Set", element: toCedarType(held.of) };
  const attributes = [...held.fields].map(([name, field]): [string, TypeOfAttribute<string>] => [
    name,
    { ...toCedarType(field.held), required: field.isSure },
  ]);
  return { type: "Record", attributes: Object.fromEntries(attributes) };
}

/** A value of the schema in the policy language; nothing for `null` and for what does not fit. Own keys only. */
export function toCedarValue(held: Held, value: Json | undefined): CedarValueJson | undefined {
  if (held.kind === "text") return typeof value === "string" ? value : undefined;
  if (held.kind === "truth") return typeof value === "boolean" ? value : undefined;
  if (held.kind === "integer") return Number.isSafeInteger(value) ? Number(value) : undefined;
  if (held.kind === "decimal") return typeof value === "number" ? decimal(value) : undefined;
  if (held.kind === "set") {
    return Array.isArray(value) ? value.flatMap((each: Json) => toCedarValue(held.of, each) ?? []) : undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const fields = [...held.fields].flatMap(([name, field]) => {
    const inner = Object.hasOwn(value, name) ? toCedarValue(field.held, value[name]) : undefined;
    return inner === undefined ? [] : [[name, inner] as const];
  });
  return Object.fromEntries(fields);
}

/** A number as the policy language writes it. What lies between two of its steps counts as the one further from zero. */
export function decimal(value: number): CedarValueJson {
  const size = Math.abs(value);
  const text = size > 0 && size < 1e-6 ? TINY : size >= 1e21 ? `${LARGEST_UNITS}` : String(size);
  const [whole = "0", fraction = ""] = text.split(".");
  const rest = /[1-9]/u.test(fraction.slice(PLACES)) ? 1n : 0n;
  const units = BigInt(whole) * 10n ** BigInt(PLACES) + BigInt(fraction.slice(0, PLACES).padEnd(PLACES, "0")) + rest;
  const digits = String(units > LARGEST_UNITS ? LARGEST_UNITS : units).padStart(PLACES + 1, "0");
  const sign = value < 0 && units > 0n ? "-" : "";
  return { __extn: { fn: "decimal", arg: `${sign}${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}` } };
}
