import { reportMarkdown } from "../../core/report.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";

/** `mission report`: the final report of a run that ended, as Markdown for people or as JSON. */
export async function report(io: Io, run: string, flags: { readonly format: "md" | "json" }): Promise<number> {
  const orchestrator = await io.open();
  const found = await orchestrator.report(run);
  io.print(found, () => (flags.format === "json" ? JSON.stringify(found, null, 2) : reportMarkdown(found).trimEnd()));
  return EXIT.done;
}
