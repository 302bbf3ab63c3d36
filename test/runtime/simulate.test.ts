import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { SimulationView } from "../../core/simulation-view.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import type { MissionParts } from "../support/missions.js";
import { traceMission, traces } from "../support/workflow-trace.js";

let engine: Engine;
/** Where this file's temporary folders are, so that others' are not mistaken for its own. */
let temporary: string;
const { TMPDIR: before } = process.env;

beforeAll(() => {
  temporary = mkdtempSync(join(tmpdir(), "mission-simulate-test-"));
  process.env["TMPDIR"] = temporary;
});
afterEach(() => engine.drop());
afterAll(() => {
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
  rmSync(temporary, { recursive: true, force: true });
});

const scratchFolders = () => readdirSync(temporary).filter((name) => name.startsWith("mission-simulation-"));

/** The requests of the last run of a store that another handle has open, by task. */
function approvalsIn(path: string): readonly object[] {
  const db = new Database(path, { readonly: true });
  try {
    return db
      .prepare(
        "select task_id, kind, status, decided_by, applied_at is not null as isApplied from approvals where run_id = (select max(run_id) from runs) order by task_id",
      )
      .all() as object[]; // safe: rows are objects
  } finally {
    db.close();
  }
}

async function simulated(parts: MissionParts, settings: { timeScale: number; agents?: number; signal?: AbortSignal }) {
  engine = await openEngine({ agents: [], missions: [parts] });
  return engine.orchestrator.insight.simulate("test-mission", settings);
}

/** Each task begins once all that it waits for has ended, and not before. */
function expectInOrder({ tasks }: SimulationView, { tasks: written }: MissionParts): void {
  const times = new Map(tasks.map((task) => [task.task_id, task]));
  for (const { task_id: id, depends_on: needs = [] } of written) {
    for (const need of needs) expect(times.get(id)?.start_ms).toBeGreaterThanOrEqual(times.get(need)?.finish_ms ?? 0);
  }
}

