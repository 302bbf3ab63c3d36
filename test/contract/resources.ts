import { describe, expect, test } from "vitest";
import type { Statement } from "../../core/ports.js";
import type { ResourceRecord } from "../../core/records.js";
import type { OpenStore } from "../../runtime/store/store.js";
import { fc } from "../support/fast-check.js";
import { effectRecord, runRecord, taskRecord } from "../support/records.js";

const RUNS = ["R1", "R2"];
const TASKS = ["T1", "T2"];
const NAMES = ["a", "b", "c"];
const OWNER = `${process.pid}@test:resources`;
const HOUR_MS = 3_600_000;
const LONG = 60_000;

/** What a random process does next. */
type Step =
  | {
      readonly do: "take";
      readonly run: string;
      readonly task: string;
      readonly names: readonly string[];
      readonly isBlind: boolean;
    }
  | { readonly do: "free" | "wait" | "claim"; readonly run: string; readonly task: string }
  | { readonly do: "take_over" | "lose_lease" | "mark_waiting" | "end"; readonly run: string };

const run = fc.constantFrom(...RUNS);
const task = fc.constantFrom(...TASKS);
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("take" as const),
      run,
      task,
      names: fc.subarray(NAMES, { minLength: 1 }),
      isBlind: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("free" as const, "wait" as const, "claim" as const), run, task }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("take_over" as const, "lose_lease" as const, "mark_waiting" as const, "end" as const),
      run,
    }),
  },
);

/** The suite of the port `Resources`, for every database. */
export function resourcesContract(
  name: string,
  open: () => Promise<{ store: OpenStore; drop: () => Promise<void> }>,
): void {
  describe(`${name}: resources (I2)`, () => {
    test(
      "whatever processes do, die of and forget, no two tasks that may act hold the same resource",
      async () => {
        let count = 0;
        const { store, drop } = await open();
        try {
          await fc.assert(
            fc.asyncProperty(fc.array(steps, { maxLength: 40 }), async (all) => {
              count += 1;
              const world = await worldOf(store, `${count}`);
              for (const step of all) {
                await world.take(step);
                await world.check();
              }
            }),
            { numRuns: 40 },
          );
        } finally {
          await drop();
        }
      },
      LONG,
    );

    test("what a task has begun to act on stays its own when its process dies, until it settles or its run ends", async () => {
      const { store, drop } = await open();
      try {
        await store.commit({ statements: RUNS.flatMap((id) => store.runs.create(runRecord(id, { caseId: id }))) });
        const [one, two] = await Promise.all(
          RUNS.map(async (runId) => ({ runId, fence: await store.runs.takeLease(runId, OWNER, HOUR_MS) })),
        );
        const take = (taskId: string, found: readonly ResourceRecord[], by = one!) =>
          store.commit({ fence: by, statements: store.resources.take(by, taskId, ["a"], found, new Date()) });
        const freeAfter = async (statements: readonly Statement[]) => {
          await store.commit({ statements });
          return (await store.resources.find(["a"])).every((row) => !row.isHeld);
        };
        const act = effectRecord("E1", "R1", { taskId: "T1", fence: one!.fence });
        await take("T1", []);
        await store.commit({ statements: store.runs.releaseLease(one!) });
        const seenFree = await store.resources.find(["a"]);
        expect(seenFree).toMatchObject([{ taskId: "T1", isHeld: false }]);

        expect(await freeAfter(store.effects.claim(act))).toBe(false);
        await expect(take("T1", seenFree, two!)).rejects.toMatchObject({ code: "resource_taken" });
        expect(await freeAfter(store.effects.settle("E1", "done", {}, new Date()))).toBe(false);
        expect(await freeAfter(store.tasks.put([taskRecord("R1", "T1", { status: "running" })]))).toBe(false);
        expect(await freeAfter(store.tasks.put([taskRecord("R1", "T1", { status: "failed" })]))).toBe(true);
        expect(await freeAfter(store.tasks.put([taskRecord("R1", "T1", { status: "todo", attempt: 2 })]))).toBe(false);
        const again = { runId: "R1", fence: await store.runs.takeLease("R1", OWNER, HOUR_MS) };
        expect(await freeAfter(store.runs.finish(again, "failed", {}, undefined, new Date()))).toBe(true);
        await take("T1", await store.resources.find(["a"]), two!);
        expect(await store.resources.find(["a"])).toMatchObject([{ runId: "R2", isHeld: true }]);
      } finally {
        await drop();
      }
    });

    test("all of a task's resources are taken or none, and others than before are given back with it", async () => {
      const { store, drop } = await open();
      try {
        await store.commit({ statements: RUNS.flatMap((id) => store.runs.create(runRecord(id, { caseId: id }))) });
        const [one, two] = await Promise.all(
          RUNS.map(async (runId) => ({ runId, fence: await store.runs.takeLease(runId, OWNER, HOUR_MS) })),
        );
        const take = (by: typeof one, names: readonly string[]) =>
          store.commit({ fence: by!, statements: store.resources.take(by!, "T1", names, [], new Date()) });
        const held = async () => (await store.resources.find(NAMES)).map((row) => `${row.runId} ${row.resource}`);
        await take(one, ["b", "a"]);

        await expect(take(two, ["b", "c"])).rejects.toMatchObject({ code: "resource_taken" });
        expect(await held()).toEqual(["R1 a", "R1 b"]);
        await take(one, ["c"]);
        expect(await held()).toEqual(["R1 c"]);
        await take(two, ["b", "a"]);
        expect(await held()).toEqual(["R2 a", "R2 b", "R1 c"]);
        await store.commit({ statements: store.resources.freeAll("R2") });
        expect(await held()).toEqual(["R1 c"]);
      } finally {
        await drop();
      }
    });
  });
}

