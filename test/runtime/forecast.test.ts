import { afterEach, describe, expect, test } from "vitest";
import { callCli } from "../apps/cli/fake-host.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import type { MissionParts } from "../support/missions.js";
import { fakeAgent, fakePlaybook } from "../support/missions.js";

let engine: Engine;
afterEach(() => engine.drop());

/** The engine with a clock that only its tasks and people move: each task takes twice its estimate of 10 minutes. */
async function opened(
  parts: Partial<MissionParts> = {},
  cases: NonNullable<NonNullable<MissionParts["cases"]>["items"]> = [{ case_id: "C1" }],
) {
  let now = Date.parse("2026-03-02T09:00:00Z");
  const pass = (minutes: number) => {
    now += minutes * 60_000;
  };
  const playbook = fakePlaybook({
    run: async () => {
      pass(20);
      return {};
    },
  });
  engine = await openEngine({
    agents: [fakeAgent("A1", "worker", [playbook])],
    clock: { now: () => new Date(now) },
    missions: [
      {
        cases: { id: "case_id", title: "case.case_id", items: [...cases] },
        tasks: [
          { task_id: "A", estimated_duration_minutes: 10 },
          { task_id: "B", estimated_duration_minutes: 10, depends_on: ["A"], requires_human_approval: true },
        ],
        ...parts,
      },
    ],
  });
  const runOnce = async (caseRef: string) => {
    const { approvals } = await engine.orchestrator.start("test-mission", {
      caseRef,
      again: true,
      reason: "once more",
    });
    pass(30);
    for (const { approval_id } of approvals)
      await engine.orchestrator.decide(approval_id, { decision: { type: "approve" } });
  };
  return { plan: engine.orchestrator.insight.plan, runOnce, pass };
}