describe("I8: a simulation is a run of the real engine", () => {
  test("tasks that write the same take turns, whatever the case would name it by; a join goes on when its time is up", async () => {
    const parts: MissionParts = {
      tasks: [
        { task_id: "one", estimated_duration_minutes: 1, resources: ["room:{case.room}"] },
        { task_id: "other", estimated_duration_minutes: 1, resources: ["room:{case.room}"] },
        { task_id: "slow", estimated_duration_minutes: 20 },
        {
          ...{ task_id: "end", estimated_duration_minutes: 1, depends_on: ["one", "slow"] },
          join: { need: "all", within_minutes: 1, else: "continue" },
        },
      ],
    };

    const view = await simulated(parts, { timeScale: 0.002 });

    expect(view.status).toBe("completed");
    const times = new Map(view.tasks.map((task) => [task.task_id, task]));
    const [first, second] = ["one", "other"]
      .map((id) => times.get(id))
      .sort((a, b) => (a?.start_ms ?? 0) - (b?.start_ms ?? 0));
    expect(second?.start_ms).toBeGreaterThanOrEqual(first?.finish_ms ?? Number.POSITIVE_INFINITY);
    expect(times.get("end")?.finish_ms).toBeLessThan(times.get("slow")?.finish_ms ?? 0);
  });

  test("tasks that nobody can do, that ask, that choose and that need results are all done in their order, and nothing is kept", async () => {
    const parts: MissionParts = {
      max_parallel: 1,
      tasks: [
        {
          task_id: "read",
          skill: "unheard_of",
          estimated_duration_minutes: 1,
          output: { type: "object", required: ["kind"], properties: { kind: { type: "string" } } },
          route: [
            { when: "read.kind == 'short'", to: "short" },
            { otherwise: true, to: "long" },
          ],
        },
        { task_id: "short", estimated_duration_minutes: 1, depends_on: ["read"] },
        { task_id: "long", estimated_duration_minutes: 3, depends_on: ["read"], requires_human_approval: true },
        {
          task_id: "maybe",
          estimated_duration_minutes: 2,
          depends_on: ["read"],
          when: "read.kind == 'never'",
          on_failure: { task: "instead" },
        },
        { task_id: "instead", estimated_duration_minutes: 60 },
        {
          task_id: "end",
          estimated_duration_minutes: 1,
          depends_on: ["short", "long", "maybe"],
          join: { need: "all" },
          for_each: "read.items",
          checks: [{ check_id: "never", that: "false", reason: "It is never right." }],
        },
      ],
    };

    const view = await simulated(parts, { timeScale: 0.0002 });

    expect(view).toMatchObject({
      status: "completed",
      failure: null,
      agents: null,
      critical_path: ["read", "long", "end"],
    });
    expect(view.tasks.map(({ task_id }) => task_id)).toEqual(["read", "long", "maybe", "end"]);
    expect(view.tasks.every(({ finish_ms }) => finish_ms !== null)).toBe(true);
    expectInOrder(view, { tasks: parts.tasks.filter(({ task_id }) => !["short", "instead"].includes(task_id)) });
    expect(view.makespan_ms).toBeGreaterThanOrEqual(Math.floor(view.critical_path_ms));
    expect(view.assumptions.join()).toContain("short is a way that read does not take");
    expect(view.assumptions).toContain("Approvals are granted as soon as the task's own time is over.");
    expect(view.problems).toBeGreaterThan(0);
    expect(await engine.orchestrator.runs()).toEqual([]);
    expect(await engine.orchestrator.approvals({ all: true })).toEqual([]);
    expect(scratchFolders()).toEqual([]);
  });

  test("an approval is asked and granted in the simulation's own store, after the task's own time and before what follows", async () => {
    const parts: MissionParts = {
      tasks: [
        { task_id: "A", estimated_duration_minutes: 1, requires_human_approval: true },
        { task_id: "beside", estimated_duration_minutes: 3 },
        { task_id: "B", estimated_duration_minutes: 1, depends_on: ["A", "beside"], requires_human_approval: true },
        { task_id: "C", estimated_duration_minutes: 1, depends_on: ["B"] },
      ],
    };
    engine = await openEngine({ agents: [], missions: [parts] });
    let rows: readonly object[] = [];

    const view = await engine.orchestrator.insight.simulate("test-mission", {
      timeScale: 0.0005,
      onProgress: ({ at_work }) => {
        if (at_work.includes("Do C")) rows = approvalsIn(join(temporary, scratchFolders()[0]!, "missions.db"));
      },
    });

    expect(rows).toEqual([
      { task_id: "A", kind: "task_result", status: "approved", decided_by: "simulation", isApplied: 1 },
      { task_id: "B", kind: "task_result", status: "approved", decided_by: "simulation", isApplied: 1 },
    ]);
    expect(view).toMatchObject({ status: "completed", critical_path: ["beside", "B", "C"] });
    expectInOrder(view, parts);
    expect(await engine.orchestrator.approvals({ all: true })).toEqual([]);
  });

  test("with so many agents, that many tasks are at work at once and no more; without, as many as can be", async () => {
    const parts: MissionParts = {
      max_parallel: 1,
      tasks: ["A", "B", "C", "D", "E"].map((task_id) => ({ task_id, estimated_duration_minutes: 1 })),
    };
    const mostAtOnce = ({ tasks }: SimulationView) =>
      Math.max(
        ...tasks.map(
          ({ start_ms: at }) => tasks.filter(({ start_ms, finish_ms }) => start_ms! <= at! && at! < finish_ms!).length,
        ),
      );

    const two = await simulated(parts, { timeScale: 0.001, agents: 2 });
    expect(mostAtOnce(two)).toBe(2);
    expect(two).toMatchObject({ agents: 2, planned_makespan_minutes: 3 });
    expect(two.utilisation_of_all).toBeGreaterThan(0);
    expect(two.utilisation_of_all).toBeLessThanOrEqual(1);

    const all = await engine.orchestrator.insight.simulate("test-mission", { timeScale: 0.01 });
    expect(mostAtOnce(all)).toBe(5);
    expect(all).toMatchObject({ agents: null, planned_makespan_minutes: 1, utilisation_of_all: null });
  });

  test("with so many agents the planned path is what decides the plan's end; the critical path is the one without a limit", async () => {
    const parts: MissionParts = {
      tasks: [
        { task_id: "a", estimated_duration_minutes: 10 },
        { task_id: "b", estimated_duration_minutes: 20 },
        { task_id: "c", estimated_duration_minutes: 30 },
        { task_id: "d", estimated_duration_minutes: 5, depends_on: ["a", "b"] },
        { task_id: "e", estimated_duration_minutes: 1.5, depends_on: ["c", "d"] },
      ],
    };

    const view = await simulated(parts, { timeScale: 0.0001, agents: 2 });

    expect(view).toMatchObject({
      critical_path: ["c", "e"],
      critical_path_minutes: 31.5,
      planned_makespan_minutes: 36.5,
    });
    expect(view.tasks.flatMap(({ task_id, is_critical }) => (is_critical ? [task_id] : []))).toEqual(
      [...view.planned_path].sort(),
    );
    expect(view.planned_path).toEqual(["b", "a", "d", "e"]);
  });

  test("stopped, it says how far it came and leaves nothing behind", async () => {
    const parts: MissionParts = {
      tasks: [
        { task_id: "A", estimated_duration_minutes: 0 },
        { task_id: "B", estimated_duration_minutes: 5000, depends_on: ["A"] },
      ],
    };
    engine = await openEngine({ agents: [], missions: [parts] });
    const stop = new AbortController();
    const folders: string[] = [];

    const view = await engine.orchestrator.insight.simulate("test-mission", {
      timeScale: 1,
      signal: stop.signal,
      onProgress: ({ at_work }) => {
        if (!at_work.includes("Do B")) return;
        folders.push(...scratchFolders());
        stop.abort();
      },
    });

    expect(view).toMatchObject({ status: "stopped", ratio: null });
    expect(view.tasks).toMatchObject([{ task_id: "A" }, { task_id: "B", finish_ms: null }]);
    expect(view.tasks[1]?.start_ms).not.toBeNull();
    expect(folders).toHaveLength(1);
    expect(scratchFolders()).toEqual([]);
  });

  test("a mission without estimates has no ratio, and no share of no time is made up", async () => {
    const view = await simulated({ tasks: [{ task_id: "A", estimated_duration_minutes: 0 }] }, { timeScale: 1 });

    expect(view).toMatchObject({ status: "completed", critical_path: [], critical_path_ms: 0, ratio: null });
    expect(JSON.stringify(view)).not.toMatch(/NaN|Infinity/u);
  });

  test.each([
    [{ timeScale: 0 }, "The time scale is 0"],
    [{ timeScale: -1 }, "The time scale is -1"],
    [{ timeScale: Number.NaN }, "The time scale is NaN"],
    [{ timeScale: 1e-300 }, "no clock tells times so short"],
    [{ timeScale: 1e9 }, "more than the 24 that can be waited"],
    [{ timeScale: 1, agents: 0 }, "The number of agents is 0"],
    [{ timeScale: 1, agents: 1.5 }, "The number of agents is 1.5"],
  ])("%o is refused in words", async (settings, words) => {
    const parts: MissionParts = { tasks: [{ task_id: "A", estimated_duration_minutes: 1 }] };

    await expect(simulated(parts, settings)).rejects.toThrow(words);
  });

  test("a mission whose tasks wait for each other is refused in the words of verify", async () => {
    const parts: MissionParts = {
      tasks: [
        { task_id: "A", depends_on: ["B"] },
        { task_id: "B", depends_on: ["A"] },
      ],
    };

    await expect(simulated(parts, { timeScale: 1 })).rejects.toMatchObject({
      code: "mission_invalid",
      message: expect.stringContaining("each task waiting for the next: A → B → A"),
    });
    await expect(engine.orchestrator.insight.plan("test-mission")).rejects.toMatchObject({ code: "mission_invalid" });
  });
});

describe("I8: traces of workflows on the real engine", () => {
  test.each(traces())(
    "%s: every task in its order, and the end no sooner than the critical path",
    async (name, path) => {
      const parts = traceMission(path);
      const total = parts.tasks.reduce((sum, task) => sum + (task.estimated_duration_minutes ?? 0), 0);
      const view = await simulated(parts, { timeScale: 0.05 / total });

      expect(view.status).toBe("completed");
      expectInOrder(view, parts);
      expect(view.makespan_ms).toBeGreaterThanOrEqual(Math.floor(view.critical_path_ms));
      process.stdout.write(
        `${name}: ${view.tasks.length} tasks, ${view.makespan_ms} ms for ${Math.round(view.critical_path_ms)} ms, ratio ${view.ratio}\n`,
      );
    },
  );
});
