import { z } from "zod";
import type { BrokenEventView, RunAuditView } from "./audit.js";
import { CHAIN_START, findBreak, missing, nameOf } from "./audit.js";
import type { Json } from "./digest.js";
import type { FoundEvent } from "./records.js";

/** What of an exported log is needed to check it; what the story adds is passed over. */
export const LogExportSchema = z.looseObject({
  run_id: z.string(),
  title: z.string(),
  task_id: z.string().nullable(),
  head_seq: z.int(),
  head_hash: z.string(),
  entries: z.array(z.unknown()),
});
export type LogExport = z.output<typeof LogExportSchema>;

const EntrySchema = z.looseObject({
  seq: z.int(),
  at: z.string(),
  task_id: z.string().nullable(),
  event: z.strictObject({
    key: z.string(),
    type: z.string(),
    data: z.record(z.string(), z.json()),
    previous_hash: z.string(),
    hash: z.string(),
  }),
});

/** Recomputes the chain of an exported log. `head`: a hash known from elsewhere, or its beginning, that must turn up. */
export function auditExport(log: LogExport, head: string | undefined): RunAuditView {
  let last = CHAIN_START;
  let isHeadFound = head === undefined;
  const view = (broken: BrokenEventView | undefined): RunAuditView => ({
    run_id: log.run_id,
    title: log.title,
    is_sound: !broken,
    events: last.seq,
    head: last.hash,
    broken: broken ?? null,
  });
  for (const entry of log.entries) {
    const found = toFound(log.run_id, entry);
    const broken = findBreak(found, last);
    if (broken) return view(broken);
    if (!("event" in found)) continue;
    last = found.event;
    isHeadFound ||= head !== undefined && last.hash.startsWith(head);
  }
  if (last.seq === 0) return view(missing(1, "There is no event at all, and every run begins with one."));
  if (log.head_seq > last.seq) {
    return view(missing(last.seq + 1, `The export counts ${log.head_seq} events: the tail was cut off.`));
  }
  const end = toFound(log.run_id, log.entries.at(-1));
  if (log.head_seq !== last.seq || log.head_hash !== last.hash) {
    const what = "It is not the event that the export names as the last.";
    return view({ ...nameOf(end), fault: "head_differs", what });
  }
  if (isHeadFound) return view(undefined);
  return view(
    missing(null, `No event has the hash ${head} that you gave: events were cut off or replaced.`, "unknown_head"),
  );
}

function toFound(runId: string, entry: unknown): FoundEvent {
  const parsed = EntrySchema.safeParse(entry);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const why = `/${issue?.path.map(String).join("/") ?? ""}: ${issue?.message ?? "no entry of a log"}`;
    return { unreadable: { seq: null, key: "", type: "" }, why };
  }
  const { seq, at, task_id, event } = parsed.data;
  const { key, type, hash } = event;
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime()) || moment.toISOString() !== at) {
    return { unreadable: { seq, key, type }, why: `"${at}" is no moment as events have them` };
  }
  const data = event.data as { readonly [name: string]: Json }; // safe: the schema took JSON values alone
  const task = task_id === null ? {} : { taskId: task_id };
  return { event: { runId, seq, key, type, ...task, at: moment, data, previousHash: event.previous_hash, hash } };
}
