import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineTool } from "../../tools/define-tool.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { fakeAgent, fakePlaybook } from "../support/missions.js";

let engine: Engine;
afterEach(() => engine.drop());

const priced = defineTool({
  name: "look_up",
  description: "Looks something up, for money.",
  input: z.strictObject({}),
  output: z.strictObject({}),
  effect: "reads",
  timeoutMs: 1_000,
  maxCostMicroUsd: 250_000,
  run: async () => ({}),
});

describe("I9: a report tells what was expected of its run", () => {
  test("by the mission's estimates, what its tools cost at most, and the case's delay for each approval", async () => {
    const playbook = fakePlaybook({ tools: ["look_up"] });
    engine = await openEngine({
      agents: [fakeAgent("A1", "worker", [playbook], { tools: ["look_up"], maxParallel: 1 })],
      tools: [priced],
      missions: [
        {
          cases: {
            id: "case_id",
            title: "case.case_id",
            items: [{ case_id: "C1", received_at: "-P1D", approval_delay_minutes: 45 }],
          },
          tasks: [
            { task_id: "A", estimated_duration_minutes: 10, requires_human_approval: true },
            { task_id: "B", estimated_duration_minutes: 20 },
          ],
        },
      ],
    });

    const { run_id, approvals } = await engine.orchestrator.start("test-mission");
    await engine.orchestrator.decide(approvals[0]!.approval_id, { decision: { type: "approve" } });

    const { forecast } = await engine.orchestrator.report(run_id);
    expect(forecast).toMatchObject({ makespan_minutes: 75, critical_path: ["B", "A"], cost_usd: 0.5, assumptions: [] });
    expect(
      forecast?.tasks.map(({ task_id, start_minutes, finish_minutes }) => [task_id, start_minutes, finish_minutes]),
    ).toEqual([
      ["A", 20, 75],
      ["B", 0, 20],
    ]);
  });
});
