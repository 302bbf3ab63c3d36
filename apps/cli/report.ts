import { reportMarkdown } from "../../core/report.js";
import { reportHtml } from "../../core/report-html.js";
import type { FinalReport } from "../../core/views.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { writeOut } from "./out-file.js";
import { jsonText } from "./paint.js";
import { inOneLine } from "./text.js";

/** As the command line gives them; `out` is a file. */
export interface ReportFlags {
  readonly format: "md" | "html" | "json";
  readonly out?: string;
}

/** `mission report`: the final report of a run that ended, as Markdown, as a page for paper, or as JSON; printed or into a file. */
export async function report(io: Io, run: string, { format, out }: ReportFlags): Promise<number> {
  const orchestrator = await io.open();
  const found = await orchestrator.report(run);
  const text = TEXTS[format](found).trimEnd();
  if (out === undefined) io.print(found, () => text);
  else {
    const file = await writeOut(io, out, `${text}\n`);
    io.print({ run_id: found.run_id, format, file }, () => `The report on ${inOneLine(found.title)} is in ${file}`);
  }
  return EXIT.done;
}

const TEXTS: Readonly<Record<ReportFlags["format"], (report: FinalReport) => string>> = {
  md: (found) => reportMarkdown({ ...found, title: inOneLine(found.title) }),
  html: reportHtml,
  json: jsonText,
};
