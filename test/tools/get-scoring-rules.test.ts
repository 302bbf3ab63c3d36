import { expect, test } from "vitest";
import type { ToolContext } from "../../core/tool.js";
import { getScoringRules } from "../../tools/get-scoring-rules.js";
import type { FakeServices } from "../support/fake-services.js";
import { createFakeServices, createMemoryRecords } from "../support/fake-services.js";

function contextWith(services: Partial<FakeServices> = {}): ToolContext {
  const base = { signal: new AbortController().signal, idempotencyKey: "", agentId: "A4", runId: "run-1" };
  return { ...createFakeServices(services), ...base, now: () => new Date(0) };
}

test("the house's own rules parse, and the points of all parts add up to a hundred", async () => {
  const { stages, points } = await getScoringRules.run({}, contextWith());

  const best = [
    Math.max(...stages.map((stage) => stage.points)),
    Math.max(...points.stage_age_ratio.map((step) => step.points)),
    Math.max(...points.recency_days.map((step) => step.points)),
    points.touchpoint.max,
    points.engaged_contact.max,
    points.next_step.agreed,
    Math.max(...points.amount.map((step) => step.points)),
  ];
  expect(best.reduce((sum, each) => sum + each)).toBe(100);
});

test("missing or malformed rules are a failure that names the fault", async () => {
  await expect(getScoringRules.run({}, contextWith({ records: createMemoryRecords({}) }))).rejects.toThrow(
    "scoring_rules.json",
  );
  const records = createMemoryRecords({ "scoring_rules.json": { stages: [] } });
  await expect(getScoringRules.run({}, contextWith({ records }))).rejects.toThrow("stages");
});
