import type { GraphNode } from "@langchain/langgraph";
import type { Blackboard } from "../core/blackboard.js";
import type { Mission, Task } from "../core/mission.js";
import { taskOf, toPlan } from "../core/plan.js";
import type { TaskRecord } from "../core/records.js";
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
 * The node of one agent. It is sent all that the agent does in a wave at once, since each node that LangGraph starts
 * costs as much as a small task, and returns the entry of each task that was not parked because an input will not come
 * in this superstep. A task's failure is a status, never a throw: throwing would abort the others.
 */
export function createSpecialist(mission: Mission, deps: SpecialistDeps): GraphNode<typeof Blackboard> {
  const plan = toPlan(mission.tasks);
  const remaining = longestRemaining(mission.tasks);

  return async function specialist(input, config) {
    // safe: only `dispatch` sends to this node, and LangGraph passes a Send's payload as it is
    const sent = input as unknown as Sent;
    const invocation = toInvocation(config);
    const { callbacks } = invocation;
    const visit = await deps.sessions.enter(mission, invocation);
    const { session, signal, beginSignal } = visit;
    try {
      if (session.isCancelled) return {};
      const wave = deps.waves.join(session.runId, sent.wave);
      const bring = (task: Task): Promise<TaskRecord | undefined> => {
        const priority = remaining.get(task.id) ?? 0;
        return wave.run(task.id, () =>
          workOn({ session, plan, task, wave, priority, signal, beginSignal, callbacks, deps }),
        );
      };
      const records = await allOf(sent.tasks.map((taskId) => bring(taskOf(plan, taskId))));
      const entries = records.flatMap((record) => (record ? [[record.taskId, entryOf(record)] as const] : []));
      return entries.length > 0 ? { tasks: Object.fromEntries(entries) } : {};
    } catch (error) {
      if (session.isCancelled) return {};
      throw error;
    } finally {
      visit.leave();
    }
  };
}

/** Waits for the end of each, also when one breaks: none is left at work behind the node. Then the first error is thrown. */
async function allOf<Value>(works: readonly Promise<Value>[]): Promise<Value[]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}
