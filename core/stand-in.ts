import { jsonSchemaOf } from "./contract.js";
import { isJsonObject } from "./define-agent.js";
import type { Json, JsonObject } from "./digest.js";
import type { ToolDefinition } from "./tool.js";

const MAX_DEPTH = 20;
const FORMATS: Readonly<Record<string, string>> = {
  "date-time": "2026-01-01T00:00:00Z",
  date: "2026-01-01",
  time: "00:00:00",
  email: "someone@example.com",
  uri: "https://example.com/",
  uuid: "00000000-0000-4000-8000-000000000000",
};

/**
 * A tool that is called by the same name and contract and does nothing: its answer is the one given, else one made up
 * from its output schema. Its effects are recorded like any other's.
 */
export function standIn(
  tool: ToolDefinition,
  answers: Readonly<Record<string, unknown>>,
  onCall: (name: string) => void,
): ToolDefinition {
  const { reconcile: _, compensate: __, remedy: ___, ...contract } = tool;
  return {
    ...contract,
    undo: "nothing",
    async run() {
      onCall(tool.name);
      const isGiven = Object.hasOwn(answers, tool.name);
      const answer = isGiven ? answers[tool.name] : exampleOf(jsonSchemaOf(tool.output, "input"));
      if (tool.output.safeParse(answer).success) return answer;
      const why = isGiven ? "does not fit its output" : "cannot be made up from its output schema";
      throw new Error(`${tool.name} is not run in a test, and its answer ${why}: give one under expect.effects.`);
    },
  };
}

/** The smallest value that a JSON Schema takes, as far as it can be told; for what it cannot tell the caller must look. */
function exampleOf(schema: JsonObject, root: JsonObject = schema, depth = 0): Json {
  const given = schema["const"] ?? schema["default"] ?? first(schema["examples"]) ?? first(schema["enum"]);
  if (given !== undefined || depth > MAX_DEPTH) return given ?? null;
  const reference = schema["$ref"];
  const branch =
    typeof reference === "string" ? resolve(reference, root) : (first(schema["anyOf"]) ?? first(schema["oneOf"]));
  if (isJsonObject(branch)) return exampleOf(branch, root, depth + 1);
  switch (Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"]) {
    case "string":
      return text(schema);
    case "number":
    case "integer":
      return figure(schema);
    case "boolean":
      return false;
    case "array":
      return items(schema, root, depth);
    case "object":
      return fields(schema, root, depth);
    default:
      return null;
  }
}

function text({ format, minLength }: JsonObject): string {
  const known = typeof format === "string" ? FORMATS[format] : undefined;
  return known ?? "test".padEnd(typeof minLength === "number" ? minLength : 0, "-");
}

function figure({ minimum, exclusiveMinimum }: JsonObject): number {
  const bounds = [
    typeof minimum === "number" ? minimum : 0,
    typeof exclusiveMinimum === "number" ? exclusiveMinimum + 1 : 0,
  ];
  return typeof minimum === "number" && minimum < 0 ? 0 : Math.max(...bounds);
}

function items({ minItems, items: item }: JsonObject, root: JsonObject, depth: number): Json {
  const length = typeof minItems === "number" ? Math.min(minItems, 100) : 0;
  return Array.from({ length }, () => (isJsonObject(item) ? exampleOf(item, root, depth + 1) : null));
}

function fields({ properties, required }: JsonObject, root: JsonObject, depth: number): Json {
  const names = Array.isArray(required) ? required.map(String) : [];
  const schemas = isJsonObject(properties) ? properties : {};
  return Object.fromEntries(
    names.map((name) => {
      const schema = schemas[name];
      return [name, isJsonObject(schema) ? exampleOf(schema, root, depth + 1) : null];
    }),
  );
}

function resolve(reference: string, root: JsonObject): Json | undefined {
  const keys = reference.replace(/^#\/?/u, "").split("/").filter(Boolean);
  return keys.reduce<Json | undefined>((at, key) => (isJsonObject(at) ? at[key] : undefined), root);
}

function first(list: Json | undefined): Json | undefined {
  return Array.isArray(list) ? list[0] : undefined;
}
