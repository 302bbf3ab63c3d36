import type { Environment } from "@marcbachmann/cel-js";
import { isFound, patternFault } from "./pattern.js";

/** What the parser gives a macro; the library's declarations leave it open. */
interface MacroCall {
  readonly ast: { clone(op: object, args: unknown): unknown };
  readonly receiver: unknown;
  readonly args: readonly unknown[];
}

interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly start?: number;
}

/**
 * Gives CEL our `matches(text, pattern)`, which always ends. CEL's own form `text.matches(pattern)`, whose patterns can
 * run for ever, comes to stand for the same.
 */
export function addMatches(environment: Environment): void {
  environment.registerFunction("matches(string, string): bool", (text: string, pattern: string) =>
    isFound(pattern, text),
  );
  // Safe: the parser's nodes carry what checks and evaluates them, beside what their type declares.
  const { op: name, meta } = environment.parse("matches('a', 'a')").ast as unknown as { op: string; meta: object };
  // A macro counts for receivers of every type; that of its declaration must be one that CEL's own form does not have.
  environment.registerFunction("int.matches(ast): bool", ({ ast, receiver, args }: MacroCall) => ({
    callAst: ast.clone({ name, ...meta }, ["matches", [receiver, ...args]]),
  }));
}

/** The first pattern written out in an expression that cannot be used, by its 1-based column. */
export function patternFaultIn(node: unknown): { column: number; message: string } | undefined {
  if (Array.isArray(node)) {
    for (const each of node) {
      const fault = patternFaultIn(each);
      if (fault) return fault;
    }
    return undefined;
  }
  if (!isNode(node)) return undefined;
  const written = patternOf(node);
  const message = typeof written?.args === "string" ? patternFault(written.args) : undefined;
  return message === undefined ? patternFaultIn(node.args) : { column: (written?.start ?? 0) + 1, message };
}

/** The pattern of `matches` in both its forms, where it is written out. */
function patternOf({ op, args }: Node): Node | undefined {
  if (!Array.isArray(args) || args[0] !== "matches" || (op !== "call" && op !== "rcall")) return undefined;
  const given: unknown = op === "rcall" ? args[2] : args[1];
  const last: unknown = Array.isArray(given) ? given.at(-1) : undefined;
  return isNode(last) && last.op === "value" ? last : undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}
