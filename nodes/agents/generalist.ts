import { z } from "zod";
import type { Json, PlaybookContext } from "../../core/define-agent.js";
import { defineAgent, definePlaybook } from "../../core/define-agent.js";

const MAX_VALUE = 600;
const MAX_TEXT = 6000;

const AnySchema = z.record(z.string(), z.unknown());
/** The engine narrows this to the contract of the task that nobody else could do. */
const ResultSchema = z.record(z.string(), z.json());

/**
 * Does any task the lesser way: uses no tool, gathers what is known, says what is missing, and asks a person,
 * whose answer becomes the result. A refused answer is asked for anew, with the reason.
 */
const askAPerson = definePlaybook({
  skill: "*",
  version: "1",
  input: AnySchema,
  output: ResultSchema,
  tools: [],
  degraded: true,
  summary: (output) => `said a person: ${Object.keys(output).join(", ")}`.slice(0, 120),

  async run(ctx, inputs) {
    return ctx.ask({
      key: ctx.feedback.length === 0 ? "result" : `result_${ctx.feedback.length}`,
      question: `Task ${ctx.taskId} could not be done by its specialist: what is its result for ${caseName(ctx)}?`,
      answer: ResultSchema,
      evidence: [
        {
          title: "What is known and what is missing",
          left: { label: "Known", text: knownText(ctx, inputs) },
          right: { label: "Missing", text: missingText(ctx, inputs) },
        },
      ],
    });
  },
});

/** The fallback behind every specialist. */
export const generalist = defineAgent({
  agentId: "A0",
  slug: "generalist",
  name: "Generalist",
  description:
    "Takes over what no specialist could do: gathers what is known, says what is missing, and asks a person.",
  tools: [],
  skills: { "*": askAPerson },
});

function caseName({ caseData }: PlaybookContext): string {
  const fields = Object.entries(caseData);
  const [, id] = fields.find(([key, value]) => /(?:^|_)id$/u.test(key) && isNamed(value)) ?? [];
  const [, name] =
    fields.find(([key, value]) => /(?:^|_)(?:name|title|subject|company)$/u.test(key) && isNamed(value)) ?? [];
  return [id, name && `(${String(name)})`].filter(Boolean).join(" ") || "this case";
}

function isNamed(value: Json | undefined): boolean {
  return (typeof value === "string" && value !== "") || typeof value === "number";
}

function knownText(
  { caseData, blackboard, answers }: PlaybookContext,
  inputs: Readonly<Record<string, unknown>>,
): string {
  const groups = {
    Inputs: withoutCase(inputs, caseData),
    Case: caseData,
    "Found by other tasks": blackboard,
    "Said by people": answers,
  };
  return Object.entries(groups)
    .map(([title, fields]) => [title, Object.entries(fields).filter(([, value]) => !isEmpty(value))] as const)
    .filter(([, fields]) => fields.length > 0)
    .map(([title, fields]) => [title, ...fields.map(([key, value]) => `  ${key}: ${toText(value)}`)].join("\n"))
    .join("\n")
    .slice(0, MAX_TEXT);
}

/** Inputs that are the case itself are shown once, as the case. */
function withoutCase(inputs: Readonly<Record<string, unknown>>, caseData: unknown): Readonly<Record<string, unknown>> {
  const whole = JSON.stringify(caseData);
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => JSON.stringify(value) !== whole));
}

function missingText(
  { taskId, caseData, feedback }: PlaybookContext,
  inputs: Readonly<Record<string, unknown>>,
): string {
  const empty = [
    ...Object.entries(inputs),
    ...Object.entries(caseData).map(([key, value]) => [`case.${key}`, value] as const),
  ]
    .filter(([, value]) => isEmpty(value))
    .map(([key]) => `${key} is empty.`);
  const reasons = feedback.map(({ from, field, reason }) => `${from}${field ? `, ${field}` : ""}: ${reason}`);
  return [`The result of task ${taskId}: answer with a JSON object that fits it.`, ...new Set(empty), ...reasons]
    .join("\n")
    .slice(0, MAX_TEXT);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function toText(value: unknown): string {
  return (typeof value === "string" ? value : JSON.stringify(value)).slice(0, MAX_VALUE);
}
