import type { OutputContract } from "./contract.js";
import { outputContractOf } from "./contract.js";
import { toDependencies } from "./dependencies.js";
import type { Mission, Task } from "./mission.js";
import type { Problem } from "./problem.js";
import { verifyAgents } from "./verify-agents.js";
import { verifyConstraints } from "./verify-constraints.js";
import { verifyExpressions } from "./verify-expressions.js";
import { verifyInputs } from "./verify-inputs.js";
import { verifyNames } from "./verify-names.js";
import { verifyPlan } from "./verify-plan.js";
import { verifySettings } from "./verify-settings.js";
import type { Report, Subject, VerifyOptions } from "./verify-subject.js";
import { verifyTasks } from "./verify-tasks.js";

/**
 * The proof of a mission before it runs: every problem at once, by file and JSON pointer; empty when all is well. Pure:
 * reads no disk, and evaluates only what the first sample case can answer.
 */
export function verifyMission(mission: Mission, options: VerifyOptions): readonly Problem[] {
  const locate = options.locate ?? ((pointer: string) => ({ pointer }));
  const problems: Problem[] = [];
  const report: Report = (code, pointer, message, more) => {
    const column = more?.column;
    const severity = more?.severity ?? "error";
    problems.push({ severity, code, ...locate(pointer), message, ...(column !== undefined && { column }) });
  };
  const subject = toSubject(mission, options, report);

  verifyNames(subject, options.agents);
  verifyPlan(subject);
  verifyTasks(subject);
  verifyInputs(subject);
  verifyAgents(subject);
  verifySettings(subject);
  verifyConstraints(subject);
  verifyExpressions(subject);
  return withoutRepeats(problems);
}

function toSubject(mission: Mission, options: VerifyOptions, report: Report): Subject {
  const agents = new Map(options.agents.map((agent) => [agent.agentId, agent]));
  const contracts = new Map<Task, OutputContract>();
  const writers = new Map<string, string[]>();
  for (const { id, writes } of mission.tasks) {
    for (const key of writes) writers.set(key, [...(writers.get(key) ?? []), id]);
  }
  return {
    mission,
    agents,
    tools: new Map(options.tools.map((tool) => [tool.name, tool])),
    sampleCase: options.sampleCase,
    tasks: new Map([...mission.tasks].reverse().map((task) => [task.id, task])),
    dependencies: toDependencies(mission.tasks),
    contractOf: (task) => {
      const contract = contracts.get(task) ?? outputContractOf(task, agents);
      contracts.set(task, contract);
      return contract;
    },
    writers,
    report,
  };
}

/** Two agents of one row often break the same rule in the same way: said once. */
function withoutRepeats(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
