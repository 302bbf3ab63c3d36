import type { GraphNode } from "@langchain/langgraph";
import { interrupt, isGraphInterrupt } from "@langchain/langgraph";
import { readAnswer } from "../core/approval.js";
import type { Blackboard } from "../core/blackboard.js";
import type { JsonObject } from "../core/digest.js";
import type { Mission } from "../core/mission.js";
import { toPlan } from "../core/plan.js";
import type { ApprovalRecord } from "../core/records.js";
import { isDecided } from "../core/run.js";
import type { Invocation, NodeDeps, RunSession } from "../core/session.js";
import { channelsOf } from "./dispatch.js";
import { toInvocation } from "./invocation.js";

/**
 * Stops the run until people answer. LangGraph pauses by throwing and runs this node again from its first line, so
 * nothing with an effect stands above `interrupt`. The rows are the truth: the resume value is one way to write them,
 * and when somebody decided in the store meanwhile the pause is over.
 */
export function createApprovals(
  mission: Mission,
  deps: Pick<NodeDeps, "sessions" | "clock">,
): GraphNode<typeof Blackboard> {
  const plan = toPlan(mission.tasks);

  return async function approvals(_state, config) {
    const invocation = toInvocation(config);
    const visit = await deps.sessions.enter(mission, invocation);
    const { session } = visit;
    try {
      await session.refresh();
      await untilDecided(session, (decisions) => record(session, deps, invocation, decisions));
      const applied = unapplied(session).map((request) => request.approvalId);
      await session.commit({ applied });
      return channelsOf(session, plan);
    } finally {
      visit.leave();
    }
  };
}

type Addressed = Extract<ReturnType<typeof readAnswer>, { decisions: unknown }>["decisions"];

/** Returns once at least one request is decided and not yet applied, or none is open; else the graph pauses by throwing. */
async function untilDecided(
  session: RunSession,
  recordAll: (decisions: Addressed) => Promise<string | undefined>,
): Promise<void> {
  let problem: string | undefined;
  for (;;) {
    const open = session.requests().filter((request) => request.status === "pending");
    if (session.isCancelled || (open.length === 0 && unapplied(session).length === 0)) return;
    const answer = await pauseUnlessDecided(session, open, problem);
    if (answer === undefined) return;
    const read = readAnswer(
      answer.value,
      open.map((request) => request.approvalId),
    );
    problem = "problem" in read ? read.problem : await recordAll(read.decisions);
    await session.refresh();
    if (unapplied(session).length > 0) return;
  }
}

/**
 * The one place where `interrupt()` may be caught: when rows were decided in the store, the run goes on with those.
 * Nothing is returned then.
 */
async function pauseUnlessDecided(
  session: RunSession,
  open: readonly ApprovalRecord[],
  problem: string | undefined,
): Promise<{ value: unknown } | undefined> {
  try {
    return { value: interrupt(toPayload(open, problem)) };
  } catch (error) {
    if (!isGraphInterrupt(error)) throw error;
    if (unapplied(session).length > 0 || !(await session.wait())) return undefined;
    throw error;
  }
}

/** Records each decision by the same compare-and-set as `decide`. Returns why nothing could be recorded. */
async function record(
  session: RunSession,
  deps: Pick<NodeDeps, "sessions">,
  invocation: Invocation,
  decisions: Addressed,
): Promise<string | undefined> {
  const person = deps.sessions.personOf(invocation);
  const problems: string[] = [];
  for (const { id, digest, decision } of decisions) {
    const request = session.requests().find((candidate) => candidate.approvalId === id);
    if (!request) continue;
    try {
      await session.decide(request.approvalId, digest ?? request.digest, decision, person);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "OrchestratorError") throw error;
      problems.push(`${request.approvalId}: ${error.message}`);
    }
  }
  return problems.length > 0 ? problems.join(" ") : undefined;
}

function unapplied(session: RunSession): readonly ApprovalRecord[] {
  return session.requests().filter((request) => isDecided(request.status) && request.appliedAt === undefined);
}

/** What people see in Studio and scripts: a question, text to paste, LangChain's own shape, and our requests. */
function toPayload(open: readonly ApprovalRecord[], problem: string | undefined): JsonObject {
  const [only, ...others] = open;
  const question = only && others.length === 0 ? only.shown.question : `${open.length} requests wait for an answer.`;
  const decisions = open.map((request) => ({
    id: request.approvalId,
    digest: request.digest,
    ...(request.shown.allowed.includes("approve") ? { type: "approve" } : { type: "answer", answer: null }),
  }));
  return {
    question,
    ...(problem !== undefined && { problem }),
    answer_with: JSON.stringify({ decisions }),
    actionRequests: open.map((request) => ({
      name: request.shown.tool ?? request.kind,
      args: { subject: request.shown.subject },
      description: request.shown.question,
    })),
    reviewConfigs: open.map((request) => ({
      actionName: request.shown.tool ?? request.kind,
      allowedDecisions: [...request.shown.allowed],
    })),
    requests: open.map(toRequest),
  };
}

function toRequest(request: ApprovalRecord): JsonObject {
  return {
    id: request.approvalId,
    digest: request.digest,
    kind: request.kind,
    task: request.taskId,
    assigned_to: request.role,
    due_at: request.dueAt.toISOString(),
    ...(JSON.parse(JSON.stringify(request.shown)) as JsonObject), // safe: what is shown is JSON
  };
}
