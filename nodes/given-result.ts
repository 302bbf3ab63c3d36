import type { Json, JsonObject } from "../core/digest.js";
import { TaskFailure } from "../core/errors.js";
import { ExpressionError } from "../core/expression.js";
import type { Task } from "../core/mission.js";
import { isDecided } from "../core/run.js";
import type { TaskMaterial } from "./task-inputs.js";
import { toInputs } from "./task-inputs.js";
import { rejectedBy } from "./task-people.js";
import type { Produced, TaskWork } from "./task-work.js";

/** What a review puts on a new attempt of a task: a person's correction, which then goes the way of any result. */
export const CORRECTION = "correction";

/** The result that a person gave: as the correction of a review, or because no agent was left. */
export function givenByPerson(work: TaskWork, material: TaskMaterial): Produced | undefined {
  const { session, task } = work;
  const record = session.task(task.id);
  const correction = session.turn(task.id, record.attempt, CORRECTION);
  if (correction) {
    // safe: the reviewer writes it as { output, approvalId }
    const { output, approvalId } = correction.reply as unknown as { output: Json; approvalId: string };
    const agent = session.mission.agents.find((card) => card.id === record.agentId);
    const playbook = agent && work.deps.playbooks.find(agent.id, task.skill);
    return { output, approvalId, inputs: inputsIfAny(task, material), findings: [], agent, playbook, byPerson: true };
  }
  const request = session.request(task.id, session.task(task.id).attempt, "question", "result");
  if (!request || !isDecided(request.status)) return undefined;
  if (request.status === "rejected") throw rejectedBy(request.decidedBy, request.decision?.comment);
  void session.commit({ applied: [request.approvalId] });
  return {
    output: request.decision?.answer ?? null,
    inputs: inputsIfAny(task, material),
    findings: [],
    agent: undefined,
    playbook: undefined,
    byPerson: true,
  };
}

/** What the checks compare a person's result with. Inputs that cannot be made may be why a person was asked. */
function inputsIfAny(task: Task, material: TaskMaterial): JsonObject {
  try {
    return toInputs(task, material.scope);
  } catch (error) {
    if (error instanceof TaskFailure || error instanceof ExpressionError) return {};
    throw error;
  }
}
