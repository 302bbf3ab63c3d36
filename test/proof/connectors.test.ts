import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ConnectorAct, CutOff } from "../support/connector-acts.js";
import { CONNECTOR_ACTS } from "../support/connector-acts.js";
import { createProcesses } from "../support/counterpart.js";
import type { World } from "../support/gate.js";
import { openWorld } from "../support/gate.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";

const CUTS: readonly CutOff[] = ["before", "after", "answered"];

let fresh: FreshStore;
const processes = createProcesses();
beforeEach(async () => {
  fresh = await openFreshStore();
});
afterEach(async () => {
  processes.kill();
  await fresh.drop();
});

/** An act that a person approved is begun by a worker, which is killed at the point; the world is the process after it. */
async function killedAt(cutOff: CutOff, kind: "mail" | "payment", act: ConnectorAct) {
  const counterpart = processes.start("counterpart-child.ts", kind, cutOff);
  const port = Number(await counterpart.said("port"));
  const first = await openWorld({ store: fresh.store, tools: act.tools(port) });
  await first.session.decide(await first.asked(act.tool, act.args, { turnKey: "k" }), { type: "approve" });

  const worker = processes.start("connector-child.ts", fresh.url, kind, String(port), cutOff).process;
  const ended = once(worker, "exit");
  await counterpart.said(cutOff === "before" ? "came" : "done");
  if (cutOff !== "answered") worker.kill("SIGKILL");
  expect((await ended)[1]).toBe("SIGKILL");
  expect(counterpart.all("done")).toHaveLength(cutOff === "before" ? 0 : 1);
  expect(await fresh.store.effects.of("run-1")).toMatchObject([{ status: "claimed" }]);
  return { counterpart, world: await openWorld({ store: fresh.store, tools: act.tools(port) }) };
}

const goOn = (world: World, act: ConnectorAct) => world.call(act.tool, act.args, { turnKey: "k" });

describe("I2: a worker killed between the claim of an act outside and its outcome", () => {
  test.each(CUTS)("leaves a payment that is made exactly once (killed %s)", async (cutOff) => {
    const act = CONNECTOR_ACTS.payment;
    const { counterpart, world } = await killedAt(cutOff, "payment", act);

    expect(await goOn(world, act)).toMatchObject({ ok: true, value: { payment_id: "payment-1" } });
    const [effect] = await fresh.store.effects.of("run-1");
    await counterpart.said("done");
    expect(counterpart.all("done")).toEqual([effect?.idempotencyKey]);
    expect(effect?.status).toBe("done");
  });

  test.each(CUTS)("leaves a mail that is asked about and sent at most once (killed %s)", async (cutOff) => {
    const act = CONNECTOR_ACTS.mail;
    const { counterpart, world } = await killedAt(cutOff, "mail", act);
    const wasSent = cutOff !== "before";

    const doubt = await world.asked(act.tool, act.args, { turnKey: "k" });
    expect(doubt.kind).toBe("in_doubt");
    expect(counterpart.all("done")).toHaveLength(wasSent ? 1 : 0);

    const answer = { message_id: "<seen in the mailbox>", accepted: ["ada@example.com"], refused: [] };
    await world.session.decide(doubt, wasSent ? { type: "approve", answer } : { type: "reject" });
    expect(await goOn(world, act)).toMatchObject({ ok: true });
    const [effect] = await fresh.store.effects.of("run-1");
    await counterpart.said("done");
    expect(counterpart.all("done")).toEqual([`<${effect?.idempotencyKey}@house.example>`]);
    expect(effect?.status).toBe("done");
  });
});
