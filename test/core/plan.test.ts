import { describe, expect, test } from "vitest";
import type { Task } from "../../core/mission.js";
import type { Plan, TaskState } from "../../core/plan.js";
import { descendantsOf, isTolerated, restsOn, ruleOn, settle, standingFor, toPlan } from "../../core/plan.js";
import type { TaskStatus } from "../../core/run.js";
import { isSettled } from "../../core/run.js";
import { fc } from "../support/fast-check.js";
import type { TaskParts } from "../support/missions.js";
import { missionOf } from "../support/missions.js";
import { agentsOfRandomPlans } from "../support/random-agents.js";
import { randomPlans } from "../support/random-plan.js";

type States = ReadonlyMap<string, TaskState>;

const untimedPlans = randomPlans
  .filter(({ isTimed }) => !isTimed)
  .map(({ mission }) => toPlan(missionOf(mission, agentsOfRandomPlans()).tasks));
const plansOf = randomPlans.map(({ mission }) => toPlan(missionOf(mission, agentsOfRandomPlans()).tasks));
const lucks = fc.array(fc.nat({ max: 99 }), { minLength: 10, maxLength: 40 });

function planOf(...tasks: TaskParts[]): Plan {
  return toPlan(missionOf({ tasks }).tasks);
}

function statesOf(states: Readonly<Record<string, TaskStatus | { chosen: string }>>): (id: string) => TaskState {
  return (id) => {
    const state = states[id];
    if (typeof state === "object") return { status: "done", ...state };
    return { status: state ?? "todo" };
  };
}

/** The rules of DESIGN section 4 and 5, written a second time as plainly as can be: what becomes of one task, if anything. */
function plainly(tasks: readonly Task[], task: Task, states: States): "skipped" | "blocked" | "ready" | "waits" {
  const statusOf = (id: string) => states.get(id)?.status ?? "todo";
  const taskOf = (id: string) => tasks.find((other) => other.id === id);
  const came = (id: string): "yes" | "without" | "no" | "not yet" => {
    if (!isSettled(statusOf(id))) return "not yet";
    if (statusOf(id) === "done") return "yes";
    if (statusOf(id) === "skipped") return "without";
    if (statusOf(id) === "blocked") return "no";
    const onFailure = taskOf(id)?.onFailure;
    if (onFailure === "continue") return "without";
    if (typeof onFailure !== "object") return "no";
    return came(onFailure.task) === "without" ? "no" : came(onFailure.task);
  };
  const wards = tasks.filter(({ onFailure }) => typeof onFailure === "object" && onFailure.task === task.id);
  if (wards.length > 0 && !wards.some(({ id }) => statusOf(id) === "failed"))
    return wards.every(({ id }) => isSettled(statusOf(id))) ? "skipped" : "waits";
  const routers = tasks.filter(({ route }) => route?.some(({ to }) => to === task.id));
  const isChosen = routers.length === 0 || routers.some(({ id }) => states.get(id)?.chosen === task.id);
  if (!isChosen && routers.some(({ id }) => came(id) === "not yet")) return "waits";
  if (!isChosen) return routers.some(({ id }) => came(id) === "no") ? "blocked" : "skipped";
  const arrivals = task.dependsOn.map(came);
  const count = (what: string) => arrivals.filter((arrival) => arrival === what).length;
  if (!task.join) {
    if (count("no") > 0) return "blocked";
    return count("not yet") > 0 ? "waits" : "ready";
  }
  const need = { all: arrivals.length, any: 1 }[String(task.join.need)] ?? Number(task.join.need);
  const isHopeless = count("yes") + count("not yet") < need && task.join.else !== "continue";
  return count("yes") >= need || count("not yet") === 0 || isHopeless ? "ready" : "waits";
}

