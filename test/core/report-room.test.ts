import { describe, expect, test } from "vitest";
import { heightOf, share, tasksByWeight } from "../../core/report-room.js";
import { finalReport } from "../apps/cli/samples.js";

describe("room on two pages is shared out (I8)", () => {
  test("all rows are drawn where there is room", () => {
    expect(
      share(100, [
        { heights: [10, 10], weight: 1 },
        { heights: [], weight: 1 },
        { heights: [20], weight: 3 },
      ]),
    ).toEqual([2, 0, 1]);
  });

  test("a long list does not crowd out a short one, and a heavier one has more", () => {
    const long = Array.from({ length: 300 }, () => 5);

    expect(
      share(100, [
        { heights: long, weight: 1 },
        { heights: [5, 5], weight: 1 },
      ]),
    ).toEqual([18, 2]);
    expect(
      share(100, [
        { heights: long, weight: 3 },
        { heights: long, weight: 1 },
      ]),
    ).toEqual([15, 5]);
  });

  test("a row that is higher than the room that is left ends its list, and others go on", () => {
    expect(
      share(30, [
        { heights: [5, 100, 5], weight: 1 },
        { heights: [5, 5, 5, 5], weight: 1 },
      ]),
    ).toEqual([1, 4]);
    expect(share(-1, [{ heights: [5], weight: 1 }])).toEqual([0]);
  });

  test("longer texts, narrower columns and full-width signs are higher", () => {
    const [one, two] = [heightOf("word ".repeat(5), 180), heightOf("word ".repeat(50), 180)];

    expect(two).toBeGreaterThan(one);
    expect(heightOf("word ".repeat(50), 60)).toBeGreaterThan(two);
    expect(heightOf("客".repeat(100), 180)).toBeGreaterThan(heightOf("a".repeat(100), 180));
    expect(heightOf("", 180)).toBe(one);
  });

  test("what went wrong comes first, then the lesser way, the critical path, what was asked, what was tried again", () => {
    const [task] = finalReport().tasks;
    const tasks = [
      { ...task!, task_id: "plain" },
      { ...task!, task_id: "again", attempts: 2 },
      { ...task!, task_id: "T2" },
      { ...task!, task_id: "critical" },
      { ...task!, task_id: "lesser", degraded: true },
      { ...task!, task_id: "blocked", status: "blocked" as const },
      { ...task!, task_id: "failed", status: "failed" as const },
    ];

    const ids = tasksByWeight(finalReport({ tasks }), new Set(["critical"])).map(({ task_id }) => task_id);

    expect(ids).toEqual(["failed", "blocked", "lesser", "critical", "T2", "again", "plain"]);
  });
});
