import { afterEach, describe, expect, test } from "vitest";
import { until } from "../support/approvals.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { endsOf } from "../support/failures.js";
import type { TaskParts } from "../support/missions.js";
import type { Ledger } from "../support/reversible.js";
import { actingAgent, createLedger, ledgerTools } from "../support/reversible.js";

const SLUG = "test-mission";
const BOOK: TaskParts = { task_id: "book", skill: "book", inputs: { names: { value: ["flight", "hotel"] } } };
const SAY: TaskParts = { task_id: "say", skill: "announce", inputs: { names: { value: ["trip"] } } };
const NOTE: TaskParts = { task_id: "note", skill: "note", inputs: { names: { value: ["draft"] } } };
const BREAK: TaskParts = { task_id: "fall", skill: "break_down", on_failure: "stop" };
const ASK: TaskParts = {
  task_id: "ask",
  skill: "note",
  inputs: { names: { value: [] } },
  requires_human_approval: true,
};

let engine: Engine;
let ledger: Ledger;
afterEach(() => engine.drop());

/** A mission whose tasks run one after the other; an undo is tried twice, at once. */
async function open(tasks: readonly TaskParts[], failing: Readonly<Record<string, number>> = {}) {
  ledger = createLedger(failing);
  const inOrder = tasks.map((task, index) => ({
    retry: { attempts: 2, first_delay_seconds: 0 },
    depends_on: index === 0 ? [] : [tasks[index - 1]?.task_id ?? ""],
    ...task,
  }));
  engine = await openEngine({
    agents: [actingAgent],
    tools: ledgerTools(ledger),
    missions: [{ agents: ["A1"], tasks: inOrder }],
  });
  const { run_id: run } = await engine.orchestrator.start(SLUG);
  for (const { approval_id, kind } of await engine.orchestrator.approvals({ run }))
    if (kind === "tool_call")
      await engine.orchestrator.decide(approval_id, { decision: { type: "approve" }, by: "ada" });
  const { status } = await engine.orchestrator.status(run);
  return { run_id: run, status, approvals: await engine.orchestrator.approvals({ run }) };
}

async function outcomes(run: string) {
  const effects = await engine.orchestrator.insight.effects(run);
  return Object.fromEntries(effects.map(({ args, status }) => [(args as { name: string }).name, status])); // safe: every tool of the ledger takes a name
}

describe("I2: what a run did that does not complete is taken back, once, last act first", () => {
  test("a failed run", async () => {
    const { run_id: run, status } = await open([
      BOOK,
      NOTE,
      { ...BOOK, task_id: "more", inputs: { names: { value: ["car"] } } },
      BREAK,
    ]);

    expect(status).toBe("failed");
    expect(ledger.log).toEqual([
      "do flight",
      "do hotel",
      "do draft",
      "do car",
      "undo car",
      "undo hotel",
      "undo flight",
    ]);
    expect(await outcomes(run)).toEqual({ flight: "undone", hotel: "undone", draft: "done", car: "undone" });
    expect(endsOf(await engine.orchestrator.status(run))).toEqual({
      book: "undone",
      note: "done",
      more: "undone",
      fall: "failed:1:permanent",
    });
  });

  test("a cancelled run", async () => {
    const { run_id: run } = await open([BOOK, ASK]);

    const { status, approvals } = await engine.orchestrator.cancel(run, { by: "ada" });

    expect(status).toBe("cancelled");
    expect(approvals).toEqual([]);
    expect(ledger.log.slice(2)).toEqual(["undo hotel", "undo flight"]);
    expect(ledger.standing.size).toBe(0);
  });

  test("a run whose result a person refuses for good", async () => {
    const { approvals } = await open([BOOK, ASK]);

    await engine.orchestrator.decide(approvals[0]?.approval_id ?? "", {
      decision: { type: "reject", comment: "No.", final: true },
      by: "ada",
    });

    expect(ledger.standing.size).toBe(0);
  });

  test("nothing is taken back of a run that completes, whatever failed on the way", async () => {
    const { status } = await open([BOOK, { ...BREAK, on_failure: "continue" }, NOTE]);

    expect(status).toBe("completed");
    expect([...ledger.standing]).toEqual(["flight", "hotel", "draft"]);
  });

  test("a new run does again what was taken back, under another key, and does not repeat what stands", async () => {
    const { run_id: first } = await open([BOOK, NOTE, ASK]);
    await engine.orchestrator.cancel(first, { by: "ada" });

    const { run_id: second, note } = await engine.orchestrator.start(SLUG);

    expect(note).toContain("note (draft)");
    expect(note).not.toContain("book");
    expect(ledger.log.slice(-2)).toEqual(["do flight", "do hotel"]);
    const keysOf = async (run: string) =>
      (await engine.orchestrator.insight.effects(run)).map(({ idempotency_key }) => idempotency_key);
    const [before, after] = [await keysOf(first), await keysOf(second)];
    expect(after.length).toBe(2);
    expect(after.filter((key) => before.includes(key))).toEqual([]);
    await engine.orchestrator.cancel(second, { by: "ada" });
    expect([...ledger.standing]).toEqual(["draft"]);
  });
});

