import type { JsonObject } from "../core/digest.js";
import { digestOf } from "../core/digest.js";
import type { EventDraft } from "../core/event.js";
import type { RunEnding, RunRecord } from "../core/records.js";
import type { TerminalStatus } from "../core/run.js";

type Named = Pick<RunRecord, "runId" | "title">;

/** From here on the run takes back what it did. */
export function runEnding({ runId, title }: Named, { status, failure }: RunEnding): EventDraft {
  return { runId, type: "run_ending", key: "run_ending", data: { title, status, reason: failure } };
}

/** The report's digest and the end, the last that a run's own log tells. */
export function runEnded(
  { runId, title }: Named,
  status: TerminalStatus,
  report: JsonObject,
  failure: string | undefined,
): readonly EventDraft[] {
  return [
    { runId, type: "report_written", key: "report_written", data: { digest: digestOf(report) } },
    { runId, type: `run_${status}`, key: "run_ended", data: { title, reason: failure } },
  ];
}