/** The same as `settle`, one task at a time in an order that luck chooses. */
function settlePlainly(tasks: readonly Task[], start: States, luck: readonly number[]) {
  const states = new Map(start);
  for (let turn = 0; ; turn++) {
    const open = tasks.filter(({ id }) => !isSettled(states.get(id)?.status ?? "todo"));
    const movable = open.filter((task) => ["skipped", "blocked"].includes(plainly(tasks, task, states)));
    const task = movable[(luck[turn % luck.length] ?? 0) % Math.max(1, movable.length)];
    if (!task)
      return { states, ready: open.filter((other) => plainly(tasks, other, states) === "ready").map(({ id }) => id) };
    states.set(task.id, { status: plainly(tasks, task, states) === "skipped" ? "skipped" : "blocked" });
  }
}

/** Plays a run in a random order, with random outcomes; `look` sees every state on the way. */
function play({ tasks }: Plan, luck: readonly number[], look: (states: States) => readonly string[]): void {
  const states = new Map<string, TaskState>();
  for (let turn = 0; turn <= tasks.length; turn++) {
    const draw = luck[turn % luck.length] ?? 0;
    const ready = look(states);
    const settled = settlePlainly(tasks, states, luck);
    for (const [id, state] of settled.states) states.set(id, state);
    const id = ready[draw % Math.max(1, ready.length)];
    if (id === undefined) return;
    const routes = tasks.find((task) => task.id === id)?.route ?? [];
    const chosen = routes[draw % Math.max(1, routes.length)]?.to;
    const status = (["done", "done", "done", "failed", "skipped"] as const)[draw % 5] ?? "done";
    states.set(id, { status, ...(status === "done" && chosen !== undefined && { chosen }) });
  }
}

describe("I1: settle, against the rules written plainly", () => {
  test("says the same of every state that a run can come to, in whatever order things settle", () => {
    fc.assert(
      fc.property(plansOf, lucks, (plan, luck) => {
        play(plan, luck, (states) => {
          const settlement = settle(plan, (id) => states.get(id) ?? { status: "todo" });
          const expected = settlePlainly(plan.tasks, states, luck);
          const statuses = (status: string) =>
            [...expected.states].filter(([id, state]) => state.status === status && !states.has(id)).map(([id]) => id);

          expect(settlement.skipped.map(({ taskId }) => taskId).sort()).toEqual(statuses("skipped").sort());
          expect(settlement.blocked.map(({ taskId }) => taskId).sort()).toEqual(statuses("blocked").sort());
          expect(settlement.ready).toEqual(expected.ready);
          return settlement.ready;
        });
      }),
      { numRuns: 100 },
    );
  });

  test("leaves no run stuck: as long as something is open, something can work", () => {
    fc.assert(
      fc.property(plansOf, lucks, (plan, luck) => {
        play(plan, luck, (states) => {
          const { ready, over, sendable } = settle(plan, (id) => states.get(id) ?? { status: "todo" });
          expect(ready.length > 0 || over, `${sendable.join()} wait for nothing that can happen`).toBe(true);
          return ready;
        });
      }),
      { numRuns: 100 },
    );
  });

  test("what it settles stays settled the same: a second look adds nothing", () => {
    fc.assert(
      fc.property(plansOf, lucks, (plan, luck) => {
        play(plan, luck, (states) => {
          const first = settle(plan, (id) => states.get(id) ?? { status: "todo" });
          const after = new Map(states);
          for (const { taskId } of first.skipped) after.set(taskId, { status: "skipped" });
          for (const { taskId } of first.blocked) after.set(taskId, { status: "blocked" });

          expect(settle(plan, (id) => after.get(id) ?? { status: "todo" })).toEqual({
            ...first,
            skipped: [],
            blocked: [],
          });
          return first.ready;
        });
      }),
      { numRuns: 60 },
    );
  });
});

