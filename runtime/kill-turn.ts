import { ulid } from "ulid";
import { hasCode, OrchestratorError } from "../core/errors.js";
import type { KillAct, KillTarget } from "../core/kill.js";
import { concerns, killEvent, targetWords } from "../core/kill.js";
import type { KillOptions, KillOutcome } from "../core/kill-views.js";
import { toKillActView } from "../core/kill-views.js";
import { didYouMean, lookUp } from "../core/lookup.js";
import type { RunRecord } from "../core/records.js";
import { isTerminal } from "../core/run.js";
import type { Composition } from "./compose.js";
import { findRun, versionsOf } from "./run-views.js";

type Parts = Pick<Composition, "store" | "stops" | "library" | "catalogue" | "clock" | "localUser">;

const MAX_REASON = 500;

/** What an agent or a tool may be called; the first name is the one that calls are known by. */
interface Named {
  readonly names: readonly string[];
}

/** A target as it was found, with what should be said about it. */
interface Found {
  readonly target: KillTarget;
  readonly notes: readonly string[];
}

/** Turns one switch, and tells what came of it. */
export async function turn(parts: Parts, turned: "on" | "off", options: KillOptions): Promise<KillOutcome> {
  const { store, clock } = parts;
  const { by, reason } = wordsOf(parts, turned, options);
  const { target, notes } = await targetOf(parts, options);
  const act: KillAct = { ...target, actId: ulid(), turned, by, reason, at: clock.now() };
  const runs = await openRuns(parts, target);
  const changed = await store
    .commit({ statements: store.kills.turn(act), events: runs.map(({ runId }) => killEvent(act, runId)) })
    .then(() => true)
    .catch((error: unknown) => {
      if (hasCode(error, "already_decided")) return false;
      throw error;
    });
  await parts.stops.look();
  const stands = changed ? act : await lastActOn(parts, target);
  return {
    turned,
    scope: target.scope,
    subject: target.scope === "all" ? null : target.subject,
    changed,
    act: stands ? toKillActView(stands) : null,
    runs: runs.map(({ runId, title }) => ({ run_id: runId, title })),
    notes: [...notes, ...(turned === "off" ? await stillOn(parts, runs) : [])],
  };
}

function wordsOf({ localUser }: Parts, turned: "on" | "off", options: KillOptions): { by: string; reason: string } {
  const reason = (options.reason ?? "").trim();
  if (reason === "") {
    const why = turned === "on" ? "stopped" : "let go on";
    throw new OrchestratorError("reason_missing", `It is kept for good why work was ${why}: --reason "…".`);
  }
  if (reason.length > MAX_REASON)
    throw new OrchestratorError("usage", `A reason has at most ${MAX_REASON} signs; this one has ${reason.length}.`);
  const by = options.by?.trim() ?? `local:${localUser}`;
  if (by === "")
    throw new OrchestratorError("usage", "Who switches has an empty name. Give one with --by, or leave it out.");
  return { by, reason };
}

async function targetOf(parts: Parts, options: KillOptions): Promise<Found> {
  const { run, agent, tool, all } = options;
  const given = [run, agent, tool, all === true ? "all" : undefined].filter((each) => each !== undefined);
  if (given.length !== 1)
    throw new OrchestratorError("usage", "Say what: exactly one of --run <id>, --agent <id>, --tool <name> and --all.");
  if (run !== undefined) return runTarget(await findRun(parts.store, run));
  if (agent !== undefined) return named(parts, "agent", agent, options.unlisted === true);
  if (tool !== undefined) return named(parts, "tool", tool, options.unlisted === true);
  return { target: { scope: "all", subject: "" }, notes: [] };
}

function runTarget({ runId, status }: RunRecord): Found {
  const notes = isTerminal(status) ? [`This run has ended already: ${status}. Nothing of it is at work.`] : [];
  return { target: { scope: "run", subject: runId }, notes };
}

