import { Environment } from "@marcbachmann/cel-js";
import { median } from "simple-statistics";
import type { Json } from "./digest.js";
import { addMatches, patternFaultIn } from "./match-calls.js";

/** What an expression is evaluated over: JSON values by name. */
export type Scope = Readonly<Record<string, unknown>>;

/** One problem of an expression, with its 1-based column. */
export interface ExpressionProblem {
  readonly column: number;
  readonly message: string;
}

/** Raised when an expression cannot be evaluated; the message names the expression, the column and what to do. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
  readonly column: number;

  constructor(expression: string, problem: ExpressionProblem, options?: ErrorOptions) {
    super(`CEL "${expression}", column ${problem.column}: ${problem.message}`, options);
    this.column = problem.column;
  }
}

const HOUR_MS = 3_600_000;
const MAX_COMPILED = 5_000;
const OPENING_HOUR = 9;
const CLOSING_HOUR = 17;

const environment = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false })
  .registerFunction(
    "hours_between(dyn, dyn): double",
    (from: unknown, to: unknown) => (toMs(to) - toMs(from)) / HOUR_MS,
  )
  .registerFunction(
    "days_between(dyn, dyn): double",
    (from: unknown, to: unknown) => (toMs(to) - toMs(from)) / (24 * HOUR_MS),
  )
  .registerFunction("business_hours_between(dyn, dyn): double", (from: unknown, to: unknown) =>
    businessHours(toMs(from), toMs(to)),
  )
  .registerFunction("median(list): double", (values: unknown[]) => medianOf(values));
addMatches(environment);

const compiled = new Map<string, ReturnType<typeof environment.parse>>();

/**
 * The value of a CEL expression over JSON values. CEL's ints come back as numbers. Throws `ExpressionError`. A name that
 * the scope lacks is null to an expression that provides for absence, such as a task that was skipped.
 */
export function evaluate(expression: string, scope: Scope): Json {
  try {
    const absent = providesForAbsence(expression) ? [...rootsOf(expression).keys()].map((root) => [root, null]) : [];
    return toJsonValue(parse(expression)({ ...Object.fromEntries(absent), ...scope }));
  } catch (cause) {
    throw cause instanceof ExpressionError ? cause : new ExpressionError(expression, toProblem(cause), { cause });
  }
}

