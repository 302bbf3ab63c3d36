import { needsResult } from "../core/approval.js";
import { isJsonObject } from "../core/define-agent.js";
import type { JsonObject } from "../core/digest.js";
import type { ApprovalRecord } from "../core/records.js";

/** What people see in Studio and scripts: a question, text to paste, LangChain's own shape, and our requests. */
export function toPayload(open: readonly ApprovalRecord[], problem: string | undefined): JsonObject {
  const [only, ...others] = open;
  const question = only && others.length === 0 ? only.shown.question : several(open);
  const decisions = open.map((request) => ({
    id: request.approvalId,
    digest: request.digest,
    type: request.shown.allowed.includes("approve") ? "approve" : "answer",
    ...((needsResult(request) || !request.shown.allowed.includes("approve")) && {
      answer: toBlank(request.shown.schema),
    }),
  }));
  return {
    question,
    ...(problem !== undefined && { problem }),
    answer_with: JSON.stringify({ decisions }),
    actionRequests: open.map((request) => ({
      name: request.shown.tool ?? request.kind,
      args: isJsonObject(request.shown.subject) ? request.shown.subject : { subject: request.shown.subject },
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

function several(open: readonly ApprovalRecord[]): string {
  const titles = open.map(({ shown }) => shown.taskTitle);
  return `${open.length} requests wait for an answer: ${titles.join(", ")}.`;
}

/** The answer's needed fields, empty: whoever pastes it unfilled is told which of them are missing. */
function toBlank(schema: JsonObject | undefined): JsonObject | null {
  const needed = schema?.["required"];
  return Array.isArray(needed) ? Object.fromEntries(needed.map((name) => [String(name), null])) : null;
}
