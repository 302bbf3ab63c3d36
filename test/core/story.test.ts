import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../core/digest.js";
import type { EventType } from "../../core/event.js";
import { EVENT_TYPES } from "../../core/event.js";
import type { EventRecord, RunRecord } from "../../core/records.js";
import type { StoryRows } from "../../core/story.js";
import { Storyteller } from "../../core/story.js";
import { approvalRecord, effectRecord, runRecord, turnRecord } from "../support/records.js";

const START = new Date("2026-03-01T08:00:00Z");
const run: RunRecord = { ...runRecord("run1", { title: "Ada Ltd" }), headSeq: 0, headHash: "" };

/** A mission of two tasks, as far as a story asks of it. */
const mission = {
  name: "Customer onboarding",
  tasks: [
    { id: "T1", title: "Collect information", dependsOn: [] },
    { id: "T2", title: "Verify documents", dependsOn: ["T1"] },
  ],
  agents: [
    { id: "A1", name: "Collector" },
    { id: "A2", name: "Verifier" },
  ],
} as unknown as StoryRows["mission"]; // safe: the story reads nothing else of it

let seq = 0;
function event(
  type: EventType,
  data: JsonObject = {},
  more: Partial<EventRecord> & { afterMs?: number } = {},
): EventRecord {
  const { afterMs = 0, ...fields } = more;
  seq += 1;
  const at = new Date(START.getTime() + afterMs);
  return { runId: "run1", seq, key: `${type}:${seq}`, type, at, data, previousHash: "p", hash: "h", ...fields };
}

function teller(rows: Partial<StoryRows> = {}): Storyteller {
  return new Storyteller({ mission, run, turns: [], approvals: [], effects: [], ...rows });
}

const tellAll = (events: readonly EventRecord[], rows: Partial<StoryRows> = {}): string[] => {
  const story = teller(rows);
  return events.map((each) => story.tell(each).line);
};

