import { describe, expect, test } from "vitest";
import type { RowsOfRun } from "../../core/audit-rows.js";
import { bearsOut, claimsOf, subjectOf } from "../../core/audit-rows.js";
import type { JsonObject } from "../../core/digest.js";
import { digestOf } from "../../core/digest.js";
import type { ObservationRecord, RunRecord } from "../../core/records.js";
import { approvalRecord, effectRecord, runRecord, taskRecord } from "../support/records.js";

const run: RunRecord = { ...runRecord("run1"), headSeq: 0, headHash: "" };
const AT = new Date("2026-03-02T09:00:00.000Z");
const observation: ObservationRecord = {
  ...{ runId: "run1", kpiId: "days", value: 9, at: AT },
  ...{ basis: "recorded", by: "dana" },
};

function rows(fields: Partial<RowsOfRun>): RowsOfRun {
  return { run, tasks: [], approvals: [], effects: [], observations: [], ...fields };
}

/** Subjects that must be told of, and those that must not. */
function subjects(fields: Partial<RowsOfRun>) {
  const claims = [...claimsOf(rows(fields))];
  const named = (isDenied: boolean) =>
    claims.filter(([, claim]) => (claim.isDenial ?? false) === isDenied).map(([subject]) => subject);
  return { told: named(false).sort(), denied: named(true).sort() };
}

/** Whether an event with this data bears out what the rows say of its subject. */
function isBorneOut(fields: Partial<RowsOfRun>, key: string, data: JsonObject, type = "any"): boolean | undefined {
  const claim = claimsOf(rows(fields)).get(key);
  return claim && bearsOut({ type, data }, claim);
}

describe("I9: what the rows of a run say that its log must say too", () => {
  test("a run that has just begun implies its first event alone, and denies its end", () => {
    expect(subjects({ tasks: [taskRecord("run1", "T1")] })).toEqual({
      told: ["run_started"],
      denied: ["run_ended", "task_blocked:T1:1", "task_done:T1:1", "task_failed:T1:1", "task_skipped:T1:1"],
    });
  });

  test("settled tasks, requests, decisions, claims, outcomes, figures and the end each imply theirs", () => {
    const effect = effectRecord("e1", "run1", { status: "done" });
    const { told, denied } = subjects({
      run: { ...run, status: "failed", cancelRequestedBy: "zoe" },
      tasks: [
        taskRecord("run1", "T1", { status: "done", attempt: 2 }),
        taskRecord("run1", "T2", { status: "blocked" }),
      ],
      approvals: [
        approvalRecord("a1", "run1"),
        approvalRecord("a2", "run1", { status: "edited", decidedBy: "lead" }),
        approvalRecord("a3", "run1", { status: "expired" }),
      ],
      effects: [effect],
      observations: [observation, { ...observation, kpiId: "score", basis: "simulated" }],
    });

    expect(told).toEqual(
      [
        "run_started",
        "run_cancel_requested",
        "report_written",
        "run_ended",
        "task_done:T1:2",
        "task_blocked:T2:1",
        "approval_requested:a1",
        "approval_requested:a2",
        "approval_decided:a2",
        "approval_requested:a3",
        "approval_expired:a3",
        `effect_claimed:e1:${effect.claimedAt.getTime()}`,
        `effect_done:e1:${effect.claimedAt.getTime()}`,
        "kpi_observed:days:recorded",
        "kpi_observed:score",
      ].sort(),
    );
    expect(denied).toEqual(["approval_decided:a1", "approval_expired:a1", "approval_withdrawn:a1"]);
  });

  test("a figure recorded and its corrections are one subject; what a run measured is another", () => {
    const told = (key: string, basis: string) => subjectOf({ type: "kpi_observed", key, data: { kpi: "days", basis } });

    expect(told("kpi_observed:days:recorded", "recorded")).toBe("kpi_observed:days:recorded");
    expect(told("kpi_observed:days:corrected:2026", "recorded")).toBe("kpi_observed:days:recorded");
    expect(told("kpi_observed:days", "simulated")).toBe("kpi_observed:days");
  });
});

