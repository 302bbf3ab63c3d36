import { describe, expect, test } from "vitest";
import type { BoardSource } from "../../core/blackboard.js";
import { answerTo, Blackboard, mergeBoard, standingOutput, toEntry } from "../../core/blackboard.js";
import type { Json, JsonObject } from "../../core/digest.js";
import { digestOf } from "../../core/digest.js";
import type { Merge } from "../../core/mission.js";
import { toPlan } from "../../core/plan.js";
import type { TaskStatus } from "../../core/run.js";
import { fc } from "../support/fast-check.js";
import { missionOf } from "../support/missions.js";
import { approvalRecord } from "../support/records.js";

const ALL = new Set(["A", "B", "C"]);

/** A run of three writers of one key; those that are not given did not finish. */
function sourceOf(merge: Merge, outputs: Readonly<Record<string, Json>>, answer?: Json): BoardSource {
  const mission = missionOf({
    tasks: ["A", "B", "C"].map((task_id) => ({ task_id, writes: ["key"] })),
    blackboard: { key: { merge } },
  });
  const statusOf = (id: string): TaskStatus => (outputs[id] === undefined ? "failed" : "done");
  return {
    mission,
    plan: toPlan(mission.tasks),
    stateOf: (id) => ({ status: statusOf(id) }),
    outputOf: (id) => outputs[id],
    resolved: () => answer,
  };
}

function merged(merge: Merge, ...values: Json[]): JsonObject {
  const outputs = Object.fromEntries(values.map((value, index) => [["A", "B", "C"][index] ?? "", { key: value }]));
  return mergeBoard(sourceOf(merge, outputs), ALL).board;
}

describe("I9: what several tasks write to one key becomes one value, by declared rules", () => {
  test.each<[Merge, Json[], Json]>([
    ["once", [7], 7],
    [
      "once",
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      { b: 2, a: 1 },
    ],
    ["latest", ["first", "second", "third"], "third"],
    ["append", ["a", ["b", "a"], "c"], ["a", "b", "a", "c"]],
    [
      "union",
      [
        ["a", "b"],
        "b",
        [
          { x: 1, y: 2 },
          { y: 2, x: 1 },
        ],
      ],
      ["a", "b", { y: 2, x: 1 }],
    ],
    ["max", [4, 9, 7], 9],
    ["max", ["2026-01-02", "2026-02-01"], "2026-02-01"],
  ])("%s", (merge, values, expected) => {
    expect(merged(merge, ...values)).toEqual({ key: expected });
  });

  test("two values for a key that takes one are both kept, with who wrote them, until a person says", () => {
    const outputs = { A: { key: 1 }, C: { key: 2 } };
    const values = [
      { by: "A", value: 1 },
      { by: "C", value: 2 },
    ];

    expect(mergeBoard(sourceOf("once", outputs), ALL)).toEqual({
      board: { key: { conflict: values } },
      conflicts: [{ key: "key", values }],
    });
    expect(mergeBoard(sourceOf("once", outputs, 3), ALL)).toEqual({ board: { key: 3 }, conflicts: [] });
  });

  test("a person's answer holds for exactly the values that were shown", () => {
    const conflict = {
      key: "key",
      values: [
        { by: "A", value: 1 },
        { by: "C", value: 2 },
      ],
    };
    const asked = approvalRecord("q", "run", { kind: "question", subject: "blackboard:key", status: "answered" });
    const answered = { ...asked, decision: { type: "answer" as const, answer: 3 } };
    const request = {
      ...answered,
      shown: {
        ...asked.shown,
        subject: [
          { value: 1, by: "A" },
          { by: "C", value: 2 },
        ],
      },
    };

    expect(answerTo([request], conflict)).toBe(3);
    expect(
      answerTo([request], {
        ...conflict,
        values: [
          { by: "A", value: 1 },
          { by: "C", value: 9 },
        ],
      }),
    ).toBeUndefined();
    expect(answerTo([{ ...request, status: "rejected" }], conflict)).toBeUndefined();
  });

  test("only tasks that are done and asked for write, only objects have fields, and an absent field writes nothing", () => {
    const source = sourceOf("append", { A: { key: "a" }, B: "no object", C: { other: "c" } });

    expect(mergeBoard(source, ALL).board).toEqual({ key: ["a"] });
    expect(mergeBoard(source, new Set(["B", "C"])).board).toEqual({});
    expect(mergeBoard(sourceOf("append", {}), ALL).board).toEqual({});
  });

  test("the board depends on the plan's order alone, never on the order in which results came", () => {
    const merges = fc.constantFrom<Merge>("once", "latest", "append", "union", "max");
    fc.assert(
      fc.property(
        merges,
        fc.array(fc.nat({ max: 3 }), { minLength: 3, maxLength: 3 }),
        (merge, [a = 0, b = 0, c = 0]) => {
          const inOrder = mergeBoard(sourceOf(merge, { A: { key: a }, B: { key: b }, C: { key: c } }), ALL);
          const reversed = mergeBoard(
            sourceOf(merge, { C: { key: c }, B: { key: b }, A: { key: a } }),
            new Set(["C", "B", "A"]),
          );

          expect(reversed).toEqual(inOrder);
        },
      ),
    );
  });

  test("a key holds eight kilobytes; what is longer shows as a reference to what it is", () => {
    const long = "x".repeat(9_000);

    expect(merged("latest", "x".repeat(8_000))).toEqual({ key: "x".repeat(8_000) });
    expect(merged("latest", long)).toEqual({ key: { artifact: digestOf(long), bytes: 9_002 } });
  });

  test("the result of who stood in stands for the task that failed", () => {
    const mission = missionOf({ tasks: [{ task_id: "A", on_failure: { task: "S" } }, { task_id: "S" }] });
    const source = {
      plan: toPlan(mission.tasks),
      stateOf: (id: string) => ({ status: id === "A" ? ("failed" as const) : ("done" as const) }),
      outputOf: (id: string) => (id === "S" ? { from: "S" } : undefined),
    };

    expect(standingOutput(source, "A")).toEqual({ from: "S" });
  });
});

describe("I8: what the graph keeps of a task stays small", () => {
  test("an entry keeps within two hundred bytes, whatever its summary is written in", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), (summary) => {
        const entry = toEntry({ status: "done", attempt: 3, agent: "A1", digest: "d".repeat(64), summary });

        expect(Buffer.byteLength(JSON.stringify(entry))).toBeLessThanOrEqual(200);
        expect(summary.startsWith((entry.summary ?? "").replace(/…$/u, ""))).toBe(true);
      }),
    );
  });

  test("a short entry is kept as it is, without fields that nobody gave", () => {
    expect(toEntry({ status: "todo", attempt: 1, agent: undefined, summary: "short" })).toEqual({
      status: "todo",
      attempt: 1,
      summary: "short",
    });
  });

  test("entries of one superstep are added up, and what an earlier one held stays as it was", async () => {
    const { reducer } = Blackboard.fields.tasks;
    if (!reducer) throw new Error("The tasks are not added up.");
    const entry = (attempt: number) => ({ status: "done" as const, attempt });
    const before = { A: entry(1) };

    const first = reducer(reducer(before, { B: entry(1) }), { C: entry(1) });
    await Promise.resolve();
    const second = reducer(first, { A: entry(2) });

    expect(before).toEqual({ A: entry(1) });
    expect(first).toEqual({ A: entry(1), B: entry(1), C: entry(1) });
    expect(second).toEqual({ A: entry(2), B: entry(1), C: entry(1) });
  });
});
