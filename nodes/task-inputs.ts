import type { BoardConflict, BoardSource } from "../core/blackboard.js";
import { mergeBoard, standingOutput } from "../core/blackboard.js";
import { boardSource } from "../core/board-source.js";
import { isJsonObject } from "../core/define-agent.js";
import type { Json, JsonObject } from "../core/digest.js";
import { digestOf } from "../core/digest.js";
import { TaskFailure } from "../core/errors.js";
import type { Scope } from "../core/expression.js";
import { evaluate, rootsOf } from "../core/expression.js";
import type { Task, TaskInput } from "../core/mission.js";
import type { Plan } from "../core/plan.js";
import { restsOn, standingFor } from "../core/plan.js";
import { expressionsOfResource } from "../core/resource.js";
import type { RunSession } from "../core/session.js";

/** What one task works from: fixed once its inputs have settled. */
export interface TaskMaterial {
  readonly arrived: readonly string[];
  readonly board: JsonObject;
  readonly conflicts: readonly BoardConflict[];
  /** For CEL: `case`, `blackboard` and the outputs that came of the tasks that this one names and rests on. */
  readonly scope: Scope;
  /** Of the case and of every result used: another digest means other inputs. */
  readonly digest: string;
}

/** Collects what the task works from, given which of its dependencies count as come. */
export function gather(session: RunSession, plan: Plan, task: Task, arrived: readonly string[]): TaskMaterial {
  const source = boardSource(session, plan);
  const named = namesIn(plan, task);
  const readsFurther = task.reads.length > 0 || named.some((id) => !task.dependsOn.includes(id));
  // Walking through all that stands before a task is for those that read it: else long missions would take quadratic time.
  const before = readsFurther ? restsOn(plan, task, arrived, source.stateOf) : new Set(task.dependsOn);
  const known = task.reads.length > 0 ? mergeBoard(source, before) : { board: {}, conflicts: [] };
  const visible = Object.fromEntries(
    task.reads.filter((key) => key in known.board).map((key) => [key, known.board[key]]),
  );
  const isAbsent = (id: string): boolean => !before.has(id) || (task.dependsOn.includes(id) && !arrived.includes(id));
  const outputs: Record<string, Json> = {};
  for (const id of named) {
    const output = isAbsent(id) ? undefined : standingOutput(source, id);
    if (output !== undefined) outputs[id] = output;
  }
  const writers = task.reads.length > 0 ? [...before].filter((id) => (plan.byId.get(id)?.writes.length ?? 0) > 0) : [];
  const used = [...new Set([...named, ...writers])].sort();
  return {
    arrived,
    board: visible,
    conflicts: known.conflicts.filter((conflict) => task.reads.includes(conflict.key)),
    scope: { case: session.run.caseData, blackboard: visible, ...outputs },
    digest: digestOf([
      session.run.caseDigest,
      used.map((id) => [id, isAbsent(id) ? null : (resultDigestOf(source, session, id) ?? null)]),
    ]),
  };
}

const names = new WeakMap<Task, readonly string[]>();

/** The tasks that this one can read by name: its dependencies, and whatever its references and expressions begin with. */
function namesIn(plan: Plan, task: Task): readonly string[] {
  const known = names.get(task);
  if (known) return known;
  const inputs = [...Object.values(task.inputs ?? {}), ...(task.forEach ? [task.forEach.list] : [])];
  const expressions = [
    ...inputs.flatMap((input) => (input.from === "cel" ? [input.expression] : [])),
    ...(task.resources ?? []).flatMap(expressionsOfResource),
    ...[task.when, ...(task.route ?? []).map((entry) => entry.when)].filter((when) => when !== undefined),
  ];
  const paths = inputs.flatMap((input) => (input.from === "reference" ? [input.path.split(".")[0] ?? ""] : []));
  const roots = [...paths, ...expressions.flatMap((expression) => [...rootsOf(expression).keys()])];
  const made = [...new Set([...task.dependsOn, ...roots.filter((root) => plan.byId.has(root))])];
  names.set(task, made);
  return made;
}

function resultDigestOf(source: BoardSource, session: RunSession, taskId: string): string | undefined {
  return session.task(standingFor(source.plan, taskId, source.stateOf)).resultDigest;
}

/** The inputs as the skill gets them. Throws a `contract` failure when a needed one is absent. */
export function toInputs(task: Task, scope: Scope): JsonObject {
  if (!task.inputs) {
    const needs = task.dependsOn.filter((id) => scope[id] !== undefined);
    return { case: asJson(scope["case"]), ...Object.fromEntries(needs.map((id) => [id, asJson(scope[id])])) };
  }
  const inputs: Record<string, Json> = {};
  for (const [name, input] of Object.entries(task.inputs)) {
    const value = resolveInput(task, name, input, scope);
    if (value === undefined) continue;
    if (name !== "*") inputs[name] = value;
    else if (isJsonObject(value)) Object.assign(inputs, value);
    else
      throw new TaskFailure(
        "contract",
        `Task ${task.id}: the input "*" needs an object, but ${describe(input)} is ${JSON.stringify(value)}.`,
      );
  }
  return inputs;
}

/** The value of one input; `undefined` when an optional one is absent. */
export function resolveInput(task: Task, name: string, input: TaskInput, scope: Scope): Json | undefined {
  if (input.from === "value") return input.value;
  if (input.from === "cel") return evaluate(input.expression, scope);
  const value = follow(input.path, scope);
  if (value === undefined && !input.optional) {
    throw new TaskFailure(
      "contract",
      `Task ${task.id}: its input "${name}" (${input.path}) is absent. Mark it with "?" if it may be.`,
    );
  }
  return value;
}

function follow(path: string, scope: Scope): Json | undefined {
  let value: Json | undefined = asJson(scope);
  for (const step of path.split(".")) {
    if (isJsonObject(value)) value = value[step];
    else if (Array.isArray(value) && /^\d+$/u.test(step)) value = value[Number(step)];
    else return undefined;
  }
  return value;
}

function describe(input: TaskInput): string {
  return input.from === "reference" ? input.path : input.from;
}

/** A scope holds JSON only: the case, the board and outputs that were parsed or stored as JSON. */
function asJson(value: unknown): Json {
  return value as Json; // safe: see above
}
