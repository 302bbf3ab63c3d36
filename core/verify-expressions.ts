import { resolveReceivedAt } from "./case.js";
import { CONSTRAINT_NAMES } from "./constraint.js";
import { OrchestratorError } from "./errors.js";
import type { Scope } from "./expression.js";
import {
  checkExpression,
  ExpressionError,
  evaluate,
  expressionsIn,
  providesForAbsence,
  rootsOf,
} from "./expression.js";
import type { RunFigures } from "./kpi.js";
import { didYouMean } from "./lookup.js";
import type { Task } from "./mission.js";
import { escapeKey } from "./problem.js";
import { expressionsOfResource } from "./resource.js";
import { verifyField, verifyRead } from "./verify-reads.js";
import type { Subject } from "./verify-subject.js";

/** One CEL expression where it stands, with the names that it may read. */
interface Use {
  readonly expression: string;
  readonly pointer: string;
  /** What it must give. */
  readonly gives: "boolean" | "number" | "string" | "anything";
  /** Names besides tasks. */
  readonly names: readonly string[];
  /** `before`: tasks that `reader` depends on; `own`: those and itself; `all`: every task, at the end of the run. */
  readonly tasks: "none" | "before" | "own" | "all";
  readonly reader?: Task;
}

const SAMPLE_START = new Date("2026-03-02T09:00:00.000Z");
const SAMPLE_RUN: RunFigures = {
  started_at: SAMPLE_START.toISOString(),
  finished_at: "2026-03-02T17:00:00.000Z",
  steps: 1,
  cost_usd: 0,
  waited_for_people_hours: 0,
};
const RUN_FIELDS = Object.keys(SAMPLE_RUN);
const RESULT_NAMES = ["output", "inputs", "case"];
const TASK_NAMES = ["case", "blackboard"];

/** Every expression of a mission: it can be read, reads what is there, and the first sample case can answer it. */
export function verifyExpressions(subject: Subject): void {
  const sample = sampleScope(subject);
  for (const use of usesOf(subject)) {
    const problem = checkExpression(use.expression);
    if (problem) {
      const message = `CEL "${use.expression}", column ${problem.column}: ${problem.message}`;
      subject.report("expression_invalid", use.pointer, message, { column: problem.column });
      continue;
    }
    verifyRoots(subject, use);
    if (sample) verifyOnSample(subject, use, sample);
  }
}

function usesOf({ mission }: Subject): readonly Use[] {
  const end = { names: ["case", "run", "blackboard"], tasks: "all" } as const;
  const review = { names: TASK_NAMES, tasks: "all" } as const;
  const uses: Use[] = [
    { expression: mission.cases.title, pointer: "/cases/title", gives: "string", names: ["case"], tasks: "none" },
  ];
  for (const [index, { measure }] of mission.kpis.entries()) {
    if (measure !== undefined)
      uses.push({ expression: measure, pointer: `/kpis/${index}/measure`, gives: "number", ...end });
  }
  for (const [index, { measure }] of mission.limits.entries()) {
    if (measure !== undefined)
      uses.push({ expression: measure, pointer: `/limits/${index}/measure`, gives: "number", ...end });
  }
  for (const [index, { that, reason }] of mission.review.entries()) {
    uses.push({ expression: that, pointer: `/review/${index}/that`, gives: "boolean", ...review });
    for (const expression of expressionsIn(reason))
      uses.push({ expression, pointer: `/review/${index}/reason`, gives: "anything", ...review });
  }
  const constraint = { names: CONSTRAINT_NAMES, tasks: "all" } as const;
  for (const [index, { holds, message }] of (mission.constraints ?? []).entries()) {
    uses.push({ expression: holds, pointer: `/constraints/${index}/holds`, gives: "boolean", ...constraint });
    for (const expression of expressionsIn(message))
      uses.push({ expression, pointer: `/constraints/${index}/message`, gives: "anything", ...constraint });
  }
  return [...uses, ...mission.tasks.flatMap(usesOfTask)];
}

