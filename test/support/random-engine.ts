import type { Engine } from "./engine.js";
import { openEngine } from "./engine.js";
import { agentsOfRandomPlans, Outside, toolsOfRandomPlans } from "./random-agents.js";

/** An engine whose agents and tools do as random plans script them, and the outside that they meet. */
export async function openRandomEngine(): Promise<{ readonly engine: Engine; readonly outside: Outside }> {
  const outside = new Outside();
  const engine = await openEngine({
    agents: agentsOfRandomPlans(outside),
    tools: toolsOfRandomPlans(outside),
    clock: outside.clock,
  });
  return { engine, outside };
}
