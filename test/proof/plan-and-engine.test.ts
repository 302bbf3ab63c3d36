import { describe, expect, test } from "vitest";
import { forecastOf } from "../../core/forecast.js";
import { openEngine } from "../support/engine.js";
import { fc } from "../support/fast-check.js";
import type { MissionParts } from "../support/missions.js";
import { fakeAgent, missionOf } from "../support/missions.js";
import { VirtualTime } from "../support/virtual-time.js";
import { traceMission, traces } from "../support/workflow-trace.js";

/** No mission here has so many tasks. */
const UNLIMITED = 1_000;

/** The real engine, in minutes of a clock that only tasks move. */
async function played(parts: MissionParts, agentLimit: number): Promise<VirtualTime> {
  const minutes = new Map(parts.tasks.map((task) => [task.task_id, task.estimated_duration_minutes ?? 0]));
  const time = new VirtualTime(minutes);
  const agents = [fakeAgent("A1", "worker", [time.playbook], { maxParallel: agentLimit })];
  const engine = await openEngine({ agents, missions: [parts], clock: time.clock });
  try {
    await time.passUntil(() => engine.orchestrator.start("test-mission"));
    return time;
  } finally {
    await engine.drop();
  }
}

async function startsOf(parts: MissionParts, agentLimit: number): Promise<Readonly<Record<string, number>>> {
  const { starts } = await played(parts, agentLimit);
  // A forecast is told to six digits.
  return Object.fromEntries(Object.entries(starts).map(([id, start]) => [id, Number(start.toFixed(6))]));
}

function plannedStarts(parts: MissionParts, agentLimit: number): Readonly<Record<string, number>> {
  const mission = missionOf(parts, [fakeAgent("A1", "worker", undefined, { maxParallel: agentLimit })]);
  return Object.fromEntries(forecastOf(mission).tasks.map(({ task_id, start_minutes }) => [task_id, start_minutes]));
}

describe("I8: the plan is what the engine does", () => {
  test("of all that are ready at once, the longest remaining path takes the only place", async () => {
    const parts: MissionParts = {
      max_parallel: 1,
      tasks: [
        { task_id: "short", estimated_duration_minutes: 1 },
        { task_id: "first", estimated_duration_minutes: 2 },
        { task_id: "second", estimated_duration_minutes: 9, depends_on: ["first"] },
      ],
    };

    expect(await startsOf(parts, 8)).toEqual({ first: 0, second: 2, short: 11 });
    expect(plannedStarts(parts, 8)).toEqual({ first: 0, second: 2, short: 11 });
  });

  test("among equals who came first goes first", async () => {
    const parts: MissionParts = {
      max_parallel: 1,
      tasks: [
        { task_id: "first", estimated_duration_minutes: 1 },
        { task_id: "late", estimated_duration_minutes: 2, depends_on: ["first"] },
        { task_id: "early", estimated_duration_minutes: 2 },
      ],
    };

    expect(await startsOf(parts, 8)).toEqual({ first: 0, early: 1, late: 3 });
    expect(plannedStarts(parts, 8)).toEqual({ first: 0, early: 1, late: 3 });
  });

  test("any mission begins each task when its plan says", async () => {
    const missions = fc.record({
      max_parallel: fc.integer({ min: 1, max: 4 }),
      agentLimit: fc.integer({ min: 1, max: 4 }),
      rows: fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.array(fc.nat(), { maxLength: 3 })), {
        minLength: 1,
        maxLength: 12,
      }),
    });
    await fc.assert(
      fc.asyncProperty(missions, async ({ max_parallel, agentLimit, rows }) => {
        const parts: MissionParts = {
          max_parallel,
          tasks: rows.map(([minutes, picks], index) => ({
            task_id: `T${index}`,
            // Halves of halves: no two sums are alike, so nobody is ever as urgent as another.
            estimated_duration_minutes: minutes + 2 ** -(index + 1),
            depends_on: index === 0 ? [] : [...new Set(picks.map((pick) => `T${pick % index}`))],
          })),
        };

        expect(await startsOf(parts, agentLimit)).toEqual(plannedStarts(parts, agentLimit));
      }),
      { numRuns: 15 },
    );
  });
});

