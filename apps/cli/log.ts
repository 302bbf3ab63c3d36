import type { LogEntryView, RunLogView } from "../../core/story.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { statusWord } from "./status-word.js";
import { clock, count, day, inOneLine, wrap } from "./text.js";

const COLUMNS_ELSEWHERE = 10_000;
const INDENT = 10;

/** `mission log`: what happened in a run, in order and in sentences. */
export async function log(io: Io, run: string, { task }: { readonly task?: string }): Promise<number> {
  const orchestrator = await io.open();
  const view = await orchestrator.insight.log(run, task === undefined ? {} : { task });
  io.print(view, () => logText(io, view));
  return EXIT.done;
}

function logText(io: Io, view: RunLogView): string {
  const { paint } = io;
  const room = (io.host.isTerminal ? io.host.columns : COLUMNS_ELSEWHERE) - INDENT;
  let today = "";
  const lines = view.entries.flatMap((entry) => {
    const date = day(entry.at);
    const isNew = date !== today;
    today = date;
    return [...(isNew ? ["", paint.bold(date)] : []), ...entryLines(io, entry, room)];
  });
  const of = view.task_id === null ? "" : ` of ${view.task_id}`;
  return [
    `${paint.bold(inOneLine(view.title))}  ${statusWord(view.status, paint)}`,
    paint.dim(`${view.mission} (${view.mission_id}), run ${view.run_id}, ${count(view.entries.length, "event")}${of}`),
    ...lines,
  ].join("\n");
}

function entryLines({ paint }: Io, { at, who, line }: LogEntryView, room: number): string[] {
  const [first = "", ...rest] = wrap(inOneLine(line), Math.max(20, room));
  const told = first.startsWith(who) ? `${paint.bold(who)}${first.slice(who.length)}` : first;
  return [`${paint.dim(clock(at))}  ${told}`, ...rest.map((more) => `${" ".repeat(INDENT)}${more}`)];
}
