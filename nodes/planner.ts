import type { Command, GraphNode } from "@langchain/langgraph";
import type { Blackboard } from "../core/blackboard.js";
import type { Mission } from "../core/mission.js";
import { toPlan } from "../core/plan.js";
import type { NodeDeps } from "../core/session.js";
import type { DispatchDeps } from "./dispatch.js";
import { dispatch } from "./dispatch.js";
import { toInvocation } from "./invocation.js";
import { untilRunReleased } from "./kill-wait.js";
import { orReport } from "./or-report.js";

/**
 * Opens the run on its case, lays out the mission's tasks and sends the first of them itself. On a thread whose run
 * exists the same input continues it; another input is refused as `run_exists`.
 */
export function createPlanner(
  mission: Mission,
  deps: Pick<NodeDeps, "sessions"> & DispatchDeps,
): GraphNode<typeof Blackboard, Record<string, unknown>, string> {
  const plan = toPlan(mission.tasks);
  const outline = mission.tasks.map((task) => ({ id: task.id, title: task.title, needs: [...task.dependsOn] }));

  return async function planner(state, config): Promise<Command> {
    const invocation = toInvocation(config);
    const visit = await deps.sessions.enter(mission, invocation, { caseInput: state.case });
    const { session } = visit;
    try {
      await untilRunReleased(visit);
      const update = {
        case: session.run.caseData,
        mission: { id: mission.id, slug: mission.slug, version: session.run.missionVersion },
        plan: outline,
      };
      return await orReport(session, () => dispatch(session, plan, { ...deps, ...invocation }, state, update));
    } finally {
      visit.leave();
    }
  };
}