async function named(parts: Parts, scope: "agent" | "tool", wanted: string, isUnlisted: boolean): Promise<Found> {
  const known = await knownNames(parts, scope);
  const exact = known.find(({ names }) => names.includes(wanted));
  const found = isUnlisted && !exact ? ({ kind: "unlisted" } as const) : lookUp(wanted, known, ({ names }) => names);
  if (found.kind === "found") return { target: { scope, subject: found.item.names[0] ?? wanted }, notes: [] };
  if (found.kind === "unlisted" && wanted.trim() !== "") {
    const note = `Nothing here knows ${scope === "agent" ? "an agent" : "a tool"} "${wanted}": the switch holds for exactly that ${scope === "agent" ? "id" : "name"}.`;
    return { target: { scope, subject: wanted }, notes: [note] };
  }
  if (found.kind === "ambiguous")
    throw new OrchestratorError(
      "ambiguous_id",
      `"${wanted}" is the beginning of ${found.candidates.length} ${scope}s: ${found.candidates.join(", ")}. Give more of it.`,
    );
  const near = didYouMean(
    wanted,
    known.flatMap(({ names }) => names),
  );
  throw new OrchestratorError(
    "name_unknown",
    `There is no ${scope} "${wanted}".${near} If another folder's missions use the name, add --unlisted.`,
  );
}

/** From the missions and tools at hand, the missions of open runs, and what was switched before. */
async function knownNames({ store, library, catalogue }: Parts, scope: "agent" | "tool"): Promise<readonly Named[]> {
  const shelf = await library.all();
  const read = versionsOf(store);
  const open = await store.runs.list({ status: ["queued", "running", "waiting"] });
  const stored = await Promise.all([...new Set(open.map((run) => run.missionVersion))].map(read));
  const missions = [...stored, ...catalogue.list().map(({ loaded }) => loaded?.mission)];
  const cards = missions.flatMap((mission) => mission?.agents ?? []);
  const switched = (await store.kills.acts()).filter((act) => act.scope === scope);
  const before = switched.map(({ subject }) => ({ names: [subject] }));
  if (scope === "tool") {
    const names = [...shelf.tools.map(({ name }) => name), ...cards.flatMap(({ tools }) => tools)];
    return oneOfEach([...names.map((name) => ({ names: [name] })), ...before]);
  }
  const agents = [
    ...cards.map(({ id, slug, name }) => ({ names: [id, slug, name] })),
    ...shelf.agents.map(({ agentId, slug, name }) => ({ names: [agentId, slug, name] })),
  ];
  return oneOfEach([...agents, ...before]);
}

function oneOfEach(named: readonly Named[]): readonly Named[] {
  return [...new Map(named.toReversed().map((each) => [each.names[0], each])).values()].reverse();
}

async function openRuns({ store }: Parts, target: KillTarget): Promise<readonly RunRecord[]> {
  const read = versionsOf(store);
  const open = await store.runs.list({ status: ["queued", "running", "waiting"] });
  const missions = await Promise.all(open.map((run) => read(run.missionVersion)));
  return open.filter((run, index) => concerns(target, run.runId, missions[index] ?? { agents: [] }));
}

async function lastActOn({ store }: Parts, { scope, subject }: KillTarget): Promise<KillAct | undefined> {
  return (await store.kills.acts()).findLast((act) => act.scope === scope && act.subject === subject);
}

/** What other switches still stop, and which runs nobody works on. */
async function stillOn({ store }: Parts, runs: readonly RunRecord[]): Promise<readonly string[]> {
  const on = await store.kills.on();
  const held = await Promise.all(runs.map(({ runId, host }) => host === "external" || store.runs.isHeld(runId)));
  const left = runs.filter(({ status }, index) => status !== "waiting" && !held[index]);
  return [
    ...(on.length === 0 ? [] : [`Still switched off: ${on.map(targetWords).join(", ")}.`]),
    ...(left.length === 0
      ? []
      : [`No process works on ${left.map(({ runId }) => runId).join(", ")}: "mission resume" does.`]),
  ];
}
