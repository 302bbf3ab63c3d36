import type { Command } from "commander";
import type { AuditFlags } from "./audit.js";
import type { KillFlags } from "./kill.js";
import type { PolicyCheckFlags } from "./policy-check.js";
import type { Act } from "./program.js";
import type { RefusalsFlags } from "./refusals.js";

/** Commands for whoever keeps the system in order and checks it afterwards. */
export function addOperating(program: Command, act: Act): void {
  const audit = program.command("audit").description("checks what was recorded");
  audit
    .command("verify [run]")
    .description("recomputes the event chain of a run, or of all; names the first broken event")
    .option("--head <hash>", "a hash that must be in the run's chain, such as the head printed on its report")
    .option("--file <log.json>", "checks what `log --json` printed, without a store")
    .action((run: string | undefined, flags: AuditFlags) =>
      act(async (io) => (await import("./audit.js")).auditVerify(io, run, flags)),
    );
  audit
    .command("refusals")
    .description("what the gate refused: which agent, which tool, why, how often and when last")
    .option("--since <moment>", "only what was refused on or after this day or moment, in UTC")
    .option("--run <run>", "only in this run")
    .action((flags: RefusalsFlags) => act(async (io) => (await import("./refusals.js")).auditRefusals(io, flags)));
  program
    .command("kill [on|off]")
    .description(
      "the kill switch: stops a run, an agent, a tool or everything, in every process; alone, lists what is off",
    )
    .option("--run <run>", "this run")
    .option("--agent <agent>", "all that this agent does, in every run")
    .option("--tool <tool>", "every call of this tool")
    .option("--all", "everything: no run begins or goes on")
    .option("--by <name>", "who switches; else the user of this machine")
    .option("--reason <text>", "why; kept for good")
    .option("--unlisted", "an agent or tool that no mission here knows: take the name as it stands")
    .action((turned: string | undefined, flags: KillFlags) =>
      act(async (io) => (await import("./kill.js")).kill(io, turned, flags)),
    );
  program
    .command("doctor")
    .description("looks at Node, driver, store, missions, model settings and ports: what is wrong and how to mend it")
    .action(() => act(async (io) => (await import("./doctor.js")).doctor(io)));
  program
    .command("policy")
    .description("explains how calls of tools are ruled on")
    .command("check <tool>")
    .description("how a call would be ruled on, and by which policy; calls nothing. 3: a person is asked, 1: forbidden")
    .option("--args <json>", "what it would be called with; else nothing")
    .option("--agent <agent>", "who would call it, by id or slug; else the first that holds it")
    .option("--mission <mission>", "with the policies and the roster of this mission")
    .option("--task <task>", "the task that it would be called for")
    .option("--case <id>", "the id of the case that it would be called for")
    .action((tool: string, flags: PolicyCheckFlags) =>
      act(async (io) => (await import("./policy-check.js")).policyCheck(io, tool, flags)),
    );
}
