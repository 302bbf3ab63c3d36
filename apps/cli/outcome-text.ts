import { isTerminal } from "../../core/run.js";
import type { ApprovalView, RunOutcome } from "../../core/views.js";
import type { Io } from "./io.js";
import { statusWord } from "./status-word.js";
import { inOneLine, shortIds } from "./text.js";

/** What runs came to, in a few lines each, with what to type next. */
export function outcomeText(io: Io, outcomes: readonly RunOutcome[]): string {
  if (outcomes.length === 0) return "Nothing was started.";
  return outcomes.flatMap((outcome) => oneOutcome(io, outcome)).join("\n");
}

function oneOutcome(io: Io, outcome: RunOutcome): string[] {
  const { run_id, title, status, approvals } = outcome;
  const { paint } = io;
  const open = approvals.filter((approval) => approval.status === "pending");
  const ids = shortIds(open.map(({ approval_id }) => approval_id));
  return [
    `${paint.bold(inOneLine(title))}  ${statusWord(status, paint)}  ${paint.dim(run_id)}`,
    ...open.flatMap((approval) => [
      `  ${paint.yellow("?")} ${inOneLine(approval.summary)}`,
      `    ${decideHint(io, approval, ids.get(approval.approval_id))}`,
    ]),
    `  ${io.paint.dim(io.hint(nextStep(outcome)))}`,
  ];
}

/** The command that answers a request, with the choices it allows. */
export function decideHint(
  io: Io,
  { approval_id, allowed, shown }: Pick<ApprovalView, "approval_id" | "allowed"> & Partial<Pick<ApprovalView, "shown">>,
  shortId: string = approval_id,
): string {
  const wanted = shown?.schema?.["description"];
  const answer = typeof wanted === "string" ? `--answer "<${inOneLine(wanted)}>"` : FLAGS.answer;
  const flags = allowed.map((type) => (type === "answer" ? answer : FLAGS[type])).join(" | ");
  return io.paint.dim(io.hint(`decide ${shortId} ${flags}`));
}

const FLAGS = { approve: "--approve", edit: "--edit <file>", reject: "--reject", answer: "--answer <text>" } as const;

/** The command that shows how a run ended, or moves it on. */
export function nextStep({ run_id, status, is_elsewhere }: RunOutcome): string {
  if (status === "waiting") return `status ${run_id}`;
  if (isTerminal(status)) return `report ${run_id}`;
  return is_elsewhere ? `watch ${run_id}` : `resume ${run_id}`;
}
