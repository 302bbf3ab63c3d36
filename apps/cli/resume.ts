import type { Io } from "./io.js";
import { outcomeText } from "./outcome-text.js";
import { followProgress } from "./progress.js";
import { answeringOf } from "./run.js";
import { exitCodeOf, settle } from "./settle.js";

/** `mission resume`: goes on with one run, or with all that a dead process left. */
export async function resume(
  io: Io,
  run: string | undefined,
  flags: { readonly approveAs?: string; readonly by?: string } = {},
): Promise<number> {
  const orchestrator = await io.open();
  const runId = run === undefined ? undefined : (await orchestrator.status(run)).run_id;
  const progress = followProgress(io, orchestrator, {
    ...(runId !== undefined && { run: runId }),
    isShared: runId === undefined,
  });
  try {
    const resumed = await orchestrator.resume(runId);
    for (const { note } of resumed) if (note !== null) io.note(note);
    const outcomes = await settle(io, orchestrator, resumed, await answeringOf(io, resumed, flags), progress);
    await progress.stop();
    io.print(outcomes, () =>
      outcomes.length === 0 ? "Nothing to resume: no run was left by a process that ended." : outcomeText(io, outcomes),
    );
    return exitCodeOf(io, outcomes);
  } finally {
    await progress.stop();
  }
}