/** Two runs with names of their own, and what their processes believe to hold. */
async function worldOf(store: OpenStore, mark: string) {
  const nameOf = (name: string) => `${mark}:${name}`;
  const fences = new Map<string, number>();
  const believed = new Map<string, readonly string[]>();
  for (const id of RUNS.map(nameOf)) {
    await store.commit({ statements: store.runs.create(runRecord(id, { caseId: id })) });
    fences.set(id, await store.runs.takeLease(id, OWNER, HOUR_MS));
    await store.commit({ statements: store.runs.setRunning({ runId: id, fence: fences.get(id)! }) });
  }
  const attempt = async (statements: Parameters<OpenStore["commit"]>[0]["statements"]): Promise<boolean> => {
    try {
      await store.commit({ statements });
      return true;
    } catch (error) {
      expect(error).toMatchObject({
        code: expect.stringMatching(/^(resource_taken|stale_owner|already_decided|run_finished|run_busy)$/u),
      });
      return false;
    }
  };
  const isFree = (row: ResourceRecord, by: string) => !row.isHeld || `${row.runId} ${row.taskId}` === by;
  const holderOf = (runId: string) => ({ runId, fence: fences.get(runId) ?? 0 });
  const ofRun = async (what: Exclude<Step, { task: string }>["do"], runId: string): Promise<void> => {
    const { runs } = store;
    const holder = holderOf(runId);
    if (what === "lose_lease") await store.commit({ statements: runs.releaseLease(holder) });
    else if (what === "mark_waiting") await attempt([...runs.wait(holder), ...runs.releaseLease(holder)]);
    else if (what === "end") await attempt(runs.finish(holder, "failed", {}, undefined, new Date()));
    else {
      await store.commit({ statements: runs.releaseLease(holder) });
      fences.set(runId, await runs.takeLease(runId, `${OWNER}${holder.fence}`, HOUR_MS));
      for (const taskId of TASKS) believed.delete(`${runId} ${taskId}`);
      await attempt(runs.setRunning(holderOf(runId)));
    }
  };
  const ofTask = async (step: Extract<Step, { task: string }>, runId: string): Promise<void> => {
    const { resources, effects } = store;
    const holder = holderOf(runId);
    const by = `${runId} ${step.task}`;
    if (step.do === "take") {
      const names = step.names.map(nameOf);
      const rows = await resources.find(names);
      const found = step.isBlind ? [] : rows.filter((row) => isFree(row, by));
      if (!(await attempt(resources.take(holder, step.task, names, found, new Date())))) return;
      expect(rows.filter((row) => !isFree(row, by))).toEqual([]);
      believed.set(by, names);
    } else if (step.do === "free") {
      await attempt(resources.free(runId, step.task));
      believed.delete(by);
    } else if (step.do === "wait") {
      await attempt(resources.freeUnlessActed(runId, step.task));
      if ((await effects.of(runId)).every(({ taskId }) => taskId !== step.task)) believed.delete(by);
    } else {
      const id = `${by} ${crypto.randomUUID()}`;
      const effect = effectRecord(id, runId, { taskId: step.task, fence: holder.fence });
      const guards = resources.stillHeld(holder, step.task, believed.get(by) ?? [nameOf("a")]);
      await attempt([...guards, ...effects.claim(effect)]);
    }
  };
  return {
    async take(step: Step): Promise<void> {
      const runId = nameOf(step.run);
      if ("task" in step) await ofTask(step, runId);
      else await ofRun(step.do, runId);
    },

    /** Who would still be let act, as the unit that claims an act asks. */
    async check(): Promise<void> {
      const mayAct: string[] = [];
      for (const [by, names] of believed) {
        const [runId = "", taskId = ""] = by.split(" ");
        const holder = { runId, fence: fences.get(runId)! };
        if (await attempt(store.resources.stillHeld(holder, taskId, names))) mayAct.push(...names);
      }
      expect(mayAct.length).toBe(new Set(mayAct).size);
    },
  };
}
