import type { RequestDraft } from "../core/approval.js";
import { consequencesFor, NeedsPerson } from "../core/approval.js";
import type { Playbook } from "../core/define-agent.js";
import type { AgentCard, Task } from "../core/mission.js";
import type { NodeDeps } from "../core/session.js";
import { actsLeft, wordsOfLeft } from "./acts-left.js";
import { findOutLost, lostScopeOf } from "./lost-acts.js";
import { contractSchema } from "./task-checks.js";
import type { TaskWork } from "./task-work.js";

/** The agent at work on the task, or the next capable one; when none is left the task asks for its result by `NeedsPerson`. */
export async function chooseAgent(work: TaskWork): Promise<{ agent: AgentCard; playbook: Playbook }> {
  const { session, task, deps } = work;
  const record = session.task(task.id);
  const left = task.agents.filter((id) => !record.tried.includes(id));
  const first = record.agentId !== undefined && left.includes(record.agentId) ? [record.agentId, ...left] : left;
  for (const id of first) {
    const agent = session.mission.agents.find((card) => card.id === id);
    const playbook = deps.playbooks.find(id, task.skill);
    if (agent && playbook) return { agent, playbook };
  }
  throw new NeedsPerson(await resultQuestion(work));
}

/**
 * Asks a person for the result itself: nobody else is left, or no agent could mend what is wrong. Whoever gives it has to
 * know what was done, so what is in doubt is found out, or asked, first.
 */
export async function resultQuestion(work: TaskWork): Promise<RequestDraft> {
  const { session, task, deps } = work;
  const [doubt] = await findOutLost(session, deps, lostScopeOf(work));
  if (doubt) return doubt.request;
  const record = session.task(task.id);
  const why = record.errorMessage ?? `Nobody here can do the skill "${task.skill}".`;
  const left = await actsLeft(work);
  const names = wordsOfLeft(left)?.names ?? "";
  return {
    taskId: task.id,
    attempt: record.attempt,
    kind: "question",
    subject: "result",
    shown: {
      question: `No agent is left for "${task.title}".${names && ` Not done of it: ${names}.`} What is its result?`,
      subject: null,
      proposed: [],
      evidence: [
        { title: "The case", left: { label: session.run.title, text: JSON.stringify(session.run.caseData, null, 1) } },
        ...left.map(({ tool, args, reason }) => {
          return { title: `Not done: ${tool}`, left: { label: reason, text: JSON.stringify(args, null, 1) } };
        }),
      ],
      ...(names && {
        consequences: {
          ...consequencesFor("question", []),
          answer: `Your result stands. Not done stays: ${names}; the report says so.`,
        },
      }),
      reasons: [why, ...record.feedback.map((entry) => `${entry.from}: ${entry.reason}`)],
      schema: contractSchema(task, primaryOf(work)),
      degraded: false,
    },
  };
}

/** The playbook whose contract and rules the task's result must keep, whoever makes it: that of the first capable agent that has one. */
export function primaryOf(work: { task: Task; deps: Pick<NodeDeps, "playbooks"> }): Playbook | undefined {
  const own = work.task.agents
    .map((id) => work.deps.playbooks.find(id, work.task.skill))
    .find((playbook) => playbook && playbook.skill !== "*");
  return own;
}
