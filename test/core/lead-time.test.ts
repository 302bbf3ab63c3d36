import { describe, expect, test } from "vitest";
import { businessTime } from "../../core/kpi.js";
import type { TimedRun } from "../../core/lead-time.js";
import { businessLeadTime, leadTime, receivedAtOf, TIME_MARKS, workMsByTask } from "../../core/lead-time.js";
import type { LeadTimeView } from "../../core/views.js";
import { fc } from "../support/fast-check.js";
import { missionOf } from "../support/missions.js";

const START_MS = Date.parse("2026-03-02T09:00:00.000Z");
const at = (minutes: number) => new Date(START_MS + minutes * 60_000);
const mark = (minutes: number, type: string, taskId?: string): TimedRun["marks"][number] => ({
  at: at(minutes),
  type,
  ...(taskId !== undefined && { taskId }),
});
const asked = (taskId: string, from: number, to?: number, status: "approved" | "expired" | "pending" = "approved") => ({
  taskId,
  status: to === undefined ? ("pending" as const) : status,
  createdAt: at(from),
  ...(to !== undefined && { decidedAt: at(to) }),
});
const timed = (parts: Partial<TimedRun>): TimedRun => ({
  receivedAt: undefined,
  startedAt: at(0),
  finishedAt: at(60),
  marks: [],
  requests: [],
  ...parts,
});
/** In minutes: total, work, people, others. */
const split = (run: Partial<TimedRun>): number[] => {
  const { total_ms, work_ms, waiting_for_people_ms, waiting_for_others_ms } = leadTime(timed(run));
  return [total_ms, work_ms, waiting_for_people_ms, waiting_for_others_ms].map((ms) => ms / 60_000);
};

describe("where the time of a run went", () => {
  test("tasks side by side count once, and gaps between them are waiting for others", () => {
    const marks = [
      mark(0, "run_started"),
      mark(0, "task_started", "A"),
      mark(10, "task_started", "B"),
      mark(20, "task_done", "A"),
      mark(30, "task_done", "B"),
      mark(50, "task_started", "C"),
      mark(60, "task_done", "C"),
    ];

    expect(split({ marks })).toEqual([60, 40, 0, 20]);
  });

  test("what was before the start is waiting for others, and a case that came in later counts from the start", () => {
    const marks = [mark(0, "task_started", "A"), mark(60, "task_done", "A")];

    expect(split({ marks, receivedAt: at(-30) })).toEqual([90, 60, 0, 30]);
    expect(split({ marks, receivedAt: at(30) })).toEqual([60, 60, 0, 0]);
  });

  test("a task that waits for a person is not at work until somebody has decided", () => {
    const marks = [mark(0, "task_started", "A"), mark(10, "task_waiting", "A"), mark(60, "task_done", "A")];

    expect(split({ marks, requests: [asked("A", 10, 40)] })).toEqual([60, 30, 30, 0]);
  });

  test("while another task is at work nobody is waited for", () => {
    const marks = [
      mark(0, "task_started", "A"),
      mark(0, "task_started", "B"),
      mark(10, "task_waiting", "A"),
      mark(30, "task_done", "B"),
      mark(40, "task_done", "A"),
    ];

    expect(split({ marks, finishedAt: at(40), requests: [asked("A", 10, 40)] })).toEqual([40, 30, 10, 0]);
  });

  test("a request that expired and was raised anew goes on waiting for people", () => {
    const marks = [mark(0, "task_started", "A"), mark(10, "task_waiting", "A"), mark(60, "task_done", "A")];
    const requests = [asked("A", 10, 30, "expired"), asked("A", 30, 60)];

    expect(split({ marks, requests })).toEqual([60, 10, 50, 0]);
  });

  test("the pause before another try is waiting for others", () => {
    const marks = [
      mark(0, "task_started", "A"),
      mark(10, "task_attempt", "A"),
      mark(40, "task_started", "A"),
      mark(60, "task_done", "A"),
    ];

    expect(split({ marks })).toEqual([60, 30, 0, 30]);
  });

  test("after a process went away nothing is at work until another takes the run up", () => {
    const marks = [
      mark(0, "run_started"),
      mark(0, "task_started", "A"),
      mark(10, "task_started", "B"),
      mark(50, "run_resumed"),
      mark(60, "task_done", "A"),
      mark(60, "task_done", "B"),
    ];

    expect(split({ marks })).toEqual([60, 20, 0, 40]);
  });

  test("a decision that nobody took up is not work yet", () => {
    const marks = [
      mark(0, "task_started", "A"),
      mark(10, "task_waiting", "A"),
      mark(10, "run_waiting"),
      mark(50, "run_resumed"),
      mark(60, "task_done", "A"),
    ];

    expect(split({ marks, requests: [asked("A", 10, 30)] })).toEqual([60, 20, 20, 20]);
  });

  test("a run that ends while it asks and works counts to its end", () => {
    const marks = [mark(0, "task_started", "A"), mark(20, "task_waiting", "A")];

    expect(split({ marks, requests: [asked("A", 20)] })).toEqual([60, 20, 40, 0]);
    expect(split({ marks: [mark(40, "task_started", "A")] })).toEqual([60, 20, 0, 40]);
  });

  test("the parts add up to the total whatever the log holds, and none is less than nothing", () => {
    const minutes = fc.integer({ min: -50, max: 120 });
    const taskId = fc.constantFrom("A", "B", "C");
    const marks = fc.array(fc.record({ type: fc.constantFrom(...TIME_MARKS), taskId, at: minutes.map(at) }), {
      maxLength: 30,
    });
    const requests = fc.array(
      fc
        .tuple(taskId, minutes, fc.option(minutes), fc.constantFrom("approved" as const, "expired" as const))
        .map(([id, from, to, status]) => asked(id, from, to ?? undefined, status)),
      { maxLength: 6 },
    );
    const run = fc.record({ marks, requests, receivedAt: fc.option(minutes.map(at), { nil: undefined }) });

    fc.assert(fc.property(run, (parts) => isWhole(leadTime(timed(parts)))));
  });
});

