import type { Mission } from "../../core/mission.js";
import type { Policies, PolicyFault } from "../../core/policy.js";
import { formatFault } from "../../core/policy.js";
import type { Place, Problem } from "../../core/problem.js";
import type { Shelf } from "../library.js";

/**
 * What policy makes of a mission: its own policies that cannot be read or would loosen what holds for every mission, and
 * tools that are forbidden to their holders whatever the arguments. `policy_invalid` when those of every mission are wrong.
 */
export async function policyProblems(
  mission: Mission,
  { policies, shelf, locate }: { policies: Policies; shelf: Shelf; locate: (pointer: string) => Place },
): Promise<readonly Problem[]> {
  const own = mission.policies ?? [];
  const holdsTools = mission.agents.some(({ tools }) => tools.length > 0);
  if (own.length === 0 && !holdsTools) return [];
  const book = await policies.bookFor([]);
  const faults = await policies.faultsOf(own);
  if (faults.length > 0) return faults.map((fault) => ({ ...problemOf(fault), ...locate(pointerOf(mission, fault)) }));
  const full = own.length === 0 ? book : await policies.bookFor(own);
  const tools = new Map(shelf.tools.map((tool) => [tool.name, tool]));
  return mission.agents.flatMap((agent) =>
    agent.tools.flatMap((name) => {
      const tool = tools.get(name);
      const ruling = tool && full.outlook(tool, agent);
      if (ruling?.outcome !== "forbidden") return [];
      const why = `${ruling.rule}: ${ruling.reason}`;
      const message = `agent ${agent.slug} holds ${name}, which policy forbids whatever its arguments (${why}).`;
      return [{ severity: "error" as const, code: "tool_forbidden" as const, message, ...locate("/agents") }];
    }),
  );
}

function problemOf(fault: PolicyFault): Omit<Problem, "pointer"> {
  return { severity: "error", code: fault.code, message: formatFault(fault), column: fault.column };
}

function pointerOf({ policies = [] }: Mission, { source }: PolicyFault): string {
  return `/policies/${Math.max(
    0,
    policies.findIndex((text) => text.source === source),
  )}`;
}
