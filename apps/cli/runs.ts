import type { RunStatus } from "../../core/run.js";
import { RUN_STATUSES } from "../../core/run.js";
import type { RunSummary } from "../../core/views.js";
import { EXIT, usage } from "./failures.js";
import type { Io } from "./io.js";
import { statusWord } from "./status-word.js";
import { isWide, table } from "./table.js";
import { count, distance } from "./text.js";

/** `mission runs`: all runs, newest first, or those of some statuses or of one mission. */
export async function runs(
  io: Io,
  flags: { readonly status?: readonly string[]; readonly mission?: string },
): Promise<number> {
  const status = flags.status?.map(toStatus);
  const orchestrator = await io.open();
  const found = await orchestrator.runs({
    ...(status && { status }),
    ...(flags.mission !== undefined && { mission: flags.mission }),
  });
  io.print(found, () => (found.length === 0 ? `No runs. Try: ${io.hint("list")}` : runTable(io, found)));
  return EXIT.done;
}

/** Runs as a table: title first. */
export function runTable(io: Io, found: readonly RunSummary[]): string {
  const rows = found.map((run) => [
    run.title,
    isWide(io) ? run.mission : run.mission_id,
    statusWord(run.status, io.paint) +
      (run.stopped === undefined ? "" : io.paint.red(", kill switch")) +
      (run.pending_approvals === 0 ? "" : `, ${count(run.pending_approvals, "question")}`),
    `${run.tasks_done}/${run.tasks_total}`,
    distance(run.started_at, io.host.now()),
    run.run_id,
  ]);
  return table(io, ["Title", "Mission", "Status", "Tasks", "Began", "Run"], rows);
}

function toStatus(text: string): RunStatus {
  const status = RUN_STATUSES.find((each) => each === text);
  if (!status) throw usage(`"${text}" is no status of a run. Statuses: ${RUN_STATUSES.join(", ")}.`);
  return status;
}
