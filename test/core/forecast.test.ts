import { describe, expect, test } from "vitest";
import type { ForecastOptions } from "../../core/forecast.js";
import { forecastOf } from "../../core/forecast.js";
import type { MissionParts, TaskParts } from "../support/missions.js";
import { fakeAgent, missionOf } from "../support/missions.js";

const task = (
  task_id: string,
  minutes: number,
  depends_on: string[] = [],
  more: Partial<TaskParts> = {},
): TaskParts => ({
  task_id,
  depends_on,
  estimated_duration_minutes: minutes,
  ...more,
});
const forecast = (parts: MissionParts, options?: ForecastOptions) => forecastOf(missionOf(parts), options);
const times = ({ tasks }: ReturnType<typeof forecastOf>) =>
  Object.fromEntries(
    tasks.map(({ task_id, start_minutes, finish_minutes }) => [task_id, [start_minutes, finish_minutes]]),
  );

describe("I8: what a run is expected to come to", () => {
  test("the mission's places and each agent's own limit hold", () => {
    const parts = { tasks: [task("A", 4), task("B", 3), task("C", 2)], max_parallel: 2 };
    const busy = missionOf(parts, [fakeAgent("A1", "worker", undefined, { maxParallel: 1 })]);

    expect(forecast(parts)).toMatchObject({ makespan_minutes: 5, critical_path: ["B", "C"] });
    expect(times(forecastOf(busy))).toEqual({ A: [0, 4], B: [4, 7], C: [7, 9] });
    expect(forecastOf(busy, { slots: 1 }).makespan_minutes).toBe(9);
    expect(forecastOf(busy, { slots: Number.POSITIVE_INFINITY }).makespan_minutes).toBe(4);
  });

  test("an approval takes what is expected of it, and no place", () => {
    const parts = {
      tasks: [task("A", 4, [], { requires_human_approval: true }), task("B", 1, ["A"])],
      max_parallel: 1,
    };

    const view = forecast(parts, { approvalWaitMinutes: 30 });

    expect(times(view)).toEqual({ A: [0, 34], B: [34, 35] });
    expect(view.tasks[0]).toMatchObject({ waits_minutes: 30, slack_minutes: 0, is_critical: true, agent_id: "A1" });
  });

  test("of two ways the longer is taken, a stand-in counts nothing, and both are said", () => {
    const view = forecast({
      tasks: [
        task("choose", 1, [], {
          route: [
            { when: "choose.x == 1", to: "short" },
            { otherwise: true, to: "long" },
          ],
        }),
        task("short", 2, ["choose"]),
        task("long", 3, ["choose"]),
        task("end", 5, ["short", "long"], { on_failure: { task: "instead" } }),
        task("instead", 50),
        task("after", 1, ["end"]),
      ],
    });

    expect(times(view)).toEqual({ choose: [0, 1], long: [1, 4], end: [4, 9], after: [9, 10] });
    expect(view.assumptions.join()).toContain("short is a way that choose does not take");
    expect(view.assumptions.join()).toContain("instead only stands in when end fails");
  });

  test("a join begins with enough of its inputs; conditions hold; both are said", () => {
    const view = forecast({
      tasks: [
        task("A", 1),
        task("B", 9),
        task("first", 2, ["A", "B"], { join: { need: "any", within_minutes: 1 } }),
        task("maybe", 4, ["A"], { when: "A.x == 1" }),
        task("each", 3, ["A"], { for_each: "A.list" }),
      ],
    });

    expect(times(view)).toMatchObject({ first: [1, 3], maybe: [1, 5], each: [1, 4] });
    expect(view.assumptions).toEqual([
      "maybe: its condition is taken to hold.",
      "each: the estimate is for all its items together.",
      "first: begins when enough of its inputs have come.",
    ]);
  });

  test("a join whose time is up goes on, asks first, or would fail; its time begins when its way is chosen", () => {
    const join = (more: object) => ({ join: { need: "all" as const, within_minutes: 3, ...more } });
    const parts = {
      tasks: [
        task("A", 1),
        task("B", 9),
        task("goes", 2, ["A", "B"], join({ else: "continue" })),
        task("asks", 2, ["A", "B"], join({ else: "ask" })),
        task("fails", 2, ["A", "B"], join({})),
        task("choose", 4, [], { route: [{ otherwise: true, to: "chosen" }] }),
        task("chosen", 1, ["choose", "B"], join({ else: "continue" })),
      ],
    };

    const view = forecast(parts, { approvalWaitMinutes: 2 });

    expect(times(view)).toMatchObject({ goes: [3, 5], asks: [5, 7], fails: [9, 11], chosen: [7, 8] });
    expect(view.assumptions).toContain("goes, asks, chosen: when its inputs are late it goes on without them.");
    expect(view.assumptions).toContain("fails: waits 3 minutes for its inputs, which come after 9: it would fail.");
  });

  test("tasks that write the same take turns, also those that a constraint looks at together", () => {
    const parts = {
      tasks: [
        task("A", 1, [], { resources: ["room:{case.room}"] }),
        task("B", 4, [], { resources: ["room:{case.room}"] }),
        task("C", 1, [], { resources: ["room:{case.other}"] }),
        task("D", 2),
      ],
      constraints: [{ constraint_id: "apart", tasks: ["C", "D"], holds: "true", message: "They meet." }],
    };

    const view = forecast(parts);

    expect(times(view)).toEqual({ A: [4, 5], B: [0, 4], C: [2, 3], D: [0, 2] });
    expect(view.assumptions).toEqual([
      "A, B, C: writes to what others write to where both name it with the same words.",
    ]);
  });

  test("a mission without estimates takes no time, and nothing of it is critical", () => {
    const view = forecast({ tasks: [task("A", 0), task("B", 0, ["A"])] });

    expect(view).toMatchObject({ makespan_minutes: 0, critical_path: [], cost_usd: 0, assumptions: [] });
    expect(view.tasks.every(({ is_critical }) => !is_critical)).toBe(true);
  });

  test("three thousand tasks on eight places are planned whole", () => {
    const tasks = Array.from({ length: 3000 }, (_, n) => task(`T${n}`, (n % 7) + 0.5, n < 50 ? [] : [`T${n - 50}`]));

    const view = forecast({ tasks, max_parallel: 8 }, { slots: 8 });

    const load = tasks.reduce((sum, { estimated_duration_minutes }) => sum + estimated_duration_minutes!, 0);
    expect(view.tasks).toHaveLength(3000);
    expect(view.makespan_minutes).toBeGreaterThanOrEqual(load / 8);
    expect(view.makespan_minutes).toBeLessThan((load / 8) * 1.05);
  });

  test("costs of what is expected to run add up", () => {
    expect(forecast({ tasks: [task("A", 1), task("B", 1)] }, { costMicroUsdOf: () => 30_000 }).cost_usd).toBe(0.06);
  });
});
