import type { JSONVisitor, ParseError } from "jsonc-parser";
import { printParseErrorCode, visit } from "jsonc-parser";
import { OrchestratorError } from "../core/errors.js";

const STRICT = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false };
const MAX_FOUND = 20;

/** Strict JSON: no comments, no trailing commas, no key twice. A byte order mark at the start is passed over. */
export function parseJson(text: string, shownAs: string): unknown {
  const json = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const { error, twice } = faultsOf(json, shownAs);
  if (error) throw malformed(json, error.offset, shownAs, sayParseError(error, json));
  if (twice) throw malformed(json, twice.offset, shownAs, `the key ${twice.key} stands twice in one object`);
  const value: unknown = JSON.parse(json);
  return value;
}

/** The first syntax error, and the first key that repeats an earlier one of its object: such a value would be lost silently. */
function faultsOf(json: string, shownAs: string) {
  const found: { error?: ParseError; twice?: { readonly key: string; readonly offset: number } } = {};
  const open: Set<string>[] = [];
  const visitor: JSONVisitor = {
    onError: (error, offset, length) => {
      found.error ??= { error, offset, length };
    },
    onObjectBegin: () => void open.push(new Set()),
    onObjectEnd: () => void open.pop(),
    onObjectProperty: (key, offset) => {
      const keys = open.at(-1);
      if (keys?.has(key)) found.twice ??= { key: JSON.stringify(key), offset };
      keys?.add(key);
    },
  };
  try {
    visit(json, visitor, STRICT);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause; // the parser calls itself for each level
    throw malformed(json, 0, shownAs, "lists and objects are nested too deep");
  }
  return found;
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
