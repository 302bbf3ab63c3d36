import { targetWords } from "../../core/kill.js";
import type { KillListView, KillOptions, KillOutcome, KillView } from "../../core/kill-views.js";
import { momentText } from "../../core/words.js";
import { EXIT, usage } from "./failures.js";
import type { Io } from "./io.js";
import { table } from "./table.js";
import { count, inOneLine } from "./text.js";

export type KillFlags = Omit<KillOptions, "reason"> & { readonly reason?: string };

const MAX_RUNS = 8;

/** `mission kill`: what is switched off; with `on` or `off` it switches. Switching to what stands already changes nothing. */
export async function kill(io: Io, turned: string | undefined, flags: KillFlags): Promise<number> {
  if (turned !== undefined && turned !== "on" && turned !== "off")
    throw usage(`"${turned}" is neither on nor off. Plain "kill" lists what is switched off.`);
  if (turned === undefined && Object.keys(flags).length > 0)
    throw usage('Say "kill on" or "kill off"; plain "kill" lists what is switched off.');
  const { kill: api } = await io.open();
  if (turned === undefined) {
    const view = await api.list();
    io.print(view, () => listText(io, view));
    return EXIT.done;
  }
  const outcome = await api[turned](flags);
  io.print(outcome, () => outcomeText(io, outcome));
  return EXIT.done;
}

/** Switches that are on, one line each. */
export function killLines(io: Io, stopped: readonly KillView[] | undefined): string[] {
  return (stopped ?? []).map(({ words }) => io.paint.red(inOneLine(words)));
}

function listText(io: Io, { on, acts }: KillListView): string {
  const record =
    acts.length === 0 ? [] : [io.paint.dim(`${count(acts.length, "act")} on record: ${io.hint("kill --json")}`)];
  if (on.length === 0) return ["Nothing is switched off.", ...record].join("\n");
  const rows = on.map(({ scope, subject, since, by, reason }) => [
    targetWords({ scope, subject: subject ?? "" }),
    `${momentText(since)} UTC`,
    by,
    reason,
  ]);
  return [table(io, ["Switched off", "Since", "By", "Why"], rows), ...record].join("\n");
}

function outcomeText(io: Io, outcome: KillOutcome): string {
  const { notes } = outcome;
  return [headline(io, outcome), ...runLines(io, outcome), ...notes.map(inOneLine)].join("\n");
}

function headline({ paint }: Io, { turned, changed, act, scope, subject }: KillOutcome): string {
  const target = targetWords({ scope, subject: subject ?? "" });
  const isOn = turned === "on";
  if (changed && isOn)
    return `${paint.red("Switched off")}: ${target}. No further effect of it is begun, and what is under way stops within a second.`;
  if (changed) return `${paint.green("Switched on again")}: ${target}. What it stopped goes on within a second.`;
  if (!act) return `Nothing was changed: the kill switch for ${target} was never on.`;
  const state = isOn ? "is on already, since" : "is off already, since";
  return `Nothing was changed: the kill switch for ${target} ${state} ${momentText(act.at)} UTC, by ${inOneLine(act.by)}: ${inOneLine(act.reason)}`;
}

function runLines(io: Io, { runs, changed }: KillOutcome): string[] {
  if (!changed || runs.length === 0) return [];
  const shown = runs.slice(0, MAX_RUNS).map(({ title, run_id }) => `  ${inOneLine(title)}  ${io.paint.dim(run_id)}`);
  const rest = runs.length > MAX_RUNS ? [`  and ${runs.length - MAX_RUNS} more`] : [];
  return [`${count(runs.length, "open run")} with such work:`, ...shown, ...rest];
}
