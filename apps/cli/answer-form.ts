import type { Json, JsonObject } from "../../core/digest.js";
import { OrchestratorError } from "../../core/errors.js";
import { inWords } from "../../core/words.js";

/** One thing to ask for on the way to an answer; `key` is absent when the answer is this one thing. */
export interface Field {
  readonly key?: string;
  readonly label: string;
  readonly kind: "text" | "number" | "yes_no" | "choice";
  readonly choices: readonly string[];
  readonly isOptional: boolean;
}

/** The fields to ask for one by one, or undefined when the schema is too rich for that and wants an editor. */
export function fieldsOf(schema: JsonObject | undefined): readonly Field[] | undefined {
  if (!schema) return [{ label: "Your answer", kind: "text", choices: [], isOptional: false }];
  const single = fieldOf(schema, "Your answer", false);
  if (single) return [single];
  const properties = asObject(schema["properties"]);
  if (!properties) return undefined;
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const fields = Object.entries(properties).map(([key, property]) => {
    const part = asObject(property);
    const field = part && fieldOf(part, labelOf(key, part), !required.includes(key));
    return field && { ...field, key };
  });
  return fields.every((field) => field !== undefined) ? fields : undefined;
}

/** One typed text as the field's value; undefined when it was left empty and may be. */
export function valueTyped(field: Field, text: string): Json | undefined {
  if (text.trim() === "" && field.isOptional) return undefined;
  if (field.kind === "number") return Number(text);
  return field.kind === "yes_no" ? text === "yes" : text;
}

/** Something to begin an answer from in an editor: every property of the schema, empty. */
export function templateFor(schema: JsonObject | undefined): Json {
  const properties = asObject(schema?.["properties"]);
  if (properties) {
    return Object.fromEntries(Object.entries(properties).map(([key, part]) => [key, templateFor(asObject(part))]));
  }
  const choice = schema && choicesOf(schema)?.[0];
  if (choice !== undefined) return choice;
  const type = schema?.["type"];
  return typeof type === "string" ? (EMPTY[type] ?? null) : null;
}

const EMPTY: Readonly<Record<string, Json>> = {
  string: "",
  number: 0,
  integer: 0,
  boolean: false,
  array: [],
  object: {},
};

/** Reads `--answer`: JSON where it is JSON and the schema does not want text, else the text as it stands. */
export function toAnswer(text: string, schema: JsonObject | undefined): Json {
  if (schema?.["type"] === "string") return text;
  try {
    // JSON.parse gives nothing but JSON.
    return JSON.parse(text) as Json;
  } catch (error) {
    if (!/^\s*[[{"]/u.test(text)) return text;
    const reason = error instanceof Error ? error.message : String(error);
    throw new OrchestratorError(
      "decision_invalid",
      `The answer looks like JSON but cannot be read: ${reason}. Put it in single quotes.`,
    );
  }
}

/** What the answer must look like, in a line for people; empty without a schema. */
export function schemaInWords(schema: JsonObject | undefined): string {
  const fields = schema && fieldsOf(schema);
  if (!fields) return schema ? JSON.stringify(schema) : "";
  const words = fields.map((field) => {
    const kind = field.kind === "choice" ? field.choices.join(" | ") : KIND_WORDS[field.kind];
    return field.key === undefined ? kind : `${field.key}${field.isOptional ? "?" : ""}: ${kind}`;
  });
  return fields.some(({ key }) => key !== undefined) ? `{ ${words.join(", ")} }` : words.join("");
}

const KIND_WORDS = { text: "text", number: "a number", yes_no: "true or false" } as const;

function fieldOf(schema: JsonObject, label: string, isOptional: boolean): Field | undefined {
  const choices = choicesOf(schema);
  if (choices) return { label, kind: "choice", choices, isOptional };
  const type = schema["type"];
  if (type === "string") return { label, kind: "text", choices: [], isOptional };
  if (type === "number" || type === "integer") return { label, kind: "number", choices: [], isOptional };
  return type === "boolean" ? { label, kind: "yes_no", choices: [], isOptional } : undefined;
}

function choicesOf(schema: JsonObject): readonly string[] | undefined {
  const listed = schema["enum"];
  if (Array.isArray(listed) && listed.every((item) => typeof item === "string")) return listed;
  const options = schema["anyOf"] ?? schema["oneOf"];
  if (!Array.isArray(options)) return undefined;
  const constants = options.map((option: Json) => asObject(option)?.["const"]);
  return constants.every((item) => typeof item === "string") ? constants : undefined;
}

function labelOf(key: string, schema: JsonObject): string {
  const described = schema["description"] ?? schema["title"];
  return typeof described === "string" ? described : inWords(key);
}

function asObject(value: Json | undefined): JsonObject | undefined {
  // Safe: a JSON value that is an object and no list is a JsonObject.
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}
