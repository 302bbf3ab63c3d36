import { CONSTRAINT_NAMES } from "./constraint.js";
import { fieldsOf, jsonSchemaOf, playbooksFor } from "./contract.js";
import { checkExpression, providesForAbsence, rootsOf } from "./expression.js";
import { didYouMean } from "./lookup.js";
import type { Constraint, Task } from "./mission.js";
import type { Subject } from "./verify-subject.js";

/** One constraint with where it stands and what it reads. */
interface Rule {
  readonly constraint: Constraint;
  readonly pointer: string;
  readonly roots: ReadonlyMap<string, ReadonlySet<string>>;
  /** True for one that provides for what is not known yet. */
  readonly isGuarded: boolean;
  /** The tasks that it names and that exist. */
  readonly named: readonly Task[];
}

/** Constraints are checked before an act: they name tasks that act, and read only what can be known by then. */
export function verifyConstraints(subject: Subject): void {
  const { constraints = [], tasks } = subject.mission;
  const seen = new Set<string>();
  for (const [index, constraint] of constraints.entries()) {
    const pointer = `/constraints/${index}`;
    if (seen.has(constraint.id))
      subject.report("duplicate_id", `${pointer}/constraint_id`, `two constraints are called "${constraint.id}".`);
    seen.add(constraint.id);
    verifyNamed(subject, constraint, pointer);
    if (checkExpression(constraint.holds)) continue; // the expression's own check says why
    const rule = {
      constraint,
      pointer,
      roots: rootsOf(constraint.holds),
      isGuarded: providesForAbsence(constraint.holds),
      named: tasks.filter(({ id }) => constraint.tasks.includes(id)),
    };
    for (const task of rule.named) verifyKnown(subject, rule, task);
    verifyArgs(subject, rule);
  }
  if (constraints.length === 0) return;
  for (const [index, { id }] of tasks.entries()) {
    if (id === "args" || id === "tool")
      subject.report(
        "reserved_name",
        `/tasks/${index}/task_id`,
        `"${id}" means the act in constraints; choose another task id.`,
      );
  }
}

function verifyNamed(subject: Subject, { id, tasks: named }: Constraint, pointer: string): void {
  const { tasks, report } = subject;
  for (const [at, name] of named.entries()) {
    const task = tasks.get(name);
    const where = `${pointer}/tasks/${at}`;
    if (!task) {
      report("unknown_task", where, `names "${name}", which no task is called.${didYouMean(name, tasks.keys())}`);
    } else if (playbooksFor(task, subject.agents).length > 0 && toolsOf(subject, task).length === 0) {
      const message = `${id} is never checked before ${name}: none of its tools has an effect.`;
      report("constraint_idle", where, message, { severity: "warning" });
    }
  }
}

/** What is read must stand, or be provided for, when this task acts. */
function verifyKnown(subject: Subject, rule: Rule, task: Task): void {
  for (const root of rule.roots.keys()) {
    const read = subject.tasks.get(root);
    if (read === task) verifyOwnResult(subject, rule, task);
    else if (read && !CONSTRAINT_NAMES.includes(root)) verifyOtherResult(subject, rule, task, read);
  }
  for (const key of rule.roots.get("blackboard") ?? []) verifyBoardKey(subject, rule, task, key);
}

/** A result that proposes its acts is there before them; a playbook that calls a tool is still at work. */
function verifyOwnResult(subject: Subject, { constraint, pointer }: Rule, task: Task): void {
  const caller = playbooksFor(task, subject.agents).find(({ playbook }) =>
    playbook.tools.some((tool) => hasEffect(subject, tool)),
  );
  if (!caller) return;
  const message = `${constraint.id} reads the result of ${task.id}, but the skill ${task.skill} of ${caller.agent.slug} acts before it has one; read args instead.`;
  subject.report("constraint_unknowable", `${pointer}/holds`, message);
}

function verifyOtherResult(subject: Subject, rule: Rule, task: Task, read: Task): void {
  const { dependencies, report } = subject;
  const { constraint, pointer, isGuarded, named } = rule;
  if (named.every(({ id }) => dependencies.isAncestor(id, read.id))) {
    const message = `${constraint.id} reads ${read.id}, which comes after ${named.map(({ id }) => id).join(", ")} and so is never known in time.`;
    report("constraint_unknowable", `${pointer}/holds`, message);
  } else if (!isGuarded && !dependencies.isSurelyDone(read.id, task.id)) {
    const message = `${constraint.id}: ${read.id} may not be done when ${task.id} acts. Provide for it (${read.id} == null || …), or add it to depends_on.`;
    report("constraint_unknowable", `${pointer}/holds`, message);
  }
}

function verifyBoardKey(subject: Subject, rule: Rule, task: Task, key: string): void {
  const { dependencies, report, writers } = subject;
  const { constraint, pointer, isGuarded, named } = rule;
  const ids = writers.get(key) ?? [];
  if (ids.every((id) => named.every((by) => by.id === id || dependencies.isAncestor(by.id, id)))) {
    const message = `${constraint.id} reads blackboard.${key}, which nobody has written before ${named.map(({ id }) => id).join(", ")}.`;
    report("constraint_unknowable", `${pointer}/holds`, message);
  } else if (!isGuarded && !ids.some((id) => dependencies.isSurelyDone(id, task.id))) {
    const message = `${constraint.id}: blackboard.${key} may not be written when ${task.id} acts. Provide for it: !has(blackboard.${key}) || ….`;
    report("constraint_unknowable", `${pointer}/holds`, message);
  }
}

/** The arguments that it reads are some of the tool's, for every tool that acts. */
function verifyArgs(subject: Subject, { constraint, pointer, roots, isGuarded, named }: Rule): void {
  const isToldApart = roots.has("tool");
  for (const field of roots.get("args") ?? []) {
    for (const task of named) {
      const tools = toolsOf(subject, task).map((tool) => ({ tool, fields: fieldsOfInput(subject, tool) }));
      const lacking = tools.filter(({ fields }) => fields && !fields.includes(field));
      const isCertain = lacking.length > 0 && (lacking.length === tools.length || !(isGuarded || isToldApart));
      if (!isCertain) continue;
      const [{ tool, fields = [] } = { tool: "" }] = lacking;
      const message = `${constraint.id} reads args.${field}, but ${tool}, which ${task.id} may call, has no such argument.${didYouMean(field, fields)}`;
      subject.report("no_such_field", `${pointer}/holds`, message);
    }
  }
}

/** The names of the tools with an effect by which the task acts, called or proposed, whoever does it. */
function toolsOf(subject: Subject, task: Task): readonly string[] {
  const names = playbooksFor(task, subject.agents).flatMap(({ playbook }) => [
    ...playbook.tools,
    ...(playbook.proposes ?? []).map(({ tool }) => tool),
  ]);
  return [...new Set(names)].filter((name) => hasEffect(subject, name));
}

/** A tool that nobody knows is told of elsewhere; here it may do anything. */
function hasEffect({ tools }: Subject, name: string): boolean {
  return tools.get(name)?.effect !== "reads";
}

function fieldsOfInput({ tools }: Subject, name: string): readonly string[] | undefined {
  const tool = tools.get(name);
  const schema = tool && jsonSchemaOf(tool.input, "input");
  return schema?.["additionalProperties"] === false ? fieldsOf(schema) : undefined;
}
