import type { EventType } from "./event.js";
import type { BusinessTime } from "./kpi.js";
import type { ApprovalRecord, EventRecord } from "./records.js";
import { isDecided } from "./run.js";
import type { LeadTimeView } from "./views.js";

/** The kinds of events that tell when tasks were at work, and when nobody worked on the run. */
export const TIME_MARKS: readonly EventType[] = [
  "run_started",
  "run_resumed",
  "run_waiting",
  "task_started",
  "task_waiting",
  "task_released",
  "task_attempt",
  "task_done",
  "task_failed",
  "task_blocked",
  "task_skipped",
];

/** What a run's time is split by. Marks are its events of the kinds of `TIME_MARKS`, in their order. */
export interface TimedRun {
  /** When the case came in, if the case says so; what is after the start is no such moment. */
  readonly receivedAt: Date | undefined;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly marks: readonly Pick<EventRecord, "type" | "taskId" | "at">[];
  readonly requests: readonly Pick<ApprovalRecord, "taskId" | "status" | "createdAt" | "decidedAt">[];
}

interface Interval {
  readonly from: number;
  readonly to: number;
}

/**
 * Where the time of a run went, moment by moment: some task was at work; else somebody was asked; else neither. A task
 * that waits for a person, a retry or a slot is not at work, nor is anything while no process worked on the run: from
 * the last mark of a process that went away until another took the run up.
 */
export function leadTime(run: TimedRun): LeadTimeView {
  const whole = wholeOf(run);
  const asked = run.requests.map(({ createdAt, decidedAt }) => ({
    from: createdAt.getTime(),
    to: decidedAt?.getTime() ?? whole.to,
  }));
  const spent = split(whole, { work: atWork(run, whole.to), away: away(run), asked });
  return {
    total_ms: whole.to - whole.from,
    work_ms: spent.work,
    waiting_for_people_ms: spent.people,
    waiting_for_others_ms: spent.others,
    basis: "measured",
  };
}

/** How long each task was at work, over all its attempts, by the same moments as `leadTime`; tasks side by side count each. */
export function workMsByTask(run: TimedRun): ReadonlyMap<string, number> {
  const whole = wholeOf(run);
  const [intervals, gone] = [atWork(run, whole.to), away(run)];
  const ids = new Set(intervals.map(({ taskId }) => taskId));
  return new Map(
    [...ids].map((id) => {
      const work = intervals.filter(({ taskId }) => taskId === id);
      return [id, split(whole, { work, away: gone, asked: [] }).work];
    }),
  );
}

/** The same split on the business clock: estimates and approval delays of the longest path, and what was before the start. */
export function businessLeadTime(time: BusinessTime, startedAt: Date, receivedAt: Date | undefined): LeadTimeView {
  const runMs = time.finishedAt.getTime() - startedAt.getTime();
  const others = Math.max(0, startedAt.getTime() - (receivedAt?.getTime() ?? startedAt.getTime()));
  const people = Math.min(runMs, Math.round(time.waitedMinutes * 60_000));
  return {
    total_ms: others + runMs,
    work_ms: runMs - people,
    waiting_for_people_ms: people,
    waiting_for_others_ms: others,
    basis: "simulated",
  };
}

/** When the case came in, where it says so as a moment. */
export function receivedAtOf(caseData: Readonly<Record<string, unknown>>): Date | undefined {
  const given = caseData["received_at"];
  const ms = typeof given === "string" ? Date.parse(given) : Number.NaN;
  return Number.isNaN(ms) ? undefined : new Date(ms);
}

interface Change {
  readonly at: number;
  /** Absent at the end of the whole. */
  readonly of?: "work" | "away" | "asked";
  readonly by: number;
}

function wholeOf({ receivedAt, startedAt, finishedAt }: TimedRun): Interval {
  const startMs = startedAt.getTime();
  const from = Math.min(receivedAt?.getTime() ?? startMs, startMs);
  return { from, to: Math.max(from, finishedAt.getTime()) };
}

type Intervals = Readonly<Record<NonNullable<Change["of"]>, readonly Interval[]>>;

function split(whole: Interval, intervals: Intervals): { work: number; people: number; others: number } {
  const counts = { work: 0, away: 0, asked: 0 };
  const spent = { work: 0, people: 0, others: 0 };
  let at = whole.from;
  for (const change of changesOf(whole, intervals)) {
    const kind = counts.work > 0 && counts.away === 0 ? "work" : counts.asked > 0 ? "people" : "others";
    spent[kind] += change.at - at;
    at = change.at;
    if (change.of) counts[change.of] += change.by;
  }
  return spent;
}

/** Beginnings and ends within the whole, in order of time; the last is its end. */
function changesOf(whole: Interval, { work, away: gone, asked }: Intervals): readonly Change[] {
  const clip = (ms: number) => Math.min(whole.to, Math.max(whole.from, ms));
  const changes = (of: NonNullable<Change["of"]>, list: readonly Interval[]): readonly Change[] =>
    list.flatMap(({ from, to }) => [
      { at: clip(from), of, by: 1 },
      // Clocks of two machines may differ: nothing ends before it began.
      { at: clip(Math.max(from, to)), of, by: -1 },
    ]);
  return [...changes("work", work), ...changes("away", gone), ...changes("asked", asked), { at: whole.to, by: 0 }].sort(
    (a, b) => a.at - b.at,
  );
}

/** Of one task. */
interface TaskInterval extends Interval {
  readonly taskId: string;
}

/** From each start of an attempt, or decision that it waited for, to whatever ended the work on it. */
function atWork({ marks, requests }: TimedRun, endMs: number): readonly TaskInterval[] {
  const decisions = requests.flatMap(({ taskId, status, decidedAt }) =>
    isDecided(status) && decidedAt ? [{ type: "decided" as const, taskId, at: decidedAt }] : [],
  );
  const steps = [...marks, ...decisions].sort((a, b) => a.at.getTime() - b.at.getTime());
  const since = new Map<string, number>();
  const waiting = new Set<string>();
  const intervals: TaskInterval[] = [];
  for (const { type, taskId, at } of steps) {
    if (taskId === undefined) continue;
    const begins = type === "task_started" || type === "task_released" || (type === "decided" && waiting.has(taskId));
    if (begins && !since.has(taskId)) since.set(taskId, at.getTime());
    if (type === "task_waiting") waiting.add(taskId);
    else waiting.delete(taskId);
    const from = since.get(taskId);
    if (begins || type === "decided" || from === undefined) continue;
    intervals.push({ taskId, from, to: at.getTime() });
    since.delete(taskId);
  }
  return [...intervals, ...[...since].map(([taskId, from]) => ({ taskId, from, to: endMs }))];
}

/** From the last mark of the process before to the moment that the run was taken up again. */
function away({ marks }: TimedRun): readonly Interval[] {
  return marks.flatMap(({ type, at }, index) => {
    const before = marks[index - 1];
    return type === "run_resumed" && before ? [{ from: before.at.getTime(), to: at.getTime() }] : [];
  });
}
