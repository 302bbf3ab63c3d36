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
  if (!run)
    for (const known of await parts.store.runs.list({ limit: NEWEST_RUNS })) seen.set(known.runId, known.headSeq);
  const live: MissionEvent[] = [];
  let isNews = false;
  let wake: () => void = () => undefined;
  const stop = parts.hub.listen((event) => {
    if (event.type === "task_progress" && (!run || event.run_id === run.runId)) live.push(event);
    isNews = true;
    wake();
  });
  const abort = () => wake();
  signal?.addEventListener("abort", abort);
  closed.addEventListener("abort", abort);
  try {
    while (!signal?.aborted && !closed.aborted) {
      isNews = false;
      yield* live.splice(0);
      yield* await readNew(parts, run, seen);
      // What came while the log was read has nobody to wake: it must not be slept over.
      if (isNews || signal?.aborted || closed.aborted) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, POLL_MS);
        timer.unref();
        wake = () => {
          clearTimeout(timer);
          setImmediate(resolve);
        };
      });
    }
    if (!closed.aborted) yield* await readNew(parts, run, seen);
  } finally {
    signal?.removeEventListener("abort", abort);
    closed.removeEventListener("abort", abort);
    stop();
  }
}

async function readNew(
  parts: Composition,
  run: RunRecord | undefined,
  seen: Map<string, number>,
): Promise<MissionEvent[]> {
  const runs = run ? [run] : await parts.store.runs.list({ limit: NEWEST_RUNS });
  const events: MissionEvent[] = [];
  for (const { runId, headSeq } of runs) {
    const afterSeq = seen.get(runId) ?? 0;
    if (!run && headSeq <= afterSeq) continue;
    const records = await parts.store.events.of(runId, { afterSeq });
    const last = records.at(-1);
    if (last) seen.set(runId, last.seq);
    events.push(...records.map(toEvent));
  }
  return events.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

function toEvent(record: EventRecord): MissionEvent {
  return toMissionEvent(record.type as EventType, record.runId, record.taskId, record.at, record.data); // safe: only our own drafts are appended
}
