import type { Json } from "../core/digest.js";
import { redact, redactError, redactJson } from "../core/redact.js";
import type { ToolDefinition } from "../core/tool.js";
import type { Refusal } from "./gate-call.js";
import { parseBy, refusal } from "./gate-call.js";
import { MAX_ANSWER_BYTES, wordsOf } from "./gate-limits.js";

/** How long a tool may take to come back once its signal has fired; then it is abandoned. */
const GRACE_MS = 100;
const TRANSIENT_CODES: ReadonlySet<unknown> = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "EBUSY",
]);
const MAX_CAUSES = 5;

/** How the run of a tool's own code ended. `inFlight` is there while abandoned code still runs; it never rejects. */
export type Ran<Value = unknown> =
  | { readonly kind: "returned"; readonly value: Value }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "timeout"; readonly inFlight?: Promise<unknown> }
  | { readonly kind: "aborted"; readonly reason: unknown; readonly inFlight?: Promise<unknown> };

/**
 * Runs a tool's code until it returns, throws, its deadline passes or the caller's signal fires. Code that ignores its
 * signal is abandoned: what it returns later is ignored.
 */
export async function runWithin<Value>(
  timeoutMs: number,
  callerSignal: AbortSignal,
  start: (signal: AbortSignal) => Promise<Value>,
): Promise<Ran<Value>> {
  const limit = new AbortController();
  const { signal } = limit;
  const timer = setTimeout(() => limit.abort(new Error(`The limit of ${timeoutMs} ms is over.`)), timeoutMs);
  const stop = () => limit.abort(callerSignal.reason);
  callerSignal.addEventListener("abort", stop, { once: true });
  if (callerSignal.aborted) stop();
  const ended: Promise<Ran<Value>> = Promise.resolve()
    .then(() => start(signal))
    .then(
      (value) => ({ kind: "returned", value }),
      (error: unknown) => ({ kind: "failed", error: redactError(error) }),
    );
  try {
    const first = (await Promise.race([ended, fired(signal)])) ?? (await Promise.race([ended, afterGrace()]));
    if (first?.kind === "returned" || (first && !signal.aborted)) return first;
    const open = first ? {} : { inFlight: ended };
    return callerSignal.aborted
      ? { kind: "aborted", reason: callerSignal.reason, ...open }
      : { kind: "timeout", ...open };
  } finally {
    clearTimeout(timer);
    callerSignal.removeEventListener("abort", stop);
  }
}

/** The result by the tool's schema, as JSON without revealed secrets; or why it is none. */
export function outputOf(
  tool: ToolDefinition,
  value: unknown,
): { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly refusal: Refusal } {
  const isNot = (why: string) => refusal("bad_output", `${tool.name} answered other than it declares. ${redact(why)}`);
  try {
    const parsed = parseBy(tool.output, value);
    if (!parsed.ok) return { ok: false, refusal: isNot(parsed.reason) };
    const text = JSON.stringify(parsed.value) ?? "null";
    const bytes = Buffer.byteLength(text);
    if (bytes <= MAX_ANSWER_BYTES) return { ok: true, value: redactJson(JSON.parse(text)) };
    return { ok: false, refusal: isNot(`It holds ${bytes} bytes, and ${MAX_ANSWER_BYTES} are taken. Ask for less.`) };
  } catch (error) {
    return { ok: false, refusal: isNot(`It cannot be kept: ${wordsOf(error)}.`) };
  }
}

/** What the agent is told when a tool did not return. */
export function failureOf(tool: ToolDefinition, ran: Exclude<Ran, { kind: "returned" }>): Refusal {
  if (ran.kind !== "failed")
    return refusal("tool_timeout", `${tool.name} did not answer within ${tool.timeoutMs} ms.`, true);
  const words = redact(wordsOf(ran.error));
  return refusal("tool_failed", `${tool.name} failed: ${words}`, isTransient(ran.error));
}

/** True for errors that say "not now": the network, a busy resource, a server that is overloaded, or those marked `transient`. */
export function isTransient(error: unknown): boolean {
  try {
    return saysNotNow(error, 0);
  } catch {
    return false; // what was thrown breaks when it is looked at
  }
}

function saysNotNow(error: unknown, depth: number): boolean {
  if (typeof error !== "object" || error === null || depth > MAX_CAUSES) return false;
  // Safe: every object can be read by string keys.
  const { transient, code, name, status, statusCode, cause } = error as Readonly<Record<string, unknown>>;
  if (transient === true || TRANSIENT_CODES.has(code) || name === "TimeoutError") return true;
  const http = typeof status === "number" ? status : statusCode;
  if (typeof http === "number" && (http === 429 || (http >= 500 && http <= 599))) return true;
  return saysNotNow(cause, depth + 1);
}

/** True when a tool failed with an error that says of itself, by `notDone: true`, that the act surely did not happen. */
export function saysNotDone(ran: Ran): boolean {
  if (ran.kind !== "failed" || typeof ran.error !== "object" || ran.error === null) return false;
  try {
    return "notDone" in ran.error && ran.error.notDone === true;
  } catch {
    return false; // what was thrown breaks when it is looked at
  }
}

function fired(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

function afterGrace(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, GRACE_MS, undefined));
}
