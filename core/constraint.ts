import type { BoardSource } from "./blackboard.js";
import { mergeBoard, standingOutput } from "./blackboard.js";
import { boardSource } from "./board-source.js";
import { toDependencies } from "./dependencies.js";
import type { Json } from "./digest.js";
import type { Scope } from "./expression.js";
import { ExpressionError, evaluateBoolean, expressionsIn, fillIn, rootsOf } from "./expression.js";
import type { Constraint, Mission } from "./mission.js";
import type { Plan } from "./plan.js";
import { toPlan } from "./plan.js";
import type { RunSession } from "./session.js";

/** Names that a constraint may read besides tasks: `tool` and `args` are those of the act about to be done. */
export const CONSTRAINT_NAMES = ["case", "blackboard", "args", "tool"];

/** An act that is about to be done. */
export interface IntendedAct {
  readonly taskId: string;
  readonly tool: string;
  readonly args: Json;
  /** The task's result, where it is the result that proposes the act; read under the task's own id. */
  readonly result?: Json;
}

const plans = new WeakMap<Mission, Plan>();
const sharers = new WeakMap<Mission, ReadonlyMap<string, readonly string[]>>();

/**
 * The first constraint of the mission that the act would break, with its message filled in, by what stands now. One that
 * cannot be evaluated is broken: nothing is done on a rule that nobody could read.
 */
export function brokenConstraint(
  session: Pick<RunSession, "mission" | "run" | "task" | "output" | "requests">,
  act: IntendedAct,
): { readonly constraintId: string; readonly reason: string } | undefined {
  const own = (session.mission.constraints ?? []).filter(({ tasks }) => tasks.includes(act.taskId));
  if (own.length === 0) return undefined;
  const source = boardSource(session, planOf(session.mission));
  for (const constraint of own) {
    const scope = scopeOf(constraint, source, act, session.run.caseData);
    const reason = whyBroken(constraint, scope);
    if (reason !== undefined) return { constraintId: constraint.id, reason };
  }
  return undefined;
}

function whyBroken({ holds, message }: Constraint, scope: Scope): string | undefined {
  try {
    return evaluateBoolean(holds, scope) ? undefined : fillIn(message, scope);
  } catch (error) {
    if (error instanceof ExpressionError) return `${fillIn(message, scope)} (${error.message})`;
    throw error;
  }
}

function scopeOf(constraint: Constraint, source: BoardSource, act: IntendedAct, caseData: Json): Scope {
  const outputs: Record<string, Json> = {};
  for (const id of readBy(constraint)) {
    if (!source.plan.byId.has(id)) continue;
    const output = id === act.taskId ? act.result : standingOutput(source, id);
    if (output !== undefined) outputs[id] = output;
  }
  const { board } = mergeBoard(source, new Set(source.plan.byId.keys()));
  return { case: caseData, blackboard: board, args: act.args, tool: act.tool, ...outputs };
}

/**
 * The constraints whose acts and results this task must not make while another of their tasks does, by id: the tasks
 * that a constraint names and those whose results it reads, where nothing else brings them into an order.
 */
export function constraintsSharedBy(mission: Mission, taskId: string): readonly string[] {
  const known = sharers.get(mission) ?? toSharers(mission);
  sharers.set(mission, known);
  return known.get(taskId) ?? [];
}

function toSharers(mission: Mission): ReadonlyMap<string, readonly string[]> {
  const made = new Map<string, string[]>();
  const { constraints = [], tasks } = mission;
  if (constraints.length === 0) return made;
  const { isAncestor } = toDependencies(tasks);
  for (const constraint of constraints) {
    const all = partiesOf(mission, constraint);
    for (const id of all) {
      const isLoose = all.some((other) => other !== id && !isAncestor(other, id) && !isAncestor(id, other));
      if (isLoose) made.set(id, [...(made.get(id) ?? []), constraint.id]);
    }
  }
  return made;
}

/** The tasks that a constraint names, and those whose results it reads by id or through the blackboard. */
function partiesOf({ tasks }: Mission, constraint: Constraint): readonly string[] {
  const roots = rootsOf(constraint.holds);
  const keys = roots.get("blackboard");
  const writers = tasks.filter(({ writes }) => keys && (keys.size === 0 || writes.some((key) => keys.has(key))));
  const wanted = new Set([...constraint.tasks, ...roots.keys(), ...writers.map(({ id }) => id)]);
  return tasks.map(({ id }) => id).filter((id) => wanted.has(id));
}

function readBy({ holds, message }: Constraint): ReadonlySet<string> {
  return new Set([holds, ...expressionsIn(message)].flatMap(rootsIn));
}

/** An expression in a message may be one that nobody can read: it shows as unknown. */
function rootsIn(expression: string): readonly string[] {
  try {
    return [...rootsOf(expression).keys()];
  } catch (error) {
    if (error instanceof ExpressionError) return [];
    throw error;
  }
}

function planOf(mission: Mission): Plan {
  const known = plans.get(mission) ?? toPlan(mission.tasks);
  plans.set(mission, known);
  return known;
}
