import type { AuditView } from "../core/audit.js";
import { auditExport, LogExportSchema } from "../core/audit-export.js";
import { OrchestratorError } from "../core/errors.js";
import { parseJsonFile } from "./json-file.js";

/** Checks what `mission log --json` printed into a file, without a store. `file_malformed` when it is no such export. */
export async function auditFile(path: string, head: string | undefined): Promise<AuditView> {
  const log = await parseJsonFile(path, LogExportSchema);
  if (log.task_id !== null) {
    throw new OrchestratorError(
      "file_malformed",
      `${path} holds the events of ${log.task_id} alone, and a chain is checked whole. Export the run again without --task.`,
    );
  }
  const run = auditExport(log, head);
  return { is_sound: run.is_sound, events: run.events, runs: [run] };
}
