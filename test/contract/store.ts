import { describe, expect, test } from "vitest";
import { digestOf } from "../../core/digest.js";
import type { EventDraft } from "../../core/event.js";
import type { Store } from "../../core/ports.js";
import type { EventRecord, RunFence } from "../../core/records.js";
import type { StoreOptions } from "../../runtime/store/store.js";
import { approvalRecord, effectRecord, resultRecord, runRecord, taskRecord, turnRecord } from "../support/records.js";
import type { FreshStore } from "../support/store.js";

/** How a database gives a fresh store to the suite. */
export type StoreFactory = (options?: StoreOptions) => Promise<FreshStore>;

const NOW = new Date("2026-03-01T09:00:00.123Z");

/** What every store promises, whatever database is behind it. */
export function storeContract(name: string, open: StoreFactory): void {
  /** A test on a fresh store with run R1, leased by this process under the fence. */
  const withRun = (title: string, body: (store: Store, run: RunFence, fresh: FreshStore) => Promise<void>) =>
    test(title, async () => {
      const fresh = await open();
      try {
        await fresh.store.commit({ statements: fresh.store.runs.create(runRecord("R1")) });
        const fence = await fresh.store.runs.takeLease("R1", OURS, 60_000);
        await body(fresh.store, { runId: "R1", fence }, fresh);
      } finally {
        await fresh.drop();
      }
    });

  describe(`${name}: units (I6)`, () => unitTests(withRun, open));
  describe(`${name}: one worker at a time (I7)`, () => ownerTests(withRun));
  describe(`${name}: waiting and deciding (I4, I6)`, () => decisionTests(withRun));
  describe(`${name}: events (I9)`, () => eventTests(withRun));
  describe(`${name}: records`, () => recordTests(withRun));
  describe(`${name}: our own desk`, () => deskTests(withRun, open));
}

const OURS = `${process.pid}@elsewhere.example:contract`;
type WithRun = (title: string, body: (store: Store, run: RunFence, fresh: FreshStore) => Promise<void>) => void;

function event(key: string, data: EventDraft["data"] = {}): EventDraft {
  return { runId: "R1", type: "task_progress", key, taskId: "T1", data };
}

function codeOf(outcome: PromiseSettledResult<unknown>): unknown {
  return outcome.status === "rejected" ? outcome.reason.code : "on disk";
}