/** The end of a run whose tasks end in an order that luck chooses, each as its own draw says. */
function endOf(plan: Plan, draws: readonly number[], luck: readonly number[]): Readonly<Record<string, TaskStatus>> {
  const states = new Map<string, TaskState>();
  for (let turn = 0; ; turn++) {
    const settlement = settle(plan, (id) => states.get(id) ?? { status: "todo" });
    for (const { taskId } of settlement.skipped) states.set(taskId, { status: "skipped" });
    for (const { taskId } of settlement.blocked) states.set(taskId, { status: "blocked" });
    const { ready } = settlement;
    const task = plan.byId.get(ready[(luck[turn % luck.length] ?? 0) % Math.max(1, ready.length)] ?? "");
    if (!task) return Object.fromEntries([...states].map(([id, { status }]) => [id, status]));
    const ruling = ruleOn(plan, task, (id) => states.get(id) ?? { status: "todo" });
    const isShort = task.join?.else === "fail" && ruling.verdict === "ready" && ruling.missing.length > 0;
    const draw = draws[plan.tasks.indexOf(task) % draws.length] ?? 0;
    const status = isShort
      ? "failed"
      : ((["done", "done", "failed", "failed", "skipped"] as const)[draw % 5] ?? "done");
    const chosen = task.route?.[draw % task.route.length]?.to;
    states.set(task.id, { status, ...(status === "done" && chosen !== undefined && { chosen }) });
  }
}

describe("I1: the order in which tasks end", () => {
  test("changes nothing about what becomes of each, unless a join need not wait for all", () => {
    fc.assert(
      fc.property(untimedPlans, lucks, lucks, lucks, (plan, draws, luck, other) => {
        expect(endOf(plan, draws, other)).toEqual(endOf(plan, draws, luck));
      }),
      { numRuns: 150 },
    );
  });
});

