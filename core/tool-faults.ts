import type { z } from "zod";
import { whyNoJsonSchema } from "./contract.js";
import type { DedupeScope, Effect } from "./tool.js";

const NAME = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/u;
/** What providers of models accept as the name of a tool. */
const MAX_NAME = 64;
/** The longest wait that a timer knows, about 24 days. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const EFFECTS: readonly Effect[] = ["reads", "writes", "irreversible"];
const SCOPES: readonly DedupeScope[] = ["task", "run", "case", "mission"];

/** What is wrong with the declaration of a tool, one sentence for each fault; callers without types may hand over anything. */
export function toolFaults(tool: unknown): readonly string[] {
  if (typeof tool !== "object" || tool === null)
    return ["It is an object with name, description, input, output and run."];
  // Safe: every object can be read by string keys.
  const given = tool as Readonly<Record<string, unknown>>;
  const effect = given["effect"];
  const known = [
    [isName(given["name"]), `"name" is snake_case, such as "send_mail", with at most ${MAX_NAME} characters.`],
    [isText(given["description"]), '"description" says what it returns and when not to use it; a model reads that.'],
    [isSchema(given["input"]), '"input" is a zod schema.'],
    [isSchema(given["output"]), '"output" is a zod schema.'],
    [isOneOf(EFFECTS, effect), `"effect" is one of ${EFFECTS.join(", ")}.`],
    [isOneOf([undefined, "own", "outside"], given["reach"]), '"reach" is own or outside.'],
    [isOneOf([undefined, true, false], given["deletes"]), '"deletes" is true or false.'],
    [isOptionalFunction(given["amountUsd"]), '"amountUsd" is a function from the arguments to dollars.'],
    [isTexts(given["dataClasses"]), '"dataClasses" is a list of texts.'],
    [isTimeout(given["timeoutMs"]), `"timeoutMs" is a number of milliseconds from 1 to ${MAX_TIMEOUT_MS}.`],
    [
      isCost(given["maxCostMicroUsd"]),
      '"maxCostMicroUsd" is a whole number of millionths of a dollar, 0 when it is free.',
    ],
    [isOneOf([undefined, true, false], given["idempotent"]), '"idempotent" is true or false.'],
    [isOptionalFunction(given["reconcile"]), '"reconcile" is a function that asks the outside what became of an act.'],
    [isOptionalFunction(given["compensate"]), '"compensate" is a function that takes the act back.'],
    [
      isOneOf([undefined, "nothing"], given["undo"]),
      '"undo" is "nothing" where there is nothing to take back, else left out.',
    ],
    [given["remedy"] === undefined || isText(given["remedy"]), '"remedy" says what a person does outside.'],
    [typeof given["run"] === "function", '"run" is a function.'],
  ] as const;
  const wrong = known.filter(([isRight]) => !isRight).map(([, fault]) => fault);
  const faults = [...wrong, ...schemaFaults(given, "input"), ...schemaFaults(given, "output")];
  return [...faults, ...undoFaults(given), ...(effect === "reads" ? [] : effectFaults(given))];
}

/** Models, people who approve, policies and the mask of personal fields read a contract as JSON Schema, both ways. */
function schemaFaults(given: Readonly<Record<string, unknown>>, field: "input" | "output"): readonly string[] {
  const schema = given[field];
  if (!isSchema(schema)) return [];
  const why = whyNoJsonSchema(schema, "input") ?? whyNoJsonSchema(schema, "output");
  return why === undefined ? [] : [`"${field}" cannot be written as JSON Schema: ${why}`];
}

/** An act is taken back by its code, cannot be taken back, or needs not be: one of the three. */
function undoFaults({ effect, compensate, undo }: Readonly<Record<string, unknown>>): readonly string[] {
  const isByCode = compensate !== undefined;
  if (!isByCode && undo === undefined) return [];
  if (effect === "reads") return ['It only reads: leave "compensate" and "undo" out.'];
  if (effect === "irreversible")
    return ['It is irreversible, so no code takes it back: leave "compensate" and "undo" out, and name a "remedy".'];
  return isByCode && undo !== undefined ? ['It has a "compensate" and says undo: "nothing": keep one of the two.'] : [];
}

function effectFaults(given: Readonly<Record<string, unknown>>): readonly string[] {
  const hasKey = typeof given["dedupeKey"] === "function";
  const hasScope = isOneOf(SCOPES, given["dedupeScope"]);
  if (hasKey && hasScope) return [];
  return [
    `It has an effect, so it must declare dedupeKey and dedupeScope: "dedupeKey" is a function from the arguments to the text by which two calls are the same act, "dedupeScope" one of ${SCOPES.join(", ")}.`,
    ...(given["idempotent"] === true || typeof given["reconcile"] === "function"
      ? []
      : [
          'Think of "reconcile" or "idempotent: true" as well: without either a person is asked whenever an outcome is lost.',
        ]),
  ];
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value.length <= MAX_NAME && NAME.test(value);
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "";
}

function isTexts(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every(isText));
}

/** Zod's, as far as can be seen; what only looks like it, `whyNoJsonSchema` tells. */
function isSchema(value: unknown): value is z.ZodType {
  return typeof value === "object" && value !== null && "safeParse" in value && typeof value.safeParse === "function";
}

function isTimeout(value: unknown): boolean {
  return typeof value === "number" && value >= 1 && value <= MAX_TIMEOUT_MS;
}

function isCost(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isOptionalFunction(value: unknown): boolean {
  return value === undefined || typeof value === "function";
}

function isOneOf(allowed: readonly unknown[], value: unknown): boolean {
  return allowed.includes(value);
}
