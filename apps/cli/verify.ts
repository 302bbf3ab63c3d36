import type { Problem } from "../../core/problem.js";
import { hasErrors } from "../../core/problem.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { count } from "./text.js";

/** `mission verify`: every problem of a mission at once, by file and place; 1 when it may not run. */
export async function verify(io: Io, mission: string): Promise<number> {
  const orchestrator = await io.open();
  const problems = await orchestrator.verify(mission);
  const isSound = !hasErrors(problems);
  io.print({ mission, ok: isSound, problems }, () =>
    [...problems.flatMap((problem) => problemLines(io, problem)), verdict(io, mission, problems)].join("\n"),
  );
  return isSound ? EXIT.done : EXIT.failed;
}

/** A problem in two lines: where it is, and what it is. */
export function problemLines({ paint }: Io, { severity, file, pointer, column, message, code }: Problem): string[] {
  const mark = severity === "error" ? paint.red("error  ") : paint.yellow("warning");
  const at = column === undefined ? "" : `, column ${column}`;
  return [`${mark}  ${paint.bold(`${file ?? ""}#${pointer}`)}${at}  ${paint.dim(code)}`, `         ${message}`];
}

function verdict({ paint }: Io, mission: string, problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  if (errors > 0)
    return paint.red(
      `${mission}: ${count(errors, "error")}, ${count(warnings, "warning")}. It cannot run before the errors are mended.`,
    );
  return paint.green(`${mission}: sound${warnings > 0 ? `, ${count(warnings, "warning")}` : ""}.`);
}
