import { CommanderError } from "commander";
import type { ErrorCode } from "../../core/errors.js";
import { OrchestratorError } from "../../core/errors.js";

/** Exit codes: what was asked is done, it failed, it was asked wrongly, it has not ended. */
export const EXIT = { done: 0, failed: 1, misuse: 2, notEnded: 3 } as const;

/** The call itself was wrong: another one, with another id, file or option, would do. */
const MISUSE: readonly ErrorCode[] = [
  "already_decided",
  "ambiguous_id",
  "approval_expired",
  "approval_not_found",
  "case_invalid",
  "case_not_found",
  "config_invalid",
  "decision_invalid",
  "decision_not_allowed",
  "external_run",
  "file_malformed",
  "file_not_found",
  "kpi_invalid",
  "kpi_not_found",
  "kpi_recorded",
  "mission_invalid",
  "mission_not_found",
  "name_unknown",
  "policy_invalid",
  "reason_missing",
  "run_exists",
  "run_finished",
  "run_not_found",
  "stale_digest",
  "store_foreign",
  "usage",
];

/** The run has not come so far, somebody else is at work on it, or this process is shutting down: the same call is good later. */
const NOT_ENDED: readonly ErrorCode[] = ["closed", "killed", "run_busy", "run_not_ended", "stale_owner"];

/** An error as it is shown: no stack, and a code that a script can act on. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details: unknown;
  readonly exitCode: number;
}

/** What a caught error is to the caller of the command line; `isStopping` when a person pressed Ctrl-C before it came. */
export function toFailure(error: unknown, isStopping = false): Failure {
  if (error instanceof OrchestratorError) {
    const { code, message, details } = error;
    return { code, message, details: details ?? null, exitCode: exitCodeOf(code) };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (isStopping) {
    const words = `Stopped before it ended (${message}) What was accepted is recorded; "resume" goes on with it.`;
    return { code: "stopped", message: words, details: null, exitCode: EXIT.notEnded };
  }
  return { code: "bug", message: `This should not have happened: ${message}`, details: null, exitCode: EXIT.failed };
}

/** True when a command ended only because a person pressed Ctrl-C: no failure, and nothing that was recorded is lost. */
export function isStopped(error: unknown, isStopping: boolean): boolean {
  return isStopping && toFailure(error, isStopping).exitCode === EXIT.notEnded;
}

function exitCodeOf(code: ErrorCode): number {
  if (MISUSE.includes(code)) return EXIT.misuse;
  return NOT_ENDED.includes(code) ? EXIT.notEnded : EXIT.failed;
}

/** A wrong call, in words. */
export function usage(message: string): OrchestratorError {
  return new OrchestratorError("usage", message);
}

/** What commander says about a wrong call; `none` when it only printed help or the version; undefined for other errors. */
export function usageOf(error: unknown): string | undefined {
  if (!(error instanceof CommanderError)) return undefined;
  return error.exitCode === 0 ? "none" : error.message.replace(/^error: /u, "");
}

/** The number that an option was given, or a wrong call in words. */
export function numberOf(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw usage(`${option} takes a number, not "${text}".`);
  return value;
}
