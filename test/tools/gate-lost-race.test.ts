import { expect, test } from "vitest";
import type { Json } from "../../core/digest.js";
import type { Store } from "../../core/ports.js";
import { openEngine } from "../support/engine.js";
import { mailTool, openWorld } from "../support/gate.js";
import { actingAgent, createLedger, ledgerTools } from "../support/reversible.js";
import { openFreshStore } from "../support/store.js";

/** Somebody else settles what the run has claimed and is at work on. */
async function settle(store: Store, runId: string, status: "done" | "not_done", result?: Json): Promise<void> {
  const [claimed] = await store.effects.of(runId);
  await store.commit({ statements: store.effects.settle(claimed?.effectId ?? "", status, result, new Date()) });
}

test("I2: an act that somebody else noted as done meanwhile is answered as they noted it, and made once", async () => {
  const { store, drop } = await openFreshStore();
  const sent: string[] = [];
  const run = async ({ to }: { to: string }) => {
    sent.push(to);
    await settle(store, "run-1", "done", { id: "theirs" });
    return { id: "ours" };
  };
  const { call, events } = await openWorld({ store, tools: [mailTool({ run })] });

  const replies = [
    await call("send_mail", { to: "ada" }, { turnKey: "k" }),
    await call("send_mail", { to: "ada" }, { turnKey: "k" }),
  ];

  const theirs = { ok: true, value: { id: "theirs" } };
  expect(replies).toEqual([theirs, theirs]);
  expect(sent).toEqual(["ada"]);
  expect(await events("effect_reused")).toHaveLength(1);
  await drop();
});

test("I2: an act that somebody else noted as not done while it was made has its answer, and is not made again for it", async () => {
  const { store, drop } = await openFreshStore();
  const sent: string[] = [];
  const run = async ({ to }: { to: string }) => {
    sent.push(to);
    await settle(store, "run-1", "not_done");
    return { id: "ours" };
  };
  const { call, events } = await openWorld({ store, tools: [mailTool({ run })] });

  expect(await call("send_mail", { to: "ada" }, { turnKey: "k" })).toEqual({ ok: true, value: { id: "ours" } });

  expect(sent).toEqual(["ada"]);
  expect(await events("tool_called")).toHaveLength(1);
  await drop();
});

test("I2: a run whose act was settled by another connection goes on with what is on disk", async () => {
  const ledger = createLedger();
  const tools = ledgerTools(ledger).map((tool) => ({
    ...tool,
    async run(...given: Parameters<typeof tool.run>) {
      const [, { runId }] = given;
      const done = await tool.run(...given);
      await settle(engine.parts.store, runId, "done", { receipt: "theirs" });
      return done;
    },
  }));
  const task = { task_id: "book", skill: "book", inputs: { names: { value: ["flight"] } } };
  const engine = await openEngine({ agents: [actingAgent], tools, missions: [{ agents: ["A1"], tasks: [task] }] });

  const run = await engine.orchestrator.start("test-mission");

  expect(run.status).toBe("completed");
  expect(ledger.log).toEqual(["do flight"]);
  const [result] = await engine.parts.store.results.of(run.run_id);
  expect(result?.output).toEqual({ receipts: ["theirs"] });
  const turns = await engine.parts.store.journal.of(run.run_id);
  expect(turns.map(({ reply }) => reply)).toEqual([{ ok: true, value: { receipt: "theirs" } }]);
  await engine.drop();
});
