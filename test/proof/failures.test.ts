import { copyFileSync, existsSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import type { AgentDefinition } from "../../core/define-agent.js";
import { giveUp, valueFrom } from "../../core/define-agent.js";
import { newRun } from "../../runtime/new-run.js";
import type { Act } from "../support/failures.js";
import { actor, createGate, createTrials, endsOf } from "../support/failures.js";
import type { MissionParts } from "../support/missions.js";
import type { Bench } from "../support/planted-faults.js";

const trials = createTrials();
afterAll(() => trials.drop());

const SLUG = "test-mission";
const LEASE_MS = 50;
const work: Act = async ({ taskId }) => ({ by: taskId });

/** What a process leaves behind that dies now: the file and its log as they are. */
function copyOf({ file }: Bench): string {
  const copy = `${file}.left.db`;
  for (const part of ["", "-wal"]) if (existsSync(file + part)) copyFileSync(file + part, copy + part);
  return copy;
}

/** An agent whose result tells the version of its code. */
function versioned(version: string): AgentDefinition {
  return actor("A70", { work: { version, run: async ({ taskId }) => ({ by: taskId, version }) } });
}

describe("I6: a run that a dead process left goes on where it stood", () => {
  test("tries that failed before count: the policy is not begun anew", async () => {
    const begun = createGate();
    const dead = createGate();
    const dies: Act = async ({ attempt }) => {
      if (attempt === 1) throw giveUp("transient", "First.");
      begun.open();
      await dead.opened;
      return {};
    };
    const tries: number[] = [];
    const fails: Act = async ({ attempt }) => {
      tries.push(attempt);
      throw giveUp("transient", `Try ${attempt} broke.`);
    };
    const parts: MissionParts = {
      tasks: [{ task_id: "T1", retry: { attempts: 3, first_delay_seconds: 0.01 }, on_failure: "stop" }],
    };
    const first = await trials.open([actor("A70", { work: dies })], parts, { leaseMs: LEASE_MS });
    const started = first.orchestrator.start(SLUG);
    await begun.opened;
    await first.store.flush();
    const file = copyOf(first);
    dead.open();
    const { run_id: run } = await started;

    const second = await trials.open([actor("A70", { work: fails })], parts, { file });
    await untilFree(second, run);
    await second.orchestrator.resume(run);

    expect(tries).toEqual([2, 3]);
    expect(endsOf(await second.orchestrator.status(run))).toEqual({ T1: "failed:3:transient" });
  });
});

/** Waits until the lease of whoever died is over. */
async function untilFree({ store }: Bench, run: string): Promise<void> {
  while ((await store.runs.recoverable()).every(({ runId }) => runId !== run)) await new Promise(setImmediate);
}

describe("I10: a run goes on under the definitions that it began with", () => {
  const asking: MissionParts = {
    tasks: [{ task_id: "T1" }, { task_id: "T2", depends_on: ["T1"], requires_human_approval: true }],
  };

  test("another version of a playbook's code: what is done stays, and so does what a person has decided on", async () => {
    const first = await trials.open([versioned("1")], asking);
    const { run_id: run, approvals } = await first.orchestrator.start(SLUG);
    await first.orchestrator.close();

    const second = await trials.open([versioned("2")], asking, { file: first.file });
    const [old] = approvals;
    await second.orchestrator.decide(old?.approval_id ?? "", { decision: { type: "approve" }, by: "ann" });

    const status = await second.orchestrator.status(run);
    expect([status.status, endsOf(status)]).toEqual(["completed", { T1: "done", T2: "done" }]);
    const results = await second.store.results.of(run);
    expect(results.map(({ output }) => output)).toEqual([
      { by: "T1", version: "1" },
      { by: "T2", version: "1" },
    ]);
    expect(await second.events(run, "task_attempt")).toEqual([]);
  });

  test("a mission that was edited: the waiting run keeps its tasks, a new run gets the new ones, and a new graph does not take the old thread", async () => {
    const edited: MissionParts = {
      tasks: [...asking.tasks, { task_id: "T3", depends_on: ["T2"] }],
      cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1" }, { case_id: "C2" }] },
    };
    const first = await trials.open([versioned("1")], asking);
    const { run_id: run, approvals } = await first.orchestrator.start(SLUG);
    const { mission_version: before } = await first.orchestrator.status(run);
    await first.orchestrator.close();

    const second = await trials.open([versioned("1")], edited, { file: first.file });
    const graph = await second.orchestrator.graph(SLUG);
    await expect(graph.invoke(null, { configurable: { thread_id: run } })).rejects.toMatchObject({
      code: "mission_changed",
      message: expect.stringContaining(`mission resume ${run}`),
    });
    await second.orchestrator.decide(approvals[0]?.approval_id ?? "", { decision: { type: "approve" }, by: "ann" });
    const other = await second.orchestrator.start(SLUG, { caseRef: "C2" });

    const status = await second.orchestrator.status(run);
    expect([status.status, status.mission_version]).toEqual(["completed", before]);
    expect(endsOf(status)).toEqual({ T1: "done", T2: "done" });
    const newer = await second.orchestrator.status(other.run_id);
    expect(Object.keys(newer.tasks)).toEqual(["T1", "T2", "T3"]);
    expect(newer.mission_version).not.toBe(before);
  });
});

describe("I6: a cancelled run ends, wherever it stood", () => {
  const two: MissionParts = { tasks: [{ task_id: "T1" }, { task_id: "T2", depends_on: ["T1"] }] };
  const CANCELLED = "blocked:1:cancelled";

  test("before anybody worked on it: no skill runs", async () => {
    let calls = 0;
    const count: Act = async () => ({ calls: ++calls });
    const bench = await trials.open([actor("A70", { work: count })], two);
    const { parts, store } = bench;
    const { mission, version } = parts.catalogue.find(SLUG);
    const startedAt = new Date();
    const prepared = await parts.prepareCase(mission, undefined, startedAt);
    const start = { runId: "R1", version, startedAt, host: "orchestrator", dispatch: "dataflow" } as const;
    await store.commit(newRun(store, mission, prepared, start).unit);

    const outcome = await bench.orchestrator.cancel("R1", { by: "ann" });

    expect(outcome.status).toBe("cancelled");
    expect(endsOf(await bench.orchestrator.status("R1"))).toEqual({ T1: CANCELLED, T2: CANCELLED });
    expect(calls).toBe(0);
  });

  test("while a skill works: its signal fires, and whoever started the run is told", async () => {
    const begun = createGate();
    const told: boolean[] = [];
    const sleep: Act = async (context) => {
      begun.open();
      await context.sleep(60_000).finally(() => told.push(context.signal.aborted));
      return {};
    };
    const bench = await trials.open([actor("A70", { work: sleep })], two);
    const started = bench.orchestrator.start(SLUG);
    await begun.opened;
    const [run] = await bench.orchestrator.runs();

    const outcome = await bench.orchestrator.cancel(run?.run_id ?? "", { by: "ann" });

    expect(outcome.status).toBe("cancelled");
    expect((await started).status).toBe("cancelled");
    expect(told).toEqual([true]);
    expect(endsOf(await bench.orchestrator.status(outcome.run_id))).toEqual({ T1: CANCELLED, T2: CANCELLED });
  });

  test("while it waits out a retry: at once", async () => {
    const broke = createGate();
    const fail: Act = async () => {
      setImmediate(broke.open);
      throw giveUp("transient", "Not now.");
    };
    const bench = await trials.open([actor("A70", { work: fail })], {
      tasks: [{ task_id: "T1", retry: { attempts: 3, first_delay_seconds: 600 } }],
    });
    const started = bench.orchestrator.start(SLUG);
    await broke.opened;
    const [run] = await bench.orchestrator.runs();

    expect((await bench.orchestrator.cancel(run?.run_id ?? "", { by: "ann" })).status).toBe("cancelled");
    expect((await started).status).toBe("cancelled");
  });

  test("what it had done is taken back, and listed so", async () => {
    const message = { to: "ann@example.com", subject: "Done", body: "It is done." };
    const send: Act = async (context) => ({ sent: valueFrom(await context.call("put_in_outbox", message)) });
    const agent = {
      ...actor("A70", { work, send: { tools: ["put_in_outbox"], run: send } }),
      tools: ["put_in_outbox"],
    };
    const bench = await trials.open([agent], {
      tasks: [
        { task_id: "T1", skill: "send" },
        { task_id: "T2", depends_on: ["T1"], requires_human_approval: true },
      ],
    });
    const { run_id: run } = await bench.orchestrator.start(SLUG);

    await bench.orchestrator.cancel(run, { by: "ann" });

    const report = await bench.orchestrator.report(run);
    expect(report.effects).toMatchObject([
      { tool: "put_in_outbox", task_id: "T1", status: "undone", args: message, undo: { outcome: "undone", by: "A70" } },
    ]);
  });

  test("while it waits: the request is taken back, what was done stays, and a decision comes too late", async () => {
    const bench = await trials.open([actor("A70", { work })], {
      tasks: [{ task_id: "T1" }, { task_id: "T2", depends_on: ["T1"], requires_human_approval: true }],
    });
    const { run_id: run, approvals } = await bench.orchestrator.start(SLUG);
    const id = approvals[0]?.approval_id ?? "";

    const outcome = await bench.orchestrator.cancel(run, { by: "ann" });

    expect(outcome).toMatchObject({ status: "cancelled", approvals: [] });
    expect(endsOf(await bench.orchestrator.status(run))).toEqual({ T1: "done", T2: CANCELLED });
    expect((await bench.orchestrator.approval(id)).status).toBe("withdrawn");
    await expect(bench.orchestrator.decide(id, { decision: { type: "approve" } })).rejects.toMatchObject({
      message: expect.stringContaining("withdrawn"),
    });
    expect((await bench.orchestrator.report(run)).status).toBe("cancelled");
    const again = await bench.orchestrator.cancel(run, { by: "bob" });
    expect(again.note).toBe("This run has ended already: cancelled. Nothing was changed.");
  });
});
