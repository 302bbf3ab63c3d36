import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CONNECTOR_ACTS } from "../support/connector-acts.js";
import { createProcesses } from "../support/counterpart.js";
import { openWorld } from "../support/gate.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";

const LIMIT_MS = 90_000;
const LEASE_MS = 1_500;
const { payment } = CONNECTOR_ACTS;
const K = { turnKey: "k" };

let fresh: FreshStore;
const processes = createProcesses();
beforeEach(async () => {
  fresh = await openFreshStore();
});
afterEach(async () => {
  processes.kill();
  await fresh.drop();
});

/** A worker that stops itself at the point of a payment that a person approved, beside a counterpart in a third process. */
async function stopped(point: string) {
  const counterpart = processes.start("counterpart-child.ts", "payment", "answered");
  const port = Number(await counterpart.said("port"));
  const tools = payment.tools(port);
  const first = await openWorld({ store: fresh.store, tools });
  await first.session.decide(await first.asked(payment.tool, payment.args, K), { type: "approve" });
  const at = [fresh.url, "payment", String(port), `stopped ${point}`, String(LEASE_MS)];
  const worker = processes.start("connector-child.ts", ...at);
  await worker.said("stopped");
  return { counterpart, worker, tools };
}

describe("I2, I7: a worker stopped past its lease and continued does nothing twice outside", () => {
  test.each([
    { point: "before claim", cameBefore: 0, cameInAll: 1 },
    { point: "before call", cameBefore: 0, cameInAll: 2 },
    { point: "before outcome", cameBefore: 1, cameInAll: 1 },
  ])(
    "stopped $point: its successor pays once or finds it paid, and what it writes itself is refused",
    async ({ point, cameBefore, cameInAll }) => {
      const { counterpart, worker, tools } = await stopped(point);
      expect(counterpart.all("came")).toHaveLength(cameBefore);

      const successor = await openWorld({ store: fresh.store, tools, waitsForLease: true });
      const reply = await successor.call(payment.tool, payment.args, K);
      expect(reply).toMatchObject({ ok: true, value: { payment_id: "payment-1" } });
      const before = [await fresh.store.effects.of("run-1"), await successor.events()];
      worker.process.kill("SIGCONT");

      expect(await worker.said("ended")).toBe("stale_owner");
      expect([await fresh.store.effects.of("run-1"), await successor.events()]).toEqual(before);
      expect(before[0]).toMatchObject([{ status: "done" }]);
      expect(counterpart.all("came")).toHaveLength(cameInAll);
      expect(counterpart.all("standing").at(-1)).toBe(1);
    },
    LIMIT_MS,
  );
});