describe("I9: every kind of event has a sentence", () => {
  test.each(EVENT_TYPES)("%s, with all that belongs to it and with nothing", (type) => {
    const bare = teller().tell(event(type));
    const data = {
      title: "Verify documents",
      agent: "A2",
      reason: "because",
      by: "lead",
      turn: "t1",
      approval_id: "a1",
    };
    const full = teller({
      turns: [turnRecord("run1", "t1", { taskId: "T2" })],
      approvals: [approvalRecord("a1", "run1")],
    }).tell(event(type, data, { taskId: "T2" }));

    for (const { who, what, line } of [bare, full]) {
      expect(who).not.toBe("");
      expect(what).not.toMatch(/^saw "/u);
      expect(line).toMatch(/^\S.*[.!?]["”]?$/u);
      expect(line).not.toMatch(/undefined|NaN|\[object|\.\.$/u);
    }
  });

  test("a kind that this release does not know is told by its name", () => {
    expect(teller().tell({ ...event("run_started"), type: "task_teleported" }).line).toBe(
      'The run saw "task_teleported".',
    );
  });
});

describe("a task, told", () => {
  const began = event("task_started", { agent: "A2", inputs_digest: "d" }, { taskId: "T2", afterMs: 1_000 });
  const called = event("tool_called", { agent: "A2", tool: "read_document", turn: "t1", attempt: 1 }, { taskId: "T2" });
  const turn = turnRecord("run1", "t1", {
    taskId: "T2",
    args: { path: "passport.txt" },
    reply: { ok: true, value: { lines: ["a", "b"] } },
    durationMs: 400,
    costMicroUsd: 2_500,
  });

  test("says who, what, from what, with which result, how long and for how much", () => {
    const finished = { agent: "A2", attempt: 1, summary: "3 documents agree", result_digest: "d2", degraded: false };
    const lines = tellAll([began, called, event("task_done", finished, { taskId: "T2", afterMs: 3_500 })], {
      turns: [turn],
    });

    expect(lines).toEqual([
      "Verifier began Verify documents (T2) from Collect information (T1).",
      'Verifier called read_document(path: "passport.txt"): 2 lines (400 ms, $0.0025).',
      "Verifier finished Verify documents (T2): 3 documents agree (2.5 s, $0.0025).",
    ]);
  });

  test("counts lists in words that fit one, too", () => {
    const value = { holidays: ["2026-03-02"], guests: [], rooms: { free: 2 } };
    const found = turnRecord("run1", "t1", { taskId: "T2", args: { days: [1] }, reply: { ok: true, value } });

    expect(tellAll([called], { turns: [found] })[0]).toContain(
      "read_document(days: 1 entry): holidays: 1 entry, 0 guests, rooms: {free}",
    );
  });

  test("carries the same as fields, with the event as it stands in the chain", () => {
    const entry = teller({ turns: [turn] }).tell(called);

    expect(entry).toMatchObject({
      task_id: "T2",
      who: "Verifier",
      input: { path: "passport.txt" },
      result: { ok: true },
      duration_ms: 400,
      cost_usd: 0.0025,
      event: { type: "tool_called", previous_hash: "p", hash: "h", data: called.data },
    });
  });

  test("says what the tasks before came to, once they are done", () => {
    const story = teller();
    story.tell(event("task_done", { summary: "complete" }, { taskId: "T1" }));

    expect(story.tell(began).input).toEqual({ results: { T1: "complete" }, inputs_digest: "d" });
  });

  test("says what a refused call was refused for", () => {
    const data = {
      agent: "A2",
      tool: "send_mail",
      code: "not_held",
      reason: "Verifier does not hold send_mail.",
      turn: "t9",
    };

    expect(tellAll([event("tool_refused", data, { taskId: "T2" })])).toEqual([
      "The gate refused send_mail(…) to Verifier [not_held]: Verifier does not hold send_mail.",
    ]);
  });

  test("tells retries with delay and reason, and who took over from whom", () => {
    const lines = tellAll([
      event(
        "task_attempt",
        { cause: "retry", attempt: 2, delay_ms: 2_100, reason: "The line is busy." },
        { taskId: "T2" },
      ),
      event("agent_changed", { from: "A1", agent: "A2", reason: "It gave up." }, { taskId: "T2" }),
      event("check_refused", { check: "has_email", field: "/email", reason: "There is none." }, { taskId: "T2" }),
    ]);

    expect(lines).toEqual([
      "Verify documents (T2) is tried again in 2.1 s, attempt 2: The line is busy.",
      "Verifier takes Verify documents (T2) over from Collector: It gave up.",
      'The check "has_email" refused the result of Verify documents (T2) at /email: There is none.',
    ]);
  });
});

describe("people, told", () => {
  const shown = approvalRecord("a1", "run1").shown;
  const asked = event(
    "approval_requested",
    { approval_id: "a1", role: "approver", kind: "task_result" },
    { taskId: "T2" },
  );

  test("a question says who asks whom what, why, and what is shown with it", () => {
    const evidence = [{ title: "Passport", left: { label: "l", text: "t" }, right: { label: "r", text: "t" } }];
    const plain = approvalRecord("a1", "run1", { shown: { ...shown, evidence } });
    const doubtful = approvalRecord("a1", "run1", { shown: { ...shown, reasons: ["The dates differ."] } });

    expect(tellAll([asked], { approvals: [plain] })[0]).toBe(
      "Verification agent asked approver about Verify documents (T2): May the check of Ada's documents stand? " +
        "Why: the mission asks a person before this result stands. Shown with: Passport.",
    );
    expect(tellAll([asked], { approvals: [doubtful] })[0]).toContain("Why: The dates differ.");
  });

  test("a decision says who, what, how long it took and with which words", () => {
    const approval = approvalRecord("a1", "run1", {
      status: "rejected",
      decidedBy: "lead",
      decidedAt: new Date(START.getTime() + 90_000),
      decision: { type: "reject", comment: "Ask for the passport." },
    });
    const data = { approval_id: "a1", status: "rejected", by: "lead", comment: "Ask for the passport." };

    expect(tellAll([event("approval_decided", data, { taskId: "T2" })], { approvals: [approval] })).toEqual([
      'lead rejected Verify documents (T2): "Ask for the passport." (1 min 30 s after it was asked).',
    ]);
  });
});

describe("effects, told", () => {
  const effect = effectRecord("e1", "run1", {
    taskId: "T2",
    approvalId: "a1",
    settledAt: new Date(START.getTime() + 40),
  });
  const data = { effect: "e1", tool: "put_in_outbox", agent: "A2", approval: "a1" };

  test("say what exactly, who allowed it and what came of it", () => {
    const approvals = [approvalRecord("a1", "run1", { status: "approved", decidedBy: "lead" })];
    const claimed = event("effect_claimed", data, { taskId: "T2" });
    const found = event("effect_done", { ...data, settled: "reconciled" }, { taskId: "T2" });

    expect(tellAll([claimed, found], { effects: [effect], approvals })).toEqual([
      'Verifier begins to put in outbox (to: "ada@example.com"): approved by lead.',
      "Verifier did it: put in outbox, as the outside says (40 ms).",
    ]);
  });
});

describe("a run, told", () => {
  test("what goes on after an answer differs from what was taken over after a crash", () => {
    const lines = tellAll([
      event("run_waiting", { pending: 1 }),
      event("approval_decided", { status: "approved", by: "lead" }, { taskId: "T2" }),
      event("run_resumed", {}, { key: "run_resumed:2" }),
      event("task_started", { agent: "A2" }, { taskId: "T2" }),
      event("run_resumed", {}, { key: "run_resumed:3" }),
    ]);

    expect(lines[2]).toBe("The run went on with the answer.");
    expect(lines[4]).toMatch(/^Another process took the run over \(owner number 3\)/u);
  });

  test.each([
    [["run_cancel_requested"], "was taken up again, to be cancelled"],
    [["approval_decided", "run_cancel_requested"], "was taken up again, to be cancelled"],
    [["run_cancel_requested", "approval_decided"], "was taken up again, to be cancelled"],
    [["approval_expired"], "was taken up again: no answer had come in time"],
    [["approval_expired", "approval_decided"], "went on with the answer"],
    [["kpi_observed"], "was taken up again"],
    [[], "was taken up again"],
  ] as const)("a run that waited and then saw %j %s", (types, what) => {
    const lines = tellAll([
      event("run_waiting", { pending: 1 }),
      ...types.map((type) => event(type)),
      event("run_resumed"),
    ]);

    expect(lines.at(-1)).toBe(`The run ${what}.`);
  });

  test("an answer of an earlier wait is not told of again", () => {
    const waits = event("run_waiting", { pending: 1 });
    const lines = tellAll([waits, event("approval_decided"), event("run_resumed"), waits, event("run_resumed")]);

    expect(lines.at(-1)).toBe("The run was taken up again.");
  });

  test("KPI figures say their basis, and who recorded them", () => {
    const simulated = event("kpi_observed", { kpi: "onboarding_time_days", value: 1.2104, basis: "simulated" });
    const recorded = event("kpi_observed", { kpi: "pipeline_days", value: 6, basis: "recorded", by: "sales lead" });

    const before = { value: 6, by: "Ada", at: "2026-03-02T09:00:00.000Z" };
    const corrected = event("kpi_observed", {
      ...{ kpi: "pipeline_days", value: 7, basis: "recorded", by: "sales lead" },
      ...{ instead_of: before, reason: "weekends count" },
    });

    expect(tellAll([simulated, recorded, corrected])).toEqual([
      "The report found onboarding time days 1.21 (simulated).",
      "sales lead recorded pipeline days 6.",
      "sales lead corrected pipeline days 7 instead of 6 by Ada, because: weekends count.",
    ]);
  });

  test("the end says how long it took and what it cost", () => {
    const turns = [turnRecord("run1", "t1", { costMicroUsd: 1_500_000 })];

    expect(tellAll([event("run_failed", { reason: "T2 failed." }, { afterMs: 65_000 })], { turns })).toEqual([
      "The run failed: T2 failed (1 min 5 s, $1.50).",
    ]);
  });
});
