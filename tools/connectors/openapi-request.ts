import type { Json, JsonObject } from "../../core/digest.js";
import { HttpError } from "./http-error.js";
import { isObject } from "./json-contract.js";
import type { Operation, Parameter } from "./openapi-document.js";
import { isJsonType } from "./openapi-document.js";

/** What an operation's arguments become, without credentials. */
export interface BuiltRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * The request that an operation's arguments mean. Every value is encoded for its place; one that would lead to another
 * path than the operation's is refused with `bad_request`.
 */
export function buildRequest(server: URL, operation: Operation, args: JsonObject): BuiltRequest {
  const url = new URL(server);
  url.pathname = pathOf(server, operation, args);
  if (url.pathname !== pathOf(server, operation, args)) throw new HttpError("bad_request", LEADS_ELSEWHERE);
  for (const [name, value] of operation.parameters.flatMap((parameter) => queryOf(parameter, args))) {
    url.searchParams.append(name, value);
  }
  const headers = operation.parameters.flatMap((parameter): [string, string][] => {
    const value = args[parameter.argument];
    return parameter.in === "header" && value !== undefined ? [[parameter.name, simple(value, parameter, same)]] : [];
  });
  return { url, headers: Object.fromEntries(headers), ...bodyOf(operation, args["body"]) };
}

const LEADS_ELSEWHERE = "The arguments lead to another path than the operation's.";

function pathOf(server: URL, { path, parameters }: Operation, args: JsonObject): string {
  const filled = path.replace(/\{([^}]*)\}/gu, (whole, name: string) => {
    const parameter = parameters.find((one) => one.in === "path" && one.name === name);
    const value = parameter && args[parameter.argument];
    if (!parameter || value === undefined) throw new HttpError("bad_request", `The path's ${whole} has no value.`);
    return simple(value, parameter, segment);
  });
  return `${server.pathname.replace(/\/$/u, "")}${filled}`;
}

/** One segment of a path: also a server that decodes slashes before it looks at dots is led nowhere else. */
function segment(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  const isOdd = text === "" || /[\u0000-\u001f\u007f]/u.test(text) || text.split(/[/\\]/u).some(isDots);
  if (isOdd) throw new HttpError("bad_request", `${JSON.stringify(text.slice(0, 100))} cannot be part of a path.`);
  return encodeURIComponent(text);
}

function isDots(part: string): boolean {
  return part === "." || part === "..";
}

/** RFC 6570's simple form: lists and objects by commas. */
function simple(value: Json, { explode }: Parameter, encode: (text: string) => string): string {
  if (Array.isArray(value)) return value.map((item: Json) => encode(textOf(item))).join(",");
  if (!isObject(value)) return encode(textOf(value));
  const between = explode ? "=" : ",";
  return Object.entries(value)
    .map(([key, item]) => `${encode(key)}${between}${encode(textOf(item))}`)
    .join(",");
}

function queryOf(parameter: Parameter, args: JsonObject): [string, string][] {
  const { name, style, explode } = parameter;
  const value = args[parameter.argument];
  if (parameter.in !== "query" || value === undefined) return [];
  if (Array.isArray(value)) {
    const texts = value.map(textOf);
    return explode ? texts.map((text) => [name, text]) : [[name, texts.join(BETWEEN[style] ?? ",")]];
  }
  if (!isObject(value)) return [[name, textOf(value)]];
  const entries = Object.entries(value).map(([key, item]): [string, string] => [key, textOf(item)]);
  if (style === "deepObject") return entries.map(([key, text]) => [`${name}[${key}]`, text]);
  return explode ? entries : [[name, entries.flat().join(",")]];
}

const BETWEEN: Readonly<Record<string, string>> = { spaceDelimited: " ", pipeDelimited: "|" };

function bodyOf({ body }: Operation, value: Json | undefined): { body?: string; headers?: never } {
  if (!body || value === undefined) return {};
  if (isJsonType(body.mediaType)) return { body: JSON.stringify(value) };
  if (!body.mediaType.startsWith("application/x-www-form-urlencoded")) return { body: textOf(value) };
  const fields = Object.entries(isObject(value) ? value : {}).map(([name, item]): [string, string] => [
    name,
    textOf(item),
  ]);
  return { body: new URLSearchParams(fields).toString() };
}

function textOf(value: Json | undefined): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "");
}

function same(text: string): string {
  return text;
}
