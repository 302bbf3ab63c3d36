import type { Command } from "commander";
import { Option } from "commander";
import type { Act } from "./program.js";
import type { ReplayFlags } from "./replay.js";

/** Commands for those who write missions. */
export function addAuthoring(program: Command, act: Act): void {
  program
    .command("new <slug>")
    .description("writes a mission with an agent, a tool, two sample cases and a test, ready to run")
    .option("--folder <folder>", "where to; else here")
    .action((slug: string, flags: { folder?: string }) =>
      act(async (io) => (await import("./new.js")).newCommand(io, slug, flags)),
    );
  program
    .command("test <mission>")
    .description("runs the cases that say what they expect, without acts outside; 1 when one is not as expected")
    .option("--case <case>", "only this one")
    .action((mission: string, flags: { case?: string }) =>
      act(async (io) => (await import("./test.js")).testCommand(io, mission, flags)),
    );
  program
    .command("export <run>")
    .description(
      "a run as a file that `replay` reads: status and report without the store (for its chain of events: log --json)",
    )
    .action((run: string) => act(async (io) => (await import("./export.js")).exportRun(io, run)));
  program
    .command("replay <file>")
    .description("status and report of execution logs; runs nothing and changes nothing")
    .option("--run <log>", "only the log with this id, or a unique beginning of it")
    .addOption(new Option("--format <format>", "how to print it").choices(["text", "md", "json"]).default("text"))
    .action((file: string, flags: ReplayFlags) =>
      act(async (io) => (await import("./replay.js")).replay(io, file, flags)),
    );
}
