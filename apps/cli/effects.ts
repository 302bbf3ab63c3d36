import type { EffectDetailView } from "../../core/effect-views.js";
import { argumentsText } from "../../core/story-values.js";
import { inWords, usd } from "../../core/words.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import type { Paint } from "./paint.js";
import { isWide, table } from "./table.js";
import { moment } from "./text.js";

const SHORT_KEY = 12;

/** `mission effects`: what a run changed in the world, and what came of each act. */
export async function effects(io: Io, run: string): Promise<number> {
  const orchestrator = await io.open();
  const found = await orchestrator.insight.effects(run);
  io.print(found, () => (found.length === 0 ? "The run changed nothing in the world." : effectTable(io, found)));
  return EXIT.done;
}

function effectTable(io: Io, found: readonly EffectDetailView[]): string {
  const more = isWide(io);
  const rows = found.map((effect) => [
    inWords(effect.tool),
    `${effect.task_title} (${effect.task_id})`,
    outcomeOf(effect, io.paint),
    moment(effect.at),
    effect.agent_name,
    effect.approved_by ?? "by policy",
    ...(more ? [effect.cost_usd === null ? "not known" : usd(effect.cost_usd)] : []),
    argumentsText(effect.args),
    ...(more ? [effect.idempotency_key.slice(0, SHORT_KEY)] : []),
  ]);
  const head = ["Act", "For", "Outcome", "When", "By", "Allowed", ...(more ? ["Cost"] : []), "With"];
  return table(io, [...head, ...(more ? ["Key"] : [])], rows);
}

function outcomeOf({ status, undo, is_undo_asked }: EffectDetailView, paint: Paint): string {
  if (is_undo_asked) return paint.yellow("done; undo asked");
  if (undo && status === "left") return paint.yellow(`left as it is by ${undo.by}: ${undo.note ?? ""}`);
  if (undo && status === "undone_by_hand") return paint.green(`undone by hand by ${undo.by}: ${undo.note ?? ""}`);
  if (undo && status === "undone") return paint.green(`undone ${moment(undo.at)}`);
  if (undo) return paint.green("done, nothing to undo");
  if (status === "claimed") return paint.yellow("begun, outcome not known");
  if (status === "not_undone") return paint.yellow("done, not undone");
  return status === "done" ? paint.green("done") : inWords(status);
}
