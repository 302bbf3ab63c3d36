import type { ApprovalView } from "../../core/views.js";
import { inWords } from "../../core/words.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { statusWord } from "./status-word.js";
import { isWide, table } from "./table.js";
import { distance, shortIds } from "./text.js";

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
    ...(isWide(io) ? [inWords(approval.kind), approval.assigned_to] : []),
    when(io, approval),
    ids.get(approval.approval_id) ?? approval.approval_id,
    approval.summary,
  ]);
  const head = ["Title", "Task", ...(isWide(io) ? ["Kind", "For"] : []), "When", "Approval", "Question"];
  return table(io, head, rows);
}

function when({ host, paint }: Io, { status, due_at, decided_by }: ApprovalView): string {
  if (status === "pending") return `due ${distance(due_at, host.now())}`;
  return statusWord(status, paint) + (decided_by === null ? "" : ` by ${decided_by}`);
}
