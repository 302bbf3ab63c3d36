import { OrchestratorError } from "./errors.js";
import type { Problem, ProblemCode } from "./problem.js";
import { formatProblem } from "./problem.js";

/** What leaves no plan to look at; anything else keeps a mission from running, but not from being planned. */
const FAULTS: readonly ProblemCode[] = [
  "cycle",
  "duplicate_id",
  "field_in_both",
  "file_malformed",
  "file_missing",
  "file_shape",
  "join_impossible",
  "missing_dependency",
  "reserved_name",
  "route_invalid",
  "unknown_task",
];

/** Throws `mission_invalid`, in `verify`'s words, when the tasks of a mission cannot be put in an order. Skills, inputs and agents may be missing. */
export function assertPlannable(name: string, problems: readonly Problem[]): void {
  const faults = problems.filter(({ severity, code }) => severity === "error" && FAULTS.includes(code));
  if (faults.length === 0) return;
  const lines = faults.map((problem) => `\n  ${formatProblem(problem)}`);
  throw new OrchestratorError("mission_invalid", `Mission ${name} has no plan to look at:${lines.join("")}`, {
    details: faults,
  });
}
