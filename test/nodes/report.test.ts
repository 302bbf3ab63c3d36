import { afterEach, expect, test } from "vitest";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { fakeAgent } from "../support/missions.js";

let engine: Engine;
afterEach(() => engine.drop());

test("on the business clock what is read off the clock is simulated, and a count is measured, as KPI and as limit", async () => {
  const days = { measure: "days_between(case.received_at, run.finished_at)", unit: "days" };
  const steps = { measure: "run.steps", unit: "steps" };
  engine = await openEngine({
    agents: [fakeAgent("A1", "worker")],
    missions: [
      {
        cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1", received_at: "-P1D" }] },
        kpis: [
          { kpi_id: "days_taken", direction: "lower", ...days },
          { kpi_id: "steps_taken", direction: "lower", ...steps },
        ],
        limits: [
          { limit_id: "few_days", op: "<=", value: 2, ...days },
          { limit_id: "few_steps", op: "<=", value: 5, ...steps },
        ],
        tasks: [{ task_id: "A" }],
      },
    ],
  });

  const { run_id } = await engine.orchestrator.start("test-mission");
  const { kpis, limits } = await engine.orchestrator.report(run_id);

  expect(kpis.map(({ basis }) => basis)).toEqual(["simulated", "measured"]);
  expect(limits.map(({ basis }) => basis)).toEqual(["simulated", "measured"]);
});
