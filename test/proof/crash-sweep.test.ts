import { describe, expect, test } from "vitest";
import { OUTSIDE_ACTS } from "../support/crash-outside.js";
import type { Scenario } from "../support/crash-scenarios.js";
import {
  BAD_CASES,
  GUESSING,
  MISSIONS,
  OUTSIDE_SCENARIOS,
  PATTERNS,
  SCRIPTED,
  TROUBLED,
} from "../support/crash-scenarios.js";
import type { Sweep } from "../support/crash-sweep.js";
import { sweep } from "../support/crash-sweep.js";

const LIMIT_MS = 240_000;
/** Of runs that live by time each copy takes seconds: some of them are enough, since their missions are swept whole too. */
const TIMED_COPIES = 6;
/** The same missions again: some copies of each. */
const SCRIPTED_COPIES = 20;
/** Enough to meet acts that were done and not yet told. */
const GUESSED_COPIES = 30;
/** Fewer commits than this no run has: a sweep of nothing would prove nothing. */
const COPIES_AT_LEAST = 3;

function assertSame({ expected, ends }: Sweep, scenario: Scenario): void {
  expect(expected.essence.run.status).toBe(scenario.ends ?? "completed");
  expect(expected.essence.chain).toEqual({ isWhole: true, head: true });
  expect(expected.essence.undecided).toBe(0);
  expect(ends.length).toBeGreaterThanOrEqual(COPIES_AT_LEAST);
  for (const end of ends) {
    expect(end.essence, `killed ${end.killed}`).toEqual(expected.essence);
    expect(end.tables, `killed ${end.killed}`).toEqual(expected.tables);
  }
}

describe("I2, I6: whatever commit a process is killed after, the run ends as if nothing had happened", () => {
  test.each([...MISSIONS, ...BAD_CASES, TROUBLED])("$name", { timeout: LIMIT_MS }, async (scenario) => {
    assertSame(await sweep(scenario), scenario);
  });

  test.each(PATTERNS)("$name", { timeout: LIMIT_MS }, async (scenario) => {
    assertSame(await sweep(scenario, scenario.isTimed ? { limit: TIMED_COPIES } : {}), scenario);
  });
});

describe("I2, I6: so does a run that a script of somebody's own invokes", () => {
  test.each(SCRIPTED)("$name", { timeout: LIMIT_MS }, async (scenario) => {
    assertSame(await sweep(scenario, { limit: SCRIPTED_COPIES }), scenario);
  });
});

describe("I2: of acts on the outside none is done twice and none is lost, wherever a process is killed, and the next one too", () => {
  test.each(OUTSIDE_SCENARIOS)("$name", { timeout: LIMIT_MS }, async (scenario) => {
    const swept = await sweep(scenario, { twice: scenario.outside === "silent" });

    expect(swept.expected.essence.outside.toSorted()).toEqual(OUTSIDE_ACTS);
    assertSame(swept, scenario);
    const isAsked = swept.ends.some(({ doubts }) => doubts > 0);
    expect(isAsked).toBe(scenario.outside === "silent");
    expect(swept.expected.doubts).toBe(0);
  });

  test("the sweep finds acts that were done twice: somebody answers doubts without looking", {
    timeout: LIMIT_MS,
  }, async () => {
    const { ends } = await sweep(GUESSING, { limit: GUESSED_COPIES });

    expect(ends.some(({ essence }) => essence.outside.length > OUTSIDE_ACTS.length)).toBe(true);
  });
});
