import { z } from "zod";
import type { Finding, Playbook } from "../core/define-agent.js";
import type { Json, JsonObject } from "../core/digest.js";
import { TaskFailure } from "../core/errors.js";
import { evaluateBoolean, fillIn } from "../core/expression.js";
import type { Task } from "../core/mission.js";
import { toJsonSchema } from "./playbook-context.js";

/** A result that broke its contract or one of the task's own rules; each finding goes word for word to the next attempt. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly findings: readonly Finding[];
  /** A result outside its contract can be used by nobody, so no person may accept it as it is. */
  readonly breaksContract: boolean;

  constructor(findings: readonly Finding[], breaksContract: boolean) {
    super(findings.map((finding) => finding.reason).join(" "));
    this.findings = findings;
    this.breaksContract = breaksContract;
  }
}

const contracts = new WeakMap<Task, z.ZodType | null>();

/** Inputs as the skill's schema reads them. Throws a `contract` failure that names every pointer. */
export function parseInputs(task: Task, playbook: Playbook, inputs: JsonObject): unknown {
  const parsed = playbook.input.safeParse(inputs);
  if (parsed.success) return parsed.data;
  throw new TaskFailure("contract", `Task ${task.id}: its inputs do not fit the skill ${playbook.skill}: ${issuesOf(parsed.error).join("; ")}`);
}

/** The output as the contracts read it: the skill's own (of the agent first in the row), then the task's. Throws `Refused`. */
export function parseOutput(task: Task, skill: Playbook | undefined, output: Json): Json {
  let value = output;
  // With for_each the skill's contract holds for each item, inside its own run; what is collected has the task's.
  if (skill && !task.forEach) value = parseWith(skill.output, value) as Json; // safe: skills' outputs are JSON by their schemas
  const contract = contractOf(task);
  return contract ? (parseWith(contract, value) as Json) : value; // safe: a JSON Schema accepts JSON only
}

/** Everything that the task's own rules find wrong with a result that fits its contract. */
export function findingsOf(task: Task, skill: Playbook | undefined, result: { output: Json; inputs: JsonObject; caseData: JsonObject }): Finding[] {
  const findings: Finding[] = [];
  const { output, inputs, caseData } = result;
  if (skill?.check && !task.forEach) {
    const parsed = skill.input.safeParse(inputs);
    if (parsed.success) findings.push(...skill.check(output, parsed.data, caseData));
  }
  const scope = { output, inputs, case: caseData };
  for (const check of task.checks) {
    if (evaluateBoolean(check.that, scope)) continue;
    findings.push({ checkId: check.id, field: check.field, reason: fillIn(check.reason, scope) });
  }
  return findings;
}

/** JSON Schema of what the task's result must look like: for people who give or edit one. */
export function contractSchema(task: Task, skill: Playbook | undefined): JsonObject {
  if (task.output) return task.output;
  return skill && !task.forEach ? toJsonSchema(skill.output) : {};
}

function contractOf(task: Task): z.ZodType | null {
  const known = contracts.get(task);
  if (known !== undefined) return known;
  const made = task.output ? z.fromJSONSchema(task.output) : null;
  contracts.set(task, made);
  return made;
}

function parseWith(schema: z.ZodType, value: Json): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const findings = parsed.error.issues.map((issue) => ({
    checkId: "contract",
    field: pointerOf(issue.path),
    reason: `The result breaks its contract at ${pointerOf(issue.path) || "its root"}: ${issue.message}.`,
  }));
  throw new Refused(findings, true);
}

function issuesOf(error: z.ZodError): string[] {
  return error.issues.map((issue) => `${pointerOf(issue.path) || "/"}: ${issue.message}`);
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
