import type { GraphNode } from "@langchain/langgraph";
import type { Blackboard } from "../core/blackboard.js";
import type { Mission } from "../core/mission.js";
import { toPlan } from "../core/plan.js";
import { longestRemaining } from "../core/schedule.js";
import type { NodeDeps } from "../core/session.js";
import type { Sent } from "./dispatch.js";
import { entryOf } from "./dispatch.js";
import { toInvocation } from "./invocation.js";
import type { WorkDeps } from "./task-work.js";
import { workOn } from "./task-work.js";
import type { Waves } from "./wave.js";

export interface SpecialistDeps extends Pick<NodeDeps, "sessions">, WorkDeps {
  readonly waves: Waves;
}

/**
 * The node of one agent; it is sent one task at a time and returns that task's entry, or nothing when an input will
 * not come in this superstep. A task's failure is a status, never a throw: throwing would abort its siblings.
 */
export function createSpecialist(mission: Mission, deps: SpecialistDeps): GraphNode<typeof Blackboard> {
  const plan = toPlan(mission.tasks);
  const remaining = longestRemaining(mission.tasks);

  return async function specialist(input, config) {
    // safe: only `dispatch` sends to this node, and LangGraph passes a Send's payload as it is
    const { task: taskId, wave: waveId } = input as unknown as Sent;
    const task = plan.byId.get(taskId);
    if (!task) throw new Error(`The plan has no task ${taskId}.`);
    const invocation = toInvocation(config);
    const visit = await deps.sessions.enter(mission, invocation);
    const { session } = visit;
    try {
      if (session.isCancelled) return {};
      const wave = deps.waves.join(session.runId, waveId);
      const signal = invocation.signal ? AbortSignal.any([session.signal, invocation.signal]) : session.signal;
      const { callbacks } = invocation;
      const priority = remaining.get(taskId) ?? 0;
      const record = await wave.run(taskId, () =>
        workOn({ session, plan, task, wave, priority, signal, callbacks, deps }),
      );
      await session.settled();
      return record ? { tasks: { [taskId]: entryOf(record) } } : {};
    } catch (error) {
      if (session.isCancelled) return {};
      throw error;
    } finally {
      visit.leave();
    }
  };
}
