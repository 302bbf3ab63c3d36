import type { RequestDraft } from "../core/approval.js";
import type { BoardConflict } from "../core/blackboard.js";
import { digestOf } from "../core/digest.js";
import type { ApprovalRecord } from "../core/records.js";
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

/** The person's no to exactly this question, if somebody gave it. */
export function refusalOf(session: RunSession, draft: RequestDraft): ApprovalRecord | undefined {
  const request = session.request(draft.taskId, draft.attempt, draft.kind, draft.subject);
  return request?.status === "rejected" && session.shows(request, draft) ? request : undefined;
}

/** The fact that two tasks wrote different values, once for each set of values. */
export function conflictEvent(conflict: BoardConflict): NonNullable<Change["events"]>[number] {
  const values = conflict.values.map(({ by, value }) => ({ by, value }));
  return {
    type: "blackboard_conflict",
    key: `blackboard_conflict:${conflict.key}:${digestOf(values).slice(0, 16)}`,
    data: { key: conflict.key, values },
  };
}
