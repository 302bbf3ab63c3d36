import { fieldsOf, jsonSchemaOf, playbooksFor, requiredOf, typesAt } from "./contract.js";
import type { Json, JsonObject } from "./digest.js";
import { didYouMean } from "./lookup.js";
import type { Task, TaskInput } from "./mission.js";
import { escapeKey } from "./problem.js";
import { verifyKey, verifyRead } from "./verify-reads.js";
import type { Subject } from "./verify-subject.js";

/** What one input gives its skill, as far as it can be known. */
interface Given {
  readonly pointer: string;
  readonly isOptional: boolean;
  readonly types: ReadonlySet<string> | undefined;
}

/** Handing over: what a task takes is there when it runs, and fits what its skill asks for. */
export function verifyInputs(subject: Subject): void {
  for (const [index, task] of subject.mission.tasks.entries()) {
    for (const [name, input] of Object.entries(task.inputs ?? {})) {
      if (input.from === "reference")
        verifyReference(subject, task, input, `/tasks/${index}/inputs/${escapeKey(name)}`);
    }
    if (task.forEach) verifyList(subject, task, task.forEach.list, `/tasks/${index}/for_each`);
    for (const [at, key] of task.reads.entries()) verifyKey(subject, task, key, `/tasks/${index}/reads/${at}`);
    verifyHandover(subject, task, index);
  }
}

function verifyReference(
  subject: Subject,
  reader: Task,
  { path, optional }: TaskInput & { from: "reference" },
  pointer: string,
): void {
  const [root = "", ...rest] = path.split(".");
  if (root !== "case" && root !== "blackboard" && !subject.tasks.has(root)) {
    const hint =
      root === "run"
        ? " Only KPIs and limits may read run."
        : didYouMean(root, ["case", "blackboard", ...subject.tasks.keys()]);
    subject.report(
      "unknown_name",
      pointer,
      `"${path}" begins with "${root}", which is neither a task nor case nor blackboard.${hint}`,
    );
  }
  verifyRead(subject, reader, { root, path: rest, isOptional: optional, pointer });
  if (root === "case" && !optional && subject.sampleCase && valueAt(subject.sampleCase, rest) === undefined) {
    subject.report("input_may_be_absent", pointer, `the first sample case has no "${rest.join(".")}".`, {
      severity: "warning",
    });
  }
}

function verifyList(subject: Subject, task: Task, list: TaskInput, pointer: string): void {
  if (list.from !== "reference") return;
  verifyReference(subject, task, list, pointer);
  const types = typesOf(subject, list);
  if (types && !types.has("array"))
    subject.report("input_type", pointer, `for_each needs a list, but ${list.path} is ${[...types].join(" or ")}.`);
}

/** Against the input contract of every agent that may do the task. */
function verifyHandover(subject: Subject, task: Task, index: number): void {
  const { given, isOpen } = givenTo(subject, task, index);
  const at = `/tasks/${index}/${task.inputs ? "inputs" : "skill"}`;
  for (const { agent, playbook } of playbooksFor(task, subject.agents)) {
    const schema = jsonSchemaOf(playbook.input, "input");
    const accepted = fieldsOf(schema);
    const who = `the skill ${task.skill} of ${agent.slug}`;
    if (schema["additionalProperties"] === false) {
      for (const [name, { pointer }] of given) {
        if (accepted.includes(name)) continue;
        subject.report(
          "input_not_accepted",
          pointer,
          `${who} takes no input "${name}".${didYouMean(name, accepted)} It takes: ${accepted.join(", ") || "nothing"}.`,
        );
      }
    }
    for (const name of requiredOf(schema)) {
      const input = given.get(name);
      if (!input && !isOpen)
        subject.report("input_missing", at, `${who} needs the input "${name}", which ${task.id} does not get.`);
      else if (input?.isOptional)
        subject.report(
          "input_may_be_absent",
          input.pointer,
          `${who} needs the input "${name}", so it must not be marked with "?".`,
        );
    }
    for (const [name, input] of given) verifyType(subject, schema, name, input, who);
  }
}

function verifyType({ report }: Subject, schema: JsonObject, name: string, input: Given, who: string): void {
  const wanted = typesAt([schema], [name]);
  if (!wanted || !input.types || [...input.types].some((type) => wanted.has(type))) return;
  report(
    "input_type",
    input.pointer,
    `${who} needs "${name}" to be ${[...wanted].join(" or ")}, but gets ${[...input.types].join(" or ")}.`,
  );
}

/** The inputs by name; `isOpen` when more may come that nothing tells of. */
function givenTo(subject: Subject, task: Task, index: number): { given: Map<string, Given>; isOpen: boolean } {
  const given = new Map<string, Given>();
  let isOpen = false;
  const base = `/tasks/${index}`;
  const always = (pointer: string, types?: readonly string[]): Given => ({
    pointer,
    isOptional: false,
    types: types && new Set(types),
  });
  if (!task.inputs) {
    given.set("case", always(`${base}/skill`, ["object"]));
    for (const id of task.dependsOn) {
      const isOptional = !subject.dependencies.isSurelyDone(id, task.id);
      given.set(id, { pointer: `${base}/depends_on/${task.dependsOn.indexOf(id)}`, isOptional, types: undefined });
    }
  }
  for (const [name, input] of Object.entries(task.inputs ?? {})) {
    const pointer = `${base}/inputs/${escapeKey(name)}`;
    const isOptional = input.from === "reference" && input.optional;
    if (name !== "*") given.set(name, { pointer, isOptional, types: typesOf(subject, input) });
    else isOpen = spread(subject, input, pointer, given) || isOpen;
  }
  if (task.forEach) {
    given.set("item", always(`${base}/for_each`));
    given.set("index", always(`${base}/for_each`, ["number"]));
  }
  return { given, isOpen };
}

/** Adds the fields of a whole result; true when it may have more than its contract names. */
function spread(subject: Subject, input: TaskInput, pointer: string, given: Map<string, Given>): boolean {
  const producer = input.from === "reference" ? subject.tasks.get(input.path) : undefined;
  if (!producer) return true;
  const contract = subject.contractOf(producer);
  for (const field of contract.fields) {
    const isOptional = (input.from === "reference" && input.optional) || contract.rulingOn([field]) !== "has";
    if (!given.has(field)) given.set(field, { pointer, isOptional, types: contract.typesOf([field]) });
  }
  return !contract.isClosed;
}

function typesOf(subject: Subject, input: TaskInput): ReadonlySet<string> | undefined {
  if (input.from === "value") return new Set([typeName(input.value)]);
  if (input.from === "cel") return undefined;
  const [root = "", ...path] = input.path.split(".");
  const producer = subject.tasks.get(root);
  if (producer) return subject.contractOf(producer).typesOf(path);
  return root === "case" && path.length === 0 ? new Set(["object"]) : undefined;
}

function typeName(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function valueAt(value: JsonObject, path: readonly string[]): unknown {
  // Safe: every object and list can be read by string keys.
  return path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    value,
  );
}
