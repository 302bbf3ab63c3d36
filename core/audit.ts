import { digestOf } from "./digest.js";
import { FIRST_HASH, hashOfEvent } from "./event-hash.js";
import type { FoundEvent, RunRecord } from "./records.js";

/**
 * What can be wrong with a run's log. `missing`: a number that is not there, in the middle or at the end. `untold`: a
 * row, or the report, tells of something that no event tells of. `row_differs`: an event tells of it, and otherwise. `unknown_head`: a hash from outside is no event's.
 */
export type AuditFault =
  | "unreadable"
  | "hash_differs"
  | "previous_differs"
  | "missing"
  | "after_head"
  | "head_differs"
  | "untold"
  | "row_differs"
  | "report_differs"
  | "unknown_head";

/** The first thing that is wrong with a log. Without `key` there is no such event, and `seq` is the number it should have. */
export interface BrokenEventView {
  readonly seq: number | null;
  readonly key: string | null;
  readonly type: string | null;
  readonly at: string | null;
  readonly fault: AuditFault;
  /** One sentence for a person. */
  readonly what: string;
}

/** One run's chain of events, as far as it was found sound. */
export interface RunAuditView {
  readonly run_id: string;
  readonly title: string;
  readonly is_sound: boolean;
  /** Events that were found sound, up to the broken one. */
  readonly events: number;
  /** The hash of the last of them. */
  readonly head: string;
  readonly broken: BrokenEventView | null;
}

const FAULTS_OF_ROWS: readonly AuditFault[] = ["untold", "row_differs", "report_differs", "unknown_head"];

/** True when no event is at fault: a row, the report or a hash from outside does not go with a chain that is whole. */
export function isBesideChain({ fault, key }: BrokenEventView): boolean {
  return FAULTS_OF_ROWS.includes(fault) || (fault === "unreadable" && key === null);
}

/** The document of `audit verify --json`. */
export interface AuditView {
  readonly is_sound: boolean;
  readonly events: number;
  readonly runs: readonly RunAuditView[];
}

/** How far a chain was found sound. */
export interface ChainEnd {
  readonly seq: number;
  readonly hash: string;
}

/** Where every run's chain begins, before its first event. */
export const CHAIN_START: ChainEnd = { seq: 0, hash: FIRST_HASH };

/** What is wrong with the event found behind `last`; nothing when it follows. */
export function findBreak(found: FoundEvent, last: ChainEnd): BrokenEventView | undefined {
  if ("unreadable" in found) {
    const { seq, key, type } = found.unreadable;
    return { seq, key, type, at: null, fault: "unreadable", what: `It cannot be read: ${found.why}.` };
  }
  const { event } = found;
  const broken = (fault: AuditFault, what: string) => ({ ...nameOf(found), fault, what });
  const due = last.seq + 1;
  if (event.seq > due) {
    const gone = event.seq === due + 1 ? `Event ${due} is` : `Events ${due} to ${event.seq - 1} are`;
    return missing(due, `${gone} missing: the next one there is ${event.seq}, ${event.key}.`);
  }
  if (event.seq < due) return broken("after_head", `Numbers begin with 1, so nobody appended event ${event.seq}.`);
  if (event.previousHash !== last.hash) {
    const before = last.seq === 0 ? "It is the first, but says that one stood before it" : follows(last.seq);
    return broken("previous_differs", `${before}.`);
  }
  if (hashOfEvent(event) !== event.hash) {
    return broken("hash_differs", "Its hash is not that of what it says: it was changed after it was written.");
  }
  return undefined;
}

function follows(seq: number): string {
  return `It does not follow event ${seq}: that one was replaced, or this one's previous hash was changed`;
}

/** Where a found event stands, as far as it can be read. */
export function nameOf(found: FoundEvent): Pick<BrokenEventView, "seq" | "key" | "type" | "at"> {
  if ("unreadable" in found) return { ...found.unreadable, at: null };
  const { seq, key, type, at } = found.event;
  return { seq, key, type, at: at.toISOString() };
}

/** An event that should be there and is not. */
export function missing(seq: number | null, what: string, fault: AuditFault = "missing"): BrokenEventView {
  return { seq, key: null, type: null, at: null, fault, what };
}

/** Whether the stored report is the one that the log tells of. */
export function reportBreak(run: RunRecord, told: FoundEvent | undefined): BrokenEventView | undefined {
  if (!told || "unreadable" in told || !run.report || told.event.data["digest"] === digestOf(run.report))
    return undefined;
  const what = "The run's report is not the one that was written: its digest differs from the one in this event.";
  return { ...nameOf(told), fault: "report_differs", what };
}

/** The hash of the newest event before the report, as the report itself prints it; nothing when there is no report. */
export function headInReport({ report }: RunRecord): string | undefined {
  const head = report?.["chain_head"];
  return typeof head === "string" && head !== "" ? head : undefined;
}
