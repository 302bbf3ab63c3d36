import { reportMarkdown } from "../../core/report.js";
import type { FinalReport } from "../../core/views.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { jsonText } from "./paint.js";
import { inOneLine } from "./text.js";

/** `mission report`: the final report of a run that ended, as Markdown for people or as JSON. */
export async function report(io: Io, run: string, flags: { readonly format: "md" | "json" }): Promise<number> {
  const orchestrator = await io.open();
  const found = await orchestrator.report(run);
  io.print(found, () => (flags.format === "json" ? jsonText(found) : markdown(found)));
  return EXIT.done;
}

function markdown(report: FinalReport): string {
  return reportMarkdown({ ...report, title: inOneLine(report.title) }).trimEnd();
}
