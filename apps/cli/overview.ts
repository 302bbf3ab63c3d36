import { approvalTable } from "./approvals.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { killLines } from "./kill.js";
import { runTable } from "./runs.js";

/** Plain `mission`: what runs, and what waits for you. */
export async function overview(io: Io): Promise<number> {
  const orchestrator = await io.open();
  const open = await orchestrator.runs({ status: ["queued", "running", "waiting"] });
  const questions = await orchestrator.approvals();
  const { on } = await orchestrator.kill.list();
  io.print({ runs: open, approvals: questions, ...(on.length > 0 && { stopped: on }) }, () => {
    const { paint } = io;
    const stopped = on.length === 0 ? [] : [paint.bold("Switched off"), ...killLines(io, on), ""];
    if (on.length === 0 && open.length === 0 && questions.length === 0) {
      const hints = [io.hint("list"), io.hint("runs"), `${io.host.command} --help`];
      return ["Nothing runs, and nothing waits for you. Try:", ...hints.map((hint) => `  ${hint}`)].join("\n");
    }
    const asked =
      questions.length === 0
        ? ["Nothing."]
        : [approvalTable(io, questions), paint.dim(`Answer one: ${io.hint("decide <approval>")}`)];
    const runs = open.length === 0 ? ["Nothing."] : [runTable(io, open)];
    return [...stopped, paint.bold("Waits for you"), ...asked, "", paint.bold("Runs"), ...runs].join("\n");
  });
  return EXIT.done;
}
