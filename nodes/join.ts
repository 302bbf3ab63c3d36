import { NeedsPerson } from "../core/approval.js";
import { TaskFailure } from "../core/errors.js";
import type { Verdict } from "../core/plan.js";
import { isCalledFor, neededBy } from "../core/plan.js";
import { isDecided } from "../core/run.js";
import { pause } from "./retry.js";
import { engineTurn } from "./task-moves.js";
import { rejectedBy } from "./task-people.js";
import type { TaskWork } from "./task-work.js";

const MINUTE_MS = 60_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Which dependencies the task works with. Without a `join` those that came, once all have settled. With one, the
 * choice is made once and journalled, so that a rerun works with the same inputs although others came meanwhile.
 * `open` while it has to wait; `again` when it waited here and the plan must be looked at anew.
 */
export async function settleJoin(work: TaskWork, ruling: Verdict): Promise<readonly string[] | "open" | "again"> {
  const { task, session } = work;
  if (!task.join) return ruling.verdict === "ready" ? ruling.arrived : "open";
  const recorded = session.turn(task.id, session.task(task.id).attempt, "join");
  // safe: written by `record` below
  if (recorded) return (recorded.reply as { arrived: string[] }).arrived;
  if (ruling.verdict === "ready") return conclude(work, task.join, ruling.arrived, ruling.missing);
  if (task.join.withinMinutes === undefined || ruling.verdict !== "waits") return "open";
  // Its time runs out on its inputs, not on who decides whether it is wanted at all.
  if (!isCalledFor(work.plan, task, (id) => session.task(id))) return "open";
  return waitWithin(work, task.join, ruling.for);
}

async function waitWithin(
  work: TaskWork,
  join: NonNullable<TaskWork["task"]["join"]>,
  open: readonly string[],
): Promise<readonly string[] | "again"> {
  const { session, task, wave, deps } = work;
  const until = beganWaiting(work) + (join.withinMinutes ?? 0) * MINUTE_MS;
  const left = until - deps.clock.now().getTime();
  if (left > 0) {
    // While a deadline runs the task counts as at work: time will move it, not a person.
    const stop = new AbortController();
    const signal = AbortSignal.any([work.signal, session.draining, stop.signal]);
    const time = pause(Math.min(left, MAX_TIMER_MS), signal);
    const moved = wave.untilOneLeft(task.id, open, signal, true).then((wasHere) => (wasHere ? undefined : time));
    try {
      await Promise.race([time, moved]);
    } finally {
      stop.abort();
      await Promise.allSettled([time, moved]);
    }
    return "again";
  }
  const arrived = task.dependsOn.filter((id) => session.task(id).status === "done");
  return conclude(
    work,
    join,
    arrived,
    task.dependsOn.filter((id) => !arrived.includes(id)),
  );
}

async function conclude(
  work: TaskWork,
  join: NonNullable<TaskWork["task"]["join"]>,
  arrived: readonly string[],
  missing: readonly string[],
): Promise<readonly string[]> {
  const { session, task } = work;
  const need = neededBy(task, join);
  if (arrived.length >= need || join.else === "continue") return record(work, arrived, missing);
  const message = `${arrived.length} of the ${need} inputs it needs came; missing: ${missing.join(", ")}.`;
  if (join.else === "fail") throw new TaskFailure("permanent", message, { code: "join_incomplete" });
  const attempt = session.task(task.id).attempt;
  const request = session.request(task.id, attempt, "question", "join");
  if (request && isDecided(request.status)) {
    if (request.status === "rejected" || request.decision?.answer === false)
      throw rejectedBy(request.decidedBy, request.decision?.comment);
    return record(work, arrived, missing, request.approvalId);
  }
  throw new NeedsPerson({
    taskId: task.id,
    attempt,
    kind: "question",
    subject: "join",
    shown: {
      question: `"${task.title}" has ${arrived.length} of ${task.dependsOn.length} inputs. Go on without the others?`,
      subject: { arrived: [...arrived], missing: [...missing] },
      proposed: [],
      evidence: [],
      reasons: [message],
      schema: { type: "boolean" },
      degraded: false,
    },
  });
}

function record(
  work: TaskWork,
  arrived: readonly string[],
  missing: readonly string[],
  approvalId?: string,
): readonly string[] {
  const { session, task } = work;
  const { attempt } = session.task(task.id);
  void session.commit({
    turns: [
      engineTurn(work.session.task(work.task.id), work.deps.clock.now(), "join", {
        arrived: [...arrived],
        missing: [...missing],
      }),
    ],
    ...(approvalId !== undefined && { applied: [approvalId] }),
    events: [
      {
        type: "join_settled",
        key: `join_settled:${task.id}:${attempt}`,
        taskId: task.id,
        data: { title: task.title, arrived: [...arrived], missing: [...missing] },
      },
    ],
  });
  return arrived;
}

/** When the task first waited, kept over a crash. */
function beganWaiting(work: TaskWork): number {
  const { session, task, deps } = work;
  const known = session.turn(task.id, session.task(task.id).attempt, "join:since");
  if (known) return Date.parse(String(known.reply));
  const now = deps.clock.now();
  void session.commit({
    turns: [engineTurn(work.session.task(work.task.id), work.deps.clock.now(), "join:since", now.toISOString())],
  });
  return now.getTime();
}
