import { expect, test } from "vitest";
import type { RunOutcome } from "../../core/views.js";
import { openEngine } from "../support/engine.js";
import { fakeAgent, fakePlaybook } from "../support/missions.js";

const MINUTE_MS = 60_000;
const START_MS = Date.parse("2026-03-02T09:00:00.000Z");

test("the engine's own log tells work, waiting for people and for others apart, and the critical path of what really happened", async () => {
  let nowMs = START_MS;
  const pass = (minutes: number) => {
    nowMs += minutes * MINUTE_MS;
  };
  const taking = (skill: string, minutes: number) =>
    fakePlaybook({
      skill,
      run: async () => {
        pass(minutes);
        return {};
      },
    });
  const agent = fakeAgent("A1", "worker", [taking("short", 5), taking("long", 25)]);
  const mission = {
    value: { minutes_by_hand: 45, rate_usd_per_hour: 40 },
    cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1", received_at: "2026-03-02T07:00:00Z" }] },
    tasks: [
      { task_id: "A", skill: "long" },
      { task_id: "B", skill: "short", depends_on: ["A"], requires_human_approval: true },
      { task_id: "C", skill: "short", depends_on: ["B"] },
    ],
  };
  const engine = await openEngine({ missions: [mission], agents: [agent], clock: { now: () => new Date(nowMs) } });
  const { orchestrator } = engine;

  const waiting = await orchestrator.start("test-mission");
  pass(180);
  await orchestrator.decide(approvalOf(waiting), { decision: { type: "approve" }, by: "Ada", continue: false });
  pass(15);
  await orchestrator.resume(waiting.run_id);
  const report = await orchestrator.report(waiting.run_id);
  const status = await orchestrator.status(waiting.run_id);

  expect(report.lead_time).toEqual({
    total_ms: (120 + 25 + 5 + 180 + 15 + 5) * MINUTE_MS,
    work_ms: (25 + 5 + 5) * MINUTE_MS,
    waiting_for_people_ms: 180 * MINUTE_MS,
    waiting_for_others_ms: (120 + 15) * MINUTE_MS,
    basis: "measured",
  });
  expect(status.lead_time).toEqual(report.lead_time);
  expect(report.actual_path).toEqual(["A", "B", "C"]);
  expect(status.critical_path_ms).toBe((25 + 5 + 180 + 15 + 5) * MINUTE_MS);
  expect(report.value).toEqual({ minutes_by_hand: 45, rate_usd_per_hour: 40 });
  await engine.drop();
});

test("while no process worked on a run that one had left at work, nobody worked", async () => {
  let nowMs = START_MS;
  const agent = fakeAgent("A1", "worker", [fakePlaybook()]);
  const mission = { tasks: [{ task_id: "A", requires_human_approval: true }] };
  const engine = await openEngine({ missions: [mission], agents: [agent], clock: { now: () => new Date(nowMs) } });
  const { orchestrator, parts } = engine;
  const waiting = await orchestrator.start("test-mission");
  const runId = waiting.run_id;

  await orchestrator.decide(approvalOf(waiting), { decision: { type: "approve" }, by: "Ada", continue: false });
  const fence = await parts.store.runs.takeLease(runId, "a process that dies at once", 60_000);
  await parts.store.commit({
    statements: [...parts.store.runs.setRunning({ runId, fence }), ...parts.store.runs.releaseLease({ runId, fence })],
  });
  nowMs += 40 * MINUTE_MS;
  await orchestrator.resume(runId);

  const { lead_time } = await orchestrator.report(runId);
  expect(lead_time).toMatchObject({ total_ms: 40 * MINUTE_MS, work_ms: 0, waiting_for_others_ms: 40 * MINUTE_MS });
  await engine.drop();
});

function approvalOf({ approvals }: RunOutcome): string {
  return approvals[0]?.approval_id ?? "";
}
