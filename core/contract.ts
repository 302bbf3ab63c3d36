import { z } from "zod";
import type { AgentDefinition, Playbook } from "./define-agent.js";
import type { Json, JsonObject } from "./digest.js";
import type { Task } from "./mission.js";

/**
 * What a contract says about a field: `has` it for sure, has it at times (`optional`), `lacks` it because nothing else
 * is allowed, or does not say (`unknown`).
 */
export type FieldRuling = "has" | "optional" | "lacks" | "unknown";

/** A task's fields as its readers may count on them. */
export interface OutputContract {
  rulingOn(path: readonly string[]): FieldRuling;
  /** JSON types the field can have; undefined when nothing says. */
  typesOf(path: readonly string[]): ReadonlySet<string> | undefined;
  /** Fields of the whole output, for messages. */
  readonly fields: readonly string[];
  /** True when the output can have no other fields than these. */
  readonly isClosed: boolean;
}

const MAX_DEPTH = 20;
const known = new WeakMap<z.ZodType, Map<"input" | "output", JsonObject>>();

/** The JSON Schema of one side of a zod contract; what JSON Schema cannot say becomes `{}`. Made once for each contract. */
export function jsonSchemaOf(contract: z.ZodType, io: "input" | "output"): JsonObject {
  const sides = known.get(contract) ?? new Map<"input" | "output", JsonObject>();
  known.set(contract, sides);
  const made = sides.get(io);
  if (made) return made;
  const { $schema: _, ...schema } = z.toJSONSchema(contract, { io, unrepresentable: "any" });
  // Safe: a JSON Schema is JSON; the round trip drops what is not.
  const json = JSON.parse(JSON.stringify(schema)) as JsonObject;
  sides.set(io, json);
  return json;
}

