import type { Task } from "./mission.js";
import type { Playbooks, Toolbox } from "./session.js";

/** What a task may cost by what its tools declare: one call of each that its playbook names. What a model will cost is not known here. */
export function expectedCostMicroUsd(
  task: Task,
  { playbooks, toolbox }: { readonly playbooks: Playbooks; readonly toolbox: Toolbox },
): number {
  const playbook = task.agents.map((id) => playbooks.find(id, task.skill)).find((found) => found !== undefined);
  const tools = new Set([...(playbook?.tools ?? []), ...(playbook?.proposes ?? []).map(({ tool }) => tool)]);
  return [...tools].reduce((sum, tool) => sum + toolbox.maxCostMicroUsdOf(tool), 0);
}
