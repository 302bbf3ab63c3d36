import type { BoardSource } from "./blackboard.js";
import { answerTo } from "./blackboard.js";
import type { Plan } from "./plan.js";
import type { RunSession } from "./session.js";

/** The session as the blackboard's merge needs it. */
export function boardSource(
  session: Pick<RunSession, "mission" | "task" | "output" | "requests">,
  plan: Plan,
): BoardSource {
  return {
    mission: session.mission,
    plan,
    stateOf: (id) => session.task(id),
    outputOf: (id) => session.output(id),
    resolved: (conflict) => answerTo(session.requests(), conflict),
  };
}
