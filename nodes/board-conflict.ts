import type { RequestDraft } from "../core/approval.js";
import type { BoardConflict } from "../core/blackboard.js";
import type { Change, RunSession } from "../core/session.js";

/** The question about a key that two tasks wrote differently; asked in the name of the later one. */
export function conflictDraft(session: RunSession, conflict: BoardConflict): RequestDraft {
  const last = conflict.values.at(-1)?.by ?? "";
  return {
    taskId: last,
    attempt: session.task(last).attempt,
    kind: "question",
    subject: `blackboard:${conflict.key}`,
    shown: {
      question: `${conflict.values.map((entry) => entry.by).join(" and ")} say different things about "${conflict.key}". Which is right?`,
      subject: conflict.values.map((entry) => ({ by: entry.by, value: entry.value })),
      proposed: [],
      evidence: [
        {
          title: conflict.key,
          left: { label: conflict.values[0]?.by ?? "", text: JSON.stringify(conflict.values[0]?.value, null, 1) },
          right: { label: last, text: JSON.stringify(conflict.values.at(-1)?.value, null, 1) },
        },
      ],
      reasons: [`The key "${conflict.key}" takes one value.`],
      schema: session.mission.blackboard[conflict.key]?.schema ?? {},
      degraded: false,
    },
  };
}

/** The fact that two tasks wrote different values, once for each attempt of the later one. */
export function conflictEvent(session: RunSession, conflict: BoardConflict): NonNullable<Change["events"]>[number] {
  const { taskId, attempt } = conflictDraft(session, conflict);
  const values = conflict.values.map(({ by, value }) => ({ by, value }));
  return {
    type: "blackboard_conflict",
    key: `blackboard_conflict:${conflict.key}:${taskId}:${attempt}`,
    data: { key: conflict.key, values },
  };
}