describe("I9: what an event must say so that a row is borne out", () => {
  const decided = approvalRecord("a1", "run1", {
    ...{ status: "approved", decidedBy: "dana", authenticated: true, decidedAt: AT },
    decision: { type: "approve", comment: "fine" },
  });
  const decision = { status: "approved", by: "dana", authenticated: true, comment: "fine", digest: "shown" };

  test.each([
    [{}, true],
    [{ status: "rejected" }, false],
    [{ by: "mallory" }, false],
    [{ authenticated: false }, false],
    [{ comment: "never" }, false],
    [{ digest: "another" }, false],
  ])("a decision: with %j in the event it is %s", (change, expected) => {
    expect(isBorneOut({ approvals: [decided] }, "approval_decided:a1", { ...decision, ...change })).toBe(expected);
  });

  test("an edited result by the digest of what the editor gave", () => {
    const edited = { ...decided, decision: { type: "edit" as const, edited: { sum: 5 } } };
    const told = { ...decision, comment: undefined, digest: digestOf({ sum: 5 }) };

    expect(isBorneOut({ approvals: [edited] }, "approval_decided:a1", told)).toBe(true);
    expect(isBorneOut({ approvals: [edited] }, "approval_decided:a1", { ...told, digest: "shown" })).toBe(false);
  });

  test.each([
    [{}, true],
    [{ value: 3 }, false],
    [{ by: "mallory" }, false],
    [{ as_of: "2026-03-01T09:00:00.000Z" }, false],
  ])("a recorded figure: with %j in the event it is %s", (change, expected) => {
    const told = { kpi: "days", value: 9, by: "dana", as_of: AT.toISOString(), ...change };

    expect(isBorneOut({ observations: [observation] }, "kpi_observed:days:recorded", told)).toBe(expected);
  });

  test("a measured figure that was measured anew after a crash by the report, which has the later value", () => {
    const measured: ObservationRecord = { ...observation, basis: "measured", by: "mission" };
    const ended = { ...run, status: "completed" as const };
    const reporting = (actual: number) => ({
      run: { ...ended, report: { kpis: [{ kpi_id: "days", actual }] } },
      observations: [measured],
    });
    const told = { kpi: "days", value: 8, basis: "measured" };

    expect(isBorneOut(reporting(9), "kpi_observed:days", told)).toBe(true);
    expect(isBorneOut(reporting(8), "kpi_observed:days", told)).toBe(false);
  });

  test("a task by its result and who did it, a failed one by its code, an effect by its arguments", () => {
    const tasks = [
      taskRecord("run1", "T1", { status: "done", resultDigest: "d", agentId: "A1", summary: "sent" }),
      taskRecord("run1", "T2", { status: "failed", errorCode: "rejected" }),
    ];
    const done = { result_digest: "d", agent: "A1", summary: "sent", degraded: false };
    const effect = effectRecord("e1", "run1");
    const claimed = `effect_claimed:e1:${effect.claimedAt.getTime()}`;
    const told = { tool: effect.tool, agent: effect.agentId, args_digest: effect.argsDigest };

    expect(isBorneOut({ tasks }, "task_done:T1:1", done)).toBe(true);
    for (const change of [{ result_digest: "e" }, { agent: "A2" }, { summary: "lost" }, { degraded: true }]) {
      expect(isBorneOut({ tasks }, "task_done:T1:1", { ...done, ...change })).toBe(false);
    }
    expect(isBorneOut({ tasks }, "task_failed:T2:1", { code: "bug" })).toBe(false);
    expect(isBorneOut({ effects: [effect] }, claimed, told)).toBe(true);
    expect(isBorneOut({ effects: [effect] }, claimed, { ...told, args_digest: "other" })).toBe(false);
    expect(isBorneOut({ effects: [effect] }, claimed, { ...told, approval: "a1" })).toBe(false);
  });

  test("an end by its kind and reason; what an older release did not tell is not compared", () => {
    const failed = { run: { ...run, status: "failed" as const, failure: "T2 failed." } };

    expect(isBorneOut(failed, "run_ended", { reason: "T2 failed." }, "run_failed")).toBe(true);
    expect(isBorneOut(failed, "run_ended", { reason: "T2 failed." }, "run_completed")).toBe(false);
    expect(isBorneOut(failed, "run_ended", { reason: "It rained." }, "run_failed")).toBe(false);
    expect(isBorneOut(failed, "run_ended", {}, "run_failed")).toBe(true);
  });
});
