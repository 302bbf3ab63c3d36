import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../support/engine.js";
import { fc } from "../support/fast-check.js";
import type { Outside } from "../support/random-agents.js";
import { checkDecisions, checkEffects, checkOrder, essenceOf } from "../support/random-checks.js";
import { openRandomEngine } from "../support/random-engine.js";
import { randomPlans } from "../support/random-plan.js";
import type { RandomRun } from "../support/random-run.js";
import { runToEnd } from "../support/random-run.js";

const PLANS = Number(process.env["PROPERTY_PLANS"] ?? 150);
const LONG = 600_000;
/** Events of one task, attempt and request are few: more of them means that a run went in circles. */
const MAX_EVENTS_PER_TASK = 120;

let engine: Engine;
let outside: Outside;
let plans = 0;

beforeAll(async () => {
  ({ engine, outside } = await openRandomEngine());
});

afterAll(() => engine.drop());

async function checkRun(run: RandomRun): Promise<void> {
  const { store } = engine.parts;
  const [events, effects] = await Promise.all([store.events.of(run.runId), store.effects.of(run.runId)]);
  const row = await store.runs.find(run.runId);
  const stored = await store.missions.find(row?.missionVersion ?? "");
  // Safe: what a mission version holds is a Mission.
  const mission = stored?.document as unknown as Parameters<typeof checkOrder>[0];
  checkOrder(mission, events, run.requests);
  checkEffects(effects, outside, run);
  checkDecisions(run);
  expect(events.length).toBeLessThan(MAX_EVENTS_PER_TASK * mission.tasks.length);
}

describe("I1, I2, I6: random missions with failures, joins, routes, stand-ins, people and an unreliable outside", () => {
  test(
    "every run keeps the rules and ends, and both ways to dispatch come to the same end",
    async () => {
      await fc.assert(
        fc.asyncProperty(randomPlans, async (plan) => {
          plans += 1;
          const dataflow = await runToEnd(engine, outside, plan, `p${plans}-dataflow`, "dataflow");
          const stepwise = await runToEnd(engine, outside, plan, `p${plans}-stepwise`, "stepwise");
          await checkRun(dataflow);
          await checkRun(stepwise);
          if (!plan.isTimed) expect(essenceOf(dataflow, plan)).toEqual(essenceOf(stepwise, plan));
        }),
        // What depends on timing shrinks to nothing: the seed and the path that are told lead back to the plan.
        { numRuns: PLANS, interruptAfterTimeLimit: LONG * 0.8, endOnFailure: true },
      );
    },
    LONG,
  );
});
