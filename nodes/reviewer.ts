import type { GraphNode } from "@langchain/langgraph";
import { Command } from "@langchain/langgraph";
import type { RequestDraft } from "../core/approval.js";
import type { Blackboard } from "../core/blackboard.js";
import { groupBy } from "../core/group-by.js";
import type { Mission, Task } from "../core/mission.js";
import type { Plan } from "../core/plan.js";
import { descendantsOf, toPlan } from "../core/plan.js";
import type { ApprovalRecord } from "../core/records.js";
import { isSettled } from "../core/run.js";
import type { NodeDeps, RunSession } from "../core/session.js";
import { CORRECTION } from "./given-result.js";
import { toInvocation } from "./invocation.js";
import { orReport } from "./or-report.js";
import type { Breach } from "./review-rules.js";
import { findBreaches } from "./review-rules.js";
import { contractSchema } from "./task-checks.js";
import { engineTurn, failed, newAttempt } from "./task-moves.js";
import { primaryOf } from "./task-skill.js";

type ReviewerDeps = Pick<NodeDeps, "sessions" | "clock" | "playbooks">;

/**
 * Checks what needs several tasks: the mission's rules, and limits that a task can change. What fails goes back, with
 * everything that used it, at most `max_review_rounds` times; then a person rules.
 */
export function createReviewer(
  mission: Mission,
  deps: ReviewerDeps,
): GraphNode<typeof Blackboard, Record<string, unknown>, "dispatcher" | "report"> {
  const plan = toPlan(mission.tasks);

  return async function reviewer(_state, config) {
    const visit = await deps.sessions.enter(mission, toInvocation(config));
    const { session } = visit;
    try {
      return await orReport(
        session,
        () => review(session),
        async () => new Command({ goto: "dispatcher" }),
      );
    } finally {
      visit.leave();
    }
  };

  async function review(
    session: RunSession,
  ): Promise<Command<unknown, Record<string, unknown>, "dispatcher" | "report">> {
    if (session.isCancelled) return new Command({ goto: "dispatcher" });
    if (await absorbDecisions(session, plan, deps)) return new Command({ goto: "dispatcher" });
    // After a crash, rows may be ahead of the graph: what was sent back already is done again before it is looked at.
    if (session.tasks().some((task) => !isSettled(task.status))) return new Command({ goto: "dispatcher" });
    const breaches = findBreaches(session, plan, deps.clock.now()).filter((breach) => !isAccepted(session, breach));
    const found = { round: session.reviewRound, findings: breaches.map((breach) => breach.reason) };
    if (breaches.length === 0) return new Command({ update: { review: found }, goto: "report" });
    if (session.reviewRound < mission.maxReviewRounds) await sendBack(session, plan, breaches);
    else await escalate(session, plan, breaches, deps);
    return new Command({ update: { review: { ...found, round: session.reviewRound } }, goto: "dispatcher" });
  }
}

function isAccepted(session: RunSession, breach: Breach): boolean {
  const { attempt } = session.task(breach.sendBack);
  return session.request(breach.sendBack, attempt, "escalation", `review:${breach.ruleId}`)?.status === "approved";
}

/** What people decided about escalations of this review: a no fails the run, a correction is the result from now on. */
async function absorbDecisions(session: RunSession, plan: Plan, deps: ReviewerDeps): Promise<boolean> {
  let hasMoved = false;
  for (const request of session.requests()) {
    const task = plan.byId.get(request.taskId);
    if (!task || request.kind !== "escalation" || !request.subject.startsWith("review:")) continue;
    if (request.attempt !== session.task(task.id).attempt) continue;
    if (request.status === "rejected") {
      const reason = request.decision?.comment ?? `Rejected by ${request.decidedBy ?? "a person"}.`;
      await session.commit(failed(task, session.task(task.id), "escalation_rejected", reason, deps.clock.now()));
      hasMoved = true;
    }
    if (request.status !== "edited") continue;
    await correct(session, plan, task, request, deps.clock.now());
    hasMoved = true;
  }
  return hasMoved;
}

/** The tasks go back with their reasons; everything that used their results begins anew, and those results are superseded. */
async function sendBack(session: RunSession, plan: Plan, breaches: readonly Breach[]): Promise<void> {
  const reasons = groupBy(breaches, (breach) => breach.sendBack);
  const round = session.reviewRound + 1;
  const affected = new Set([...reasons.keys()].flatMap((id) => [id, ...descendantsOf(plan, id)]));
  const changes = plan.tasks
    .filter((task) => affected.has(task.id))
    .map((task) => {
      const own = reasons.get(task.id) ?? [];
      const feedback = own.map((breach) => ({ from: "reviewer", reason: breach.reason }));
      const reason =
        own.length > 0
          ? own.map((breach) => breach.reason).join(" ")
          : `A task that it builds on was sent back: ${[...reasons.keys()].join(", ")}.`;
      return newAttempt(task, session.task(task.id), {
        cause: "sent_back",
        reason,
        feedback,
        failures: 0,
        refusals: 0,
      });
    });
  await session.commit({
    tasks: changes.flatMap((change) => change.tasks ?? []),
    supersede: [...affected],
    reviewRound: round,
    events: [
      {
        type: "review_sent_back",
        key: `review_sent_back:${round}`,
        data: { round, tasks: [...affected], reason: breaches.map((breach) => breach.reason).join(" ") },
      },
      ...changes.flatMap((change) => change.events ?? []),
    ],
  });
}

async function escalate(
  session: RunSession,
  plan: Plan,
  breaches: readonly Breach[],
  deps: ReviewerDeps,
): Promise<void> {
  for (const breach of breaches) {
    const task = plan.byId.get(breach.sendBack);
    if (task) await session.ask(draftOf(session, task, breach, deps));
  }
}

/**
 * A person's correction begins a new attempt of the task and goes the way of any result: contract, rules, acts. All
 * who built on the old one begin anew, in the same unit.
 */
async function correct(session: RunSession, plan: Plan, task: Task, request: ApprovalRecord, at: Date): Promise<void> {
  const by = request.decidedBy ?? "a person";
  const behind = descendantsOf(plan, task.id).flatMap((id) => plan.byId.get(id) ?? []);
  const raised = [task, ...behind].map((other) => {
    const reason = other === task ? `Corrected by ${by}.` : `${task.id} was corrected by ${by}.`;
    return newAttempt(other, session.task(other.id), { cause: "sent_back", reason, refusals: 0 });
  });
  const [own] = raised.flatMap((change) => change.tasks ?? []);
  const reply = { output: request.decision?.edited ?? null, approvalId: request.approvalId };
  await session.commit({
    tasks: raised.flatMap((change) => change.tasks ?? []),
    supersede: [task, ...behind].map((other) => other.id),
    turns: own ? [engineTurn(own, at, CORRECTION, reply)] : [],
    events: raised.flatMap((change) => change.events ?? []),
  });
}

function draftOf(session: RunSession, task: Task, breach: Breach, deps: ReviewerDeps): RequestDraft {
  return {
    taskId: task.id,
    attempt: session.task(task.id).attempt,
    kind: "escalation",
    subject: `review:${breach.ruleId}`,
    shown: {
      question: `The review still refuses "${task.title}" for ${session.run.title}. Accept it as it is?`,
      subject: session.output(task.id) ?? null,
      proposed: [],
      evidence: [
        {
          title: breach.ruleId,
          left: { label: "Result", text: JSON.stringify(session.output(task.id) ?? null, null, 1) },
        },
      ],
      reasons: [breach.reason],
      degraded: false,
      schema: contractSchema(task, primaryOf({ task, deps })),
    },
  };
}
