import type { GraphNode } from "@langchain/langgraph";
import { interrupt, isGraphInterrupt } from "@langchain/langgraph";
import type { AddressedDecision } from "../core/approval.js";
import { readAnswer } from "../core/approval.js";
import type { Blackboard } from "../core/blackboard.js";
import { OrchestratorError } from "../core/errors.js";
import type { Mission } from "../core/mission.js";
import { toPlan } from "../core/plan.js";
import type { ApprovalRecord } from "../core/records.js";
import { isDecided } from "../core/run.js";
import type { NodeDeps, Person, RunSession } from "../core/session.js";
import { toPayload } from "./approval-payload.js";
import { channelsOf } from "./dispatch.js";
import { toInvocation } from "./invocation.js";
import { isToClose } from "./run-end.js";

/**
 * Stops the run until people answer. LangGraph pauses by throwing and runs this node again from its first line, so
 * nothing with an effect stands above `interrupt`. The rows are the truth: the resume value is one way to write them,
 * and when somebody decided in the store meanwhile the pause is over. An answer is read once: what was wrong with it is
 * said by the next pause, which is a new visit, since LangGraph gives a visit its earlier answers again.
 */
export function createApprovals(
  mission: Mission,
  deps: Pick<NodeDeps, "sessions" | "clock">,
): GraphNode<typeof Blackboard> {
  const plan = toPlan(mission.tasks);

  return async function approvals(state, config) {
    const invocation = toInvocation(config);
    const visit = await deps.sessions.enter(mission, invocation);
    const { session } = visit;
    try {
      await session.refresh();
      const shown = state.requests.map(({ id }) => id);
      const answer = await pauseUnlessMoved(session, shown);
      if (answer) session.problem = await take(session, answer.value, shown, deps.sessions.personOf(invocation));
      await session.refresh();
      await session.commit({ applied: unapplied(session).map((request) => request.approvalId) });
      return channelsOf(session, plan, state.status, state);
    } finally {
      visit.leave();
    }
  };
}

/**
 * The one place where `interrupt()` may be caught: when the rows are not what was shown any more, the run goes on with
 * them. Nothing is returned then.
 */
async function pauseUnlessMoved(
  session: RunSession,
  shown: readonly string[],
): Promise<{ value: unknown } | undefined> {
  const pending = session.requests().filter((request) => request.status === "pending");
  if ((session.isCancelled && !session.ending) || isToClose(session) || pending.length === 0) return undefined;
  const open = shown.flatMap((id) => pending.find((request) => request.approvalId === id) ?? []);
  try {
    return { value: interrupt(toPayload(open, session.problem)) };
  } catch (error) {
    if (!isGraphInterrupt(error)) throw error;
    const isAsShown = open.length === shown.length && open.length === pending.length;
    if (!isAsShown || unapplied(session).length > 0 || !(await session.wait())) return undefined;
    session.problem = undefined;
    throw error;
  }
}

/**
 * Records each decision by the same compare-and-set as `decide`. Positions and a bare word mean what was shown. Returns
 * in words what could not be recorded.
 */
async function take(
  session: RunSession,
  answer: unknown,
  shown: readonly string[],
  person: Person,
): Promise<string | undefined> {
  const read = readAnswer(answer, shown);
  if ("problem" in read) return read.problem;
  const problems: string[] = [];
  for (const addressed of read.decisions) {
    const problem = await record(session, addressed, person);
    if (problem !== undefined) problems.push(problem);
  }
  return problems.length > 0 ? problems.join(" ") : undefined;
}

async function record(session: RunSession, addressed: AddressedDecision, person: Person): Promise<string | undefined> {
  const { id, digest, decision } = addressed;
  const find = () => session.requests().find(({ approvalId }) => approvalId === id);
  const request = find();
  if (!request) return `No request of this run has the id ${id}.`;
  try {
    if (await session.decide(request.approvalId, digest ?? request.digest, decision, person)) return undefined;
    return toldAbout(find() ?? request);
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    return `${request.shown.taskTitle}: ${error.message}`;
  }
}

/** What whoever decides second is told. */
function toldAbout({ approvalId, shown, status, decidedBy }: ApprovalRecord): string {
  const who = decidedBy === undefined ? `is ${status}` : `was decided by ${decidedBy} already: ${status}`;
  return `${shown.taskTitle} (${approvalId.slice(0, 12)}) ${who}. Nothing was changed.`;
}

function unapplied(session: RunSession): readonly ApprovalRecord[] {
  return session.requests().filter((request) => isDecided(request.status) && request.appliedAt === undefined);
}
