import { afterEach, describe, expect, test } from "vitest";
import type { KillOutcome } from "../../core/kill-views.js";
import type { OpenStore } from "../../runtime/store/store.js";
import { openStore } from "../../runtime/store/store.js";
import { until } from "../support/approvals.js";
import type { KillWorld, Said } from "../support/kill-process.js";
import { createKillWorld } from "../support/kill-process.js";

const LIMIT_MS = 120_000;
const ALL = JSON.stringify({ all: true });
const TOOL = JSON.stringify({ tool: "do_act" });
const ACTS = Array.from({ length: 150 }, (_, index) => `act-${index}`);

const opened: { readonly world: KillWorld; readonly store: OpenStore }[] = [];
afterEach(async () => {
  for (const { world, store } of opened.splice(0)) {
    await store.close();
    await world.drop();
  }
});

async function openWorld() {
  const world = createKillWorld();
  const store = await openStore(world.url);
  opened.push({ world, store });
  return { world, store };
}

/** The outcome of one switch, made in a process of its own. */
async function switched(world: KillWorld, turned: "on" | "off", target: string) {
  const said = await world.start("kill", turned, target).said(hasOutcome);
  const [outcome] = said.outcome as readonly KillOutcome[]; // safe: said by kill-child.ts
  if (!outcome) throw new Error("Nothing was switched.");
  return outcome;
}

const hasOutcome = ({ outcome }: Said): boolean => outcome !== undefined;

/** What the run's own log says of claims while the switch was on: its order is the order of the commits. */
async function claimsWhileOn(store: OpenStore, runId: string): Promise<number> {
  let isOn = false;
  let claims = 0;
  for (const { type } of await store.events.of(runId)) {
    if (type === "kill_on") isOn = true;
    if (type === "kill_off") isOn = false;
    if (type === "effect_claimed" && isOn) claims += 1;
  }
  return claims;
}

async function taskOf(store: OpenStore, runId: string) {
  const [task] = await store.tasks.of(runId);
  return task;
}

describe("I2, I3: a switch from another process", () => {
  test("stops a slow call within a heartbeat; nothing is claimed after it, and the act is found out about, not repeated", {
    timeout: LIMIT_MS,
  }, async () => {
    const { world, store } = await openWorld();
    const worker = world.start("start");
    const { runId = "" } = await worker.said((line) => line.runId !== undefined);
    await worker.said((line) => line.held !== undefined);

    const { act } = await switched(world, "on", TOOL);
    const aborted = await worker.said((line) => line.aborted !== undefined);

    const boundMs = (aborted.atMs ?? 0) - Date.parse(act?.at ?? "");
    process.stdout.write(`a running call had its signal ${boundMs} ms after the switch\n`);
    await until(async () => (await taskOf(store, runId))?.status === "waiting_for_person");
    expect(world.acts()).toEqual(["act-0", "act-1", "act-2"]);
    expect(await claimsWhileOn(store, runId)).toBe(0);

    world.letGo();
    await switched(world, "off", TOOL);
    await worker.said(hasOutcome);

    expect(world.acts()).toEqual(ACTS);
    expect(await taskOf(store, runId)).toMatchObject({ status: "done", attempt: 1 });
  });

  test("between two acts: none is claimed after it, and all are done once in the end", {
    timeout: LIMIT_MS,
  }, async () => {
    const { world, store } = await openWorld();
    world.letGo();
    const worker = world.start("start", "act-6");
    const { runId = "" } = await worker.said((line) => line.runId !== undefined);
    await until(() => world.acts().includes("act-6"));

    await switched(world, "on", ALL);
    world.hasSwitched();
    await until(async () => (await taskOf(store, runId))?.status === "waiting_for_person");

    expect(world.acts()).toEqual(ACTS.slice(0, 7));
    expect(await claimsWhileOn(store, runId)).toBe(0);
    await switched(world, "off", ALL);
    await worker.said(hasOutcome);
    expect(world.acts()).toEqual(ACTS);
    expect(await claimsWhileOn(store, runId)).toBe(0);
  });

  test("SIGKILL while it is on: the run is left, is not worked on before it is off, and then done once", {
    timeout: LIMIT_MS,
  }, async () => {
    const { world, store } = await openWorld();
    const worker = world.start("start");
    const { runId = "" } = await worker.said((line) => line.runId !== undefined);
    await worker.said((line) => line.held !== undefined);
    await switched(world, "on", ALL);
    await until(async () => (await taskOf(store, runId))?.status === "waiting_for_person");

    worker.signal("SIGKILL");
    await worker.ended;
    world.letGo();
    const refused = await world.start("resume").said(hasOutcome);

    expect(refused.outcome).toMatchObject([
      { run_id: runId, note: expect.stringContaining("Stopped by the kill switch") },
    ]);
    expect(world.acts()).toEqual(["act-0", "act-1", "act-2"]);
    await switched(world, "off", ALL);
    const resumed = await world.start("resume").said(hasOutcome);
    expect(resumed.outcome).toMatchObject([{ run_id: runId, status: "completed" }]);
    expect(world.acts()).toEqual(ACTS);
    expect(await claimsWhileOn(store, runId)).toBe(0);
  });

  test("on, off and on again from two processes at once: acts take turns, and the last one stands", {
    timeout: LIMIT_MS,
  }, async () => {
    const { world, store } = await openWorld();
    world.letGo();
    const worker = world.start("start");
    const { runId = "" } = await worker.said((line) => line.runId !== undefined);

    const boards = [0, 1].flatMap(() => [world.start("kill", "on", ALL, TOOL), world.start("kill", "off", ALL, TOOL)]);
    await Promise.all(boards.map((board) => board.said(hasOutcome)));
    await switched(world, "off", ALL);
    await switched(world, "off", TOOL);
    await worker.said(hasOutcome);

    for (const scope of ["all", "tool"]) {
      const acts = (await store.kills.acts()).filter((act) => act.scope === scope).map(({ turned }) => turned);
      expect(acts).toEqual(acts.map((_, index) => (index % 2 === 0 ? "on" : "off")));
    }
    expect(await store.kills.on()).toEqual([]);
    const [run] = await store.runs.list();
    if (run?.status !== "completed") await world.start("resume").said(hasOutcome);
    expect(world.acts().toSorted()).toEqual(ACTS.toSorted());
    expect((await store.runs.find(runId))?.status).toBe("completed");
  });
});
