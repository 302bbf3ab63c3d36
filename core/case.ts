import { isJsonObject } from "./define-agent.js";
import type { JsonObject } from "./digest.js";
import { OrchestratorError } from "./errors.js";
import { ExpressionError, evaluate } from "./expression.js";
import { jsonFaultOf } from "./json-fault.js";
import type { Mission } from "./mission.js";

/** Keeps, in a case whose `received_at` was resolved, what stood there: the run then goes by the business clock. */
const RECEIVED_BEFORE_START = "received_before_start";

const DURATION = /^-P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/u;
const UNITS_MS = [604_800_000, 86_400_000, 3_600_000, 60_000, 1000];
const MAX_YEARS = 100;
const MAX_AWAY_MS = MAX_YEARS * 366 * 86_400_000;
const MAX_DELAY_MINUTES = 10_000_000;

/**
 * Proves a case from outside before anything of it is written: plain JSON that can be stored and read back, with an id
 * and figures that can be worked with. `case_invalid` names what cannot. `received_at` is proved where it is resolved.
 */
export function assertCase(mission: Pick<Mission, "cases" | "slug">, value: unknown): asserts value is JsonObject {
  const fault = jsonFaultOf(value);
  if (fault !== undefined)
    throw new OrchestratorError("case_invalid", `The case cannot be stored as JSON: ${fault}. Mend it and try again.`);
  caseIdOf(mission, value);
  const delay = isJsonObject(value) ? value["approval_delay_minutes"] : undefined;
  if (typeof delay === "number" && (delay < 0 || delay > MAX_DELAY_MINUTES)) {
    throw new OrchestratorError(
      "case_invalid",
      `The case has ${delay} under "approval_delay_minutes". Give minutes from 0 to ${MAX_DELAY_MINUTES.toLocaleString("en-US")}.`,
    );
  }
}

/** The id of a case: the field that its mission names. `case_invalid` when the case does not fit the mission. */
export function caseIdOf(mission: Pick<Mission, "cases" | "slug">, caseData: unknown): string {
  const field = mission.cases.id;
  const needs = `A case of ${mission.slug} is a JSON object with its id, a text or number, under "${field}".`;
  if (!isJsonObject(caseData)) throw new OrchestratorError("case_invalid", `The case is ${kindOf(caseData)}. ${needs}`);
  const id = caseData[field];
  if (typeof id === "number" && Number.isInteger(id) && !Number.isSafeInteger(id)) {
    throw new OrchestratorError(
      "case_invalid",
      `The case has ${id} under "${field}", a number so large that it was rounded. Write it as a text, in quotes.`,
    );
  }
  if ((typeof id === "string" && id.trim() !== "") || typeof id === "number") return String(id);
  const found = id === undefined ? `has no "${field}"` : `has ${JSON.stringify(id)} under "${field}"`;
  throw new OrchestratorError("case_invalid", `The case ${found}. ${needs}`);
}

/** The case's title by the mission's expression; its id when the case lacks what the expression reads. */
export function caseTitleOf(mission: Pick<Mission, "cases" | "slug">, caseData: JsonObject): string {
  try {
    const title = evaluate(mission.cases.title, { case: caseData });
    if (typeof title === "string" && title.trim() !== "") return title;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
  }
  return caseIdOf(mission, caseData);
}

/**
 * Turns a `received_at` given as a negative ISO 8601 duration (`-P1DT4H`) into a moment before the start, and keeps the
 * duration under `received_before_start`. Call it once and store what it returns; another call changes nothing.
 */
export function resolveReceivedAt(caseData: JsonObject, startedAt: Date): JsonObject {
  const given = caseData["received_at"];
  if (typeof given !== "string") return caseData;
  if (!/^[-+]?P/u.test(given)) {
    assertNear(given, Math.abs(Date.parse(given) - startedAt.getTime()));
    return caseData;
  }
  const beforeMs = durationMs(given);
  if (beforeMs === undefined) {
    throw new OrchestratorError(
      "case_invalid",
      `The case has "${given}" under "received_at". Give a moment (2026-03-02T09:00:00Z) or a time before the start, in weeks, days, hours, minutes or seconds (-P1DT4H).`,
    );
  }
  assertNear(given, beforeMs);
  const receivedAt = new Date(startedAt.getTime() - beforeMs).toISOString();
  return { ...caseData, received_at: receivedAt, [RECEIVED_BEFORE_START]: given };
}

/** True for a case whose figures go by the business clock and are therefore *simulated*. */
export function isOnBusinessClock(caseData: JsonObject): boolean {
  return typeof caseData[RECEIVED_BEFORE_START] === "string";
}

/** What is no moment is for the mission to judge: its distance is no number, and passes. */
function assertNear(given: string, awayMs: number): void {
  if (!(awayMs > MAX_AWAY_MS)) return;
  throw new OrchestratorError(
    "case_invalid",
    `The case has "${given}" under "received_at", more than ${MAX_YEARS} years from its start. Give a nearer moment.`,
  );
}

function durationMs(text: string): number | undefined {
  const match = DURATION.exec(text);
  return match?.slice(1).reduce((sum, part, index) => sum + Number(part ?? 0) * (UNITS_MS[index] ?? 0), 0);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
