import { describe, expect, test } from "vitest";
import { toDependencies } from "../../core/dependencies.js";
import type { Mission } from "../../core/mission.js";
import type { Plan, TaskState } from "../../core/plan.js";
import { neededBy, restsOn, ruleOn, settle, standingFor, toPlan } from "../../core/plan.js";
import { isSettled } from "../../core/run.js";
import { verifyMission } from "../../core/verify.js";
import { fc } from "../support/fast-check.js";
import type { TaskParts } from "../support/missions.js";
import { agentsFor, missionOf } from "../support/missions.js";

/** One task's make-up, as numbers, so that fast-check can shrink it. */
const shapes = fc.record({
  needs: fc.array(fc.nat(), { maxLength: 3 }),
  kind: fc.constantFrom<
    "plain" | "when" | "continue" | "router" | "any" | "loose" | "strict" | "standIn" | "strictStandIn"
  >("plain", "plain", "when", "continue", "router", "any", "loose", "strict", "standIn", "strictStandIn"),
});

/** A sound plan of tasks of every kind: conditions, routes, joins, stand-ins. */
const plans = fc.array(shapes, { minLength: 2, maxLength: 12 }).map((rows) => {
  const tasks = rows.map(({ needs, kind }, index): TaskParts => {
    const depends_on = index === 0 ? [] : [...new Set(needs.map((need) => `T${need % index}`))];
    const join = depends_on.length === 0 ? undefined : JOINS[kind];
    return {
      task_id: `T${index}`,
      depends_on,
      ...(kind === "when" && { when: "true" }),
      ...(kind === "continue" && { on_failure: "continue" as const }),
      ...(join && { join }),
    };
  });
  const extras: TaskParts[] = [];
  for (const [index, { kind }] of rows.entries()) {
    const task = tasks[index];
    if (task && (kind === "standIn" || kind === "strictStandIn")) {
      tasks[index] = { ...task, on_failure: { task: `F${index}` } };
      extras.push({ task_id: `F${index}` });
    }
    const targets = tasks.filter(({ depends_on }) => depends_on?.includes(`T${index}`)).map(({ task_id }) => task_id);
    if (task && kind === "router" && targets.length > 0)
      tasks[index] = { ...task, route: targets.map((to) => ({ when: "true", to })) };
  }
  return missionOf({ tasks: [...tasks, ...extras] });
});

const JOINS: Readonly<Record<string, TaskParts["join"]>> = {
  any: { need: "any", else: "fail" },
  loose: { need: "all", else: "continue" },
  strict: { need: "all", else: "fail" },
  strictStandIn: { need: "all", else: "fail" },
};

/** Plays a run by the engine's own rules: outcomes drawn from `luck`; `look` sees each task at the moment it may work. */
function play(
  mission: Mission,
  luck: readonly number[],
  look: (taskId: string, stateOf: (id: string) => TaskState) => void,
): void {
  const plan = toPlan(mission.tasks);
  const states = new Map<string, TaskState>();
  const stateOf = (id: string): TaskState => states.get(id) ?? { status: "todo" };
  for (let turn = 0; turn < mission.tasks.length + 1; turn++) {
    const settlement = settle(plan, stateOf);
    for (const { taskId } of settlement.skipped) states.set(taskId, { status: "skipped" });
    for (const { taskId } of settlement.blocked) states.set(taskId, { status: "blocked" });
    for (const taskId of settlement.ready) {
      const task = mission.tasks.find(({ id }) => id === taskId);
      const ruling = task && ruleOn(plan, task, stateOf);
      if (!task || ruling?.verdict !== "ready") continue;
      const draw = luck[(turn * 7 + taskId.length + Number(taskId.slice(1))) % luck.length] ?? 0;
      const isShort =
        task.join !== undefined && ruling.arrived.length < neededBy(task, task.join) && task.join.else === "fail";
      if (!isShort) look(taskId, stateOf);
      if (isShort) states.set(taskId, { status: "failed" });
      else if (task.when !== undefined && draw % 3 === 0) states.set(taskId, { status: "skipped" });
      else if (draw % 3 === 1) states.set(taskId, { status: "failed" });
      else {
        const chosen = task.route?.[draw % task.route.length]?.to;
        states.set(taskId, { status: "done", ...(chosen !== undefined && { chosen }) });
      }
    }
  }
}

function readableBy(plan: Plan, reader: string, stateOf: (id: string) => TaskState): ReadonlySet<string> {
  const task = plan.byId.get(reader);
  const ruling = task && ruleOn(plan, task, stateOf);
  return task && ruling?.verdict === "ready" ? restsOn(plan, task, ruling.arrived, stateOf) : new Set();
}

describe("I1: what verify counts on is what the engine does", () => {
  const lucks = fc.array(fc.nat({ max: 100 }), { minLength: 5, maxLength: 20 });

  test("an input that is called sure has come whenever its reader may work", () => {
    fc.assert(
      fc.property(plans, lucks, (mission, luck) => {
        const dependencies = toDependencies(mission.tasks);
        const plan = toPlan(mission.tasks);
        play(mission, luck, (reader, stateOf) => {
          for (const { id } of mission.tasks) {
            if (!dependencies.isSurelyDone(id, reader)) continue;
            expect(`${id} for ${reader}: ${stateOf(standingFor(plan, id, stateOf)).status}`).toBe(
              `${id} for ${reader}: done`,
            );
          }
        });
      }),
      { numRuns: 400 },
    );
  });

  test("what is called sure can be read, and what can be read is called an ancestor", () => {
    fc.assert(
      fc.property(plans, lucks, (mission, luck) => {
        const dependencies = toDependencies(mission.tasks);
        const plan = toPlan(mission.tasks);
        play(mission, luck, (reader, stateOf) => {
          const readable = readableBy(plan, reader, stateOf);
          for (const { id } of mission.tasks) {
            if (dependencies.isSurelyDone(id, reader)) expect(readable).toContain(id);
            if (readable.has(id))
              expect(`${id} for ${reader}: ${dependencies.isAncestor(id, reader)}`).toBe(`${id} for ${reader}: true`);
          }
        });
      }),
      { numRuns: 400 },
    );
  });

  test("what can be read is settled, unless a join did not wait for it", () => {
    fc.assert(
      fc.property(plans, lucks, (mission, luck) => {
        fc.pre(!mission.tasks.some((task) => task.join?.need === "any"));
        const plan = toPlan(mission.tasks);
        play(mission, luck, (reader, stateOf) => {
          for (const id of readableBy(plan, reader, stateOf)) {
            expect(`${id} for ${reader}: ${isSettled(stateOf(id).status)}`).toBe(`${id} for ${reader}: true`);
          }
        });
      }),
      { numRuns: 400 },
    );
  });

  test("plans of every kind of task are sound", () => {
    fc.assert(
      fc.property(plans, (mission) => {
        const agents = agentsFor({ tasks: [{ task_id: "T1" }] });
        expect(verifyMission(mission, { agents, tools: [], sampleCase: { case_id: "C1" } })).toEqual([]);
      }),
    );
  });
});
