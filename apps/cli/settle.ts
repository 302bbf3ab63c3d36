import type { Decision } from "../../core/approval.js";
import type { ApprovalView, OrchestratorApi, RunOutcome } from "../../core/views.js";
import { EXIT, toFailure } from "./failures.js";
import type { Io } from "./io.js";
import type { Answer, Person } from "./person.js";
import type { Progress } from "./progress.js";

/** Who answers what runs ask: nobody (they wait), a name that approves all it may, or the person at the terminal. */
export interface Answering {
  readonly approveAs?: string;
  readonly person?: Person;
  /** Under which name the person's decisions are recorded; the OS user when absent. */
  readonly by?: string;
}

/** Answers what the runs ask, as far as somebody can, and gives back how they stand then. */
export async function settle(
  io: Io,
  orchestrator: OrchestratorApi,
  outcomes: readonly RunOutcome[],
  answering: Answering,
  progress: Progress,
): Promise<readonly RunOutcome[]> {
  const open = new Map(outcomes.map((outcome) => [outcome.run_id, outcome]));
  const passed = new Set<string>();
  for (;;) {
    const next = io.isStopping ? undefined : nextQuestion([...open.values()], answering, passed);
    if (!next) return [...open.values()];
    const position = positionOf([...open.values()], passed);
    const answer = await answerTo(next, position, answering, progress);
    if (answer.kind === "leave") {
      io.stop();
      continue;
    }
    passed.add(next.approval_id);
    if (answer.kind === "later") continue;
    const { problem, isElsewhere } = await tryDeciding(io, orchestrator, next, {
      ...answering,
      decision: answer.decision,
    });
    if (problem !== undefined) io.note(io.paint.red(problem));
    if (problem !== undefined && answering.person) passed.delete(next.approval_id);
    open.set(next.run_id, await outcomeOf(orchestrator, next.run_id, isElsewhere));
  }
}

/** The exit code that several outcomes come to: a failure shows before what has not ended. */
export function exitCodeOf(io: Io, outcomes: readonly RunOutcome[]): number {
  if (outcomes.some(({ status }) => status === "failed" || status === "cancelled")) return EXIT.failed;
  const hasEnded = outcomes.every(({ status }) => status === "completed");
  return hasEnded && !io.isStopping ? EXIT.done : EXIT.notEnded;
}

/** How a run stands now, in the shape that `start` gives. */
async function outcomeOf(orchestrator: OrchestratorApi, runId: string, isElsewhere: boolean): Promise<RunOutcome> {
  const { run_id, title, status, approvals } = await orchestrator.status(runId);
  return { run_id, title, status, approvals: approvals.filter(isPending), note: null, is_elsewhere: isElsewhere };
}

function isPending({ status }: ApprovalView): boolean {
  return status === "pending";
}

function questionsOf(outcomes: readonly RunOutcome[], passed: ReadonlySet<string>): readonly ApprovalView[] {
  return outcomes
    .flatMap(({ approvals }) => approvals.filter(isPending))
    .filter(({ approval_id }) => !passed.has(approval_id));
}

function nextQuestion(
  outcomes: readonly RunOutcome[],
  { approveAs, person }: Answering,
  passed: ReadonlySet<string>,
): ApprovalView | undefined {
  const questions = questionsOf(outcomes, passed);
  if (approveAs !== undefined)
    return questions.find(({ allowed, kind }) => allowed.includes("approve") && kind !== "in_doubt");
  return person ? questions[0] : undefined;
}

function positionOf(outcomes: readonly RunOutcome[], passed: ReadonlySet<string>): string {
  const left = questionsOf(outcomes, passed);
  const all = passed.size + left.length;
  return all > 1 ? `Question ${passed.size + 1} of ${all}` : "";
}

async function answerTo(
  next: ApprovalView,
  position: string,
  { approveAs, person }: Answering,
  progress: Progress,
): Promise<Answer> {
  if (approveAs !== undefined) return { kind: "decided", decision: { type: "approve" } };
  if (!person) return { kind: "leave" };
  progress.hold();
  const answer = await person.ask(next, position);
  progress.release();
  return answer;
}

/** Where the run goes on; a problem, in words, when it was not recorded: somebody else may have been first, which is no failure of ours. */
async function tryDeciding(
  io: Io,
  orchestrator: OrchestratorApi,
  { approval_id, digest }: ApprovalView,
  { approveAs, by, decision }: Answering & { readonly decision: Decision },
): Promise<{ readonly problem?: string; readonly isElsewhere: boolean }> {
  const name = approveAs ?? by;
  try {
    const options = { decision, digest, ...(name !== undefined && { by: name }) };
    const { continued } = await orchestrator.decide(approval_id, options);
    return { isElsewhere: continued === "by_owner" };
  } catch (error) {
    const failure = toFailure(error, io.isStopping);
    if (failure.code === "bug" || failure.code.startsWith("store_")) throw error;
    return { problem: failure.message, isElsewhere: false };
  }
}