/** True for an expression that asks whether something is there: by `has(…)`, or by comparing with `null`. */
export function providesForAbsence(expression: string): boolean {
  return /\bhas\(|[=!]=\s*null\b|\bnull\s*[=!]=/u.test(expression);
}

/** As `evaluate`, for expressions that must give true or false. */
export function evaluateBoolean(expression: string, scope: Scope): boolean {
  const value = evaluate(expression, scope);
  if (typeof value === "boolean") return value;
  throw new ExpressionError(expression, {
    column: 1,
    message: `gives ${JSON.stringify(value)}, but true or false is needed.`,
  });
}

/** Syntax and type check without evaluating: nothing when the expression is good. */
export function checkExpression(expression: string): ExpressionProblem | undefined {
  try {
    const made = parse(expression);
    const result = made.check();
    return result.valid ? patternFaultIn(made.ast) : toProblem(result.error);
  } catch (error) {
    return toProblem(error instanceof ExpressionError ? error.cause : error);
  }
}

/** The names that an expression reads at its root (`T1`, `case`, `run`), and for each the fields read directly of it. */
export function rootsOf(expression: string): ReadonlyMap<string, ReadonlySet<string>> {
  const roots = new Map<string, Set<string>>();
  visit(parse(expression).ast, new Set(), roots);
  return roots;
}

/** Fills each `{{ <CEL> }}` of a text from the scope; what cannot be evaluated shows as `(unknown)`. */
export function fillIn(text: string, scope: Scope): string {
  return text.replace(/\{\{(.+?)\}\}/gu, (_, expression: string) => {
    try {
      const value = evaluate(expression.trim(), scope);
      return typeof value === "string" ? value : JSON.stringify(value);
    } catch {
      return "(unknown)";
    }
  });
}

/** The expressions inside the `{{ }}` of a text. */
export function expressionsIn(text: string): readonly string[] {
  return [...text.matchAll(/\{\{(.+?)\}\}/gu)].map((match) => (match[1] ?? "").trim());
}

function parse(expression: string) {
  const known = compiled.get(expression);
  if (known) return known;
  try {
    const made = environment.parse(expression);
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    compiled.set(expression, made);
    return made;
  } catch (cause) {
    throw new ExpressionError(expression, toProblem(cause), { cause });
  }
}

interface Node {
  readonly op: string;
  readonly args: unknown;
}

/** Comprehension macros bind a name: `list.exists(x, …)` does not read a root called `x`. */
const MACROS = new Set(["all", "exists", "exists_one", "filter", "map"]);

function visit(node: unknown, bound: ReadonlySet<string>, roots: Map<string, Set<string>>): void {
  if (Array.isArray(node)) {
    for (const child of node) visit(child, bound, roots);
    return;
  }
  if (!isNode(node)) return;
  if (node.op === "id" && typeof node.args === "string") {
    if (!bound.has(node.args) && !roots.has(node.args)) roots.set(node.args, new Set());
    return;
  }
  if (node.op === "rcall" && Array.isArray(node.args) && MACROS.has(String(node.args[0]))) {
    const [, receiver, callArgs] = node.args as [string, unknown, unknown[]]; // safe: the parser's own shape of a receiver call
    visit(receiver, bound, roots);
    const [variable, ...rest] = callArgs;
    const name = isNode(variable) && variable.op === "id" ? String(variable.args) : "";
    visit(rest, new Set([...bound, name]), roots);
    return;
  }
  const field = fieldOf(node);
  visit(node.args, bound, roots);
  if (field && !bound.has(field.root)) roots.get(field.root)?.add(field.name);
}

function fieldOf(node: Node): { root: string; name: string } | undefined {
  if (!node.op.startsWith(".") && !node.op.startsWith("[")) return undefined;
  if (!Array.isArray(node.args)) return undefined;
  const [object, key] = node.args as [unknown, unknown]; // safe: the parser's own shape of an access
  if (!isNode(object) || object.op !== "id") return undefined;
  const name = typeof key === "string" ? key : isNode(key) && key.op === "value" ? String(key.args) : undefined;
  return name === undefined ? undefined : { root: String(object.args), name };
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

function toJsonValue(value: unknown): Json {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date) return value.toISOString();
  if (value === undefined) return null;
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, item]) => [String(key), toJsonValue(item)]));
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJsonValue(item)]));
  }
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean" || value === null)
    return value;
  throw new TypeError(`gives a ${typeof value}, which is not JSON.`);
}

function toProblem(error: unknown): ExpressionProblem {
  const message = error instanceof Error ? (error.message.split("\n")[0] ?? error.message) : String(error);
  const start = (error as { range?: { start?: number }; node?: { start?: number; pos?: number } } | undefined) ?? {}; // safe: every field is optional and checked below
  const at = start.range?.start ?? start.node?.start ?? start.node?.pos ?? 0;
  return { column: at + 1, message };
}

function toMs(value: unknown): number {
  const ms = value instanceof Date ? value.getTime() : typeof value === "string" ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw new TypeError(`${JSON.stringify(value)} is no moment: an ISO 8601 text is needed.`);
  return ms;
}

function medianOf(values: readonly unknown[]): number {
  if (values.length === 0) throw new TypeError("median of an empty list.");
  return median(values.map(Number));
}

/** Hours between two moments that fall on Monday to Friday, 09:00 to 17:00 UTC. */
function businessHours(from: number, to: number): number {
  if (to < from) return -businessHours(to, from);
  let total = 0;
  const day = new Date(from);
  day.setUTCHours(0, 0, 0, 0);
  for (let start = day.getTime(); start < to; start += 24 * HOUR_MS) {
    const weekday = new Date(start).getUTCDay();
    if (weekday === 0 || weekday === 6) continue;
    const opens = Math.max(from, start + OPENING_HOUR * HOUR_MS);
    const closes = Math.min(to, start + CLOSING_HOUR * HOUR_MS);
    total += Math.max(0, closes - opens);
  }
  return total / HOUR_MS;
}
