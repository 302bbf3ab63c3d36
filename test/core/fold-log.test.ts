import { describe, expect, test } from "vitest";
import { digestOf } from "../../core/digest.js";
import type { ExecutionLog, LogEntry } from "../../core/execution-log.js";
import { ExecutionLogsSchema } from "../../core/execution-log.js";
import { foldLog } from "../../core/fold-log.js";
import { missionOf } from "../support/missions.js";

const MISSION = missionOf({
  tasks: [
    { task_id: "T1", skill: "a" },
    { task_id: "T2", skill: "b", depends_on: ["T1"], requires_human_approval: true },
  ],
  kpis: [{ kpi_id: "days", unit: "days", direction: "lower", baseline: 5, target: 2, measure: "1.0" }],
});
const [AGENT] = MISSION.tasks[0]?.agents ?? [];

const GOOD: readonly object[] = [
  { event: "task", task_id: "T1", status: "running", attempt: 1, agent_id: AGENT },
  { event: "task", task_id: "T1", status: "done", attempt: 1, summary: "It is collected." },
  { event: "task", task_id: "T2", status: "running", attempt: 1 },
  {
    event: "approval_asked",
    approval_id: "Q1",
    task_id: "T2",
    attempt: 1,
    kind: "task_result",
    question: "Is it right?",
    assigned_to: "approver",
    due_at: "2026-03-03T08:00:00Z",
  },
  { event: "task", task_id: "T2", status: "waiting_for_person", attempt: 1, waiting_for: "Is it right?" },
  { event: "run", status: "waiting" },
  { event: "approval_closed", approval_id: "Q1", status: "approved", by: "Pat" },
  { event: "task", task_id: "T2", status: "done", attempt: 1 },
  { event: "observed", kpi_id: "days", value: 2, unit: "days", basis: "measured", by: "mission" },
  { event: "run", status: "completed" },
];

/** A log of these entries, a minute apart unless they say when. */
function logOf(entries: readonly object[]): ExecutionLog {
  const [log] = ExecutionLogsSchema.parse([
    {
      log_id: "L1",
      mission_id: MISSION.id,
      case_id: "C1",
      case_title: "The case",
      started_at: "2026-03-02T08:00:00Z",
      entries: entries.map((entry, index) => ({
        at: new Date(Date.UTC(2026, 2, 2, 8, index)).toISOString(),
        ...entry,
      })),
    },
  ]);
  if (!log) throw new Error("No log.");
  return log;
}

/** Every contradiction of the log as `pointer: message`. */
function faultsOf(entries: readonly object[]): readonly string[] {
  return foldLog(logOf(entries), MISSION, "v1").problems.map(({ pointer, message }) => `${pointer}: ${message}`);
}

function withEntry(index: number, ...entries: readonly object[]): readonly object[] {
  return GOOD.toSpliced(index, 1, ...entries.map((entry) => ({ ...GOOD[index], ...entry })));
}

function inserted(index: number, entry: object): readonly object[] {
  return GOOD.toSpliced(index, 0, entry);
}

