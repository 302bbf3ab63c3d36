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

/** Runs once after every superstep of tasks or approvals: settles what follows, and sends what may go on. */
export function createDispatcher(
  mission: Mission,
  deps: Pick<NodeDeps, "sessions"> & DispatchDeps,
): GraphNode<typeof Blackboard, Record<string, unknown>, string> {
  const plan = toPlan(mission.tasks);

  return async function dispatcher(state, config): Promise<Command> {
    const invocation = toInvocation(config);
    const visit = await deps.sessions.enter(mission, invocation);
    try {
      await untilRunReleased(visit);
      return await orReport(visit.session, () => dispatch(visit.session, plan, { ...deps, ...invocation }, state));
    } finally {
      visit.leave();
    }
  };
}
