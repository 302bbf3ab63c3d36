import type { Json } from "./digest.js";
import type { EventRecord } from "./records.js";

/** Calls of one tool by one agent that the gate refused for the same cause. */
export interface RefusalView {
  /** The agent's id; empty when the event does not say. */
  readonly agent_id: string;
  /** By the mission of the newest such run; null when that version is gone. */
  readonly agent_name: string | null;
  /** As the agent wrote it: it need not be a tool's name. */
  readonly tool: string;
  readonly code: string;
  /** The policy that ruled; null where none did. */
  readonly rule: string | null;
  /** What the agent was told last; personal values and secrets are masked, as in the log. */
  readonly reason: string;
  readonly times: number;
  /** In how many runs. */
  readonly runs: number;
  readonly first_at: string;
  readonly last_at: string;
  readonly last_run_id: string;
}

/** The document of `audit refusals --json`. */
export interface RefusalsView {
  readonly since: string | null;
  readonly run_id: string | null;
  /** All refusals that are counted below. */
  readonly times: number;
  /** Rows of the log that could not be read, of whatever kind: `audit verify` names the first of each run. */
  readonly unreadable: number;
  /** The most frequent first, of those the newest. */
  readonly refusals: readonly RefusalView[];
}

/** A refusal's run, as the count needs it. */
export interface RefusedIn {
  readonly runId: string;
  agentName(agentId: string): string | null;
}

/** Counts refusals without keeping their events: memory grows with causes, not with refusals. */
export class RefusalCount {
  readonly #views = new Map<string, RefusalView>();
  readonly #lastRun = new Map<string, string>();

  /** Adds one event; those that refuse nothing are passed over. Events of one run must come one after the other. */
  add({ type, at, data }: Pick<EventRecord, "type" | "at" | "data">, run: RefusedIn): void {
    const code = textOf(data["code"]);
    if (type !== "tool_refused" || code === "") return;
    const [agentId, tool] = [textOf(data["agent"]), textOf(data["tool"])];
    const rule = data["rule"] === undefined ? null : textOf(data["rule"]);
    const key = JSON.stringify([agentId, tool, code, rule]);
    const known = this.#views.get(key);
    const moment = at.toISOString();
    const isNewest = known === undefined || moment >= known.last_at;
    const newest = {
      agent_name: run.agentName(agentId),
      reason: textOf(data["reason"]),
      last_at: moment,
      last_run_id: run.runId,
    };
    this.#views.set(key, {
      ...{ agent_id: agentId, tool, code, rule },
      ...(isNewest ? newest : known),
      times: (known?.times ?? 0) + 1,
      runs: (known?.runs ?? 0) + (this.#lastRun.get(key) === run.runId ? 0 : 1),
      first_at: known && known.first_at < moment ? known.first_at : moment,
    });
    this.#lastRun.set(key, run.runId);
  }

  views(): readonly RefusalView[] {
    return [...this.#views.values()].sort((a, b) => b.times - a.times || b.last_at.localeCompare(a.last_at));
  }
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
