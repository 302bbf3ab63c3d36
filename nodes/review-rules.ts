import { mergeBoard } from "../core/blackboard.js";
import { boardSource } from "../core/board-source.js";
import type { Json } from "../core/digest.js";
import type { Scope } from "../core/expression.js";
import { ExpressionError, evaluate, evaluateBoolean, fillIn, rootsOf } from "../core/expression.js";
import { isKept } from "../core/kpi.js";
import type { Plan } from "../core/plan.js";
import type { RunSession } from "../core/session.js";
import { runFigures } from "./figures.js";

/** One rule across tasks that does not hold. */
export interface Breach {
  readonly ruleId: string;
  readonly reason: string;
  readonly sendBack: string;
}

/** Rules about tasks that were skipped do not apply. */
export function findBreaches(session: RunSession, plan: Plan, now: Date): readonly Breach[] {
  const scope = reviewScope(session, plan, now);
  const rules = session.mission.review.flatMap((rule): Breach[] => {
    if (!applies(rule.that, scope, plan) || holds(rule.that, scope)) return [];
    return [{ ruleId: rule.id, reason: fillIn(rule.reason, scope), sendBack: rule.sendBack }];
  });
  const limits = session.mission.limits.flatMap((limit): Breach[] => {
    if (limit.sendBack === undefined || limit.measure === undefined || limit.known === "later") return [];
    if (!applies(limit.measure, scope, plan)) return [];
    const actual = valueOrProblem(limit.measure, scope);
    if (typeof actual === "number" && isKept(limit, actual)) return [];
    const found = typeof actual === "string" ? actual : JSON.stringify(actual);
    const reason = `${limit.id} is ${found}, but ${limit.op} ${limit.value} is needed.`;
    return [{ ruleId: limit.id, reason, sendBack: limit.sendBack }];
  });
  return [...rules, ...limits];
}

function reviewScope(session: RunSession, plan: Plan, now: Date): Scope {
  const all = new Set(plan.tasks.map((task) => task.id));
  const outputs = Object.fromEntries(
    [...all].map((id) => [id, session.output(id)]).filter(([, output]) => output !== undefined),
  );
  const { board } = mergeBoard(boardSource(session, plan), all);
  return {
    ...outputs,
    case: session.run.caseData,
    blackboard: board,
    run: runFigures(session.run, session.tasks(), session.requests(), now),
  };
}

function applies(expression: string, scope: Scope, plan: Plan): boolean {
  return [...rootsOf(expression).keys()].every((root) => !plan.byId.has(root) || scope[root] !== undefined);
}

/** What cannot be measured is a breach that says why, never an end of the review. */
function valueOrProblem(expression: string, scope: Scope): Json {
  try {
    return evaluate(expression, scope);
  } catch (error) {
    if (error instanceof ExpressionError) return `not to be measured (${error.message})`;
    throw error;
  }
}

function holds(expression: string, scope: Scope): boolean {
  try {
    return evaluateBoolean(expression, scope);
  } catch (error) {
    if (error instanceof ExpressionError) return false;
    throw error;
  }
}
