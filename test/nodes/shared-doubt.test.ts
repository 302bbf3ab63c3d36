import { afterEach, expect, test } from "vitest";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { endsOf } from "../support/failures.js";
import { actingAgent, actTool } from "../support/kill.js";

let engine: Engine;
afterEach(() => engine.drop());

test.each([
  ["it happened", { type: "approve", answer: { name: "flight" } } as const, 1],
  ["it did not happen", { type: "reject" } as const, 2],
])("I6: an act in doubt that two tasks share is asked about once: %s", async (_, decision, times) => {
  const done: string[] = [];
  const book = actTool("book", async (act) => {
    done.push(act);
    if (done.length === 1) throw new Error("The line is dead.");
  });
  const tasks = ["one", "two"].map((task_id) => ({ task_id, skill: "travel" }));
  engine = await openEngine({
    agents: [actingAgent("A1", "travel", "book", ["flight"])],
    tools: [book],
    missions: [{ agents: ["A1"], tasks }],
  });

  const { run_id: run, approvals } = await engine.orchestrator.start("test-mission");

  expect(approvals).toMatchObject([{ kind: "in_doubt" }]);
  const { tasks: before } = await engine.orchestrator.status(run);
  expect(Object.values(before).map(({ status }) => status)).toEqual(["waiting_for_person", "waiting_for_person"]);
  expect(new Set(Object.values(before).map(({ waiting_for }) => waiting_for)).size).toBe(1);
  const told = await engine.parts.store.events.of(run);
  expect(told.filter(({ type }) => type === "task_waiting").map(({ taskId }) => taskId)).toEqual(
    expect.arrayContaining(["one", "two"]),
  );

  await engine.orchestrator.decide(approvals[0]?.approval_id ?? "", { decision, by: "ada" });

  expect(await engine.orchestrator.approvals({ run })).toEqual([]);
  expect(endsOf(await engine.orchestrator.status(run))).toEqual({ one: "done", two: "done" });
  expect(done).toHaveLength(times);
});
