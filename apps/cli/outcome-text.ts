import type { ApprovalView, RunOutcome } from "../../core/views.js";
import type { Io } from "./io.js";
import { statusWord } from "./status-word.js";
import { inOneLine, shortIds } from "./text.js";

/** What runs came to, in a few lines each, with what to type next. */
export function outcomeText(io: Io, outcomes: readonly RunOutcome[]): string {
  if (outcomes.length === 0) return "Nothing was started.";
  return outcomes.flatMap((outcome) => oneOutcome(io, outcome)).join("\n");
}

function oneOutcome(io: Io, { run_id, title, status, approvals }: RunOutcome): string[] {
  const { paint } = io;
  const open = approvals.filter((approval) => approval.status === "pending");
  const ids = shortIds(open.map(({ approval_id }) => approval_id));
  return [
    `${paint.bold(inOneLine(title))}  ${statusWord(status, paint)}  ${paint.dim(run_id)}`,
    ...open.flatMap((approval) => [
      `  ${paint.yellow("?")} ${inOneLine(approval.summary)}`,
      `    ${decideHint(io, approval, ids.get(approval.approval_id))}`,
    ]),
    `  ${nextStep(io, run_id, status)}`,
  ];
}

/** The command that answers a request, with the choices it allows. */
export function decideHint(io: Io, { approval_id, allowed }: ApprovalView, shortId: string = approval_id): string {
  const flags = allowed.map((type) => FLAGS[type]).join(" | ");
  return io.paint.dim(io.hint(`decide ${shortId} ${flags}`));
}

const FLAGS = { approve: "--approve", edit: "--edit <file>", reject: "--reject", answer: "--answer <text>" } as const;

function nextStep(io: Io, runId: string, status: RunOutcome["status"]): string {
  const rest =
    status === "waiting"
      ? `status ${runId}`
      : status === "running" || status === "queued"
        ? `resume ${runId}`
        : `report ${runId}`;
  return io.paint.dim(io.hint(rest));
}
