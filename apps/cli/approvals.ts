import type { ApprovalView } from "../../core/views.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { statusWord } from "./status-word.js";
import { table } from "./table.js";
import { distance, inWords, shortIds } from "./text.js";

/** `mission approvals`: what waits for a person, the most urgent first; with `--all` also what was decided. */
export async function approvals(io: Io, flags: { readonly all?: boolean; readonly run?: string }): Promise<number> {
  const orchestrator = await io.open();
  const found = await orchestrator.approvals(flags);
  io.print(found, () => (found.length === 0 ? "Nothing waits for a person." : approvalTable(io, found)));
  return EXIT.done;
}

/** Requests as a table: title first, question last. */
export function approvalTable(io: Io, found: readonly ApprovalView[]): string {
  const ids = shortIds(found.map(({ approval_id }) => approval_id));
  const rows = found.map((approval) => [
    approval.title,
    approval.task_id,
    inWords(approval.kind),
    approval.status === "pending"
      ? `due ${distance(approval.due_at, io.host.now())}`
      : `${statusWord(approval.status, io.paint)}${approval.decided_by === null ? "" : ` by ${approval.decided_by}`}`,
    approval.assigned_to,
    ids.get(approval.approval_id) ?? approval.approval_id,
    approval.summary,
  ]);
  return table(io, ["Title", "Task", "Kind", "When", "For", "Approval", "Question"], rows);
}
