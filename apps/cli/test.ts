import type { CaseTestView, ExpectationView } from "../../core/mission-test.js";
import { spanText } from "../../core/words.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { onScratchStore } from "./scratch.js";
import { count, inOneLine } from "./text.js";

/** `mission test`: the cases of a mission that carry `expect`, one line each as they end; 2 when any is misshapen, else 1 when any is not as expected. */
export async function testCommand(io: Io, mission: string, flags: { readonly case?: string }): Promise<number> {
  const tested = await onScratchStore(io, ({ insight }) =>
    insight.test(mission, {
      ...(flags.case !== undefined && { case: flags.case }),
      onCase: (view) => io.note(caseLines(io, view).join("\n")),
    }),
  );
  const { paint } = io;
  const version = paint.dim(`${tested.slug} (${tested.mission_id}), version ${tested.mission_version.slice(0, 12)}`);
  const misshapen = tested.misshapen === 0 ? "" : `, ${tested.misshapen} misshapen and not run`;
  const verdict = tested.ok
    ? paint.green(`${count(tested.passed, "case")} passed.`)
    : paint.red(`${count(tested.failed, "case")} failed, ${tested.passed} passed${misshapen}.`);
  io.print(tested, () => `${verdict}  ${version}`);
  if (tested.misshapen > 0) return EXIT.misuse;
  return tested.ok ? EXIT.done : EXIT.failed;
}

function caseLines({ paint }: Io, view: CaseTestView): string[] {
  const mark = view.ok ? paint.green("✓") : paint.red("✗");
  if (view.faults.length > 0) return faultLines(view, paint);
  const good = view.expectations.filter(({ ok }) => ok).length;
  const figures = `${view.status}, ${good} of ${view.expectations.length} as expected, ${spanText(view.duration_ms)}`;
  const remarks = [
    ...view.open_questions.map((question) => `open: ${inOneLine(question)}`),
    ...(view.not_run.length === 0 ? [] : [`not run, only recorded: ${view.not_run.join(", ")}`]),
  ];
  const failed = view.expectations.filter(({ ok }) => !ok);
  return [
    `${mark} ${inOneLine(view.title)}  ${paint.dim(figures)}`,
    ...failed.flatMap((each) => failureLines(each, paint.red)),
    ...remarks.map((line) => paint.dim(`    ${line}`)),
  ];
}

function faultLines({ title, faults }: CaseTestView, paint: Io["paint"]): string[] {
  const told = faults.map(({ pointer, message }) => paint.red(`    ${pointer === "" ? "" : `${pointer}: `}${message}`));
  return [`${paint.red("✗")} ${inOneLine(title)}  ${paint.dim("misshapen, not run")}`, ...told];
}

function failureLines({ name, expression, error, values }: ExpectationView, red: (text: string) => string): string[] {
  return [
    red(`    ${name}`),
    `      expected  ${expression}`,
    ...(error === null ? [] : [`      but       ${error}`]),
    ...Object.entries(values).map(([path, value]) => `      found     ${path} is ${JSON.stringify(value)}`),
  ];
}
