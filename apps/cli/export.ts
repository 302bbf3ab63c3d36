import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { jsonText } from "./paint.js";

/** `mission export`: the run's execution log on the output, as a file of logs that `mission replay` reads. */
export async function exportRun(io: Io, run: string): Promise<number> {
  const orchestrator = await io.open();
  const logs = [await orchestrator.insight.executionLog(run)];
  io.print(logs, () => jsonText(logs));
  return EXIT.done;
}
