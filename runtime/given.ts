import { z } from "zod";
import type { ErrorCode } from "../core/errors.js";
import { OrchestratorError } from "../core/errors.js";
import { shapeOf } from "../core/shape.js";

/** Callers without types may hand over anything: what is none of these is told by name before anything is looked up. */
const text = z.string().optional();
const number = z.union([z.number(), z.nan()]);
const flag = z.boolean().optional();
const callback = z.custom((value) => typeof value === "function", "a function is needed").optional();
/** Who did something stands in the record for ever. */
const who = z
  .string()
  .refine((name) => name.trim() !== "", "the name is empty; give one, or leave it out")
  .optional();
const teller = { by: text, correct: flag, reason: text };

/** What each call may be told besides the ids that it is about. Cases and figures are proved where they are read. */
const OPTIONS = {
  start: z.strictObject({
    caseRef: z.unknown().optional(),
    approver: who,
    dispatch: z.enum(["dataflow", "stepwise"]).optional(),
    again: flag,
    reason: text,
    onRun: callback,
  }),
  decide: z.strictObject({
    decision: z.looseObject({ type: z.string(), comment: text, final: flag }),
    by: who,
    authenticated: flag,
    digest: text,
    continue: flag,
  }),
  cancel: z.strictObject({ by: who }),
  kill: z.strictObject({ run: text, agent: text, tool: text, all: flag, by: text, reason: text, unlisted: flag }),
  runs: z.strictObject({ status: z.array(z.string()).optional(), mission: text }),
  approvals: z.strictObject({ run: text, all: flag }),
  plan: z.strictObject({ caseRef: z.unknown().optional(), agents: number.optional() }),
  simulate: z.looseObject({ timeScale: number, agents: number.optional(), onProgress: callback }),
  recordKpi: z.strictObject({ ...teller, at: text, unit: text }),
  feedback: z.strictObject({ ...teller, score: z.union([number, z.string()]), comment: text }),
  log: z.strictObject({ task: text }),
  kpis: z.strictObject({ mission: text, since: text, until: text, by: z.literal("week").optional() }),
  audit: z.strictObject({ run: text, head: text }),
  refusals: z.strictObject({ run: text, since: text }),
  test: z.strictObject({ case: text, onCase: callback }),
  replay: z.array(z.looseObject({})),
};
/** Whose refusals have a name of their own. */
const CODES: Partial<Record<keyof typeof OPTIONS, ErrorCode>> = {
  decide: "decision_invalid",
  recordKpi: "kpi_invalid",
  feedback: "kpi_invalid",
};

/** Proves what a call was told; the refusal names each field, what was found there and what may stand there. */
export function assertOptions(call: keyof typeof OPTIONS, given: unknown): void {
  const shaped = shapeOf(OPTIONS[call], given);
  if (shaped.ok) return;
  const faults = shaped.problems.map(({ pointer, message }) => (pointer === "" ? message : `${pointer}: ${message}`));
  const message = `"${call}" cannot be called so: ${faults.join(" ")}`;
  throw new OrchestratorError(CODES[call] ?? "usage", message, { details: shaped.problems });
}

/** Proves that what names a run, mission, approval or figure is a text. */
export function assertId(what: string, given: unknown): asserts given is string {
  if (typeof given === "string") return;
  const found = given === null ? "null" : Array.isArray(given) ? "a list" : `${typeof given}`;
  throw new OrchestratorError(
    "usage",
    `The ${what} must be named by a text: its id, or a beginning of it. Found: ${found}.`,
  );
}

/** Proves that a figure is a number, or a text with one. */
export function assertFigure(given: unknown): asserts given is number | string {
  if (typeof given === "number" || typeof given === "string") return;
  throw new OrchestratorError("kpi_invalid", `A figure is a number, or a text with its unit. Found: ${typeof given}.`);
}
