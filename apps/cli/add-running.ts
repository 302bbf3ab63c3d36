import type { Command } from "commander";
import type { Act } from "./program.js";
import type { RunFlags } from "./run.js";

/** Commands that begin, continue and end runs. */
export function addRunning(program: Command, act: Act): void {
  program
    .command("run <mission>")
    .description("runs a mission or file on a case, until it ended or only people can move it")
    .option("--case <case>", "a case's id, or a file with one; else the mission's first")
    .option("--all-cases", "all cases of the mission")
    .option("--approve-as <name>", "approve whatever asks, in this name")
    .option("--again", "run a case once more although it was done")
    .option("--reason <text>", "why it is run again")
    .option("--stepwise", "send only what is ready, one wave after the other")
    .action((mission: string, flags: RunFlags) =>
      act(async (io) => (await import("./run.js")).run(io, mission, flags)),
    );
  program
    .command("resume [run]")
    .description("goes on with a run, or with all that ended processes left")
    .option("--approve-as <name>", "approve whatever asks, in this name")
    .option("--by <name>", "in whose name you answer; else the user of this machine")
    .action((run: string | undefined, flags: { approveAs?: string; by?: string }) =>
      act(async (io) => (await import("./resume.js")).resume(io, run, flags)),
    );
  program
    .command("cancel <run>")
    .description("ends a run and takes back what it did; people are asked about what no code can take back")
    .option("--by <name>", "who cancels; else the user of this machine")
    .action((run: string, flags: { by?: string }) =>
      act(async (io) => (await import("./cancel.js")).cancel(io, run, flags)),
    );
  program
    .command("demo")
    .description("three sample missions at once, and one that ends in a question")
    .action(() => act(async (io) => (await import("./demo.js")).demo(io)));
}
