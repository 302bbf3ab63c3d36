/** What `verify` can find. The code is stable; the message says what, which, and what to do. */
export type ProblemCode =
  | "agent_contract"
  | "agent_not_on_roster"
  | "approval_loosened"
  | "beyond_deadline"
  | "board_conflict"
  | "cases_unreadable"
  | "constraint_idle"
  | "constraint_unknowable"
  | "cycle"
  | "duplicate_id"
  | "expression_fails"
  | "expression_invalid"
  | "expression_type"
  | "field_in_both"
  | "file_malformed"
  | "file_missing"
  | "file_shape"
  | "input_may_be_absent"
  | "input_missing"
  | "input_not_accepted"
  | "input_type"
  | "join_impossible"
  | "kpi_unknown"
  | "log_contradiction"
  | "measure_missing"
  | "missing_dependency"
  | "no_capable_agent"
  | "no_such_field"
  | "not_depended_on"
  | "policy_invalid"
  | "policy_loosens"
  | "reserved_name"
  | "resource_invalid"
  | "role_empty"
  | "route_invalid"
  | "proposes_each"
  | "schema_unreadable"
  | "skill_missing"
  | "skill_unknown"
  | "tool_forbidden"
  | "tool_not_held"
  | "unknown_agent"
  | "unknown_key"
  | "unknown_name"
  | "unknown_task"
  | "unknown_tool"
  | "writes_no_field";

/** Where something is written: a file of the data folder (absent for missions handed over as objects) and a JSON pointer into it. */
export interface Place {
  readonly file?: string;
  readonly pointer: string;
}

/** One finding about a mission. An error keeps it from running; a warning does not. */
export interface Problem extends Place {
  readonly severity: "error" | "warning";
  readonly code: ProblemCode;
  readonly message: string;
  /** 1-based column inside the expression that the pointer leads to. */
  readonly column?: number;
}

/** The JSON pointer (RFC 6901) of a path. */
export function toPointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${escapeKey(String(key))}`).join("");
}

/** One key as a segment of a JSON pointer. */
export function escapeKey(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** One line for people: place, severity, message. */
export function formatProblem(problem: Problem): string {
  const place = `${problem.file ?? ""}#${problem.pointer}`;
  return `${problem.severity} ${place}: ${problem.message} [${problem.code}]`;
}

/** True when the mission may not run. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === "error");
}
