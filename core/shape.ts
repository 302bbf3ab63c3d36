import { z } from "zod";
import { didYouMean } from "./lookup.js";
import type { Place, Problem } from "./problem.js";
import { escapeKey, toPointer } from "./problem.js";

const MAX_SHOWN = 60;

/** Parsed, or every violation at once. */
export type Shaped<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Parses a JSON value; each violation names its place, what was found and what is allowed there. A schema whose own code
 * throws, or is async, fits nothing: the problem says so to its author.
 */
export function shapeOf<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  locate: (pointer: string) => Place = (pointer) => ({ pointer }),
): Shaped<z.output<Schema>> {
  const parsed = parsedBy(schema, value);
  if (parsed instanceof Error) {
    const message = `cannot be checked, because its schema breaks: ${parsed.message} A check of a schema answers at once, and never throws.`;
    return { ok: false, problems: [{ severity: "error", code: "file_shape", ...locate(""), message }] };
  }
  if (parsed.success) return { ok: true, value: parsed.data };
  const violations = parsed.error.issues.flatMap((issue) => toViolations(issue, value, schema));
  const problems = violations.map(({ path, message }): Problem => {
    return { severity: "error", code: "file_shape", ...locate(toPointer(path)), message };
  });
  return { ok: false, problems };
}

function parsedBy<Schema extends z.ZodType>(schema: Schema, value: unknown) {
  try {
    return schema.safeParse(value);
  } catch (error) {
    return error instanceof Error ? error : new Error("It threw what is no error.");
  }
}

interface Violation {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function toViolations(issue: z.core.$ZodIssue, root: unknown, schema: z.ZodType): readonly Violation[] {
  if (issue.code === "unrecognized_keys") {
    const allowed = fieldsAt(schema, issue.path);
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: `"${key}" is not a field here.${didYouMean(key, allowed)}${allowed.length > 0 ? ` Allowed: ${allowed.join(", ")}.` : ""}`,
    }));
  }
  if (issue.code === "invalid_union") {
    const deeper = bestBranch(issue);
    if (deeper)
      return deeper.flatMap((inner) => toViolations({ ...inner, path: [...issue.path, ...inner.path] }, root, schema));
  }
  const found = valueAt(root, issue.path);
  if (found === undefined) {
    return [{ path: issue.path, message: `${lastKey(issue.path)} is missing; ${allowedBy(issue)}.` }];
  }
  return [{ path: issue.path, message: `found ${show(found)}; ${allowedBy(issue)}.` }];
}

/** The branch of a union that the author most likely meant: one whose only faults lie deeper. */
function bestBranch(issue: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  const meant = issue.errors.filter(
    (branch) => branch.length > 0 && branch.every(({ code, path }) => path.length > 0 || code === "unrecognized_keys"),
  );
  return [...meant].sort((a, b) => a.length - b.length)[0];
}

function allowedBy(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return `allowed: ${issue.expected}`;
  if (issue.code === "invalid_value")
    return `allowed: ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
  if (issue.code === "invalid_union") {
    const kinds = issue.errors.flatMap((branch) => branch.map((inner) => allowedBy(inner).replace(/^allowed: /u, "")));
    return issue.message === "Invalid input"
      ? `allowed: ${[...new Set(kinds)].join(" or ")}`
      : `allowed: ${issue.message}`;
  }
  return `allowed: ${issue.message}`;
}

/** The fields that a schema declares at a path, through lists and records. */
function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let at: unknown = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  for (const key of path) {
    const node = asRecord(at);
    at =
      typeof key === "number"
        ? node?.["items"]
        : (asRecord(node?.["properties"])?.[String(key)] ?? node?.["additionalProperties"]);
  }
  const node = asRecord(at);
  const options = Array.isArray(node?.["anyOf"]) ? node["anyOf"] : [node];
  return options.flatMap((option) => Object.keys(asRecord(asRecord(option)?.["properties"]) ?? {}));
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => asRecord(value)?.[String(key)], root);
}

function lastKey(path: readonly PropertyKey[]): string {
  return path.length === 0 ? "the document" : `"${escapeKey(String(path.at(-1)))}"`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** Objects and lists by key; a list's keys are its indexes. */
function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  // Safe: every object can be read by string keys.
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
}