/** Why a contract has no JSON Schema at all, such as two schemas under one id; nothing when it has one. */
export function whyNoJsonSchema(contract: z.ZodType, io: "input" | "output"): string | undefined {
  try {
    jsonSchemaOf(contract, io);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The playbooks that may do a task, with their agents, as its row says; those that serve any skill are left out. */
export function playbooksFor(
  task: Task,
  agents: ReadonlyMap<string, AgentDefinition>,
): readonly { agent: AgentDefinition; playbook: Playbook }[] {
  return task.agents.flatMap((id) => {
    const agent = agents.get(id);
    const playbook = agent && Object.hasOwn(agent.skills, task.skill) ? agent.skills[task.skill] : undefined;
    return agent && playbook ? [{ agent, playbook }] : [];
  });
}

/** What readers of a task may count on: every capable agent's contract holds, and the task's own on top. */
export function outputContractOf(task: Task, agents: ReadonlyMap<string, AgentDefinition>): OutputContract {
  const ofAgents = playbooksFor(task, agents).flatMap(({ playbook }) =>
    collected(task, jsonSchemaOf(playbook.output, "output")),
  );
  const own = task.output ? [task.output] : [];
  const schemas = [...ofAgents, ...own];
  return {
    rulingOn: (path) =>
      combine(
        ofAgents.map((schema) => ruling(schema, path)),
        own.map((schema) => ruling(schema, path)),
      ),
    typesOf: (path) => typesAt(schemas, path),
    fields: [...new Set(schemas.flatMap(fieldsOf))],
    isClosed: schemas.some((schema) => schema["additionalProperties"] === false),
  };
}

/** What a task gives when its skill gives this: with `for_each` a list of them under `items`, unless collected otherwise. */
function collected(task: Task, schema: JsonObject): readonly JsonObject[] {
  if (!task.forEach) return [schema];
  if (task.forEach.collect !== "list") return [];
  const items = { type: "array", items: schema };
  return [{ type: "object", properties: { items }, required: ["items"], additionalProperties: false }];
}

/** The fields that an object schema names. */
export function fieldsOf(schema: JsonObject): readonly string[] {
  return Object.keys(asObject(schema["properties"]) ?? {});
}

/** The fields that an object schema demands. */
export function requiredOf(schema: JsonObject): readonly string[] {
  const required = schema["required"];
  return Array.isArray(required) ? required.filter((name) => typeof name === "string") : [];
}

/** The JSON types that every one of the schemas allows at a path; undefined when none says. */
export function typesAt(schemas: readonly JsonObject[], path: readonly string[]): ReadonlySet<string> | undefined {
  const said = schemas.flatMap((schema) => {
    const at = schemaAt(schema, path);
    const types = at && typesOf(at, schema, 0);
    return types ? [types] : [];
  });
  const [first, ...others] = said;
  return first && new Set([...first].filter((type) => others.every((types) => types.has(type))));
}

/** What one schema says about the field at a path. */
export function ruling(schema: JsonObject, path: readonly string[], root: JsonObject = schema, depth = 0): FieldRuling {
  const at = resolve(schema, root);
  if (depth > MAX_DEPTH || at === undefined) return "unknown";
  const [key, ...rest] = path;
  if (key === undefined) return "has";
  const parts = listOf(at["allOf"]).map((part) => ruling(part, path, root, depth + 1));
  const branches = [...listOf(at["anyOf"]), ...listOf(at["oneOf"])].map((branch) =>
    ruling(branch, path, root, depth + 1),
  );
  if (parts.length > 0) return combine([], [...parts, ...(branches.length > 0 ? [eitherOf(branches)] : [])]);
  if (branches.length > 0) return eitherOf(branches);
  return rulingOnOwn(at, key, rest, root, depth);
}

function rulingOnOwn(
  at: JsonObject,
  key: string,
  rest: readonly string[],
  root: JsonObject,
  depth: number,
): FieldRuling {
  const types = typesOf(at, root, 0);
  const property = asObject(asObject(at["properties"])?.[key]);
  if (property) {
    const below = ruling(property, rest, root, depth + 1);
    const isSure = requiredOf(at).includes(key) && (types === undefined || types.size === 1);
    return below === "has" && !isSure ? "optional" : below;
  }
  if (types && !types.has("object") && !types.has("array")) return "lacks";
  if (types && !types.has("object")) return /^\d+$/u.test(key) ? "unknown" : "lacks";
  return at["additionalProperties"] === false ? "lacks" : "unknown";
}

/** Branches of a choice: any may hold. */
function eitherOf(rulings: readonly FieldRuling[]): FieldRuling {
  if (rulings.every((one) => one === "lacks")) return "lacks";
  if (rulings.every((one) => one === "has")) return "has";
  return rulings.some((one) => one === "has" || one === "optional") ? "optional" : "unknown";
}

/** Contracts of several agents: what holds for whichever works. `own` contracts hold besides, for all of them. */
function combine(ofAgents: readonly FieldRuling[], own: readonly FieldRuling[]): FieldRuling {
  const all = [...ofAgents, ...own];
  if (all.includes("lacks")) return "lacks";
  if (own.includes("has")) return "has";
  if (all.includes("optional")) return "optional";
  return all.length > 0 && all.every((one) => one === "has") ? "has" : "unknown";
}

function schemaAt(schema: JsonObject, path: readonly string[]): JsonObject | undefined {
  return path.reduce<JsonObject | undefined>((at, key) => {
    const resolved = at && resolve(at, schema);
    return asObject(asObject(resolved?.["properties"])?.[key]);
  }, schema);
}

function typesOf(schema: JsonObject, root: JsonObject, depth: number): ReadonlySet<string> | undefined {
  const at = resolve(schema, root);
  if (!at || depth > MAX_DEPTH) return undefined;
  const type = at["type"];
  if (typeof type === "string") return new Set([broaden(type)]);
  if (Array.isArray(type)) return new Set(type.map((one) => broaden(String(one))));
  if (at["const"] !== undefined) return new Set([typeName(at["const"])]);
  if (Array.isArray(at["enum"])) return new Set(at["enum"].map(typeName));
  const branches = [...listOf(at["anyOf"]), ...listOf(at["oneOf"])].map((branch) => typesOf(branch, root, depth + 1));
  if (branches.length === 0 || branches.includes(undefined)) return undefined;
  return new Set(branches.flatMap((types) => [...(types ?? [])]));
}

/** Integers are numbers to whoever reads them. */
function broaden(type: string): string {
  return type === "integer" ? "number" : type;
}

function typeName(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function resolve(schema: JsonObject, root: JsonObject, depth = 0): JsonObject | undefined {
  const ref = schema["$ref"];
  if (typeof ref !== "string") return schema;
  if (!ref.startsWith("#") || depth > MAX_DEPTH) return undefined;
  const keys = ref
    .slice(1)
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  const target = keys.reduce<JsonObject | undefined>((at, key) => asObject(at?.[key]), root);
  return target && resolve(target, root, depth + 1);
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  if (!Array.isArray(value)) return [];
  return value.map((item: Json) => asObject(item)).filter((item) => item !== undefined);
}

function asObject(value: Json | undefined): JsonObject | undefined {
  // Safe: what is left is an object of JSON values.
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}
