import { toMicroUsd, toUsd } from "../core/money.js";
import type { EffectRecord } from "../core/records.js";
import type { RunSession } from "../core/session.js";
import type { Act, GateDeps, Outcome } from "./gate-call.js";
import { refused } from "./gate-call.js";

/** One call under way, or one act whose outcome is not known: what it may cost is not free for others. */
interface Hold {
  readonly taskId: string;
  readonly attempt: number;
  readonly turnKey: string;
  readonly maxCostMicroUsd: number;
}

/**
 * Keeps the calls of each run within its `budget_usd`: what its turns have cost, and the most that each call under way
 * may cost, is never above it, as far as tools keep to what they declare. Holds live in the process that works on the
 * run. They count until the call's turn is there, so nothing counts twice; what was cut off keeps its hold.
 */
export class GateBudget {
  readonly #deps: Pick<GateDeps, "tools">;
  readonly #holds = new WeakMap<RunSession, Map<string, Hold>>();

  constructor(deps: Pick<GateDeps, "tools">) {
    this.#deps = deps;
  }

  /**
   * Why the call may not be made: it could take its run above the budget. `lost` are the run's acts that were begun and of
   * which nothing more is known. A call that costs nothing is never refused; `transient` when only holds are in the way.
   */
  overrun({ call, tool }: Act, lost: readonly EffectRecord[]): Outcome | undefined {
    const { maxCostMicroUsd } = tool;
    if (maxCostMicroUsd === 0) return undefined;
    const { session } = call;
    const budget = toMicroUsd(session.mission.budgetUsd);
    const left = budget - session.costs.totalMicroUsd;
    const held = this.#heldBy(session, lost, keyOf(holdOf(call, 0)));
    if (maxCostMicroUsd <= left - held) return undefined;
    const fits = maxCostMicroUsd <= left;
    const reason = [
      `${tool.name} may cost ${dollars(maxCostMicroUsd)}, and ${dollars(left - held)} of ${dollars(budget)} is left for this run:`,
      `${dollars(session.costs.totalMicroUsd)} was spent, ${dollars(held)} is held by calls under way. Nothing was done;`,
      fits ? "it may be called once they have ended." : "go on with what costs less.",
    ];
    return refused("over_budget", reason.join(" "), fits);
  }

  /** As `overrun`; a call that may be made holds its maximum from here on. A second call under the same turn holds it once. */
  reserve(act: Act, lost: readonly EffectRecord[]): Outcome | undefined {
    const over = this.overrun(act, lost);
    if (over || act.tool.maxCostMicroUsd === 0) return over;
    const { session } = act.call;
    const hold = holdOf(act.call, act.tool.maxCostMicroUsd);
    const holds = this.#holds.get(session) ?? new Map<string, Hold>();
    this.#holds.set(session, holds.set(keyOf(hold), hold));
    return undefined;
  }

  /** Gives back what the call held. Without a hold nothing happens. */
  release({ call, tool }: Act): void {
    if (tool.maxCostMicroUsd > 0) this.#holds.get(call.session)?.delete(keyOf(holdOf(call, 0)));
  }

  /** What all others hold; a turn that is there has been counted as spent. */
  #heldBy(session: RunSession, lost: readonly EffectRecord[], own: string): number {
    const begun = lost.map((effect) => [keyOf(effect), { ...effect, maxCostMicroUsd: this.#maxOf(effect) }] as const);
    const holds = new Map<string, Hold>([...begun, ...(this.#holds.get(session) ?? [])]);
    holds.delete(own);
    return [...holds.values()]
      .filter(({ taskId, attempt, turnKey }) => !session.turn(taskId, attempt, turnKey))
      .reduce((sum, { maxCostMicroUsd }) => sum + maxCostMicroUsd, 0);
  }

  #maxOf({ tool }: EffectRecord): number {
    return this.#deps.tools.tool(tool)?.maxCostMicroUsd ?? 0;
  }
}

function holdOf({ task, attempt, turnKey }: Act["call"], maxCostMicroUsd: number): Hold {
  return { taskId: task.id, attempt, turnKey, maxCostMicroUsd };
}

function keyOf({ taskId, attempt, turnKey }: Omit<Hold, "maxCostMicroUsd">): string {
  return `${taskId} ${attempt} ${turnKey}`;
}

/** To the µ$, and never more than it is: what is left must not be told as more. */
function dollars(microUsd: number): string {
  return `$${toUsd(microUsd)}`;
}