describe("I1: the rules one by one", () => {
  const join = (parts: NonNullable<TaskParts["join"]>) =>
    planOf({ task_id: "A" }, { task_id: "B" }, { task_id: "C", depends_on: ["A", "B"], join: parts });
  const rulingOn = (plan: Plan, id: string, states: Parameters<typeof statesOf>[0]) =>
    ruleOn(plan, plan.byId.get(id) ?? expect.fail(id), statesOf(states)).verdict;

  test.each([
    ["waits for the second", { A: "done" }, "waits"],
    ["works when both came", { A: "done", B: "done" }, "ready"],
    ["works without a skipped one", { A: "done", B: "skipped" }, "ready"],
    ["is blocked by a failed one, though the other is open", { A: "failed" }, "block"],
    ["is blocked by a blocked one", { A: "done", B: "blocked" }, "block"],
  ] as const)("a task %s", (_, states, verdict) => {
    const plan = planOf({ task_id: "A" }, { task_id: "B" }, { task_id: "C", depends_on: ["A", "B"] });

    expect(rulingOn(plan, "C", states)).toBe(verdict);
  });

  test.each([
    ["any of them, as soon as one came", { need: "any" }, { A: "done" }, "ready"],
    ["any of them, waits while none came", { need: "any" }, { A: "skipped" }, "waits"],
    [
      "all of them, ends at once when one cannot come any more",
      { need: "all", else: "fail" },
      { A: "failed" },
      "ready",
    ],
    [
      "all of them or else what there is, waits for the rest",
      { need: "all", else: "continue" },
      { A: "failed" },
      "waits",
    ],
    [
      "all of them or else what there is, works once all have settled",
      { need: "all", else: "continue" },
      { A: "failed", B: "done" },
      "ready",
    ],
  ] as const)("a join of %s", (_, parts, states, verdict) => {
    expect(rulingOn(join(parts), "C", states)).toBe(verdict);
  });

  test("a way not taken is skipped, and what only follows it goes on without it", () => {
    const plan = planOf(
      {
        task_id: "A",
        route: [
          { when: "true", to: "B" },
          { otherwise: true, to: "C" },
        ],
      },
      { task_id: "B", depends_on: ["A"] },
      { task_id: "C", depends_on: ["A"] },
      { task_id: "D", depends_on: ["B", "C"] },
    );

    const { skipped, ready } = settle(plan, statesOf({ A: { chosen: "B" } }));

    expect([skipped.map(({ taskId }) => taskId), ready]).toEqual([["C"], ["B"]]);
    expect(rulingOn(plan, "D", { A: { chosen: "B" }, B: "done", C: "skipped" })).toBe("ready");
  });

  test("whether a task is wanted is asked before what came: a failed need or a stand-in at work decides nothing first", () => {
    const plan = planOf(
      { task_id: "A", route: [{ when: "true", to: "C" }], on_failure: { task: "S" } },
      { task_id: "S" },
      { task_id: "B" },
      { task_id: "C", depends_on: ["A", "B"] },
    );

    expect(rulingOn(plan, "C", { B: "failed" })).toBe("waits");
    expect(rulingOn(plan, "C", { B: "failed", A: "done" })).toBe("skip");
    expect(rulingOn(plan, "C", { A: "failed", B: "done" })).toBe("waits");
    expect(rulingOn(plan, "C", { A: "failed", S: "failed", B: "done" })).toBe("block");
    expect(rulingOn(plan, "C", { A: "failed", S: "done", B: "done" })).toBe("skip");
  });

  test("who stands in works only after the failure, and its result stands for the other's", () => {
    const plan = planOf(
      { task_id: "A", on_failure: { task: "S" } },
      { task_id: "S" },
      { task_id: "B", depends_on: ["A"] },
    );

    expect(rulingOn(plan, "S", {})).toBe("waits");
    expect(rulingOn(plan, "S", { A: "failed" })).toBe("ready");
    expect(rulingOn(plan, "S", { A: "done" })).toBe("skip");
    expect(rulingOn(plan, "B", { A: "failed" })).toBe("waits");
    expect(rulingOn(plan, "B", { A: "failed", S: "done" })).toBe("ready");
    expect(rulingOn(plan, "B", { A: "failed", S: "failed" })).toBe("block");
    expect(standingFor(plan, "A", statesOf({ A: "failed" }))).toBe("S");
    expect(isTolerated(plan, "A", statesOf({ A: "failed", S: "done" }))).toBe(true);
    expect(isTolerated(plan, "A", statesOf({ A: "failed", S: "failed" }))).toBe(false);
  });

  test("an open need of a stand-in or a way not taken is nobody's to read; that of a condition is", () => {
    const plan = planOf(
      { task_id: "D" },
      { task_id: "A", on_failure: { task: "S" } },
      { task_id: "S", depends_on: ["D"] },
      { task_id: "W", depends_on: ["D"], when: "false" },
      { task_id: "B", depends_on: ["A"] },
      { task_id: "C", depends_on: ["W"] },
    );
    const reads = (id: string, arrived: string[], states: Parameters<typeof statesOf>[0]) =>
      [...restsOn(plan, plan.byId.get(id) ?? expect.fail(id), arrived, statesOf(states))].sort();

    expect(reads("B", ["A"], { A: "done", S: "skipped" })).toEqual(["A"]);
    expect(reads("B", ["A"], { A: "failed", S: "done", D: "done" })).toEqual(["A", "D", "S"]);
    expect(reads("C", [], { W: "skipped", D: "done" })).toEqual(["D", "W"]);
  });

  test("all that used a result come after it, through stand-ins too", () => {
    const plan = planOf(
      { task_id: "A" },
      { task_id: "B", depends_on: ["A"], on_failure: { task: "S" } },
      { task_id: "S" },
      { task_id: "C", depends_on: ["B"] },
      { task_id: "D" },
    );

    expect(descendantsOf(plan, "A")).toEqual(["B", "S", "C"]);
    expect(descendantsOf(plan, "S")).toEqual(["C"]);
    expect(descendantsOf(plan, "D")).toEqual([]);
  });
});
