import { expect, test } from "vitest";
import { criticalPath, longestRemaining } from "../../core/schedule.js";
import { fc } from "../support/fast-check.js";
import type { TaskParts } from "../support/missions.js";
import { missionOf } from "../support/missions.js";

const task = (
  task_id: string,
  minutes: number,
  depends_on: string[] = [],
  parts: Partial<TaskParts> = {},
): TaskParts => ({
  task_id,
  depends_on,
  estimated_duration_minutes: minutes,
  ...parts,
});

const DIAMOND = missionOf({
  tasks: [task("A", 1), task("B", 5, ["A"]), task("C", 2, ["A"]), task("D", 3, ["B", "C"]), task("E", 4)],
}).tasks;

test("the critical path is the longest chain", () => {
  expect(criticalPath(DIAMOND)).toEqual({ minutes: 9, tasks: ["A", "B", "D"] });
});

test("who has most left to do behind it goes first", () => {
  expect(Object.fromEntries(longestRemaining(DIAMOND))).toEqual({ A: 9, B: 8, C: 5, D: 3, E: 4 });
});

test("a stand-in does not lengthen the plan, but those who wait for the task wait for it too", () => {
  const { tasks } = missionOf({
    tasks: [task("A", 2, [], { on_failure: { task: "F" } }), task("F", 50), task("B", 1, ["A"])],
  });

  expect(tasks.map(({ id }) => id)).toEqual(["A", "F", "B"]);
  expect(criticalPath(tasks)).toEqual({ minutes: 3, tasks: ["A", "B"] });
});

test("the critical path is the most that remains from any task, whatever the plan", () => {
  const plans = fc.array(fc.tuple(fc.nat({ max: 30 }), fc.array(fc.nat(), { maxLength: 3 })), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(plans, (rows) => {
      const { tasks } = missionOf({
        tasks: rows.map(([minutes, picks], index) =>
          task(`T${index}`, minutes, index === 0 ? [] : [...new Set(picks.map((pick) => `T${pick % index}`))]),
        ),
      });
      const { minutes, tasks: path } = criticalPath(tasks);

      expect(minutes).toBe(Math.max(...longestRemaining(tasks).values()));
      expect(path.reduce((sum, id) => sum + (tasks.find((one) => one.id === id)?.estimatedMinutes ?? 0), 0)).toBe(
        minutes,
      );
    }),
  );
});
