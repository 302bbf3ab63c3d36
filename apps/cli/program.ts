import { Command, Option } from "commander";
import { didYouMean } from "../../core/lookup.js";
import type { DecideFlags } from "./decide.js";
import type { GlobalOptions, Io } from "./io.js";
import type { RunFlags } from "./run.js";

/** What a command of the program is called with: the `Io` made from the global options. Its exit code goes to `leave`. */
export interface Session {
  readonly io: (options: GlobalOptions) => Io;
  readonly leave: (exitCode: number) => void;
}

type Act = (io: Io) => Promise<number>;

/** The command line: names, arguments, options. Every command's own file loads only when it is called. */
export function createProgram(session: Session, version: string): Command {
  const program = new Command("mission")
    .description(
      "Runs business missions with AI agents: durable, approved where policy says so, each outside act once.",
    )
    .version(version)
    .configureHelp({ showGlobalOptions: true })
    .option("--json", "print one JSON document; progress and remarks go to the error output")
    .option(
      "--store <url>",
      "where runs are kept, such as sqlite:folder/file.db; else MISSION_STORE, else .missions here",
    )
    .option("--editor <command>", "opens what you edit; else VISUAL or EDITOR")
    .exitOverride();
  const act = async (work: Act) => session.leave(await work(session.io(program.opts<GlobalOptions>())));

  addLooking(program, act);
  addRunning(program, act);
  addDeciding(program, act);
  addPlain(program, act);
  return program;
}

function addPlain(program: Command, act: (work: Act) => Promise<void>): void {
  program
    .command("overview [rest...]", { isDefault: true, hidden: true })
    .description("what runs, and what waits for you")
    .action((rest: readonly string[]) => {
      const [unknown] = rest;
      if (unknown !== undefined) {
        const names = program.commands.map((command) => command.name());
        program.error(`error: there is no command "${unknown}".${didYouMean(unknown, names)}`, {
          code: "commander.unknownCommand",
          exitCode: 2,
        });
      }
      return act(async (io) => (await import("./overview.js")).overview(io));
    });
}

function addLooking(program: Command, act: (work: Act) => Promise<void>): void {
  program
    .command("list")
    .description("the missions that can be run here")
    .action(() => act(async (io) => (await import("./list.js")).list(io)));
  program
    .command("show <mission>")
    .description("a mission: goal, KPIs, tasks, agents, cases")
    .action((mission: string) => act(async (io) => (await import("./show.js")).show(io, mission)));
  program
    .command("verify <mission>")
    .description("proves a mission or file; shows every problem at once")
    .action((mission: string) => act(async (io) => (await import("./verify.js")).verify(io, mission)));
  program
    .command("runs")
    .description("all runs, newest first")
    .option("--status <status...>", "only runs of these statuses")
    .option("--mission <mission>", "only runs of this mission")
    .action((flags: { status?: string[]; mission?: string }) =>
      act(async (io) => (await import("./runs.js")).runs(io, flags)),
    );
  program
    .command("status <run>")
    .description("one run with its tasks, questions, KPIs and limits")
    .action((run: string) => act(async (io) => (await import("./status.js")).status(io, run)));
  program
    .command("report <run>")
    .description("the final report of a run that ended")
    .addOption(new Option("--format <format>", "how to print it").choices(["md", "json"]).default("md"))
    .action((run: string, flags: { format: "md" | "json" }) =>
      act(async (io) => (await import("./report.js")).report(io, run, flags)),
    );
}

function addRunning(program: Command, act: (work: Act) => Promise<void>): void {
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
    .description("ends a run; what was done is listed as not undone")
    .option("--by <name>", "who cancels; else the user of this machine")
    .action((run: string, flags: { by?: string }) =>
      act(async (io) => (await import("./cancel.js")).cancel(io, run, flags)),
    );
  program
    .command("demo")
    .description("three sample missions at once, and one that ends in a question")
    .action(() => act(async (io) => (await import("./demo.js")).demo(io)));
}

function addDeciding(program: Command, act: (work: Act) => Promise<void>): void {
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
