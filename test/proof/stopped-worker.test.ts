import { afterAll, describe, expect, test } from "vitest";
import { until } from "../support/approvals.js";
import { CONNECTOR_ACTS } from "../support/connector-acts.js";
import type { Talker } from "../support/counterpart.js";
import { createProcesses } from "../support/counterpart.js";
import { openWorld } from "../support/gate.js";
import { openMailEngine } from "../support/mail-engine.js";
import { openFreshStore } from "../support/store.js";

const LIMIT_MS = 90_000;
const LEASE_MS = 1_000;
const { payment } = CONNECTOR_ACTS;
const K = { turnKey: "k" };

const processes = createProcesses();
const opened: { drop(): Promise<void> }[] = [];
afterAll(async () => {
  processes.kill();
  for (const each of opened) await each.drop();
});

/** A counterpart in a process of its own, and the port that it listens on. */
async function counterpartOf(kind: "mail" | "payment") {
  const counterpart = processes.start("counterpart-child.ts", kind, "answered");
  return { counterpart, port: Number(await counterpart.said("port")) };
}

/** A worker that stops itself at the point of a payment that a person approved, beside a counterpart in a third process. */
async function stopped(point: string) {
  const { counterpart, port } = await counterpartOf("payment");
  const tools = payment.tools(port);
  const fresh = await openFreshStore();
  opened.push(fresh);
  const { store } = fresh;
  const first = await openWorld({ store, tools });
  await first.session.decide(await first.asked(payment.tool, payment.args, K), { type: "approve" });
  const at = [fresh.url, "payment", String(port), `stopped ${point}`, String(LEASE_MS)];
  const worker = processes.start("connector-child.ts", ...at);
  return { counterpart, continued: await stoppedBy(worker), tools, store };
}

/** Lets a worker that has stopped go on once it has stood still for a lease, and resolves with how its work ended. */
async function stoppedBy(worker: Talker) {
  await worker.said("stopped");
  const stoppedAtMs = performance.now();
  return async () => {
    await until(() => performance.now() - stoppedAtMs > LEASE_MS);
    worker.process.kill("SIGCONT");
    return worker.said("ended");
  };
}

describe.concurrent("I2, I7: a worker stopped past its lease and continued does nothing twice outside", () => {
  test.each([
    { point: "before claim", cameInAll: 1 },
    { point: "after claim", cameInAll: 1 },
    { point: "before call", cameInAll: 2 },
    { point: "before outcome", cameInAll: 1 },
  ])(
    "stopped $point: its successor pays once or finds it paid, and what it writes itself is refused",
    async ({ point, cameInAll }) => {
      const { counterpart, continued, tools, store } = await stopped(point);

      const successor = await openWorld({ store, tools, waitsForLease: true });
      const reply = await successor.call(payment.tool, payment.args, K);
      expect(reply).toMatchObject({ ok: true, value: { payment_id: "payment-1" } });
      const before = [await store.effects.of("run-1"), await successor.events()];

      expect(await continued()).toBe("stale_owner");
      expect([await store.effects.of("run-1"), await successor.events()]).toEqual(before);
      expect(before[0]).toMatchObject([{ status: "done" }]);
      await counterpart.heardOut();
      expect(counterpart.all("came")).toHaveLength(cameInAll);
      expect(counterpart.all("standing").at(-1)).toBe(1);
    },
    LIMIT_MS,
  );

  test(
    "a mail that was claimed and not begun: a person is asked, and it is sent once, whatever the stopped worker does",
    async () => {
      const { counterpart, port } = await counterpartOf("mail");
      const engine = await openMailEngine(port);
      opened.push(engine);
      const { run_id: runId } = await engine.orchestrator.start("test-mission");
      const worker = processes.start("stopped-child.ts", engine.path, String(port), String(LEASE_MS));
      const continued = await stoppedBy(worker);

      await until(async () => !(await engine.parts.store.runs.isHeld(runId)));
      await engine.orchestrator.resume(runId);
      const [doubt] = await engine.orchestrator.approvals({ run: runId });
      expect(doubt).toMatchObject({ kind: "in_doubt", status: "pending" });

      expect(await continued()).toMatch("by_owner");
      expect(await engine.orchestrator.approvals({ run: runId })).toEqual([doubt]);
      const no = { decision: { type: "reject" as const }, by: "Pat" };
      expect(await engine.orchestrator.decide(doubt?.approval_id ?? "", no)).toMatchObject({
        run_status: "completed",
      });
      await counterpart.heardOut();
      expect(counterpart.all("done")).toHaveLength(1);
    },
    LIMIT_MS,
  );
});
