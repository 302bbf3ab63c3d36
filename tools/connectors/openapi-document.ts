import { readFileSync } from "node:fs";
import type { Json, JsonObject } from "../../core/digest.js";
import { didYouMean } from "../../core/lookup.js";
import { isObject, referred } from "./json-contract.js";
import { parseJson } from "./parse-json.js";
import { parseYaml } from "./parse-yaml.js";
import { assertNameable, toolName } from "./tool-name.js";

const METHODS = ["get", "head", "post", "put", "patch", "delete"] as const;
/** Parameters that the specification leaves to the client, or that the connector sets itself. */
const OURS: ReadonlySet<string> = new Set(["accept", "content-type", "authorization", "idempotency-key"]);
const MAX_CHAIN = 20;

/** One parameter of an operation, and under which argument an agent gives it. */
export interface Parameter {
  readonly argument: string;
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly isRequired: boolean;
  readonly schema: JsonObject;
  readonly style: string;
  readonly explode: boolean;
}

/** One operation of a document, with references resolved except in its schemas. */
export interface Operation {
  /** What `effects` and `only` call it: its `operationId`, else its tool's name. */
  readonly id: string;
  readonly toolName: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly body: { readonly mediaType: string; readonly isRequired: boolean; readonly schema: JsonObject } | undefined;
  /** Of a successful JSON answer; undefined when the document promises none. */
  readonly answer: JsonObject | undefined;
}

/**
 * The document itself, from an object, a text of JSON or YAML, or the path or `file:` URL of a file of either. A string
 * is a text when it begins with `{` or has several lines. Throws a plain `Error` for what is no OpenAPI 3 document.
 */
export function readDocument(given: string | URL | JsonObject): JsonObject {
  const document = given instanceof URL || typeof given === "string" ? parsed(given) : given;
  const version = isObject(document) ? document["openapi"] : undefined;
  if (!isObject(document) || typeof version !== "string" || !/^3\.\d/u.test(version)) {
    throw new Error("The document is not OpenAPI 3: its field `openapi` must say 3.0 or 3.1, such as 3.1.0.");
  }
  return document;
}

