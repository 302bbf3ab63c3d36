import type { Json } from "../core/digest.js";
import type { ToolDefinition } from "../core/tool.js";
import type { Refusal } from "./gate-call.js";
import { parseBy, refusal, toJson } from "./gate-call.js";

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
export type Ran =
  | { readonly kind: "returned"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "timeout"; readonly inFlight?: Promise<unknown> }
  | { readonly kind: "aborted"; readonly inFlight?: Promise<unknown> };

/**
 * Runs a tool's code until it returns, throws, its deadline passes or the caller's signal fires. Code that ignores its
 * signal is abandoned: what it returns later is ignored.
 */
export async function runWithin(
  timeoutMs: number,
  callerSignal: AbortSignal,
  start: (signal: AbortSignal) => Promise<unknown>,
): Promise<Ran> {
  const limit = new AbortController();
  const { signal } = limit;
  const timer = setTimeout(() => limit.abort(new Error(`The limit of ${timeoutMs} ms is over.`)), timeoutMs);
  const stop = () => limit.abort(callerSignal.reason);
  callerSignal.addEventListener("abort", stop, { once: true });
  if (callerSignal.aborted) stop();
  const ended: Promise<Ran> = Promise.resolve()
    .then(() => start(signal))
    .then(
      (value) => ({ kind: "returned", value }),
      (error: unknown) => ({ kind: "failed", error }),
    );
  try {
    const first = (await Promise.race([ended, fired(signal)])) ?? (await Promise.race([ended, afterGrace()]));
    if (first?.kind === "returned" || (first && !signal.aborted)) return first;
    return { kind: callerSignal.aborted ? "aborted" : "timeout", ...(!first && { inFlight: ended }) };
  } finally {
    clearTimeout(timer);
    callerSignal.removeEventListener("abort", stop);
  }
}

/** The result by the tool's schema, as JSON; or why it is none. */
export function outputOf(
  tool: ToolDefinition,
  value: unknown,
): { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly refusal: Refusal } {
  const parsed = parseBy(tool.output, value);
  if (parsed.ok) return { ok: true, value: toJson(parsed.value) };
  return {
    ok: false,
    refusal: refusal("bad_output", `${tool.name} answered other than it declares. ${parsed.reason}`),
  };
}

/** What the agent is told when a tool did not return. */
export function failureOf(tool: ToolDefinition, ran: Exclude<Ran, { kind: "returned" }>): Refusal {
  if (ran.kind !== "failed")
    return refusal("tool_timeout", `${tool.name} did not answer within ${tool.timeoutMs} ms.`, true);
  const words = ran.error instanceof Error ? ran.error.message : String(ran.error);
  return refusal("tool_failed", `${tool.name} failed: ${words}`, isTransient(ran.error));
}

/** True for errors that say "not now": the network, a busy resource, a server that is overloaded, or those marked `transient`. */
export function isTransient(error: unknown, depth = 0): boolean {
  if (typeof error !== "object" || error === null || depth > MAX_CAUSES) return false;
  // Safe: every object can be read by string keys.
  const { transient, code, name, status, statusCode, cause } = error as Readonly<Record<string, unknown>>;
  if (transient === true || TRANSIENT_CODES.has(code) || name === "TimeoutError") return true;
  const http = typeof status === "number" ? status : statusCode;
  if (typeof http === "number" && (http === 429 || (http >= 500 && http <= 599))) return true;
  return isTransient(cause, depth + 1);
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