describe("I8: the plan is what the engine does with places for all", () => {
  test("tasks that write the same take turns, the longest remaining path first", async () => {
    const parts: MissionParts = {
      tasks: [
        { task_id: "short", estimated_duration_minutes: 1, resources: ["calendar:team"] },
        { task_id: "long", estimated_duration_minutes: 4, resources: ["calendar:team", "room:{case.case_id}"] },
        { task_id: "room", estimated_duration_minutes: 2, resources: ["room:{case.case_id}"] },
        { task_id: "free", estimated_duration_minutes: 1 },
      ],
    };

    expect(await startsOf(parts, UNLIMITED)).toEqual({ long: 0, short: 4, room: 4, free: 0 });
    expect(plannedStarts(parts, UNLIMITED)).toEqual({ long: 0, short: 4, room: 4, free: 0 });
  });

  test("a join begins with what has come when its time is up", async () => {
    const parts: MissionParts = {
      tasks: [
        { task_id: "quick", estimated_duration_minutes: 1 },
        { task_id: "slow", estimated_duration_minutes: 9 },
        {
          ...{ task_id: "end", estimated_duration_minutes: 1, depends_on: ["quick", "slow"] },
          join: { need: "all", within_minutes: 4, else: "continue" },
        },
      ],
    };

    expect(await startsOf(parts, UNLIMITED)).toEqual({ quick: 0, slow: 0, end: 4 });
    expect(plannedStarts(parts, UNLIMITED)).toEqual({ quick: 0, slow: 0, end: 4 });
  });

  test("any mission with joins, limits on them and resources begins each task when its plan says", async () => {
    const row = fc.record({
      minutes: fc.integer({ min: 1, max: 9 }),
      picks: fc.array(fc.nat(), { maxLength: 3 }),
      resources: fc.uniqueArray(fc.constantFrom("a", "b", "c"), { maxLength: 2 }),
      need: fc.constantFrom("all" as const, "any" as const, undefined),
      within: fc.option(fc.integer({ min: 1, max: 15 }), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 10 }), async (rows) => {
        const tasks = rows.map(({ minutes, picks, resources, need, within }, index): MissionParts["tasks"][number] => {
          const dependsOn = index === 0 ? [] : [...new Set(picks.map((pick) => `T${pick % index}`))];
          // Thousandths: no limit is up just when some task ends, and clocks tell whole milliseconds.
          const limit = within === undefined ? {} : { within_minutes: within + (index + 1) * 0.003 };
          return {
            task_id: `T${index}`,
            estimated_duration_minutes: minutes + 2 ** -(index + 1),
            depends_on: dependsOn,
            resources,
            ...(need && dependsOn.length > 0 && { join: { need, else: "continue", ...limit } }),
          };
        });

        expect(await startsOf({ tasks, max_parallel: UNLIMITED }, UNLIMITED)).toEqual(
          plannedStarts({ tasks, max_parallel: UNLIMITED }, UNLIMITED),
        );
      }),
      { numRuns: 20 },
    );
  });
});

describe("I8: traces of workflows", () => {
  test.each(traces())(
    "%s: with places for all, the makespan in time that only tasks take is at most 1.06 of the critical path",
    async (_, path) => {
      const parts = { ...traceMission(path), max_parallel: UNLIMITED };
      const { makespan_minutes: critical } = forecastOf(missionOf(parts), { slots: Number.POSITIVE_INFINITY });

      const { minutes, starts } = await played(parts, UNLIMITED);

      expect(Object.keys(starts)).toHaveLength(parts.tasks.length);
      expect(minutes / critical).toBeGreaterThanOrEqual(0.999);
      expect(minutes / critical).toBeLessThanOrEqual(1.06);
    },
  );
});
