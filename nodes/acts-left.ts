import type { ProposedCall } from "../core/approval.js";
import type { JsonObject } from "../core/digest.js";
import { callDigestOf } from "../core/effect.js";
import { engineTurn } from "./task-moves.js";
import type { TaskWork } from "./task-work.js";

/** Names the turn that holds the acts of a result that could not be done. */
const TURN = "acts_left";

/** An act that a result proposed and that was not done, and why. */
export interface LeftAct {
  readonly tool: string;
  readonly args: JsonObject;
  readonly reason: string;
}

/** Notes that the first of these acts was not done, and so none of those after it. Noted once for each attempt. */
export async function noteLeft({ session, task, deps }: TaskWork, calls: readonly ProposedCall[], why: string) {
  const record = session.task(task.id);
  if (session.turn(task.id, record.attempt, TURN)) return;
  const acts = calls.map(({ tool, args }, index) => {
    return { tool, args, reason: index === 0 ? why : `it was to follow ${calls[0]?.tool ?? "another act"}` };
  });
  await session.commit({ turns: [engineTurn(record, deps.clock.now(), TURN, { acts })] });
}

/** What the task's newest result with acts proposed in vain, but for acts that came to be done after all; often none. */
export async function actsLeft({ session, task }: Pick<TaskWork, "session" | "task">): Promise<readonly LeftAct[]> {
  const left = noted(session, task);
  if (left.length === 0) return left;
  const done = (await session.acts()).filter(({ taskId, status }) => taskId === task.id && status === "done");
  const digests = new Set(done.map(({ tool, args }) => callDigestOf(tool, args)));
  return left.filter(({ tool, args }) => !digests.has(callDigestOf(tool, args)));
}

function noted(session: TaskWork["session"], task: TaskWork["task"]): readonly LeftAct[] {
  for (let { attempt } = session.task(task.id); attempt > 0; attempt -= 1) {
    const turn = session.turn(task.id, attempt, TURN);
    // safe: `noteLeft` writes it
    if (turn) return (turn.reply as unknown as { acts: readonly LeftAct[] }).acts;
  }
  return [];
}

/** The acts by name, each once, and one sentence for each; nothing when there are none. */
export function wordsOfLeft(acts: readonly LeftAct[]): { readonly names: string; readonly reason: string } | undefined {
  if (acts.length === 0) return undefined;
  const names = [...new Set(acts.map(({ tool }) => tool))].join(", ");
  const reason = acts.map(({ tool, reason: why }) => `${tool} was not done: ${why.replace(/\.$/u, "")}.`).join(" ");
  return { names, reason };
}
