import type { EventType, MissionEvent } from "../core/event.js";
import type { EventRecord, RunRecord } from "../core/records.js";
import type { Composition } from "./compose.js";
import { toMissionEvent } from "./event-hub.js";

const POLL_MS = 500;
const NEWEST_RUNS = 100;

/**
 * Events as they happen: of this process at once (progress included), of other processes by reading the log twice a
 * second. Each stored event comes once, in its run's order. Ends with the signal.
 */
export async function* streamEvents(
  parts: Composition,
  only: (() => Promise<RunRecord>) | undefined,
  signal: AbortSignal | undefined,
  closed: AbortSignal,
): AsyncGenerator<MissionEvent> {
  const run = await only?.();
  const seen = new Map<string, number>();
  if (!run) for (const { runId, headSeq } of await parts.store.runs.heads(NEWEST_RUNS)) seen.set(runId, headSeq);
  const toRead = async (): Promise<string[]> => (run ? [run.runId] : grown(parts, seen));
  const live: MissionEvent[] = [];
  /** Runs that something was told of in this process since the log was read. */
  const news = new Set<string>();
  let readAllAtMs = Number.NEGATIVE_INFINITY;
  let wake: () => void = () => undefined;
  const stop = parts.hub.listen((event) => {
    if (run && event.run_id !== run.runId) return;
    if (event.type === "task_progress") live.push(event);
    else news.add(event.run_id);
    wake();
  });
  const abort = () => wake();
  signal?.addEventListener("abort", abort);
  closed.addEventListener("abort", abort);
  try {
    while (!signal?.aborted && !closed.aborted) {
      const told = [...news];
      news.clear();
      yield* live.splice(0);
      const isDue = performance.now() - readAllAtMs >= POLL_MS;
      if (isDue) readAllAtMs = performance.now();
      yield* await readNew(parts, isDue ? await toRead() : told, seen);
      // What came while the log was read has nobody to wake: it must not be slept over.
      if (live.length > 0 || news.size > 0 || signal?.aborted || closed.aborted) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          readAllAtMs = Number.NEGATIVE_INFINITY;
          resolve();
        }, POLL_MS);
        timer.unref();
        wake = () => {
          clearTimeout(timer);
          setImmediate(resolve);
        };
      });
    }
    if (!closed.aborted) yield* await readNew(parts, await toRead(), seen);
  } finally {
    signal?.removeEventListener("abort", abort);
    closed.removeEventListener("abort", abort);
    stop();
  }
}

async function readNew(parts: Composition, runIds: Iterable<string>, seen: Map<string, number>) {
  const events: MissionEvent[] = [];
  for (const runId of runIds) {
    const records = await parts.store.events.of(runId, { afterSeq: seen.get(runId) ?? 0 });
    const last = records.at(-1);
    if (last) seen.set(runId, last.seq);
    events.push(...records.map(toEvent));
  }
  return events.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** Runs whose log has grown, whichever process wrote it. */
async function grown({ store }: Composition, seen: ReadonlyMap<string, number>): Promise<string[]> {
  const heads = await store.runs.heads(NEWEST_RUNS);
  return heads.filter(({ runId, headSeq }) => headSeq > (seen.get(runId) ?? 0)).map(({ runId }) => runId);
}

function toEvent(record: EventRecord): MissionEvent {
  return toMissionEvent(record.type as EventType, record.runId, record.taskId, record.at, record.data); // safe: only our own drafts are appended
}
