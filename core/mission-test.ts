import type { TestDecision } from "./case-expectation.js";
import type { Json, JsonObject } from "./digest.js";
import { checkExpression, ExpressionError, evaluate, evaluateBoolean, rootsOf } from "./expression.js";
import { didYouMean } from "./lookup.js";
import { escapeKey } from "./problem.js";
import type { RunStatus } from "./run.js";

/** One expression of a case's `expect`, and what became of it. */
export interface ExpectationView {
  readonly name: string;
  readonly expression: string;
  readonly ok: boolean;
  /** Why it could not be evaluated. */
  readonly error: string | null;
  /** What it reads, by path, when it is not true. */
  readonly values: Readonly<Record<string, Json>>;
}

/** What keeps a case from being tested, by JSON pointer into it. */
export interface CaseFault {
  readonly pointer: string;
  readonly message: string;
}

export interface CaseTestView {
  readonly case_id: string;
  readonly title: string;
  readonly ok: boolean;
  /** None when the case could not be tested. */
  readonly status: RunStatus | null;
  readonly duration_ms: number;
  /** Why the case could not be tested; empty for one that was. */
  readonly faults: readonly CaseFault[];
  readonly expectations: readonly ExpectationView[];
  /** Questions that nobody answered. */
  readonly open_questions: readonly string[];
  /** Tools that would have changed the world: they were recorded, not run. */
  readonly not_run: readonly string[];
}

/** What `mission test` came to, for one version of a mission. */
export interface MissionTestView {
  readonly mission_id: string;
  readonly slug: string;
  readonly mission: string;
  readonly mission_version: string;
  readonly ok: boolean;
  readonly passed: number;
  readonly failed: number;
  /** Cases that could not be tested as they are written; neither passed nor failed. */
  readonly misshapen: number;
  readonly cases: readonly CaseTestView[];
}

/** What the expressions of `expect` read. */
export interface TestScope {
  readonly status: JsonObject;
  readonly report: JsonObject | null;
  readonly effects: readonly JsonObject[];
  readonly questions: readonly JsonObject[];
  readonly case: JsonObject;
}

const MAX_SHOWN = 400;
const ROOTS = ["status", "report", "effects", "questions", "case"] satisfies (keyof TestScope)[];
const PATHS = /\b(?:status|report|effects|questions|case)(?:\.\w+\b(?!\()|\[\d+\])*/gu;

type Expressions = readonly string[] | Readonly<Record<string, string>>;

/** What can be true of no run: CEL that cannot be read, or that reads what is never there. By pointer into the case. */
export function expressionFaults(that: Expressions): readonly CaseFault[] {
  return Object.entries(that).flatMap(([key, expression]) => {
    const message = expressionFault(expression);
    return message === undefined ? [] : [{ pointer: `/expect/that/${escapeKey(key)}`, message }];
  });
}

function expressionFault(expression: string): string | undefined {
  const problem = checkExpression(expression);
  if (problem) return `CEL "${expression}", column ${problem.column}: ${problem.message}`;
  const unknown = [...rootsOf(expression).keys()].find((root) => !ROOTS.some((known) => known === root));
  if (unknown === undefined) return undefined;
  const column = expression.indexOf(unknown) + 1;
  const hint = `${didYouMean(unknown, ROOTS)} It can read ${ROOTS.join(", ")}.`;
  return `CEL "${expression}", column ${column}: there is no "${unknown}".${hint}`;
}

/** Evaluates each expression; one that cannot be evaluated over this run is not true, and says why, with its column. */
export function judge(that: Expressions, scope: TestScope): readonly ExpectationView[] {
  return Object.entries(that).map(([key, expression]) =>
    judgeOne(Array.isArray(that) ? String(Number(key) + 1) : key, expression, scope),
  );
}

function judgeOne(name: string, expression: string, scope: TestScope): ExpectationView {
  const view = { name, expression, ok: false, error: null };
  try {
    if (evaluateBoolean(expression, { ...scope })) return { ...view, ok: true, values: {} };
    return { ...view, values: valuesOf(expression, scope) };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { ...view, error: error.message, values: valuesOf(expression, scope) };
  }
}

/** What stands at each path that the expression names; texts in quotes are no paths. */
function valuesOf(expression: string, scope: TestScope): Readonly<Record<string, Json>> {
  const paths = new Set(expression.replaceAll(/"[^"]*"|'[^']*'/gu, "").match(PATHS) ?? []);
  const found = [...paths].map((path): [string, Json] => {
    try {
      return [path, shortened(evaluate(path, { ...scope }))];
    } catch (error) {
      if (error instanceof ExpressionError) return [path, "(not there)"];
      throw error;
    }
  });
  return Object.fromEntries(found);
}

function shortened(value: Json): Json {
  const text = JSON.stringify(value);
  return text.length <= MAX_SHOWN ? value : `${text.slice(0, MAX_SHOWN)}…`;
}

/** What the test's person says to a task's next question: as the case tells, in turn, else yes where that can be said. */
export function nextDecision(
  told: TestDecision | readonly TestDecision[] | undefined,
  alreadySaid: number,
  allowed: readonly string[],
): TestDecision {
  const list = told === undefined ? [] : Array.isArray(told) ? told : [told];
  const next: TestDecision | undefined = list[alreadySaid];
  return next ?? (allowed.includes("approve") ? { type: "approve" } : { type: "wait" });
}