function usesOfTask(task: Task, index: number): readonly Use[] {
  const base = `/tasks/${index}`;
  const before = { names: TASK_NAMES, tasks: "before", reader: task } as const;
  const result = { names: RESULT_NAMES, tasks: "none", reader: task } as const;
  const uses: Use[] = [];
  for (const [at, resource] of (task.resources ?? []).entries()) {
    for (const expression of expressionsOfResource(resource))
      uses.push({ expression, pointer: `${base}/resources/${at}`, gives: "anything", ...before });
  }
  if (task.when !== undefined)
    uses.push({ expression: task.when, pointer: `${base}/when`, gives: "boolean", ...before });
  for (const [name, input] of Object.entries(task.inputs ?? {})) {
    if (input.from !== "cel") continue;
    uses.push({
      expression: input.expression,
      pointer: `${base}/inputs/${escapeKey(name)}/cel`,
      gives: "anything",
      ...before,
    });
  }
  const collect = task.forEach?.collect;
  if (typeof collect === "object") {
    uses.push({
      expression: collect.cel,
      pointer: `${base}/collect/cel`,
      gives: "anything",
      names: ["acc", "item"],
      tasks: "none",
    });
  }
  for (const [at, { when }] of (task.route ?? []).entries()) {
    if (when === undefined) continue;
    uses.push({
      expression: when,
      pointer: `${base}/route/${at}/when`,
      gives: "boolean",
      names: TASK_NAMES,
      tasks: "own",
      reader: task,
    });
  }
  if (task.approval.unless !== undefined) {
    uses.push({ expression: task.approval.unless, pointer: `${base}/approval/unless`, gives: "boolean", ...result });
  }
  for (const [at, { that, reason }] of task.checks.entries()) {
    uses.push({ expression: that, pointer: `${base}/checks/${at}/that`, gives: "boolean", ...result });
    for (const expression of expressionsIn(reason))
      uses.push({ expression, pointer: `${base}/checks/${at}/reason`, gives: "anything", ...result });
  }
  return uses;
}

function verifyRoots(subject: Subject, use: Use): void {
  const { tasks, mission, report } = subject;
  for (const [root, fields] of rootsOf(use.expression)) {
    const paths = fields.size > 0 ? [...fields].map((field) => [field]) : [[]];
    const producer = tasks.get(root);
    if (use.names.includes(root)) {
      for (const [field] of paths) if (field !== undefined) verifyName(subject, use, root, field);
    } else if (producer && use.tasks !== "none") {
      for (const path of paths) verifyTaskName(subject, use, producer, path);
    } else if (root === "run") {
      report(
        "unknown_name",
        use.pointer,
        `CEL "${use.expression}": may not read run: only what is measured at the end may.`,
      );
    } else {
      const known = [...use.names, ...(use.tasks === "none" ? [] : mission.tasks.map(({ id }) => id))];
      report(
        "unknown_name",
        use.pointer,
        `CEL "${use.expression}": there is no "${root}" here.${didYouMean(root, known)} It may read: ${use.names.join(", ")}${use.tasks === "none" ? "" : " and tasks by id"}.`,
      );
    }
  }
}

/** A guarded expression provides for what is absent; whether it does so rightly only a run can tell. */
function verifyTaskName(subject: Subject, use: Use, producer: Task, path: readonly string[]): void {
  const isOptional = providesForAbsence(use.expression);
  const read = { root: producer.id, path, isOptional, pointer: use.pointer };
  const isOwn = use.tasks === "own" && producer === use.reader;
  if (use.tasks === "all" || isOwn || !use.reader) verifyField(subject, producer, { ...read, isOptional: true });
  else verifyRead(subject, use.reader, read);
}

function verifyName(subject: Subject, use: Use, root: string, field: string): void {
  const { mission, report } = subject;
  const absent = (known: readonly string[]) =>
    report(
      "no_such_field",
      use.pointer,
      `CEL "${use.expression}": ${root} has no "${field}".${didYouMean(field, known)}`,
    );
  if (root === "run" && !RUN_FIELDS.includes(field)) absent(RUN_FIELDS);
  if (root === "blackboard" && use.tasks === "all" && !Object.hasOwn(mission.blackboard, field))
    absent(Object.keys(mission.blackboard));
  if (!use.reader) return;
  if (root === "blackboard")
    verifyRead(subject, use.reader, {
      root,
      path: [field],
      isOptional: providesForAbsence(use.expression),
      pointer: use.pointer,
    });
  if (root === "output") {
    verifyField(subject, use.reader, { root: use.reader.id, path: [field], isOptional: true, pointer: use.pointer });
  }
  const inputs = use.reader.inputs;
  if (
    root === "inputs" &&
    inputs &&
    !Object.hasOwn(inputs, "*") &&
    !Object.hasOwn(inputs, field) &&
    !use.reader.forEach
  )
    absent(Object.keys(inputs));
}

function sampleScope({ sampleCase, report }: Subject): Scope | undefined {
  if (!sampleCase) return undefined;
  try {
    return { case: resolveReceivedAt(sampleCase, SAMPLE_START), run: SAMPLE_RUN };
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    report("cases_unreadable", "/cases", error.message);
    return undefined;
  }
}

/** Only where the case and the run's figures are all that it reads. */
function verifyOnSample({ report }: Subject, use: Use, sample: Scope): void {
  const roots = [...rootsOf(use.expression).keys()];
  if (roots.some((root) => !(root in sample)) || !roots.every((root) => use.names.includes(root))) return;
  try {
    const value = evaluate(use.expression, sample);
    if (use.gives !== "anything" && typeof value !== use.gives) {
      report(
        "expression_type",
        use.pointer,
        `CEL "${use.expression}" gives ${JSON.stringify(value)} on the first sample case, but a ${use.gives} is needed.`,
      );
    }
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    report("expression_fails", use.pointer, `on the first sample case: ${error.message}`, { column: error.column });
  }
}
