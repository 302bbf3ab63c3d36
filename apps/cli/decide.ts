import type { Decision } from "../../core/approval.js";
import { needsResult } from "../../core/approval.js";
import type { Json } from "../../core/digest.js";
import type { ApprovalView, DecideOptions, DecideOutcome, OrchestratorApi } from "../../core/views.js";
import { readJsonFile } from "../../runtime/json-file.js";
import { schemaInWords, toAnswer } from "./answer-form.js";
import { EXIT, isStopped, usage } from "./failures.js";
import type { Io } from "./io.js";
import { followProgress } from "./progress.js";
import { statusWord } from "./status-word.js";
import { inOneLine } from "./text.js";

const DIGEST_BEGINNING = 8;
const STOPPED = "Stopped: the decision is recorded, and the run goes on when it is resumed.";

export interface DecideFlags {
  readonly approve?: boolean;
  readonly reject?: boolean;
  readonly edit?: string;
  readonly answer?: string;
  readonly final?: boolean;
  readonly by?: string;
  readonly comment?: string;
  readonly digest?: string;
  /** False with `--no-continue`. */
  readonly continue: boolean;
}

/** `mission decide`: answers one request. Without a flag, in a terminal, it shows the request and asks. */
export async function decide(io: Io, approvalId: string, flags: DecideFlags): Promise<number> {
  const orchestrator = await io.open();
  const approval = await orchestrator.approval(approvalId);
  const typed = await toDecision(flags, approval);
  const decision = typed ?? (await askPerson(io, approval));
  if (!decision) return EXIT.notEnded;
  const digest = typed ? fullDigest(flags.digest, approval) : approval.digest;

  const progress = followProgress(io, orchestrator, { run: approval.run_id, isShared: false });
  try {
    const outcome = await decideUnlessStopped(io, orchestrator, approval.approval_id, {
      decision,
      continue: flags.continue,
      ...(flags.by !== undefined && { by: flags.by }),
      ...(digest !== undefined && { digest }),
    });
    await progress.stop();
    const note = io.isStopping && isLeft(outcome, flags) ? STOPPED : outcome.note;
    if (note !== null) io.note(note);
    io.print(outcome, () => outcomeLine(io, outcome));
    return exitCodeFor(outcome, flags);
  } finally {
    await progress.stop();
  }
}

/** Decides. Where Ctrl-C came between the record and what follows from it, the outcome says that it is recorded. */
async function decideUnlessStopped(
  io: Io,
  orchestrator: OrchestratorApi,
  approvalId: string,
  options: DecideOptions,
): Promise<DecideOutcome> {
  try {
    return await orchestrator.decide(approvalId, options);
  } catch (error) {
    if (!isStopped(error, io.isStopping)) throw error;
    const { approval_id, run_id, title, status, decided_by } = await orchestrator.approval(approvalId);
    if (status === "pending") throw error;
    const { status: run_status } = await orchestrator.status(run_id);
    return {
      approval_id,
      run_id,
      title,
      status,
      decided_by: decided_by ?? "",
      run_status,
      continued: "not_continued",
      note: null,
    };
  }
}

/** A digest may be given by its beginning, as messages show it. */
function fullDigest(digest: string | undefined, approval: ApprovalView): string | undefined {
  const isBeginning = digest !== undefined && digest.length >= DIGEST_BEGINNING && approval.digest.startsWith(digest);
  return isBeginning ? approval.digest : digest;
}

/** The decision that the flags spell; undefined when they spell none. */
async function toDecision(flags: DecideFlags, { shown }: ApprovalView): Promise<Decision | undefined> {
  const comment = flags.comment === undefined ? {} : { comment: flags.comment };
  if (flags.final && !flags.reject) throw usage("--final goes with --reject: no further attempt.");
  const answer = flags.answer === undefined ? {} : { answer: toAnswer(flags.answer, shown.schema) };
  if (flags.approve) return { type: "approve", ...answer, ...comment };
  if (flags.reject) return { type: "reject", ...comment, ...(flags.final && { final: true }) };
  if (flags.answer !== undefined) return { type: "answer", ...answer, ...comment };
  // readJsonFile gives nothing but JSON.
  return flags.edit === undefined
    ? undefined
    : { type: "edit", edited: (await readJsonFile(flags.edit)) as Json, ...comment };
}

async function askPerson(io: Io, approval: ApprovalView): Promise<Decision | undefined> {
  const person = await io.person();
  if (!person) throw usage(`Say what you decide: ${allowedFlags(approval)}.`);
  if (approval.status !== "pending")
    throw usage(
      `This request is ${approval.status} already${approval.decided_by === null ? "" : `, by ${approval.decided_by}`}.`,
    );
  const answer = await person.ask(approval);
  if (answer.kind === "decided") return answer.decision;
  io.note("Nothing was decided; the request stays open.");
  return undefined;
}

function allowedFlags(approval: ApprovalView): string {
  const { allowed, shown } = approval;
  const wanted = schemaInWords(shown.schema);
  const answer = `--answer ${wanted === "" ? "<text>" : `'${wanted}'`}`;
  const words = {
    approve: needsResult(approval) ? `--approve ${answer}` : "--approve",
    edit: "--edit <file with JSON>",
    reject: "--reject",
    answer,
  };
  return allowed.map((type) => words[type]).join(" or ");
}

function outcomeLine(io: Io, { title, status, decided_by, continued, run_status, run_id }: DecideOutcome): string {
  const run = {
    here: `the run is ${statusWord(run_status, io.paint)}`,
    by_owner: "the process that works on the run goes on with it",
    not_continued: "written only; the run goes on when it is resumed",
    elsewhere: "the run goes on where it was begun",
  }[continued];
  const next =
    continued === "not_continued"
      ? `resume ${run_id}`
      : run_status === "completed"
        ? `report ${run_id}`
        : `status ${run_id}`;
  return `${io.paint.bold(inOneLine(title))}  ${statusWord(status, io.paint)} by ${inOneLine(decided_by)}; ${run}\n  ${io.paint.dim(io.hint(next))}`;
}

function exitCodeFor({ continued, run_status }: DecideOutcome, flags: DecideFlags): number {
  if (isLeft({ continued }, flags)) return EXIT.notEnded;
  if (continued !== "here" || run_status === "completed") return EXIT.done;
  return run_status === "failed" || run_status === "cancelled" ? EXIT.failed : EXIT.notEnded;
}

/** True when the run should have gone on here and did not: somebody pressed Ctrl-C, or turned the kill switch on. */
function isLeft({ continued }: Pick<DecideOutcome, "continued">, flags: DecideFlags): boolean {
  return continued === "not_continued" && flags.continue;
}