describe("how long each task was at work", () => {
  /** In minutes. */
  const worked = (run: Partial<TimedRun>) =>
    Object.fromEntries([...workMsByTask(timed(run))].map(([id, ms]) => [id, ms / 60_000]));

  test("questions that are open side by side are waited for once, and pauses before another try are no work", () => {
    const marks = [
      mark(0, "task_started", "A"),
      mark(10, "task_waiting", "A"),
      mark(40, "task_attempt", "A"),
      mark(50, "task_started", "A"),
      mark(55, "task_done", "A"),
    ];

    expect(worked({ marks, requests: [asked("A", 10, 30), asked("A", 10, 30)] })).toEqual({ A: 25 });
  });

  test("tasks side by side count each, and nothing while no process worked on the run", () => {
    const marks = [
      mark(0, "task_started", "A"),
      mark(10, "task_started", "B"),
      mark(50, "run_resumed"),
      mark(60, "task_done", "A"),
      mark(60, "task_done", "B"),
    ];

    expect(worked({ marks })).toEqual({ A: 20, B: 10 });
  });

  test("of a run of one task it is the work of its lead time, whatever the log holds", () => {
    const minutes = fc.integer({ min: -50, max: 120 });
    const taskId = fc.constant("A");
    const marks = fc.array(fc.record({ type: fc.constantFrom(...TIME_MARKS), taskId, at: minutes.map(at) }), {
      maxLength: 30,
    });
    const requests = fc.array(
      fc.tuple(minutes, fc.option(minutes)).map(([from, to]) => asked("A", from, to ?? undefined)),
      { maxLength: 6 },
    );

    fc.assert(
      fc.property(fc.record({ marks, requests }), (parts) => {
        expect(workMsByTask(timed(parts)).get("A") ?? 0).toBe(leadTime(timed(parts)).work_ms);
      }),
    );
  });
});

describe("the same on the business clock", () => {
  const mission = missionOf({
    tasks: [
      { task_id: "A", estimated_duration_minutes: 10 },
      { task_id: "B", estimated_duration_minutes: 30, depends_on: ["A"] },
      { task_id: "C", estimated_duration_minutes: 5, depends_on: ["A"] },
    ],
  });
  const clock = (done: readonly string[], approvals: readonly [string, number][], approvalDelayMinutes: number) =>
    businessTime(mission.tasks, {
      startedAt: at(0),
      doneTasks: new Set(done),
      approvals: new Map(approvals),
      approvalDelayMinutes,
    });

  test("estimates of the longest path are work, delays on it are people, the time before is others; all simulated", () => {
    const time = clock(
      ["A", "B", "C"],
      [
        ["B", 2],
        ["C", 1],
      ],
      45,
    );

    expect(businessLeadTime(time, at(0), at(-120))).toEqual({
      total_ms: (120 + 40 + 90) * 60_000,
      work_ms: 40 * 60_000,
      waiting_for_people_ms: 90 * 60_000,
      waiting_for_others_ms: 120 * 60_000,
      basis: "simulated",
    });
  });

  test("the parts add up whatever the estimates and delays are", () => {
    const delay = fc.double({ min: 0, max: 10_000, noNaN: true });
    const counts = fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4));
    const before = fc.option(fc.integer({ min: -10_000, max: 100 }).map(at), { nil: undefined });

    fc.assert(
      fc.property(fc.subarray(["A", "B", "C"]), counts, delay, before, (done, [a, b, c], minutes, receivedAt) => {
        const time = clock(
          done,
          [
            ["A", a],
            ["B", b],
            ["C", c],
          ],
          minutes,
        );
        expect(isWhole(businessLeadTime(time, at(0), receivedAt))).toBe(true);
      }),
    );
  });
});

test("only what can be read as a moment is when a case came in", () => {
  expect(receivedAtOf({ received_at: "2026-03-02T09:00:00Z" })).toEqual(at(0));
  expect(receivedAtOf({ received_at: "last week" })).toBeUndefined();
  expect(receivedAtOf({ received_at: 5 })).toBeUndefined();
  expect(receivedAtOf({})).toBeUndefined();
});

function isWhole({ total_ms, ...parts }: LeadTimeView): boolean {
  const { work_ms, waiting_for_people_ms, waiting_for_others_ms } = parts;
  const each = [work_ms, waiting_for_people_ms, waiting_for_others_ms];
  return each.every((ms) => Number.isInteger(ms) && ms >= 0) && each.reduce((sum, ms) => sum + ms, 0) === total_ms;
}
