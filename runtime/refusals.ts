import { OrchestratorError } from "../core/errors.js";
import type { Mission } from "../core/mission.js";
import { MOMENT_FORMS, parseMoment } from "../core/moment.js";
import type { Store } from "../core/ports.js";
import type { FoundEvent } from "../core/records.js";
import type { RefusalsView } from "../core/refusals.js";
import { RefusalCount } from "../core/refusals.js";
import { findRun, versionsOf } from "./run-views.js";

const PAGE = 500;

export interface RefusalOptions {
  /** A run's id or a unique beginning of it; all runs when absent. */
  readonly run?: string;
  /** A day or a moment, in UTC without a zone: only what was refused then or later. */
  readonly since?: string;
}

/** What the gate refused in one run or in all, counted by agent, tool and cause; read a page of events at a time. */
export async function refusals(store: Store, { run, since }: RefusalOptions): Promise<RefusalsView> {
  const from = since === undefined ? undefined : momentOf(since);
  const wanted = run === undefined ? undefined : (await findRun(store, run)).runId;
  const known =
    wanted === undefined ? (await store.runs.heads(Number.MAX_SAFE_INTEGER)).map(({ runId }) => runId) : [wanted];
  const count = new RefusalCount();
  const versions = versionsOf(store);
  let unreadable = 0;
  for (const runId of known) {
    const mission = once(() => missionAt(store, runId, versions));
    for await (const found of eventsOf(store, runId)) {
      if ("unreadable" in found) unreadable += 1;
      else if (found.event.type === "tool_refused" && (from === undefined || found.event.at >= from))
        count.add(found.event, { runId, agentName: nameIn(await mission()) });
    }
  }
  const views = count.views();
  return {
    since: from?.toISOString() ?? null,
    run_id: wanted ?? null,
    times: views.reduce((sum, { times }) => sum + times, 0),
    unreadable,
    refusals: views,
  };
}

function momentOf(text: string): Date {
  const span = parseMoment(text);
  if (span) return span.from;
  throw new OrchestratorError("usage", `--since is "${text}", which is no moment. Give ${MOMENT_FORMS}.`);
}

/** The events of a run, damaged ones too: one of them hides no refusal. Rows whose number is none end the run's log. */
async function* eventsOf(store: Store, runId: string): AsyncGenerator<FoundEvent> {
  let after: number | undefined;
  for (;;) {
    const page = await store.events.found(runId, { ...(after !== undefined && { afterSeq: after }), limit: PAGE });
    yield* page;
    const last = page.map(seqOf).findLast((seq) => seq !== null);
    if (page.length < PAGE || last === undefined || last === null) return;
    after = last;
  }
}

function seqOf(found: FoundEvent): number | null {
  return "unreadable" in found ? found.unreadable.seq : found.event.seq;
}

/** The mission as the run began with it; nothing when its row or version cannot be read any more. */
async function missionAt(store: Store, runId: string, versions: ReturnType<typeof versionsOf>) {
  try {
    const run = await store.runs.find(runId);
    return run && (await versions(run.missionVersion));
  } catch {
    return undefined;
  }
}

function nameIn(mission: Mission | undefined): (agentId: string) => string | null {
  return (agentId) => mission?.agents.find(({ id }) => id === agentId)?.name ?? null;
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
