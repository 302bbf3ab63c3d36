import type { Command } from "commander";
import { Option } from "commander";
import type { DecideFlags } from "./decide.js";
import type { Act } from "./program.js";

/** Commands by which people answer what a run asks. */
export function addDeciding(program: Command, act: Act): void {
  program
    .command("approvals")
    .description("what waits for a person")
    .option("--all", "also what was decided")
    .option("--run <run>", "only those of one run")
    .action((flags: { all?: boolean; run?: string }) =>
      act(async (io) => (await import("./approvals.js")).approvals(io, flags)),
    );
  program
    .command("decide <approval>")
    .description("answers a request; without a choice, in a terminal, it shows the request and asks")
    .addOption(new Option("--approve", "yes").conflicts(["reject", "edit"]))
    .addOption(new Option("--reject", "no; say why with --comment").conflicts(["edit", "answer"]))
    .addOption(new Option("--edit <file>", "yes, as this JSON file says").conflicts("answer"))
    .option("--answer <text or JSON>", "the answer to a question")
    .option("--final", "with --reject: no further attempt")
    .option("--by <name>", "who decides; else the user of this machine")
    .option("--comment <text>", "your words to whoever goes on")
    .option("--digest <digest>", "only if exactly this was shown")
    .option("--no-continue", "only write the decision")
    .action((approval: string, flags: DecideFlags) =>
      act(async (io) => (await import("./decide.js")).decide(io, approval, flags)),
    );
}
