import { killWords } from "../core/kill.js";
import type { KillApi, KillOptions } from "../core/kill-views.js";
import { toKillActView, toKillView } from "../core/kill-views.js";
import type { Composition } from "./compose.js";
import { assertOptions } from "./given.js";
import type { KillWatch } from "./kill-watch.js";

/**
 * The kill switch over the rows of the store: every process on it reads them, and every claim of an effect asks them.
 * What turning it takes is loaded when it is turned: who only runs missions never pays for it.
 */
export function createKills(parts: Composition): KillApi {
  const { kills } = parts.store;
  const turnTo = async (turned: "on" | "off", options: KillOptions) => {
    assertOptions("kill", options);
    const { turn } = await import("./kill-turn.js");
    return turn(parts, turned, options);
  };
  return {
    on: (options) => turnTo("on", options),
    off: (options) => turnTo("off", options),
    async list() {
      const [on, acts] = await Promise.all([kills.on(), kills.acts()]);
      return { on: on.map(toKillView), acts: acts.map(toKillActView) };
    },
  };
}

/** Why the run as a whole may not be worked on, and what continues it; nothing when it may. */
export async function stopOf({ stops }: Pick<Composition, "stops">, runId: string): Promise<string | undefined> {
  await stops.look();
  return stopWords(stops, runId);
}

/** The same by what was read last. */
export function stopWords(stops: Pick<KillWatch, "on">, runId: string): string | undefined {
  const kill = stops.on({ runId });
  if (!kill) return undefined;
  return `${killWords(kill)} Once it is off, the process that works on the run goes on, or "mission resume ${runId}" does.`;
}
