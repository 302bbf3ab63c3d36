import type { KillAct, KillScope } from "./kill.js";
import { killWords } from "./kill.js";

/** A switch that is on. */
export interface KillView {
  readonly scope: KillScope;
  /** The run's id, the agent's id or the tool's name; null for everything. */
  readonly subject: string | null;
  readonly by: string;
  readonly reason: string;
  readonly since: string;
  /** All of it in one sentence. */
  readonly words: string;
}

/** One act on the kill switch, as `mission kill` lists them. */
export interface KillActView {
  readonly act_id: string;
  readonly turned: "on" | "off";
  readonly scope: KillScope;
  readonly subject: string | null;
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}

/** The document of `mission kill --json`. */
export interface KillListView {
  /** What is switched off now, the oldest first. */
  readonly on: readonly KillView[];
  /** Everything that was ever switched, the oldest first. Nothing is taken away from it. */
  readonly acts: readonly KillActView[];
}

/** What is switched: exactly one of run (an id or its beginning), agent (id, slug or name), tool and all. */
export interface KillOptions {
  readonly run?: string;
  readonly agent?: string;
  readonly tool?: string;
  readonly all?: boolean;
  /** Who switches; the user of this machine when absent. */
  readonly by?: string;
  /** Why; kept for good. `reason_missing` without. */
  readonly reason?: string;
  /** Take an agent or a tool that no mission here knows by the name as it stands. */
  readonly unlisted?: boolean;
}

/** What switching came to. */
export interface KillOutcome {
  readonly turned: "on" | "off";
  readonly scope: KillScope;
  readonly subject: string | null;
  /** False when it stood so already: nothing was written. */
  readonly changed: boolean;
  /** Who turned it so, why and when: the act that stands, of somebody else where nothing was changed; null where there never was one. */
  readonly act: KillActView | null;
  /** Runs under way that it stops, or that may go on. */
  readonly runs: readonly { readonly run_id: string; readonly title: string }[];
  /** What else should be known, a sentence each. */
  readonly notes: readonly string[];
}

/** The kill switch: stops calls and work of every process on the store within a second, and every further effect at once. */
export interface KillApi {
  /** Turning on what is on changes nothing and says so. `usage`, `reason_missing`, `run_not_found`, `name_unknown`. */
  on(options: KillOptions): Promise<KillOutcome>;
  /** Turning off what is not on changes nothing and says so. */
  off(options: KillOptions): Promise<KillOutcome>;
  list(): Promise<KillListView>;
}

/** A switch that is on, for whoever looks at it or at what it stops. */
export function toKillView(kill: KillAct): KillView {
  const { scope, subject, by, reason, at } = kill;
  const since = at.toISOString();
  return { scope, subject: scope === "all" ? null : subject, by, reason, since, words: killWords(kill) };
}

/** An act as it is listed. */
export function toKillActView({ actId, turned, scope, subject, by, reason, at }: KillAct): KillActView {
  return {
    act_id: actId,
    ...{ turned, scope, subject: scope === "all" ? null : subject },
    ...{ by, reason, at: at.toISOString() },
  };
}
