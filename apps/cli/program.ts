import { Command } from "commander";
import { didYouMean } from "../../core/lookup.js";
import { addAuthoring } from "./add-authoring.js";
import { addDeciding } from "./add-deciding.js";
import { addLooking } from "./add-looking.js";
import { addMeasuring } from "./add-measuring.js";
import { addOperating } from "./add-operating.js";
import { addRunning } from "./add-running.js";
import type { GlobalOptions, Io } from "./io.js";

/** What a command of the program is called with: the `Io` made from the global options. Its exit code goes to `leave`. */
export interface Session {
  readonly io: (options: GlobalOptions) => Io;
  readonly leave: (exitCode: number) => void;
}

/** Runs one command with the `Io` of this call, and keeps its exit code. */
export type Act = (work: (io: Io) => Promise<number>) => Promise<void>;

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
  const act: Act = async (work) => session.leave(await work(session.io(program.opts<GlobalOptions>())));

  addLooking(program, act);
  addRunning(program, act);
  addDeciding(program, act);
  addMeasuring(program, act);
  addOperating(program, act);
  addAuthoring(program, act);
  addPlain(program, act);
  return program;
}

function addPlain(program: Command, act: Act): void {
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