describe("a log folds into the rows of its run", () => {
  test("tasks, decision, figure and end are as it says", () => {
    const { folded, problems } = foldLog(logOf(GOOD), MISSION, "v1");

    expect(problems).toEqual([]);
    expect(folded.run).toMatchObject({ status: "completed", missionVersion: "v1", title: "The case" });
    expect(folded.run.finishedAt).toEqual(new Date("2026-03-02T08:09:00Z"));
    expect(folded.tasks.get("T1")).toMatchObject({ status: "done", agentId: AGENT, summary: "It is collected." });
    expect(folded.tasks.get("T2")).toMatchObject({ startedAt: new Date("2026-03-02T08:02:00Z") });
    expect(folded.tasks.get("T2")).not.toHaveProperty("waitingFor");
    expect(folded.approvals.get("Q1")).toMatchObject({
      status: "approved",
      decidedBy: "Pat",
      decision: { type: "approve" },
    });
    expect(folded.observations).toMatchObject([{ kpiId: "days", value: 2, basis: "measured" }]);
  });

  test("a log that stops earlier leaves the run as it was then", () => {
    const { folded, problems } = foldLog(logOf(GOOD.slice(0, 6)), MISSION, "v1");

    expect(problems).toEqual([]);
    expect(folded.run.status).toBe("waiting");
    expect(folded.tasks.get("T2")).toMatchObject({ status: "waiting_for_person", waitingFor: "Is it right?" });
    expect(folded.approvals.get("Q1")?.shown).toMatchObject({
      question: "Is it right?",
      allowed: ["approve", "edit", "reject"],
    });
  });

  test("a new attempt begins anew, with a new end", () => {
    const again = [
      { event: "task", task_id: "T1", status: "todo", attempt: 2, cause: "sent back" },
      { event: "task", task_id: "T1", status: "running", attempt: 2 },
    ];
    const { folded, problems } = foldLog(logOf([...GOOD.slice(0, 2), ...again]), MISSION, "v1");

    expect(problems).toEqual([]);
    expect(folded.tasks.get("T1")).toMatchObject({ status: "running", attempt: 2 });
    expect(folded.tasks.get("T1")).not.toHaveProperty("finishedAt");
  });
});