describe("F110: the plan of a mission", () => {
  test("five measured runs correct its estimates and its wait for people, and it says so", async () => {
    const { plan, runOnce } = await opened();
    const before = await plan("test-mission");
    expect(before).toMatchObject({
      estimates_makespan_minutes: 20,
      forecast: { makespan_minutes: 20 },
      calibration: [],
      approval_wait: { minutes: 0, from: "nothing" },
      errors: { runs: [], by_estimates: { runs: 0, median_absolute_error: null } },
    });

    for (let n = 0; n < 6; n++) await runOnce("C1");
    const after = await plan("test-mission");

    expect(after.calibration).toEqual([
      { task_id: "A", ratio: 2, runs: 6 },
      { task_id: "B", ratio: 2, runs: 6 },
    ]);
    expect(after).toMatchObject({
      forecast: { makespan_minutes: 70 },
      estimates_makespan_minutes: 50,
      approval_wait: { minutes: 30, from: "history" },
      errors: { by_estimates: { runs: 6, bias: -50 / 70 }, calibrated: { runs: 5 } },
      simulated_errors: { runs: [] },
    });
    // The newest had five runs before it; those before it had fewer, and knew only how long people take.
    expect(after.errors.runs[0]).toMatchObject({ actual_minutes: 70, calibrated_minutes: 70, calibrated_error: 0 });
    expect(after.cost).toMatchObject({ usd: 0, from: "history" });

    const { out } = await callCli(["plan", "test-mission"], { insight: engine.orchestrator.insight });
    expect(out).toMatch(
      /Time +1 h 10 min, corrected by past runs: A × 2 \(6 runs\), B × 2 \(6 runs\); by the estimates alone 50 min/u,
    );
    expect(out).toMatch(/C1 .* 20 min +-71\.4 % +1 h 10 min +0 % +1 h 10 min/u);
    expect(out).toContain("By the estimates: median error 71.4 %, -71.4 % bias (too short), over 6 runs.");
    expect(out).toContain("Corrected by the runs before each: median error 28.6 %");
    expect(out).not.toContain("Cost of");
  }, 60_000);

  test("time in which an answered question waited for a process teaches nothing about the work", async () => {
    const { plan, pass } = await opened();
    for (let n = 0; n < 5; n++) {
      const { run_id, approvals } = await engine.orchestrator.start("test-mission", {
        caseRef: "C1",
        again: true,
        reason: "once more",
      });
      pass(30);
      for (const { approval_id } of approvals)
        await engine.orchestrator.decide(approval_id, { decision: { type: "approve" }, continue: false });
      pass(15);
      await engine.orchestrator.resume(run_id);
    }

    expect((await plan("test-mission")).calibration).toEqual([
      { task_id: "A", ratio: 2, runs: 5 },
      { task_id: "B", ratio: 2, runs: 5 },
    ]);
  }, 60_000);

  test("runs on sample cases are simulated: apart from measured ones, and they correct nothing", async () => {
    const { plan, runOnce } = await opened({}, [{ case_id: "S1", received_at: "-P1D", approval_delay_minutes: 45 }]);
    for (let n = 0; n < 5; n++) await runOnce("S1");

    const view = await plan("test-mission");

    expect(view).toMatchObject({
      case_id: "S1",
      calibration: [],
      forecast: { makespan_minutes: 65 },
      approval_wait: { minutes: 45, from: "case" },
      errors: { runs: [] },
      simulated_errors: { by_estimates: { runs: 5, median_absolute_error: 0 }, calibrated: { runs: 0 } },
    });
    const { out } = await callCli(["plan", "test-mission"], { insight: engine.orchestrator.insight });
    expect(out).toContain("No run was measured yet.");
    expect(out).toMatch(
      /simulated: their time goes by the estimates, so it proves nothing.*\n5 runs: as long as the estimates say, by construction\.\n/u,
    );
    expect(out).not.toMatch(/median error|bias/u);
    expect(out).toContain("45 min each, the assumption of case S1");
  }, 60_000);

  test("of one run an error is told, but neither a median nor a bias", async () => {
    const { runOnce } = await opened();
    await runOnce("C1");

    const { out } = await callCli(["plan", "test-mission"], { insight: engine.orchestrator.insight });

    expect(out).toContain("By the estimates: -71.4 % (too short) in 1 run, too few for a median or a bias.");
    expect(out).not.toMatch(/median error|no bias/u);
  });

  test("schedule, slack, critical path, deadline and the chart to paste stand in its table", async () => {
    await opened({
      max_parallel: 2,
      deadline_minutes: 25,
      tasks: [
        { task_id: "A", task: "Ask: who; #1", estimated_duration_minutes: 10 },
        { task_id: "B", estimated_duration_minutes: 20, depends_on: ["A"], requires_human_approval: true },
        { task_id: "done", estimated_duration_minutes: 4 },
      ],
    });

    const { out, code } = await callCli(["plan", "test-mission"], { insight: engine.orchestrator.insight });

    expect(code).toBe(0);
    expect(out).toMatch(/Ask: who; #1 +A +worker +0 +10 min +●/u);
    expect(out).toMatch(/Do done +done +worker +0 +4 min +26 min/u);
    expect(out).toContain("Critical path  A → B");
    expect(out).toContain("Deadline       25 min, missed by 5 min");
    expect(out).toContain("\ngantt\n  title A mission of the tests\n");
    expect(out).toContain("    A Ask who 1 :crit, 2000-01-01 00:00:00.000, 2000-01-01 00:10:00.000\n");
    expect(out).toContain("    done Do done :2000-01-01 00:00:00.000, 2000-01-01 00:04:00.000");
  });

  test("one place makes it longer; as JSON and as a chart it is one document", async () => {
    await opened({ tasks: [{ task_id: "A" }, { task_id: "B" }] });
    const call = (...args: string[]) =>
      callCli(["plan", "test-mission", ...args], { insight: engine.orchestrator.insight });

    const [plain, one] = [(await call("--json")).json, (await call("--agents", "1", "--format", "json")).json];
    expect(plain).toMatchObject({ places: 8, forecast: { makespan_minutes: 1 } });
    expect(one).toMatchObject({ places: 1, forecast: { makespan_minutes: 2 } });
    expect((await call("--format", "mermaid")).out).toMatch(/^gantt\n/u);
  });

  test("a mission without estimates says so, without a figure that is none", async () => {
    const { plan } = await opened({ tasks: [{ task_id: "A", estimated_duration_minutes: 0 }], deadline_minutes: 1 });

    expect(await plan("test-mission")).toMatchObject({ has_estimates: false, forecast: { makespan_minutes: 0 } });
    const { out } = await callCli(["plan", "test-mission"], { insight: engine.orchestrator.insight });
    expect(out).toContain("no estimates");
    expect(out).not.toMatch(/NaN|Infinity/u);
  });

  test("what is asked wrongly is refused", async () => {
    const { plan } = await opened();

    await expect(plan("test-mission", { agents: 0 })).rejects.toThrow("The number of agents is 0");
    await expect(plan("test-mission", { caseRef: "C9" })).rejects.toMatchObject({ code: "case_not_found" });
    await expect(plan("nothing")).rejects.toMatchObject({ code: "mission_not_found" });
    const wrong = await callCli(["plan", "test-mission", "--agents", "many"], { insight: engine.orchestrator.insight });
    expect([wrong.code, wrong.err]).toEqual([2, '--agents takes a number, not "many".\n']);
  });
});
