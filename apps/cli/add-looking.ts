import type { Command } from "commander";
import { Option } from "commander";
import type { Act } from "./program.js";
import type { ReportFlags } from "./report.js";

/** Commands that show what is there and change nothing. */
export function addLooking(program: Command, act: Act): void {
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
    .addOption(new Option("--format <format>", "how to print it").choices(["md", "html", "json"]).default("md"))
    .option("--out <file>", "writes it there instead; html is two pages for print")
    .action((run: string, flags: ReportFlags) =>
      act(async (io) => (await import("./report.js")).report(io, run, flags)),
    );
  program
    .command("watch <run>")
    .description("follows a run until it ends: one line for each task, or for each change where there is no terminal")
    .action((run: string) => act(async (io) => (await import("./watch.js")).watch(io, run)));
  program
    .command("log <run>")
    .description(
      "what happened in a run, told in order; --json prints its events with their chain, for `audit verify --file`",
    )
    .option("--task <task>", "only what concerns this task")
    .action((run: string, flags: { task?: string }) =>
      act(async (io) => (await import("./log.js")).log(io, run, flags)),
    );
  program
    .command("effects <run>")
    .description("what a run changed in the world, by whom, allowed by whom, and what came of it")
    .action((run: string) => act(async (io) => (await import("./effects.js")).effects(io, run)));
}