function unitTests(withRun: WithRun, open: StoreFactory): void {
  withRun("a unit whose last statement is refused leaves nothing, its events included", async (store, run) => {
    const statements = [
      ...store.tasks.put([taskRecord("R1", "T1")]),
      ...store.runs.setReviewRound({ ...run, fence: 99 }, 1),
    ];

    await expect(store.commit({ statements, events: [event("a")] })).rejects.toMatchObject({ code: "stale_owner" });
    expect(await store.tasks.of("R1")).toEqual([]);
    expect(await store.events.of("R1")).toEqual([]);
    expect(await store.runs.find("R1")).toMatchObject({ headSeq: 0 });
  });

  withRun("of the units of one turn a failing one fails alone", async (store) => {
    const put = (taskId: string) => store.tasks.put([taskRecord("R1", taskId)]);
    const refused = store.effects.settle("no such effect", "done", null, NOW);

    const outcomes = await Promise.allSettled([
      store.commit({ statements: put("T1"), events: [event("a")] }),
      store.commit({ statements: [...put("T2"), ...refused], events: [event("b")] }),
      store.commit({ statements: put("T3"), events: [event("c")] }),
      store.commit({ statements: [], events: [{ ...event("d"), runId: "no such run" }] }),
      store.commit({ statements: [{ sql: "insert into no_such_table values (1)", parameters: [] }] }),
    ]);

    expect(outcomes.map(codeOf)).toEqual(["on disk", "already_decided", "on disk", "run_not_found", "store_failed"]);
    expect((await store.tasks.of("R1")).map((task) => task.taskId)).toEqual(["T1", "T3"]);
    expect((await store.events.of("R1")).map((found) => [found.seq, found.key])).toEqual([
      [1, "a"],
      [2, "c"],
    ]);
  });

  test("all units of one turn, of several runs, are one commit, in the order queued", async () => {
    let commits = 0;
    const told: string[] = [];
    const fresh = await open({ afterCommit: () => (commits += 1), onEvent: (found) => told.push(found.key) });
    const { store } = fresh;
    await store.commit({ statements: [...store.runs.create(runRecord("R1")), ...store.runs.create(runRecord("R2"))] });
    await store.runs.takeLease("R1", OURS, 60_000);
    expect(commits).toBe(2);
    commits = 0;

    const settled: number[] = [];
    const queued = Array.from({ length: 20 }, (_, index) =>
      store
        .commit({ statements: [], events: [{ ...event(`e${index}`), runId: index % 2 ? "R1" : "R2" }] })
        .then(() => settled.push(index)),
    );
    await Promise.all(queued);

    expect(commits).toBe(1);
    expect(settled).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(told).toEqual(Array.from({ length: 20 }, (_, index) => `e${index}`));
    await fresh.drop();
  });

  withRun("a reader sees what was queued before it and not awaited", async (store) => {
    void store.commit({ statements: store.tasks.put([taskRecord("R1", "T1")]) });
    void store.commit({ statements: store.tasks.put([taskRecord("R1", "T1", { status: "done" })]) });

    expect(await store.tasks.of("R1")).toMatchObject([{ status: "done" }]);
  });

  withRun("a refused unit that nobody awaits harms no other", async (store) => {
    void store.commit({ statements: store.effects.settle("no such effect", "done", null, NOW) });
    await store.commit({ statements: store.tasks.put([taskRecord("R1", "T1")]) });

    await store.flush();
    expect(await store.tasks.of("R1")).toHaveLength(1);
  });
}

