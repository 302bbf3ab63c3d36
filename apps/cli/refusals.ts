import type { RefusalsView } from "../../core/refusals.js";
import { inWords, momentText } from "../../core/words.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { table } from "./table.js";
import { count, moment } from "./text.js";

const MAX_ROWS = 100;

export interface RefusalsFlags {
  readonly since?: string;
  readonly run?: string;
}

/** `mission audit refusals`: which agent was refused which tool, why, how often and when last. Reads only. */
export async function auditRefusals(io: Io, flags: RefusalsFlags): Promise<number> {
  const orchestrator = await io.open();
  const view = await orchestrator.insight.refusals(flags);
  io.print(view, () => refusalsText(io, view));
  return EXIT.done;
}

function refusalsText(io: Io, { refusals, times, unreadable, since }: RefusalsView): string {
  const lost =
    unreadable === 0
      ? []
      : [io.paint.red(`${count(unreadable, "event")} could not be read: ${io.hint("audit verify")} names them.`)];
  const span = since === null ? "" : ` since ${momentText(since)} UTC`;
  if (refusals.length === 0) return [`Nothing was refused${span}.`, ...lost].join("\n");
  const rows = refusals
    .slice(0, MAX_ROWS)
    .map((each) => [
      each.agent_name ?? each.agent_id,
      each.tool,
      inWords(each.code),
      String(each.times),
      String(each.runs),
      moment(each.last_at),
      each.reason,
    ]);
  const rest =
    refusals.length > MAX_ROWS ? [`and ${refusals.length - MAX_ROWS} more: ${io.hint("audit refusals --json")}`] : [];
  const head = ["Agent", "Tool", "Refused as", "Times", "Runs", "Last", "Told last"];
  return [table(io, head, rows), ...rest, "", `${count(times, "refusal")}${span}.`, ...lost].join("\n");
}
