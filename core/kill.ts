import type { EventDraft } from "./event.js";
import type { Mission } from "./mission.js";
import { momentText } from "./words.js";

/** What one switch stops: everything, one run, all that an agent does, every call of a tool. */
export const KILL_SCOPES = ["all", "run", "agent", "tool"] as const;
export type KillScope = (typeof KILL_SCOPES)[number];

/** What a switch is about. `subject` is an id or a tool's name, and empty for `all`. */
export interface KillTarget {
  readonly scope: KillScope;
  readonly subject: string;
}

/** One act on the kill switch, kept for good. Acts on one target take turns: `on`, `off`, `on`. */
export interface KillAct extends KillTarget {
  readonly actId: string;
  readonly turned: "on" | "off";
  readonly by: string;
  readonly reason: string;
  readonly at: Date;
}

/** Work, as far as it decides what stops it. Without an agent or a tool: the run's own, whoever does it. */
export interface Work {
  readonly runId: string;
  readonly agentId?: string;
  readonly tool?: string;
}

/** What is switched off, as one process knows it: read again at least twice a second while it works on a run. */
export interface Stops {
  /** The switch that stops such work; the widest when there are several, nothing when it may go on. */
  on(work: Work): KillAct | undefined;
  /** Calls back once, as soon as such work is stopped, at once when it is already. Returns how to stop listening. */
  whenOn(work: Work, callback: (kill: KillAct) => void): () => void;
  /** Resolves once nothing stops such work any more; rejects with the signal's reason when that fires first. */
  untilOff(work: Work, signal: AbortSignal): Promise<void>;
  /** Reads the switches now. */
  look(): Promise<void>;
}

/** Thrown through work that the kill switch stops. Nothing failed: the work begins again where its journal ends, once it may. */
export class Stopped extends Error {
  override readonly name = "Stopped";
  readonly work: Work;

  constructor(work: Work, reason: string) {
    super(reason);
    this.work = work;
  }
}

/** Throws `Stopped` when a switch stops such work. */
export function throwIfStopped(stops: Stops, work: Work): void {
  const kill = stops.on(work);
  if (kill) throw new Stopped(work, killWords(kill));
}

/** Of these switches the one that stops such work, the widest first. */
export function stopOf(on: readonly KillAct[], work: Work): KillAct | undefined {
  if (on.length === 0) return undefined;
  const stopping = on.filter((kill) => stops(kill, work));
  return KILL_SCOPES.map((scope) => stopping.find((kill) => kill.scope === scope)).find((kill) => kill !== undefined);
}

function stops({ scope, subject }: KillTarget, { runId, agentId, tool }: Work): boolean {
  if (scope === "all") return true;
  return subject === { run: runId, agent: agentId, tool }[scope];
}

/** True when the run, by its id and the agents of its mission, has work that the switch stops. */
export function concerns(
  { scope, subject }: KillTarget,
  runId: string,
  { agents }: { readonly agents: readonly Pick<Mission["agents"][number], "id" | "tools">[] },
): boolean {
  if (scope === "agent") return agents.some(({ id }) => id === subject);
  if (scope === "tool") return agents.some(({ tools }) => tools.includes(subject));
  return scope === "all" || subject === runId;
}

/** What a switch is about, in words: "the tool send_mail". */
export function targetWords({ scope, subject }: KillTarget): string {
  return scope === "all" ? "everything" : `the ${scope} ${subject}`;
}

/** A switch that is on, in one sentence. */
export function killWords(kill: Omit<KillAct, "turned" | "actId">): string {
  const since = momentText(kill.at.toISOString());
  return `Stopped by the kill switch for ${targetWords(kill)}: ${kill.reason} (${kill.by}, since ${since} UTC).`;
}

/** In the log of each run that the act concerns, so that its place among the run's other events is kept with it. */
export function killEvent(act: KillAct, runId: string): EventDraft {
  const { actId, turned, scope, subject, by, reason } = act;
  const target = scope === "run" ? "the run" : targetWords(act);
  const type = turned === "on" ? "kill_on" : "kill_off";
  return { runId, type, key: `${type}:${actId}`, data: { act: actId, scope, subject, target, by, reason } };
}
