import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { approvalRecord, runRecord } from "../support/records.js";
import type { FreshStore, StoreProcess } from "../support/store.js";
import { startStoreProcess } from "../support/store.js";
import type { StoreFactory } from "./store.js";
import { expectChain } from "./store.js";

/** What a store promises when several processes use it at once; each process is a real one. */
export function storeProcessContract(name: string, open: StoreFactory): void {
  const withRun = (title: string, body: (fresh: FreshStore) => Promise<void>) =>
    test(title, { timeout: 60_000 }, async () => {
      const fresh = await open();
      try {
        await fresh.store.commit({ statements: fresh.store.runs.create(runRecord("R1")) });
        await body(fresh);
      } finally {
        await fresh.drop();
      }
    });

  describe(`${name}: several processes`, () => {
    withRun("append to one run's chain without a gap or a double (I9)", async ({ store, url }) => {
      const names = ["a", "b", "c"];
      await all(names.map((name) => startStoreProcess("append", url, { runId: "R1", name, count: 40 })));

      const events = await store.events.of("R1");
      expectChain(events, await store.runs.find("R1"));
      const keys = [...names, "shared"].flatMap((name) => Array.from({ length: 40 }, (_, index) => `${name}:${index}`));
      expect(events.map((event) => event.key).toSorted()).toEqual(keys.toSorted());
    });

    withRun("decide one approval once: one acts, the other is told (I4)", async ({ store, url }) => {
      const ids = Array.from({ length: 60 }, (_, index) => `approval ${index}`);
      await store.commit({ statements: ids.flatMap((id) => store.approvals.put(approvalRecord(id, "R1"))) });

      const people = ["ada", "grace"];
      const won = await all(people.map((by) => startStoreProcess("decide", url, { ids, digest: "shown", by })));

      const decided = await store.approvals.list({ status: ["approved"] });
      expect(decided).toHaveLength(ids.length);
      expect(people.map((by) => decided.filter((approval) => approval.decidedBy === by).length)).toEqual(won);
    });

    withRun("four at once claim each effect exactly once (I2)", async ({ store, url }) => {
      const count = 500;
      const claimants = Array.from({ length: 4 }, () => startStoreProcess("claim", url, { count, runId: "R1" }));
      const won = await all(claimants);

      expect(won.reduce<number>((sum, share) => sum + Number(share), 0)).toBe(count);
      expect(await store.effects.of("R1")).toHaveLength(count);
    });

    withRun(
      "three at once book the same hours: each is taken once, in all calendars of a meeting",
      async ({ store, url }) => {
        const hours = 60;
        const people = ["a", "b", "c"];
        const won = await all(people.map((name) => startStoreProcess("book", url, { name, hours })));

        const [from, to] = [new Date("2026-03-02T00:00:00Z"), new Date("2026-04-02T00:00:00Z")];
        const team = await store.calendar.busy("team:shared", from, to);
        expect(won.reduce<number>((sum, share) => sum + Number(share), 0)).toBe(hours);
        expect(new Set(team.map(({ startsAt }) => startsAt.getTime())).size).toBe(hours);
        expect(team).toHaveLength(hours);
        for (const [index, name] of people.entries()) {
          const own = await store.calendar.busy(`customer:${name}`, from, to);
          expect(own.map(({ startsAt }) => startsAt)).toEqual(
            team.filter(({ title }) => title === name).map(({ startsAt }) => startsAt),
          );
          expect(own).toHaveLength(Number(won[index]));
        }
      },
    );

    withRun("a killed owner's lease is free at once, a living one's is not (I7)", async ({ store, url }) => {
      const owner = startStoreProcess("hold", url, { runId: "R1" });
      const fence = Number(await owner.next());
      const take = () => store.runs.takeLease("R1", `${process.pid}@elsewhere.example:us`, 60_000);
      await expect(take()).rejects.toMatchObject({
        code: "run_busy",
        message: expect.stringContaining(`process ${owner.child.pid}`),
      });
      expect(await store.runs.recoverable()).toEqual([]);
      expect(await store.runs.isHeld("R1")).toBe(true);

      owner.child.kill("SIGKILL");
      expect(await owner.ended).toBe("SIGKILL");
      expect(await store.runs.isHeld("R1")).toBe(false);
      expect((await store.runs.recoverable()).map((run) => run.runId)).toEqual(["R1"]);
      expect(await take()).toBe(fence + 1);
    });

    withRun(
      "a killed writer leaves whole units only, and everything it was told is on disk",
      async ({ store, url }) => {
        const writer = startStoreProcess("stream", url, { runId: "R1" });
        let acknowledged = 0;
        while (acknowledged < 30) acknowledged = Number(await writer.next());
        writer.child.kill("SIGKILL");
        await writer.ended;

        const events = await store.events.of("R1");
        const steps = Array.from({ length: events.length }, (_, index) => `T${index + 1}`);
        expect(events.length).toBeGreaterThanOrEqual(acknowledged);
        expect(events.map((event) => event.taskId)).toEqual(steps);
        expect((await store.tasks.of("R1")).map((task) => task.taskId).toSorted()).toEqual(steps.toSorted());
        expect((await store.results.of("R1")).map((result) => result.taskId).toSorted()).toEqual(steps.toSorted());
        expectChain(events, await store.runs.find("R1"));
      },
    );

    withRun("no transaction stays open between turns: others write while units are queued", async ({ store, url }) => {
      const other = startStoreProcess("append", url, { runId: "R1", name: "other", count: 40 });
      const closed = once(other.child, "close");
      let isClosed = false;
      void closed.then(() => (isClosed = true));
      const own: Promise<void>[] = [];
      while (!isClosed) {
        own.push(
          store.commit({
            statements: [],
            events: [{ runId: "R1", type: "task_progress", key: `own:${own.length}`, data: {} }],
          }),
        );
        await turn();
      }

      expect(await other.ended).toBe(0);
      await Promise.all(own);
      expect(await store.events.of("R1")).toHaveLength(own.length + 80);
    });
  });
}

/** The last thing that each process says; all must end well. */
async function all(processes: readonly StoreProcess[]): Promise<unknown[]> {
  const said = await Promise.all(processes.map((process) => process.next()));
  expect(await Promise.all(processes.map((process) => process.ended))).toEqual(processes.map(() => 0));
  return said;
}