describe("a log that contradicts itself", () => {
  test.each<[string, readonly object[], string]>([
    ["done before it began", GOOD.slice(1), "/entries/0/status: T1 is done, but attempt 1 of it was never started."],
    [
      "done twice",
      inserted(2, { ...GOOD[1] }),
      "/entries/2/status: T1 is done already: it cannot be so twice in attempt 1.",
    ],
    [
      "started again after its end",
      inserted(2, { ...GOOD[0] }),
      '/entries/2/status: T1 is done already: only a new attempt ("todo", attempt 2) can follow.',
    ],
    [
      "an unknown task",
      withEntry(0, { task_id: "T7" }),
      `/entries/0/task_id: mission ${MISSION.id} has no task "T7". Did you mean`,
    ],
    [
      "an unknown agent",
      withEntry(0, { agent_id: "A99x" }),
      `/entries/0/agent_id: mission ${MISSION.id} has no agent "A99x".`,
    ],
    [
      "another attempt than the present one",
      withEntry(1, { attempt: 2 }),
      "/entries/1/attempt: T1 is in attempt 1; attempt 2 never began.",
    ],
    [
      "an attempt left out",
      inserted(2, { event: "task", task_id: "T1", status: "todo", attempt: 3 }),
      "/entries/2/attempt: the next attempt of T1 is 2, not 3.",
    ],
    [
      "begun before what it depends on ended",
      [GOOD[2] ?? {}, ...GOOD.slice(0, 2), ...GOOD.slice(3)],
      "/entries/0/status: T2 begins before T1, which it depends on and which ends only in entry 2.",
    ],
    ["decided though never asked", GOOD.toSpliced(3, 1), "/entries/5/approval_id: approval Q1 was never asked before."],
    ["decided twice", inserted(7, { ...GOOD[6] }), "/entries/7/status: approval Q1 is approved already."],
    ["decided by nobody", withEntry(6, { by: undefined }), "/entries/6/by: who decided is missing."],
    [
      "decided in a way its kind does not know",
      withEntry(6, { status: "answered", answer: 1 }),
      "/entries/6/status: a task_result cannot be answered; allowed: approved, edited, rejected.",
    ],
    [
      "done without the approval that it needs",
      GOOD.toSpliced(6, 1),
      "/entries/6/status: T2 needs a person's approval by its mission, and approval Q1 is still open.",
    ],
    [
      "completed with open tasks",
      [...GOOD.slice(0, 3), { event: "run", status: "completed" }],
      "/entries/3/status: the run is completed, but open: T2 running.",
    ],
    [
      "completed with a failed task",
      [
        GOOD[0] ?? {},
        { event: "task", task_id: "T1", status: "failed", attempt: 1 },
        { event: "task", task_id: "T2", status: "blocked", attempt: 1 },
        { event: "run", status: "completed" },
      ],
      "/entries/3/status: the run is completed, but T1 failed, T2 blocked.",
    ],
    [
      "failed with nothing failed",
      withEntry(9, { status: "failed" }),
      "/entries/9/status: the run failed, but no task failed or was blocked.",
    ],
    [
      "waiting for nobody",
      inserted(2, { event: "run", status: "waiting" }),
      "/entries/2/status: it waits, but nothing is asked of anybody.",
    ],
    [
      "something after the end",
      [...GOOD, { ...GOOD[2] }],
      "/entries/10: the run is completed already: nothing of this kind can follow.",
    ],
    [
      "time that goes backwards",
      withEntry(4, { at: "2026-03-02T07:00:00Z" }),
      "/entries/4/at: 2026-03-02T07:00:00Z is before entry 3",
    ],
    [
      "a first moment before the start",
      withEntry(0, { at: "2026-03-01T07:00:00Z" }),
      "/entries/0/at: 2026-03-01T07:00:00Z is before the run's start",
    ],
    [
      "a figure in a wrong unit",
      withEntry(8, { unit: "hours" }),
      "/entries/8/unit: days is in days by its mission, not in hours.",
    ],
    [
      "a figure that the mission does not have",
      withEntry(8, { kpi_id: "dayz" }),
      `/entries/8/kpi_id: mission ${MISSION.id} has no KPI or limit "dayz". Did you mean "days"?`,
    ],
    [
      "an act of a task that has not begun",
      inserted(0, effect({})),
      "/entries/0/task_id: T1 is todo: it can do nothing now.",
    ],
    ["an act with a tool that nobody gave the agent", inserted(1, effect({ tool: "nuke" })), "/entries/1/tool: "],
    [
      "an act under an approval that was never asked",
      inserted(1, effect({ approval_id: "Q9" })),
      "/entries/1/approval_id: approval Q9 was never asked before.",
    ],
  ])("%s", (_, entries, expected) => {
    expect(faultsOf(entries)).toContainEqual(expect.stringContaining(expected));
  });

  test("case data that do not fit their digest", () => {
    const data = { id: "C1", company: "Nordlicht" };
    const log = { ...logOf(GOOD), case_data: data, case_digest: digestOf(data) };
    const faults = (changed: ExecutionLog) =>
      foldLog(changed, MISSION, "v1").problems.map(({ code, pointer }) => `${code} ${pointer}`);

    expect(faults(log)).toEqual([]);
    expect(faults({ ...log, case_data: { ...data, company: "Sudlicht" } })).toEqual(["log_contradiction /case_digest"]);
    expect(faults({ ...log, case_digest: "0".repeat(64) })).toEqual(["log_contradiction /case_digest"]);
  });

  test("every contradiction is named at once", () => {
    const entries = [{ ...GOOD[0], task_id: "T7" }, { ...GOOD[8], unit: "hours" }, { ...GOOD[6] }];

    expect(faultsOf(entries).map((fault) => fault.split(":")[0])).toEqual([
      "/entries/0/task_id",
      "/entries/1/unit",
      "/entries/2/approval_id",
    ]);
  });

  test("a request that shows something else than its digest says", () => {
    const shown = {
      question: "Is it wrong?",
      missionName: "",
      title: "",
      taskTitle: "",
      agentName: "",
      subject: 1,
      proposed: [],
      evidence: [],
      reasons: [],
      allowed: ["approve"],
      consequences: {},
      degraded: false,
    };
    const faults = faultsOf(withEntry(3, { shown, digest: "0".repeat(64) }));

    expect(faults).toEqual([
      "/entries/3/digest: it is not the digest of what is shown.",
      "/entries/3/question: it is not the question that is shown.",
      ...faults.slice(2),
    ]);
  });
});

function effect(parts: object): LogEntry {
  const base = {
    event: "effect",
    effect_id: "E1",
    task_id: "T1",
    attempt: 1,
    agent_id: AGENT ?? "",
    tool: "read",
    status: "done",
    args: {},
  };
  return { ...base, ...parts } as LogEntry; // safe: `logOf` parses it once it has its moment
}
