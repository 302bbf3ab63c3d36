import { describe, expect, test } from "vitest";
import type { ProgressRows } from "../../core/progress.js";
import { toProgress } from "../../core/progress.js";
import type { RunRecord, TaskRecord } from "../../core/records.js";
import { missionOf } from "../support/missions.js";
import { approvalRecord, runRecord, taskRecord } from "../support/records.js";

const mission = missionOf({
  tasks: [
    { task_id: "T1", estimated_duration_minutes: 6 },
    { task_id: "T2", estimated_duration_minutes: 3, depends_on: ["T1"] },
    { task_id: "T3", estimated_duration_minutes: 1, depends_on: ["T1"] },
  ],
});

function rows(fields: Readonly<Record<string, Partial<TaskRecord>>>, more: Partial<ProgressRows> = {}): ProgressRows {
  const run: RunRecord = { ...runRecord("run1"), headSeq: 1, headHash: "h" };
  const tasks = mission.tasks.map(({ id }) => taskRecord("run1", id, fields[id] ?? {}));
  return { run, mission, tasks, pending: [], attempts: [], isHeld: true, ...more };
}

const waits = (progress: ReturnType<typeof toProgress>) => progress.tasks.map(({ waits_for }) => waits_for);

describe("how much of a run is done", () => {
  test("weighs tasks by their estimates, and a running one by what it says of itself", () => {
    expect(toProgress(rows({ T1: { status: "done" } }))).toMatchObject({ done_ratio: 0.6, done_by: "estimates" });
    expect(toProgress(rows({ T1: { status: "running", progress: { ratio: 0.5 } } })).done_ratio).toBeCloseTo(0.3);
    expect(toProgress(rows({ T1: { status: "running", progress: { ratio: 7 } } })).done_ratio).toBeCloseTo(0.6);
  });

  test("what is skipped needs no doing; what failed or is blocked is not done", () => {
    const ended = { T1: { status: "done" }, T2: { status: "skipped" }, T3: { status: "failed" } } as const;

    expect(toProgress(rows(ended)).done_ratio).toBeCloseTo(0.9);
  });

  test("counts tasks where the mission has no estimates, and says so", () => {
    const free = { ...mission, tasks: mission.tasks.map((task) => ({ ...task, estimatedMinutes: 0 })) };
    const progress = toProgress(rows({ T1: { status: "done" } }, { mission: free }));

    expect(progress).toMatchObject({ done_by: "count" });
    expect(progress.done_ratio).toBeCloseTo(1 / 3);
  });
});

describe("what a task waits for", () => {
  test("the tasks before it, by title; nothing while it works", () => {
    expect(waits(toProgress(rows({ T1: { status: "running" } })))).toEqual([
      null,
      { kind: "tasks", titles: ["Do T1"] },
      { kind: "tasks", titles: ["Do T1"] },
    ]);
  });

  test("its turn, when all before it is settled", () => {
    expect(waits(toProgress(rows({ T1: { status: "skipped" } })))).toEqual([null, { kind: "slot" }, { kind: "slot" }]);
  });

  test("a person, with role, due time and the request", () => {
    const pending = [approvalRecord("a1", "run1", { taskId: "T1" })];
    const [first] = waits(toProgress(rows({ T1: { status: "waiting_for_person" } }, { pending })));

    expect(first).toMatchObject({
      kind: "person",
      role: "approver",
      approval_id: "a1",
      due_at: "2026-03-02T08:00:00.000Z",
    });
  });

  test("a retry, with the moment and why", () => {
    const attempt = {
      runId: "run1",
      seq: 5,
      key: "task_attempt:T1:2",
      type: "task_attempt",
      at: new Date("2026-03-01T08:00:00Z"),
      data: { cause: "retry", delay_ms: 2_000, reason: "The line is busy." },
      previousHash: "",
      hash: "",
    };

    expect(waits(toProgress(rows({ T1: { attempt: 2 } }, { attempts: [attempt] })))[0]).toEqual({
      kind: "retry",
      at: "2026-03-01T08:00:02.000Z",
      reason: "The line is busy.",
    });
    expect(waits(toProgress(rows({ T1: { attempt: 3 } }, { attempts: [attempt] })))[0]).toEqual({ kind: "slot" });
  });

  test("nothing any more, once the run has ended", () => {
    const run: RunRecord = { ...runRecord("run1", { status: "cancelled" }), headSeq: 1, headHash: "h" };

    expect(waits(toProgress(rows({}, { run })))).toEqual([null, null, null]);
  });
});
