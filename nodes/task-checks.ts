import { z } from "zod";
import type { BoardSource } from "../core/blackboard.js";
import { mergeBoard } from "../core/blackboard.js";
import { boardSource } from "../core/board-source.js";
import { jsonSchemaOf } from "../core/contract.js";
import type { Finding, Playbook } from "../core/define-agent.js";
import { isJsonObject } from "../core/define-agent.js";
import type { Json, JsonObject } from "../core/digest.js";
import { TaskFailure } from "../core/errors.js";
import type { Scope } from "../core/expression.js";
import { ExpressionError, evaluateBoolean, fillIn } from "../core/expression.js";
import type { Task } from "../core/mission.js";
import type { Plan } from "../core/plan.js";
import type { RunSession } from "../core/session.js";

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

const MAX_BOARD_BYTES = 64 * 1024;
const schemas = new WeakMap<JsonObject, z.ZodType>();

/** Inputs as the skill's schema reads them. Throws a `contract` failure that names every pointer. */
export function parseInputs(task: Task, playbook: Playbook, inputs: JsonObject): unknown {
  const parsed = playbook.input.safeParse(inputs);
  if (parsed.success) return parsed.data;
  throw new TaskFailure(
    "contract",
    `Task ${task.id}: its inputs do not fit the skill ${playbook.skill}: ${issuesOf(parsed.error).join("; ")}`,
  );
}

/** The output as the contracts read it: the skill's own (`primaryOf`), then the task's. Throws `Refused`. */
export function parseOutput(task: Task, skill: Playbook | undefined, output: Json): Json {
  let value = output;
  // With for_each the skill's contract holds for each item (`parseItem`); what is collected has the task's alone.
  if (skill && !task.forEach) value = parseWith(skill.output, value) as Json; // safe: skills' outputs are JSON by their schemas
  return task.output ? (parseWith(schemaOf(task.output), value) as Json) : value; // safe: a JSON Schema accepts JSON only
}

/** The result of one item as the skill's contract reads it. Throws `Refused`, with the item's place in front of each field. */
export function parseItem(skill: Playbook | undefined, output: Json, index: number): Json {
  return skill ? (parseWith(skill.output, output, ["items", index]) as Json) : output; // safe: as above
}

/** What a task writes to the blackboard must fit the keys' schemas and leave the board within its 64 KB. Throws `Refused`. */
export function checkWrites(session: RunSession, plan: Plan, task: Task, output: Json): void {
  if (task.writes.length === 0) return;
  const findings: Finding[] = [];
  const values = isJsonObject(output) ? output : {};
  for (const key of task.writes) {
    const declared = session.mission.blackboard[key];
    const value = values[key];
    if (value === undefined || !declared) continue;
    // The schema is the key's, and a key that collects holds a list also when a task adds a single value to it.
    const isCollected = declared.merge === "append" || declared.merge === "union";
    const parsed = schemaOf(declared.schema).safeParse(isCollected && !Array.isArray(value) ? [value] : value);
    if (!parsed.success)
      findings.push(
        ...parsed.error.issues.map((issue) => toFinding("blackboard", [key, ...issue.path], issue.message)),
      );
  }
  const known = boardSource(session, plan);
  const written: BoardSource = {
    ...known,
    stateOf: (id) => (id === task.id ? { status: "done" } : known.stateOf(id)),
    outputOf: (id) => (id === task.id ? output : known.outputOf(id)),
  };
  const { board } = mergeBoard(written, new Set(plan.tasks.map((other) => other.id)));
  const bytes = Buffer.byteLength(JSON.stringify(board));
  if (bytes > MAX_BOARD_BYTES)
    findings.push(toFinding("blackboard", [], `the blackboard would hold ${bytes} bytes, but 64 KB is its limit`));
  if (findings.length > 0) throw new Refused(findings, true);
}

/** Everything that the task's own rules find wrong with a result that fits its contract. */
export function findingsOf(
  task: Task,
  skill: Playbook | undefined,
  result: { output: Json; inputs: JsonObject; caseData: JsonObject },
): Finding[] {
  const { output, inputs, caseData } = result;
  const findings = task.forEach ? [] : ownFindings(skill, output, inputs, caseData);
  const scope = { output, inputs, case: caseData };
  for (const check of task.checks) {
    const reason = whyNot(check, scope);
    if (reason !== undefined) findings.push({ checkId: check.id, field: check.field, reason });
  }
  return findings;
}

/** What the skill's own check finds; `at` is the place of an item in what is collected. */
export function ownFindings(
  skill: Playbook | undefined,
  output: Json,
  inputs: JsonObject,
  caseData: JsonObject,
  at = "",
): Finding[] {
  const parsed = skill?.check && skill.input.safeParse(inputs);
  if (!skill?.check || !parsed?.success) return [];
  return skill.check(output, parsed.data, caseData).map((finding) => ({ ...finding, field: `${at}${finding.field}` }));
}

/** Why a check refuses. One that cannot be read for this result refuses it too: then a person can rule. */
function whyNot(check: Task["checks"][number], scope: Scope): string | undefined {
  try {
    return evaluateBoolean(check.that, scope) ? undefined : fillIn(check.reason, scope);
  } catch (error) {
    if (error instanceof ExpressionError) return `${fillIn(check.reason, scope)} (${error.message})`;
    throw error;
  }
}

/** JSON Schema of what the task's result must look like: for people who give or edit one. */
export function contractSchema(task: Task, skill: Playbook | undefined): JsonObject {
  if (task.output) return task.output;
  return skill && !task.forEach ? jsonSchemaOf(skill.output, "input") : {};
}

/** As `contractSchema`, for one item of a `for_each`. */
export function itemSchema(skill: Playbook | undefined): JsonObject {
  return skill ? jsonSchemaOf(skill.output, "input") : {};
}

function schemaOf(schema: JsonObject): z.ZodType {
  const made = schemas.get(schema) ?? z.fromJSONSchema(schema);
  schemas.set(schema, made);
  return made;
}

function parseWith(schema: z.ZodType, value: Json, at: readonly PropertyKey[] = []): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Refused(
    parsed.error.issues.map((issue) => toFinding("contract", [...at, ...issue.path], issue.message)),
    true,
  );
}

function toFinding(checkId: string, path: readonly PropertyKey[], message: string): Finding {
  const field = pointerOf(path);
  return { checkId, field, reason: `The result breaks its contract at ${field || "its root"}: ${message}.` };
}

function issuesOf(error: z.ZodError): string[] {
  return error.issues.map((issue) => `${pointerOf(issue.path) || "/"}: ${issue.message}`);
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
