import { setImmediate as turn } from "node:timers/promises";
import BetterSqlite3 from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { refusals } from "../../runtime/refusals.js";
import { createClock, openWorld, readTool } from "../support/gate.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";

const tool = readTool(async () => ({ found: "it" }));

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await openFreshStore();
});
afterEach(() => fresh.drop());

/** A run in which a tool that is not there is called so often, each time in another turn, and its arguments are wrong once. */
async function runOn(runId: string, day: string, times: number) {
  const world = await openWorld({ store: fresh.store, tools: [tool], runId, clock: createClock(`${day}T08:00:00Z`) });
  for (let turn = 0; turn < times; turn++) await world.call("look_upp", { turn });
  await world.call("look_up", { word: "" });
  await world.call("look_up", { word: "fine" });
}

describe("F132, I3: what the gate refused", () => {
  test("is counted by agent, tool and cause over all runs, more of it than fits one page of events", async () => {
    await runOn("run-1", "2026-03-02", 620);
    await runOn("run-2", "2026-03-04", 2);

    const view = await refusals(fresh.store, {});

    expect(view).toMatchObject({ since: null, run_id: null, times: 624, unreadable: 0 });
    expect(view.refusals).toMatchObject([
      { agent_id: "A1", tool: "look_upp", code: "unknown_tool", times: 622, runs: 2, last_run_id: "run-2" },
      { agent_id: "A1", tool: "look_up", code: "bad_arguments", rule: null, times: 2, runs: 2 },
    ]);
    const [unknown] = view.refusals;
    expect(unknown?.reason).toContain("look_up");
    expect(Date.parse(unknown?.first_at ?? "")).toBeLessThanOrEqual(Date.parse(unknown?.last_at ?? ""));
  });

  test("is told of one run, and since a day or a moment", async () => {
    await runOn("run-1", "2026-03-02", 3);
    const between = Date.now();
    while (Date.now() === between) await turn();
    await runOn("run-2", "2026-03-04", 1);
    const all = await refusals(fresh.store, {});
    const last =
      all.refusals
        .map(({ last_at }) => last_at)
        .sort()
        .at(-1) ?? "";

    expect(await refusals(fresh.store, { run: "run-1" })).toMatchObject({ run_id: "run-1", times: 4 });
    const newest = await refusals(fresh.store, { since: last });
    // The two of the second run may bear one moment; none of the first does.
    expect(newest.since).toBe(last);
    expect([1, 2]).toContain(newest.times);
    expect(await refusals(fresh.store, { since: "9999-01-01" })).toMatchObject({ times: 0, refusals: [] });
    await expect(refusals(fresh.store, { since: "last week" })).rejects.toMatchObject({ code: "usage" });
    await expect(refusals(fresh.store, { run: "nowhere" })).rejects.toMatchObject({ code: "run_not_found" });
  });

  test("is not hidden by a row of the log that somebody damaged, and that is told", async () => {
    await runOn("run-1", "2026-03-02", 2);
    const db = new BetterSqlite3(fresh.url.replace(/^sqlite:/u, ""));
    db.prepare("update events set data = '{' where seq = 1").run();
    db.close();

    expect(await refusals(fresh.store, {})).toMatchObject({ times: 2, unreadable: 1 });
  });
});
