import type { CheckView, DoctorView } from "../../core/doctor.js";
import { ok } from "../../core/doctor.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import type { Paint } from "./paint.js";
import { count, inOneLine } from "./text.js";

/** `mission doctor`: looks at all that commands rely on; what is wrong, and how to mend it. Fails when something is broken. */
export async function doctor(io: Io): Promise<number> {
  const { examine } = await import("../../runtime/doctor.js");
  const found = await examine({ folder: io.host.folder, ...(io.store !== undefined && { store: io.store }) });
  const view: DoctorView = { ...found, checks: [...found.checks, terminalCheck(io)] };
  io.print(view, () => doctorText(io, view));
  return view.is_well ? EXIT.done : EXIT.failed;
}

function terminalCheck({ host }: Io): CheckView {
  if (!host.isTerminal) return ok("Terminal", "none: nobody is asked, and changes come line by line");
  return ok(
    "Terminal",
    `${host.columns} columns, ${host.rows} lines, ${host.hasColors ? "in colour" : "without colour"}`,
  );
}

function doctorText({ paint }: Io, { checks, is_well }: DoctorView): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, what, mend }) => [
    `${markOf(status, paint)} ${name.padEnd(width)}  ${inOneLine(what)}`,
    ...(mend === null ? [] : [`  ${" ".repeat(width)}  ${paint.dim(inOneLine(mend))}`]),
  ]);
  const bad = checks.filter(({ status }) => status === "broken").length;
  const verdict = is_well ? paint.green("Nothing is broken.") : paint.red(`${count(bad, "thing")} to mend.`);
  return [...lines, "", verdict].join("\n");
}

function markOf(status: CheckView["status"], paint: Paint): string {
  if (status === "ok") return paint.green("✓");
  return status === "warning" ? paint.yellow("!") : paint.red("✗");
}
