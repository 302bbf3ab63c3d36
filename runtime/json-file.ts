import { readFile } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "node:path";
import type { Node, ParseError } from "jsonc-parser";
import { getNodeValue, parseTree, printParseErrorCode } from "jsonc-parser";
import type { z } from "zod";
import type { ErrorCode } from "../core/errors.js";
import { OrchestratorError } from "../core/errors.js";
import { formatProblem } from "../core/problem.js";
import { shapeOf } from "../core/shape.js";

const STRICT = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false };
const MAX_FOUND = 20;

/** The value of a JSON file. `file_not_found`, or `file_malformed` with file, line, column and what was found there. */
export async function readJsonFile(path: string, shownAs: string = shown(path)): Promise<unknown> {
  return parseJson(await readText(path, shownAs), shownAs);
}

/** The file parsed by a schema; all violations at once in one error of the given code (`file_malformed` unless told). */
export async function parseJsonFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  options: { readonly shownAs?: string; readonly code?: ErrorCode } = {},
): Promise<z.output<Schema>> {
  const shownAs = options.shownAs ?? shown(path);
  const shaped = shapeOf(schema, await readJsonFile(path, shownAs), (pointer) => ({ file: shownAs, pointer }));
  if (shaped.ok) return shaped.value;
  const lines = shaped.problems.map((problem) => `\n  ${formatProblem(problem)}`);
  throw new OrchestratorError(
    options.code ?? "file_malformed",
    `${shownAs} does not have the shape it needs:${lines.join("")}`,
    {
      details: shaped.problems,
    },
  );
}

/** Strict JSON: no comments, no trailing commas, no key twice. A byte order mark at the start is passed over. */
export function parseJson(text: string, shownAs: string): unknown {
  const json = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const errors: ParseError[] = [];
  const tree = treeOf(json, errors, shownAs);
  const [error] = errors;
  if (error) throw malformed(json, error.offset, shownAs, sayParseError(error, json));
  if (tree === undefined) throw malformed(json, 0, shownAs, "the file is empty");
  const twice = findTwice(tree);
  if (twice)
    throw malformed(
      json,
      twice.offset,
      shownAs,
      `the key ${JSON.stringify(getNodeValue(twice))} stands twice in one object`,
    );
  const value: unknown = JSON.parse(json);
  return value;
}

function treeOf(json: string, errors: ParseError[], shownAs: string): Node | undefined {
  try {
    return parseTree(json, errors, STRICT);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause; // the parser calls itself for each level
    throw malformed(json, 0, shownAs, "lists and objects are nested too deep");
  }
}

/** Below the working folder a path is shown relative to it. */
export function shown(path: string): string {
  const absolute = resolve(path);
  const short = relative(process.cwd(), absolute);
  return short === "" || short.startsWith("..") || isAbsolute(short) ? absolute : short;
}

async function readText(path: string, shownAs: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new OrchestratorError(
      "file_not_found",
      `${shownAs} cannot be read (${codeOf(cause)}). Give the path of a JSON file.`,
      { cause },
    );
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
}

function malformed(text: string, offset: number, shownAs: string, what: string): OrchestratorError {
  const before = text.slice(0, offset).split("\n");
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  return new OrchestratorError(
    "file_malformed",
    `${shownAs}, line ${line}, column ${column}: ${what}. The file must be strict JSON.`,
    {
      details: { file: shownAs, line, column },
    },
  );
}

function sayParseError({ error, offset, length }: ParseError, text: string): string {
  const words = printParseErrorCode(error)
    .replace(/([a-z])([A-Z])/gu, "$1 $2")
    .toLowerCase();
  const found = text.slice(offset, offset + Math.min(Math.max(length, 1), MAX_FOUND));
  return `${words}; found ${found === "" ? "the end of the file" : JSON.stringify(found)}`;
}

/** The first key that repeats an earlier one of its object: such a value would be lost silently. */
function findTwice(node: Node): Node | undefined {
  const open: Node[] = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const keys = new Set<unknown>();
    for (const property of next.type === "object" ? (next.children ?? []) : []) {
      const [key] = property.children ?? [];
      if (key && keys.has(key.value)) return key;
      keys.add(key?.value);
    }
    open.push(...(next.children ?? []));
  }
  return undefined;
}
