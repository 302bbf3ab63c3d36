import { readFile } from "node:fs/promises";
import type { z } from "zod";
import type { ErrorCode } from "../core/errors.js";
import { OrchestratorError } from "../core/errors.js";
import { formatProblem } from "../core/problem.js";
import { shapeOf } from "../core/shape.js";
import { shown } from "./shown.js";

/** The value of a JSON file. `file_not_found`, or `file_malformed` with file, line, column and what was found there. */
export async function readJsonFile(path: string, shownAs: string = shown(path)): Promise<unknown> {
  const text = await readText(path, shownAs);
  const { parseJson } = await import("./parse-json.js");
  return parseJson(text, shownAs);
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