function ownerTests(withRun: WithRun): void {
  withRun("a stale owner writes nothing: no row, no event, no checkpoint", async (store, run, fresh) => {
    const { checkpointer } = fresh.store;
    await store.commit({ statements: store.runs.releaseLease(run) });
    const fence = await store.runs.takeLease("R1", "1@elsewhere.example:second", 60_000);
    expect(fence).toBe(run.fence + 1);

    const configurable = { thread_id: "R1", checkpoint_ns: "", run_id: "R1", fence: run.fence };
    const checkpoint = { v: 4, id: "1", ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
    const metadata = { source: "loop" as const, step: 1, parents: {} };
    const outcomes = await Promise.allSettled([
      store.commit({ fence: run, statements: store.tasks.put([taskRecord("R1", "T1")]), events: [event("a")] }),
      store.commit({ statements: store.runs.setRunning(run) }),
      store.commit({ statements: store.runs.finish(run, "completed", {}, undefined, NOW) }),
      checkpointer.put({ configurable }, checkpoint, metadata, {}),
      checkpointer.putWrites({ configurable: { ...configurable, checkpoint_id: "0" } }, [["a", 1]], "task"),
    ]);

    expect(outcomes.map(codeOf)).toEqual(Array.from({ length: 5 }, () => "stale_owner"));
    expect(await store.tasks.of("R1")).toEqual([]);
    expect(await store.events.of("R1")).toEqual([]);
    expect(await checkpointer.getTuple({ configurable: { thread_id: "R1" } })).toBeUndefined();
    await checkpointer.put({ configurable: { ...configurable, fence } }, checkpoint, metadata, {});
    expect(await checkpointer.getTuple({ configurable: { thread_id: "R1" } })).toMatchObject({ metadata });
  });

  withRun(
    "a live lease is refused to others, who are told who holds it; its owner keeps its fence",
    async (store, run) => {
      expect(await store.runs.takeLease("R1", OURS, 60_000)).toBe(run.fence);
      await expect(store.runs.takeLease("R1", "1@other.example:x", 60_000)).rejects.toMatchObject({
        code: "run_busy",
        message: expect.stringContaining(`process ${process.pid} on elsewhere.example`),
      });
      await expect(store.runs.takeLease("no such run", OURS, 60_000)).rejects.toMatchObject({ code: "run_not_found" });
    },
  );

  withRun("a lease that is over is taken, and its old owner hears of it", async (store, run) => {
    expect(await store.runs.renewLease(run, -1)).toEqual({ held: true });

    expect(await store.runs.takeLease("R1", "1@other.example:x", 60_000)).toBe(run.fence + 1);
    expect(await store.runs.renewLease(run, 60_000)).toEqual({ held: false });
    expect(await store.runs.find("R1")).toMatchObject({ owner: "1@other.example:x", fence: run.fence + 1 });
  });

  withRun("renewing tells who asked to cancel; the first to ask stands", async (store, run) => {
    await store.commit({ statements: store.runs.requestCancel("R1", "ada") });
    await store.commit({ statements: store.runs.requestCancel("R1", "grace") });

    expect(await store.runs.renewLease(run, 60_000)).toEqual({ held: true, cancelRequestedBy: "ada" });
  });

  withRun("a run that has ended keeps its status and report", async (store, run) => {
    await store.commit({ fence: run, statements: store.runs.finish(run, "completed", { n: 1 }, undefined, NOW) });
    await store.commit({ fence: run, statements: store.runs.finish(run, "failed", { n: 2 }, "late", NOW) });
    await store.commit({ fence: run, statements: store.runs.setRunning(run) });

    const found = await store.runs.find("R1");
    expect(found).toMatchObject({ status: "completed", report: { n: 1 }, finishedAt: NOW });
    expect(found).not.toHaveProperty("failure");
    await expect(store.commit({ statements: store.runs.requestCancel("R1", "ada") })).rejects.toMatchObject({
      code: "run_finished",
    });
  });

  withRun("a run that somebody asked to cancel does not stop to wait", async (store, run) => {
    await store.commit({ statements: store.runs.requestCancel("R1", "ada") });

    const waiting = store.commit({ fence: run, statements: store.runs.wait(run), events: [event("run_waiting")] });
    await expect(waiting).rejects.toMatchObject({ code: "already_decided" });
    expect(await store.runs.find("R1")).toMatchObject({ status: "running" });
    expect(await store.events.of("R1")).toEqual([]);
  });

  withRun(
    "recovery lists what nobody works on: left running, or waiting with a decision or a cancel",
    async (store, run) => {
      const put = (runId: string, fields: Parameters<typeof runRecord>[1]) =>
        store.runs.create(runRecord(runId, fields));
      await store.commit({
        statements: [
          ...put("left", {}),
          ...put("queued", { status: "queued" }),
          ...put("waiting", { status: "waiting" }),
          ...put("decided", { status: "waiting" }),
          ...put("applied", { status: "waiting" }),
          ...put("cancelled", { status: "waiting" }),
          ...store.runs.requestCancel("cancelled", "ada"),
          ...put("ended", { status: "failed" }),
          ...put("external", { host: "external" }),
          ...store.approvals.put(approvalRecord("a", "decided")),
          ...store.approvals.put(approvalRecord("b", "applied")),
          ...store.approvals.put(approvalRecord("c", "waiting")),
          ...store.approvals.decide("a", "shown", { type: "approve" }, "ada", false, NOW),
          ...store.approvals.decide("b", "shown", { type: "approve" }, "ada", false, NOW),
          ...store.approvals.markApplied(["b"], NOW),
          ...store.approvals.close("c", "expired", NOW),
        ],
      });

      expect((await store.runs.recoverable()).map((found) => found.runId)).toEqual([
        "cancelled",
        "decided",
        "left",
        "queued",
      ]);
      await store.runs.renewLease(run, -1);
      expect((await store.runs.recoverable()).map((found) => found.runId)).toContain("R1");
    },
  );

  withRun("of two open runs of one case the second is refused, where that is asked for", async (store, run) => {
    const same = { missionId: "M001", caseId: "case of R1" };

    const second = store.runs.create(runRecord("R2", same), { asOnlyOpen: true });
    await expect(store.commit({ statements: second })).rejects.toMatchObject({ code: "run_exists" });
    expect(await store.runs.find("R2")).toBeUndefined();
    await store.commit({ statements: store.runs.create(runRecord("R3", same)) });
    await expect(store.commit({ statements: store.runs.create(runRecord("R1")) })).rejects.toMatchObject({
      code: "run_exists",
    });
    expect(run.fence).toBe(1);
  });
}

function decisionTests(withRun: WithRun): void {
  withRun("a run does not stop while a decision is not applied", async (store, run) => {
    await store.commit({ statements: store.approvals.put(approvalRecord("A", "R1")) });
    await store.commit({ fence: run, statements: store.runs.wait(run) });
    await store.commit({ fence: run, statements: store.runs.setRunning(run) });
    await store.commit({ statements: store.approvals.decide("A", "shown", { type: "approve" }, "ada", true, NOW) });

    const waiting = store.commit({ fence: run, statements: store.runs.wait(run), events: [event("run_waiting")] });
    await expect(waiting).rejects.toMatchObject({ code: "already_decided" });
    expect(await store.runs.find("R1")).toMatchObject({ status: "running" });
    expect(await store.events.of("R1")).toEqual([]);

    await store.commit({ fence: run, statements: store.approvals.markApplied(["A"], NOW) });
    await store.commit({ fence: run, statements: store.runs.wait(run) });
    expect(await store.runs.find("R1")).toMatchObject({ status: "waiting" });
  });

  withRun("only what somebody decided is applied", async (store) => {
    await store.commit({ statements: store.approvals.put(approvalRecord("A", "R1")) });

    await store.commit({ statements: store.approvals.markApplied(["A"], NOW) });

    expect(await store.approvals.find("A")).toEqual(approvalRecord("A", "R1"));
  });

  withRun("a unit that goes on is refused once somebody asked to cancel", async (store) => {
    await store.commit({ statements: store.runs.goOn("R1"), events: [event("before")] });
    await store.commit({ statements: store.runs.requestCancel("R1", "ada") });

    const going = store.commit({ statements: store.runs.goOn("R1"), events: [event("after")] });

    await expect(going).rejects.toMatchObject({ code: "run_finished" });
    expect((await store.events.of("R1")).map(({ key }) => key)).toEqual(["before"]);
  });

  withRun("a decision and a wait of one turn never pass each other", async (store, run) => {
    const decide = (id: string) => store.approvals.decide(id, "shown", { type: "approve" }, "ada", false, NOW);
    for (const order of ["decision first", "wait first"]) {
      const id = `approval, ${order}`;
      await store.commit({ statements: store.approvals.put(approvalRecord(id, "R1")) });
      await store.commit({ fence: run, statements: store.runs.setRunning(run) });
      const units = [{ statements: decide(id) }, { fence: run, statements: store.runs.wait(run) }];
      if (order === "wait first") units.reverse();

      const outcomes = (await Promise.allSettled(units.map((unit) => store.commit(unit)))).map(codeOf);
      const isWaiting = (await store.runs.find("R1"))?.status === "waiting";
      expect(outcomes).toEqual(order === "wait first" ? ["on disk", "on disk"] : ["on disk", "already_decided"]);
      expect(isWaiting).toBe(order === "wait first");
      await store.runs.renewLease(run, -1);
      expect((await store.runs.recoverable()).map((found) => found.runId)).toEqual(["R1"]);
      await store.runs.renewLease(run, 60_000);
      await store.commit({ statements: store.approvals.markApplied([id], NOW) });
    }
  });

  withRun("only the first decision counts, and only on what was shown", async (store) => {
    await store.commit({ statements: store.approvals.put(approvalRecord("A", "R1")) });
    await store.commit({ statements: store.approvals.put(approvalRecord("A", "R1", { digest: "another" })) });
    const decide = (digest: string, type: "approve" | "reject") =>
      store.commit({ statements: store.approvals.decide("A", digest, { type, comment: "so" }, type, true, NOW) });

    await expect(decide("another", "approve")).rejects.toMatchObject({ code: "stale_digest" });
    await decide("shown", "reject");
    await expect(decide("shown", "approve")).rejects.toMatchObject({ code: "already_decided" });
    for (const end of ["expired", "withdrawn"] as const) {
      const ending = store.commit({ statements: store.approvals.close("A", end, NOW) });
      await expect(ending).rejects.toMatchObject({ code: "already_decided" });
    }
    expect(await store.approvals.find("A")).toEqual(
      approvalRecord("A", "R1", {
        status: "rejected",
        decidedAt: NOW,
        decidedBy: "reject",
        authenticated: true,
        decision: { type: "reject", comment: "so" },
      }),
    );
  });
}

function eventTests(withRun: WithRun): void {
  withRun("the events of some kinds are read without the others", async (store) => {
    const note = (key: string): EventDraft => ({ ...event(key), type: "feedback_given" });
    await store.commit({ statements: [], events: [event("a"), note("b"), event("c"), note("d")] });

    const of = (options: Parameters<typeof store.events.of>[1]) =>
      store.events.of("R1", options).then((all) => all.map(({ key }) => key));

    expect(await of({ types: ["feedback_given"] })).toEqual(["b", "d"]);
    expect(await of({ types: ["feedback_given"], afterSeq: 2, limit: 1 })).toEqual(["d"]);
    expect(await of({ types: ["run_failed"] })).toEqual([]);
  });

  withRun("an event told twice stands once, and the chain has no gap", async (store) => {
    await store.commit({ statements: [], events: [event("a"), event("b"), event("a")] });
    await store.commit({ statements: [], events: [event("b", { changed: true }), event("c")] });

    const events = await store.events.of("R1");
    expect(events.map((found) => found.key)).toEqual(["a", "b", "c"]);
    expectChain(events, await store.runs.find("R1"));
    expect((await store.events.of("R1", { afterSeq: 1, limit: 1 })).map((found) => found.key)).toEqual(["b"]);
  });

  withRun("the hash of an event covers all that is stored of it", async (store) => {
    const data = { text: "größer 😀", list: [1, 2.5, null, { b: true, a: undefined }], nothing: undefined };
    await store.commit({ statements: [], events: [event("a", data)] });

    expectChain(await store.events.of("R1"), await store.runs.find("R1"));
  });
}

/** Fails unless the events hash as they say and follow each other up to the head in the run's row. */
export function expectChain(
  events: readonly EventRecord[],
  run: { headSeq: number; headHash: string } | undefined,
): void {
  let previousHash = "";
  for (const [index, { hash, ...found }] of events.entries()) {
    const { runId: run_id, seq, key, type, taskId: task_id, at, data } = found;
    const hashed = { run_id, seq, key, type, task_id, at: at.toISOString(), data, previous_hash: previousHash };
    expect(seq).toBe(index + 1);
    expect(found.previousHash).toBe(previousHash);
    expect(hash).toBe(digestOf(hashed));
    previousHash = hash;
  }
  expect(run).toMatchObject({ headSeq: events.length, headHash: previousHash });
}

function recordTests(withRun: WithRun): void {
  withRun("a task comes back as it was put, and is replaced as a whole", async (store) => {
    const full = taskRecord("R1", "T1", {
      status: "done",
      agentId: "A1",
      tried: ["A2"],
      codeVersion: "1",
      startedAt: NOW,
      finishedAt: NOW,
      degraded: true,
      inputsDigest: "i",
      resultDigest: "r",
      errorCode: "transient",
      errorMessage: "no answer",
      summary: "Ada: complete",
      waitingFor: "approver",
      chosen: "T2",
      feedback: [{ from: "reviewer", reason: "name differs", field: "/name" }],
      progress: { ratio: 0.5, note: "half" },
    });
    await store.commit({ statements: store.tasks.put([full, taskRecord("R1", "T0")]) });
    expect(await store.tasks.of("R1")).toEqual([taskRecord("R1", "T0"), full]);

    await store.commit({ statements: store.tasks.put([taskRecord("R1", "T1", { attempt: 2 })]) });
    expect((await store.tasks.of("R1"))[1]).toEqual(taskRecord("R1", "T1", { attempt: 2 }));
  });

  withRun("results are found by digest, large ones too, and superseded ones no longer stand", async (store) => {
    const small = resultRecord("R1", "T1", { name: "Ada" });
    const large = resultRecord("R1", "T2", { text: "ü".repeat(9_000) });
    await store.commit({ statements: [...store.results.put(small), ...store.results.put(large)] });
    expect(await store.results.of("R1")).toEqual([small, large]);
    expect(await store.results.get("R1", large.digest)).toEqual(large);

    await store.commit({ statements: store.results.supersede("R1", "T1") });
    const again = { ...small, attempt: 2 };
    await store.commit({ statements: store.results.put(again) });
    expect(await store.results.of("R1")).toEqual([again, large]);
    expect(await store.results.get("R1", small.digest)).toEqual(again);
    expect(await store.results.get("R1", "no such digest")).toBeUndefined();
  });

  withRun("a turn is never rewritten", async (store) => {
    const first = turnRecord("R1", "k");
    await store.commit({
      statements: [...store.journal.put(first), ...store.journal.put({ ...first, reply: "other" })],
    });
    await store.commit({ statements: store.journal.put({ ...first, attempt: 2, reply: null }) });

    expect(await store.journal.of("R1")).toEqual([first, { ...first, attempt: 2, reply: null }]);
  });

  withRun(
    "an effect is claimed once, settled once, and claimed anew only when it did not happen (I2)",
    async (store) => {
      const effect = effectRecord("E", "R1");
      const claim = (fields: Parameters<typeof effectRecord>[2]) =>
        store.commit({ statements: store.effects.claim(effectRecord("E", "R1", fields)) });
      const settle = (status: "done" | "not_done", result?: unknown) =>
        store.commit({ statements: store.effects.settle("E", status, result, NOW) });
      await claim({});
      await expect(claim({ fence: 2 })).rejects.toMatchObject({ code: "already_decided" });
      await settle("not_done");
      await expect(settle("done")).rejects.toMatchObject({ code: "already_decided" });
      await claim({ fence: 2, attempt: 2 });
      expect(await store.effects.find("E")).toEqual({ ...effect, fence: 2, attempt: 2 });

      const stale = store.effects.settle("E", "done", {}, NOW, { runId: "R1", fence: 1 });
      await expect(store.commit({ statements: stale })).rejects.toMatchObject({ code: "already_decided" });
      await settle("done", { messageId: "m" });
      await expect(claim({ fence: 3 })).rejects.toMatchObject({ code: "already_decided" });
      const done = { ...effect, fence: 2, attempt: 2, status: "done", result: { messageId: "m" }, settledAt: NOW };
      expect(await store.effects.of("R1")).toEqual([done]);
    },
  );

  withRun("runs are found by prefix, by filter, and as they were created", async (store) => {
    const record = runRecord("R_x", { status: "queued", approver: "ada", missionId: "M002" });
    await store.commit({ statements: store.runs.create(record) });

    expect(await store.runs.find("R_x")).toEqual({ ...record, headSeq: 0, headHash: "" });
    expect((await store.runs.findByPrefix("R")).map((run) => run.runId)).toEqual(["R1", "R_x"]);
    expect(await store.runs.findByPrefix("R%")).toEqual([]);
    expect((await store.runs.list({ status: ["queued"], missionId: "M002" })).map((run) => run.runId)).toEqual(["R_x"]);
    expect(await store.runs.list({ limit: 1 })).toHaveLength(1);
    expect(await store.runs.find("nobody")).toBeUndefined();
  });

  withRun("approvals are listed by run and status, oldest first", async (store) => {
    const later = approvalRecord("a", "R1", { createdAt: new Date("2026-03-01T10:00:00Z") });
    const earlier = approvalRecord("b", "R1");
    await store.commit({ statements: [later, earlier].flatMap((approval) => store.approvals.put(approval)) });

    expect(await store.approvals.list({ runId: "R1", status: ["pending"] })).toEqual([earlier, later]);
    expect(await store.approvals.list({ status: ["approved"] })).toEqual([]);
    expect(await store.approvals.findByPrefix("a")).toEqual([later]);
  });

  withRun("a KPI's value is replaced, a mission's version is not", async (store) => {
    const observation = { runId: "R1", kpiId: "hours", value: 1.5, at: NOW, basis: "measured" as const, by: "system" };
    const version = { version: "v1", missionId: "M001", slug: "onboarding", document: { a: 1 }, createdAt: NOW };
    await store.commit({
      statements: [
        ...store.observations.put({ ...observation, value: 9 }),
        ...store.observations.put(observation),
        ...store.missions.put(version),
        ...store.missions.put({ ...version, document: { a: 2 } }),
      ],
    });

    expect(await store.observations.of("R1")).toEqual([observation]);
    expect(await store.missions.find("v1")).toEqual(version);
  });

  withRun("what people tell of a KPI stands once; only who knows what stands may replace it", async (store) => {
    const told = { runId: "R1", kpiId: "days", value: 6.5, at: NOW, basis: "recorded" as const, by: "Ada" };
    const other = { ...told, value: 9, by: "Ben" };
    const measured = { ...told, basis: "measured" as const, by: "mission" };
    const record = (...statements: Parameters<typeof store.observations.record>) =>
      store.commit({ statements: store.observations.record(...statements) });

    const outcomes = await Promise.allSettled([record(told), record(other), record(measured)]);
    const stale = await Promise.allSettled([record({ ...told, value: 7 }, other)]);
    await record(other, told);

    expect(outcomes.map(codeOf)).toEqual(["on disk", "kpi_recorded", "on disk"]);
    expect(stale.map(codeOf)).toEqual(["kpi_recorded"]);
    expect(await store.observations.of("R1")).toEqual([measured, other]);
  });
}

function deskTests(withRun: WithRun, open: StoreFactory): void {
  const signal = new AbortController().signal;
  const articles = [
    { articleId: "K1", title: "Reset your password", body: "Open the settings and choose a new password." },
    { articleId: "K2", title: "Read an invoice", body: "Each invoice lists the plan and the resets of its discounts." },
    { articleId: "K3", title: "Invite colleagues", body: "Owners invite people by e-mail." },
  ];

  withRun("a meeting is booked once for each key", async (store) => {
    const entry = {
      calendarId: "team:onboarding",
      title: "Kick-off",
      startsAt: new Date("2026-03-02T09:00:00Z"),
      endsAt: new Date("2026-03-02T10:00:00Z"),
      attendees: ["ada@example.com"],
      runId: "R1",
    };
    const [first] = await store.calendar.book([{ ...entry, key: "key" }]);
    expect(await store.calendar.book([{ ...entry, title: "Another", key: "key" }])).toEqual([first]);

    expect(await store.calendar.find("key")).toBe(first);
    expect(await store.calendar.find("other")).toBeUndefined();
    expect(await store.calendar.busy("team:onboarding", entry.startsAt, entry.endsAt)).toEqual([entry]);
    expect(await store.calendar.busy("team:onboarding", entry.endsAt, NOW)).toEqual([]);
    expect(await store.calendar.busy("team:sales", new Date(0), entry.endsAt)).toEqual([]);
  });

  withRun("a meeting stands in all its calendars or in none, and never over another one", async (store) => {
    const at = (from: string, to: string) => ({
      startsAt: new Date(`2026-03-02T${from}:00Z`),
      endsAt: new Date(`2026-03-02T${to}:00Z`),
    });
    const meeting = (calendarId: string, key: string, time = at("09:00", "10:00")) => {
      return { calendarId, key, ...time, title: "Call", attendees: [], runId: "R1" };
    };
    await store.calendar.book([meeting("team:a", "1a"), meeting("customer:x", "1x")]);
    const taken = { code: "time_taken", message: "team:a is taken at 2026-03-02T09:30:00.000Z." };

    const over = [meeting("customer:y", "2y"), meeting("team:a", "2a", at("09:30", "10:30"))];
    await expect(store.calendar.book(over)).rejects.toMatchObject(taken);
    await expect(store.calendar.book([meeting("team:a", "3", at("08:00", "12:00"))])).rejects.toThrow("is taken at");
    await expect(store.calendar.book([meeting("team:a", "3", at("09:15", "09:30"))])).rejects.toThrow("is taken at");
    expect(await store.calendar.find("2y")).toBeUndefined();

    await store.calendar.book([
      meeting("team:a", "4", at("10:00", "11:00")),
      meeting("team:a", "5", at("08:00", "09:00")),
    ]);
    await store.calendar.book([meeting("team:a", "1a"), meeting("customer:x", "1x"), meeting("team:b", "1b")]);
    expect(await store.calendar.find("1b")).toBeDefined();
    const all = await store.calendar.busy("team:a", new Date(0), new Date("2027-01-01"));
    expect(all.map(({ startsAt }) => startsAt.getUTCHours())).toEqual([8, 9, 10]);
  });

  withRun("a message is put once for each key", async (store) => {
    const message = { box: "outbox" as const, to: "ada@example.com", subject: "Hello", body: "…", runId: "R1" };
    const first = await store.messages.put(message, "key");

    expect(await store.messages.put({ ...message, body: "other" }, "key")).toBe(first);
    expect(await store.messages.find("key")).toBe(first);
    expect(await store.messages.put({ ...message, box: "drafts" }, "another key")).not.toBe(first);
    expect(await store.messages.find("no key")).toBeUndefined();
  });

  withRun("articles are found by any word in any form, best first, whatever the text contains", async (store) => {
    await store.articles.replaceAll(articles);
    const search = async (words: string, limit = 5) => store.articles.search(words, { limit, signal });

    const hits = await search('resetting "passwords" AND (NEAR* -:');
    expect(hits[0]).toMatchObject({ articleId: "K1", title: "Reset your password" });
    expect(hits.map((hit) => hit.score)).toEqual(hits.map((hit) => hit.score).toSorted((a, b) => b - a));
    expect(hits.every((hit) => hit.score > 0 && hit.excerpt.length > 0)).toBe(true);
    expect(await search("invoice discounts", 1)).toHaveLength(1);
    expect(await search("** '; --")).toEqual([]);
    expect(await search("zebra")).toEqual([]);
    expect(await store.articles.get("K3")).toEqual(articles[2]);
    expect(await store.articles.get("K9")).toBeUndefined();
    await expect(store.articles.search("invoice", { limit: 1, signal: AbortSignal.abort() })).rejects.toThrow();
  });

  test("replacing the articles by the same ones writes nothing", async () => {
    let commits = 0;
    const { store, drop } = await open({ afterCommit: () => (commits += 1) });
    await store.articles.replaceAll(articles);
    expect(commits).toBe(1);

    await store.articles.replaceAll(articles.toReversed());
    expect(commits).toBe(1);
    await store.articles.replaceAll(articles.slice(1));
    expect(commits).toBe(2);
    expect(await store.articles.get("K1")).toBeUndefined();
    await drop();
  });
}