describe("I6: a run is not closed before it is known of every act what became of it", () => {
  test("an undo that fails is tried again", async () => {
    const { status } = await open([BOOK, BREAK], { hotel: 1 });

    expect(status).toBe("failed");
    expect(ledger.log.slice(2)).toEqual(["undo hotel", "undo flight"]);
  });

  test("one that fails for good becomes a question, and holds the others not up", async () => {
    const { run_id: run, status, approvals } = await open([BOOK, BREAK], { hotel: 9 });

    expect(status).toBe("waiting");
    expect(ledger.log.slice(2)).toEqual(["undo flight"]);
    expect(ledger.failing.get("hotel")).toBe(7);
    expect(approvals).toMatchObject([{ kind: "question", task_id: "book", allowed: ["answer", "reject"] }]);
    const shown = approvals[0]?.shown;
    expect(shown?.question).toBe(
      'Book was done for "Do book" and could not be taken back in 2 tries. Has somebody taken it back by hand, or is it left as it is?',
    );
    expect(shown?.subject).toMatchObject({ tool: "book", args: { name: "hotel" }, result: { receipt: "hotel" } });
    expect(shown?.reasons).toMatchObject(
      [/The run failed/u, /desk is closed/u, /What to do outside/u].map((text) => expect.stringMatching(text)),
    );
    expect(Object.keys(shown?.consequences ?? {})).toEqual(["answer", "reject"]);
    expect(endsOf(await engine.orchestrator.status(run))["book"]).toBe("done");
    const effects = await engine.orchestrator.insight.effects(run);
    expect(effects.map(({ status, is_undo_asked }) => [status, is_undo_asked])).toEqual([
      ["undone", false],
      ["done", true],
    ]);
  });

  test("done by hand, with a note: the act counts as undone by that person", async () => {
    const { run_id: run, approvals } = await open([BOOK, BREAK], { hotel: 9 });

    const outcome = await engine.orchestrator.decide(approvals[0]?.approval_id ?? "", {
      decision: { type: "answer", answer: "Called the hotel." },
      by: "ada",
    });

    expect(outcome.run_status).toBe("failed");
    expect(await outcomes(run)).toEqual({ flight: "undone", hotel: "undone_by_hand" });
    const shown = await engine.orchestrator.insight.effects(run);
    expect(shown.map(({ is_undo_asked }) => is_undo_asked)).toEqual([false, false]);
    expect(shown[1]?.undo).toMatchObject({ outcome: "by_hand", by: "ada", note: "Called the hotel." });
    const told = await engine.parts.store.events.of(run, { types: ["effect_undone"] });
    expect(told.map(({ data }) => data["note"])).toContain("Called the hotel.");
    const [, hotel] = (await engine.orchestrator.report(run)).effects;
    expect(hotel?.undo).toMatchObject({
      outcome: "by_hand",
      by: "ada",
      note: "Called the hotel.",
      idempotency_key: null,
    });
    expect(endsOf(await engine.orchestrator.status(run))["book"]).toBe("undone");
  });

  test("left as it is, with a reason: the act stands, and so does its task", async () => {
    const { run_id: run, approvals } = await open([SAY, BREAK]);
    const id = approvals[0]?.approval_id ?? "";
    expect(approvals[0]?.summary).toContain("cannot be taken back by code");
    expect(approvals[0]?.shown.reasons).toContain("What to do outside: Announce that it was a mistake.");

    await expect(engine.orchestrator.decide(id, { decision: { type: "reject" }, by: "ada" })).rejects.toThrow(
      "needs a comment",
    );
    await expect(
      engine.orchestrator.decide(id, { decision: { type: "answer", answer: "" }, by: "ada" }),
    ).rejects.toThrow("does not fit");
    await expect(engine.orchestrator.decide(id, { decision: { type: "approve" }, by: "ada" })).rejects.toThrow(
      "Allowed: answer, reject",
    );
    await engine.orchestrator.decide(id, { decision: { type: "reject", comment: "Nobody heard it." }, by: "ada" });

    const report = await engine.orchestrator.report(run);
    expect(report.effects).toMatchObject([
      { status: "left", undo: { outcome: "left", by: "ada", note: "Nobody heard it." } },
    ]);
    expect(endsOf(await engine.orchestrator.status(run))["say"]).toBe("done");
  });

  test("while the kill switch stops the tool nothing is taken back; once it is off, all is, once", async () => {
    const { run_id: run } = await open([BOOK, ASK]);
    await engine.orchestrator.kill.on({ tool: "book", by: "ada", reason: "Looking into it." });

    const stopped = await engine.orchestrator.cancel(run, { by: "ada" });
    expect(stopped.status).not.toBe("cancelled");
    expect(ledger.log).toEqual(["do flight", "do hotel"]);
    await engine.orchestrator.kill.off({ tool: "book", by: "ada", reason: "All is well." });

    await until(async () => (await engine.orchestrator.status(run)).status === "cancelled");
    expect(ledger.log.slice(2)).toEqual(["undo hotel", "undo flight"]);
    expect(await outcomes(run)).toEqual({ flight: "undone", hotel: "undone" });
  });

  test("a cancelled run waits for the answers as well, in a process that comes later too", async () => {
    const { run_id: run } = await open([BOOK, SAY, ASK]);

    const cancelled = await engine.orchestrator.cancel(run, { by: "ada" });

    expect(cancelled).toMatchObject({ status: "waiting", approvals: [{ kind: "question", task_id: "say" }] });
    expect(cancelled.note).toContain("What it did is taken back");
    expect(ledger.log.slice(3)).toEqual(["undo hotel", "undo flight"]);
    expect(await engine.orchestrator.resume()).toEqual([]);
    const [again] = await engine.orchestrator.resume(run);
    expect(again?.status).toBe("waiting");
    expect(again?.approvals.map(({ approval_id }) => approval_id)).toEqual(
      cancelled.approvals.map(({ approval_id }) => approval_id),
    );
    await engine.orchestrator.decide(cancelled.approvals[0]?.approval_id ?? "", {
      decision: { type: "answer", answer: "Took it back in the hall." },
      by: "ada",
    });
    expect((await engine.orchestrator.status(run)).status).toBe("cancelled");
    expect(ledger.log.length).toBe(5);
  });

  test("a cancel that comes while a failed run asks changes nothing about how it ends", async () => {
    const { run_id: run, approvals } = await open([SAY, BREAK]);

    expect((await engine.orchestrator.cancel(run, { by: "ada" })).status).toBe("waiting");
    await engine.orchestrator.decide(approvals[0]?.approval_id ?? "", {
      decision: { type: "reject", comment: "It is true." },
      by: "ada",
    });

    expect((await engine.orchestrator.status(run)).status).toBe("failed");
  });

  test("the log and the audit tell of it", async () => {
    const { run_id: run, approvals } = await open([BOOK, NOTE, SAY, BREAK], { hotel: 1 });
    await engine.orchestrator.decide(approvals[0]?.approval_id ?? "", {
      decision: { type: "reject", comment: "It is true." },
      by: "ada",
    });

    const told = (await engine.parts.store.events.of(run)).map(({ type }) => type);
    expect(told.filter((type) => /undo|undone|ending/u.test(type))).toEqual([
      "run_ending",
      "effect_undone",
      "undo_failed",
      "effect_undone",
      "effect_undone",
      "task_undone",
      "effect_undone",
    ]);
    const audit = await engine.orchestrator.insight.audit({ run });
    expect(audit.is_sound).toBe(true);
  });
});