function parsed(given: string | URL): Json {
  const isText = typeof given === "string" && /^\s*\{|\n/u.test(given);
  try {
    const text = (isText ? given : readFileSync(given, "utf8")).replace(/^\uFEFF/u, "");
    return /^\s*\{/u.test(text) ? parseJson(text) : parseYaml(text);
  } catch (cause) {
    const what = isText ? "The text of the document" : `The document ${String(given)}`;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${what} cannot be read: ${why}.`, { cause });
  }
}

/** The operations of a document, in its order; with `only` those of these ids. Throws a plain `Error` that names the operation. */
export function operationsOf(document: JsonObject, only: readonly string[] | undefined): readonly Operation[] {
  const all = placesOf(document);
  const ids = all.map(({ place }) => place.id);
  const lost = only?.find((id) => !ids.includes(id));
  if (lost !== undefined) {
    throw new Error(`"only" names ${lost}, but there is no such operation.${didYouMean(lost, ids)}`);
  }
  return all
    .filter(({ place }) => only === undefined || only.includes(place.id))
    .map(({ place, operation, item }) => toOperation(place, operation, item, document));
}

function placesOf(document: JsonObject) {
  const paths = document["paths"];
  return Object.entries(isObject(paths) ? paths : {}).flatMap(([path, given]) => {
    const item = resolved(given, document) ?? {};
    return METHODS.flatMap((method) => {
      const operation = item[method];
      if (!isObject(operation)) return [];
      const { operationId } = operation;
      const id = typeof operationId === "string" && operationId !== "" ? operationId : toolName(method, path);
      return [{ place: { id, toolName: toolName(id), method, path }, operation, item }];
    });
  });
}

type Place = Pick<Operation, "id" | "toolName" | "method" | "path">;

function toOperation(place: Place, operation: JsonObject, item: JsonObject, document: JsonObject): Operation {
  try {
    assertNameable(place.id);
    const words = [operation["summary"], operation["description"]].filter((text) => typeof text === "string");
    return {
      ...place,
      method: place.method.toUpperCase(),
      summary: words.join(" "),
      parameters: parametersOf(item, operation, document),
      body: bodyOf(operation, document),
      answer: answerOf(operation, document),
    };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The operation ${place.id} cannot become a tool: ${why}. Leave it out with "only".`, { cause });
  }
}

/** The operation's own parameters go before those of its path. */
function parametersOf(item: JsonObject, operation: JsonObject, document: JsonObject): readonly Parameter[] {
  const found = new Map<string, JsonObject>();
  for (const given of [...listOf(item["parameters"]), ...listOf(operation["parameters"])]) {
    const parameter = resolved(given, document);
    if (parameter) found.set(`${parameter["in"]} ${parameter["name"]}`, parameter);
  }
  const all = [...found.values()].filter(isForAgents);
  const names = ["body", ...all.map(({ name }) => String(name))];
  return all.map((parameter) => {
    const name = String(parameter["name"]);
    const isTaken = name === "body" || names.filter((other) => other === name).length > 1;
    return toParameter(parameter, name, isTaken ? `${parameter["in"]}_${name}` : name);
  });
}

function isForAgents({ name, in: place, required }: JsonObject): boolean {
  if (typeof name !== "string") throw new Error("a parameter has no name");
  if (place === "cookie" && required === true) throw new Error(`it needs the cookie ${name}`);
  return place !== "cookie" && !(place === "header" && OURS.has(name.toLowerCase()));
}

function toParameter(parameter: JsonObject, name: string, argument: string): Parameter {
  const place = parameter["in"];
  if (place !== "path" && place !== "query" && place !== "header") {
    throw new Error(`the parameter ${name} is in "${String(place)}"`);
  }
  const style = typeof parameter["style"] === "string" ? parameter["style"] : place === "query" ? "form" : "simple";
  if (!STYLES[place].includes(style)) throw new Error(`the style ${style} of the parameter ${name} is not supported`);
  const { schema, description, explode } = parameter;
  if (!isObject(schema)) throw new Error(`the parameter ${name} has no schema`);
  return {
    ...{ argument, name, in: place, style },
    isRequired: place === "path" || parameter["required"] === true,
    schema: { ...(typeof description === "string" && { description }), ...schema },
    explode: typeof explode === "boolean" ? explode : style === "form",
  };
}

const STYLES = {
  path: ["simple"],
  header: ["simple"],
  query: ["form", "deepObject", "spaceDelimited", "pipeDelimited"],
};

function bodyOf(operation: JsonObject, document: JsonObject): Operation["body"] {
  const body = resolved(operation["requestBody"], document);
  const content = isObject(body?.["content"]) ? body["content"] : undefined;
  if (!body || !content) return undefined;
  const types = Object.keys(content);
  const mediaType =
    types.find(isJsonType) ??
    types.find((type) => type.startsWith("application/x-www-form-urlencoded")) ??
    types.find((type) => type.startsWith("text/plain"));
  if (mediaType === undefined) throw new Error(`its body is ${types.join(" or ") || "of no type"}`);
  return { mediaType, isRequired: body["required"] === true, schema: schemaIn(content[mediaType]) ?? {} };
}

/** The schema of the first answer between 200 and 299 that has JSON; `2XX` and `default` count when no number does. */
function answerOf(operation: JsonObject, document: JsonObject): JsonObject | undefined {
  const responses = isObject(operation["responses"]) ? operation["responses"] : {};
  const codes = Object.keys(responses).filter((code) => /^2\d\d$/u.test(code));
  for (const code of [...codes.sort(), "2XX", "default"]) {
    const content = resolved(responses[code], document)?.["content"];
    const type = isObject(content) ? Object.keys(content).find(isJsonType) : undefined;
    if (isObject(content) && type !== undefined) return schemaIn(content[type]);
  }
  return undefined;
}

function schemaIn(media: Json | undefined): JsonObject | undefined {
  const schema = isObject(media) ? media["schema"] : undefined;
  return isObject(schema) ? schema : undefined;
}

/** True for media types whose text is JSON. */
export function isJsonType(type: string): boolean {
  return /^application\/(?:[\w.+-]+\+)?json(?:\s*;|$)/iu.test(type);
}

function resolved(given: Json | undefined, document: JsonObject): JsonObject | undefined {
  let at = given;
  for (let step = 0; isObject(at) && typeof at["$ref"] === "string"; step += 1) {
    if (step > MAX_CHAIN) throw new Error(`the reference ${at["$ref"]} leads to itself`);
    at = referred(at["$ref"], document);
  }
  return isObject(at) ? at : undefined;
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
