import type { RunOutcome, StartOptions } from "../../core/views.js";
import { isStopped, usage } from "./failures.js";
import type { Io } from "./io.js";
import { outcomeText } from "./outcome-text.js";
import { followProgress } from "./progress.js";
import type { Answering } from "./settle.js";
import { exitCodeOf, settle } from "./settle.js";

const AT_ONCE = 8;

export interface RunFlags {
  readonly case?: string;
  readonly allCases?: boolean;
  readonly approveAs?: string;
  readonly again?: boolean;
  readonly reason?: string;
  readonly stepwise?: boolean;
}

/** `mission run`: works on one case, or on all, until each run ended or only people can move it. */
export async function run(io: Io, mission: string, flags: RunFlags): Promise<number> {
  if (flags.case !== undefined && flags.allCases)
    throw usage("--case names one case and --all-cases takes all. Give one of them.");
  if (flags.reason !== undefined && !flags.again)
    throw usage("--reason says why a case is run again. Give --again with it.");
  const orchestrator = await io.open();
  const cases = flags.allCases ? (await orchestrator.cases(mission)).map(({ case_id }) => case_id) : [flags.case];
  const own = new Set<string>();
  let onFirst: (runId: string) => void = () => undefined;
  const first = new Promise<string>((resolve) => {
    onFirst = resolve;
  });
  const onRun = (runId: string) => {
    own.add(runId);
    onFirst(runId);
  };
  const progress = followProgress(io, orchestrator, {
    ...(cases.length === 1 && { run: first }),
    isShown: (runId) => own.has(runId),
    isShared: cases.length > 1,
  });

  try {
    const start = (caseRef: string | undefined) =>
      orchestrator.start(mission, { ...toStartOptions(flags, caseRef), onRun });
    const started = await startAll(io, cases, start);
    for (const { note } of started) if (note !== null) io.note(note);
    const outcomes = await settle(io, orchestrator, started, await answeringOf(io, started, flags), progress);
    await progress.stop();
    const document = flags.allCases ? outcomes : outcomes[0];
    io.print(document, () => outcomeText(io, outcomes));
    return exitCodeOf(io, outcomes);
  } finally {
    await progress.stop();
  }
}

/** Starts all, a few at a time, so that a long list of cases does not crowd out the first of them. */
async function startAll(
  io: Io,
  cases: readonly (string | undefined)[],
  start: (caseRef: string | undefined) => Promise<RunOutcome>,
): Promise<RunOutcome[]> {
  const waiting = [...cases.entries()];
  const outcomes: RunOutcome[] = [];
  const stopped: unknown[] = [];
  const worker = async () => {
    for (let next = waiting.shift(); next && !io.isStopping; next = waiting.shift()) {
      const [index, caseRef] = next;
      try {
        outcomes[index] = await start(caseRef);
      } catch (error) {
        if (!isStopped(error, io.isStopping)) throw error;
        stopped.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, cases.length) }, worker));
  const begun = outcomes.filter((outcome) => outcome !== undefined);
  if (begun.length === 0 && stopped.length > 0) throw stopped[0];
  return begun;
}

function toStartOptions({ approveAs, again, reason, stepwise }: RunFlags, caseRef: string | undefined): StartOptions {
  return {
    ...(caseRef !== undefined && { caseRef }),
    ...(approveAs !== undefined && { approver: approveAs }),
    ...(stepwise && { dispatch: "stepwise" }),
    ...(again && { again }),
    ...(reason !== undefined && { reason }),
  };
}

/** In a terminal a person may answer at once; otherwise the runs wait unless a name approves. */
export async function answeringOf(
  io: Io,
  outcomes: readonly RunOutcome[],
  flags: { readonly approveAs?: string; readonly by?: string },
): Promise<Answering> {
  if (flags.approveAs !== undefined) return { approveAs: flags.approveAs };
  const open = outcomes.flatMap(({ approvals }) => approvals.filter(({ status }) => status === "pending")).length;
  const person = open > 0 ? await io.person() : undefined;
  if (
    !person ||
    !(await person.confirm(
      open === 1 ? "One question is open. Answer it now?" : `${open} questions are open. Answer them now?`,
    ))
  )
    return {};
  return { person, ...(flags.by !== undefined && { by: flags.by }) };
}
