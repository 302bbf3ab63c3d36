import { killWords, stopOf } from "../core/kill.js";
import type { RunRecord } from "../core/records.js";
import { isTerminal } from "../core/run.js";
import { isLeft } from "../core/undo.js";
import type { Composition } from "./compose.js";
import { findRun, unlessCode } from "./run-views.js";
import type { Worker } from "./worker.js";

type Parts = Pick<Composition, "store">;

/** For a run that another process works on: it hears of the cancel by its next heartbeat. */
const WAIT_MS = 10_000;
const POLL_MS = 200;
const BEING_UNDONE =
  "What it did is taken back. People are asked about what no code could take back; it ends once they have answered.";
const TOLD = "The process that works on it was told and ends it shortly.";

/** How far a run is that was cancelled, and what is to be said about it. */
export interface Cancelled {
  readonly run: RunRecord;
  readonly note: string | null;
  /** True when another process has the run and had not ended it in time. */
  readonly isElsewhere: boolean;
}

/**
 * Brings a run to its end whose cancel is on disk, here or by the process that works on it. Returns as soon as more than
 * time is needed: while people are asked, or while the kill switch stops what has to be taken back. Where this process
 * has the run, it goes on by itself once the switch is off.
 */
export async function endCancelled(parts: Parts, worker: Pick<Worker, "work">, runId: string): Promise<Cancelled> {
  const over = new AbortController();
  const working = unlessCode(worker.work(runId), "run_busy", "stale_owner");
  // Who does not wait for it any more is not told how it went on: rows and log say that.
  working.catch(() => undefined);
  try {
    const held = untilHeld(parts, runId, over.signal);
    const first = await Promise.race([working.then((run) => (run ? cancelled(run) : undefined)), held]);
    return first ?? (await Promise.race([held, untilEnded(parts, runId, over.signal)]));
  } finally {
    over.abort();
  }
}

function cancelled(run: RunRecord): Cancelled {
  if (isTerminal(run.status)) return { run, note: null, isElsewhere: false };
  return isAsking(run) ? { run, note: BEING_UNDONE, isElsewhere: false } : { run, note: TOLD, isElsewhere: true };
}

function isAsking({ status, ending }: RunRecord): boolean {
  return status === "waiting" && ending !== undefined;
}

async function untilEnded({ store }: Parts, runId: string, signal: AbortSignal): Promise<Cancelled> {
  const until = Date.now() + WAIT_MS;
  for (;;) {
    const run = await findRun(store, runId);
    if (isTerminal(run.status) || isAsking(run) || Date.now() > until || signal.aborted) return cancelled(run);
    await pause();
  }
}

/** Resolves once nothing moves the run on but turning the kill switch off; never when it ends before. */
async function untilHeld({ store }: Parts, runId: string, signal: AbortSignal): Promise<Cancelled> {
  for (;;) {
    const [run, on] = await Promise.all([findRun(store, runId), store.kills.on()]);
    // What is noted of its end is kept whoever goes on with it; before, its work is still being let go.
    const acts = run.ending && on.length > 0 ? (await store.effects.of(runId)).filter(isLeft) : [];
    const [kill] = acts.flatMap(({ agentId, tool }) => stopOf(on, { runId, agentId, tool }) ?? []);
    if (kill && run.status === "running") {
      const later = `The run is cancelled once the switch is off: what it did is taken back then, by the process that works on it or by "mission resume ${runId}".`;
      return { run: { ...run, status: "waiting" }, note: `${killWords(kill)} ${later}`, isElsewhere: false };
    }
    if (signal.aborted) return new Promise(() => undefined);
    await pause();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
