import type { Command } from "commander";
import { Option } from "commander";
import type { FeedbackFlags } from "./feedback.js";
import type { KpiRecordFlags } from "./kpi-record.js";
import type { KpisFlags } from "./kpis.js";
import type { PlanFlags } from "./plan.js";
import type { Act } from "./program.js";
import type { SimulateFlags } from "./simulate.js";

const SIMULATION = `
Results are not there in a simulation, so conditions (when) are taken to hold, a route takes the way that is longest,
a for_each takes its estimate once, a join begins with enough of its inputs, nothing fails and so nobody stands in.
Approvals are asked, and granted as soon as the task's own time is over. Tasks may lack a skill. No tool is called.
The makespan goes from the run's beginning to its end: what the engine writes is in it; loading the files, compiling the
graph and one task before the run that warms the process up are not.`;

/** Commands about what missions achieve: figures told and figures shown. */
export function addMeasuring(program: Command, act: Act): void {
  program
    .command("kpis [mission]")
    .description("what missions reached over their runs, against baseline and target; bases are never mixed")
    .option("--since <moment>", "only runs that ended on or after this day or moment, in UTC")
    .option("--until <moment>", "only runs that ended on or before it; a day counts whole")
    .addOption(new Option("--by <period>", "also week by week, by ISO 8601").choices(["week"]))
    .addOption(
      new Option("--format <format>", "how to print it").choices(["table", "json", "csv", "html"]).default("table"),
    )
    .option("--out <file>", "writes it there instead; html is a page for print")
    .action((mission: string | undefined, flags: KpisFlags) =>
      act(async (io) => (await import("./kpis.js")).kpis(io, mission, flags)),
    );
  const kpi = program
    .command("kpi")
    .description("figures that only people know")
    .helpCommand(false)
    .argument("[rest...]")
    .action(() => kpi.error(`error: say what to do, and with what: ${names(kpi)}.`, { exitCode: 2 }));
  kpi
    .command("record <run> <kpi> <value>")
    .description("puts the figure of a KPI or limit on record that is known later")
    .option("--at <moment>", "the day or moment that it is of, in UTC; else now")
    .option("--by <name>", "who tells it; else the user of this machine")
    .option("--unit <unit>", "refused when it is not the KPI's own")
    .option("--correct", "takes the place of what is recorded already; needs --reason")
    .option("--reason <text>", "why it is corrected")
    .action((run: string, name: string, value: string, flags: KpiRecordFlags) =>
      act(async (io) => (await import("./kpi-record.js")).kpiRecord(io, run, name, value, flags)),
    );
  program
    .command("feedback <run>")
    .description("a score from 1 to 5 for what a run achieved")
    .requiredOption("--score <score>", "1 (poor) to 5 (excellent)")
    .option("--by <name>", "who says so; else the user of this machine")
    .option("--comment <text>", "in words")
    .option("--correct", "takes the place of the score given before; needs --reason")
    .option("--reason <text>", "why it is corrected")
    .action((run: string, flags: FeedbackFlags) =>
      act(async (io) => (await import("./feedback.js")).feedback(io, run, flags)),
    );
  addForecasting(program, act);
}

/** What a mission will come to, by its estimates or by the engine itself. */
function addForecasting(program: Command, act: Act): void {
  program
    .command("plan <mission>")
    .description(
      "a mission's or file's schedule, critical path, forecast of time and cost, and what such forecasts were worth",
    )
    .option("--case <case>", "the case whose assumptions count; else the mission's first")
    .option("--agents <n>", "so many tasks at once, whatever the files set")
    .addOption(
      new Option("--format <format>", "how to print it").choices(["table", "mermaid", "json"]).default("table"),
    )
    .action((mission: string, flags: PlanFlags) =>
      act(async (io) => (await import("./plan.js")).plan(io, mission, flags)),
    );
  program
    .command("simulate <mission>")
    .description(
      "runs a mission or file on the real engine, its agents only taking their estimated time; nothing is kept",
    )
    .requiredOption("--time-scale <x>", "real time for each unit of estimated time: with 0.01 a minute takes 0.6 s")
    .option("--agents <n>", "so many tasks at once; else no limit, whatever the files set")
    .addHelpText("after", SIMULATION)
    .action((mission: string, flags: SimulateFlags) =>
      act(async (io) => (await import("./simulate.js")).simulate(io, mission, flags)),
    );
}

function names(command: Command): string {
  return command.commands.map((each) => `${command.name()} ${each.name()} ${each.usage()}`).join(" or ");
}
