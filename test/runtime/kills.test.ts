import { Command } from "@langchain/langgraph";
import { afterEach, describe, expect, test } from "vitest";
import type { RunOutcome } from "../../core/views.js";
import { compose } from "../../runtime/compose.js";
import { Orchestrator } from "../../runtime/orchestrator.js";
import { until } from "../support/approvals.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { actingAgent, actTool, deferred, untilLetGo } from "../support/kill.js";
import { fakeAgent, fakePlaybook } from "../support/missions.js";

const BY = { by: "ada", reason: "Letters went to the wrong people." };

/** Two agents, each with a tool of its own, in one mission: what one does must not depend on the other. */
async function openShop(parts: { readonly reach?: "own" | "outside" } = {}) {
  const acts: string[] = [];
  const gate = deferred();
  const begun = deferred();
  const mail = actTool(
    "send_letter",
    async (name, { signal }) => {
      begun.finish();
      if (name === "slow") await untilLetGo(gate.done, signal);
      acts.push(name);
    },
    { reconcile: async (name) => acts.includes(name), ...parts },
  );
  const file = actTool("file_paper", async (name) => void acts.push(name));
  const engine = await openEngine({
    agents: [
      actingAgent("A1", "post", "send_letter", ["one", "slow", "two"]),
      actingAgent("A2", "shelve", "file_paper", ["paper"]),
    ],
    tools: [mail, file],
    missions: [
      {
        tasks: [
          { task_id: "P", skill: "post", task: "Post the letters" },
          { task_id: "S", skill: "shelve", task: "Shelve the papers" },
        ],
      },
    ],
  });
  return { ...engine, acts, gate, begun };
}

/** A second orchestrator on the same store, with nothing loaded: it only switches and looks. */
async function openSwitchboard(engine: Engine) {
  const parts = await compose({ store: engine.parts.store.url, data: `${engine.folder}/data`, missions: [] });
  return new Orchestrator(parts);
}

const opened: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

async function openBoth(parts: { readonly reach?: "own" | "outside" } = {}) {
  const shop = await openShop(parts);
  const board = await openSwitchboard(shop);
  opened.push({ close: () => shop.drop() }, board);
  return { shop, board };
}

/** A run under way whose letter is held; resolves once the tool is at work. */
async function startHeld(shop: Awaited<ReturnType<typeof openShop>>) {
  let runId = "";
  const ended = shop.orchestrator.start("test-mission", {
    onRun(id) {
      runId = id;
    },
  });
  await shop.begun.done;
  await until(async () => {
    const effects = await shop.parts.store.effects.of(runId);
    return effects.some(({ dedupeKey }) => dedupeKey === "slow");
  });
  return { runId, ended };
}

describe("I3, I6: a switch stops what it names, and the run waits visibly until it is off", () => {
  test.each([
    ["the tool", { tool: "send_letter" }],
    ["the agent", { agent: "A1" }],
    ["the run", { run: "" }],
    ["everything", { all: true }],
  ] as const)(
    "%s: a running call is stopped, nothing is claimed, the task does not fail, and it goes on by itself",
    async (_what, target) => {
      const { shop, board } = await openBoth();
      const { runId, ended } = await startHeld(shop);

      const on = await board.kill.on({ ...target, ...("run" in target && { run: runId }), ...BY });
      const waiting = await until(async () => {
        const view = await board.status(runId);
        return view.tasks["P"]?.status === "waiting_for_person" && view;
      });

      expect(on).toMatchObject({ changed: true, runs: [{ run_id: runId }] });
      expect(waiting.status).toBe("waiting");
      expect(waiting.stopped).toMatchObject([{ by: "ada", reason: BY.reason }]);
      expect(waiting.tasks["P"]?.waiting_for).toContain("Stopped by the kill switch for");
      expect(await board.runs({ status: ["waiting"] })).toMatchObject([{ run_id: runId, stopped: [{ by: "ada" }] }]);
      expect(await board.runs({ status: ["running"] })).toEqual([]);
      expect(shop.acts).not.toContain("two");
      expect(await claimsAfter(shop, runId, "kill_on")).toEqual([]);

      shop.gate.finish();
      await board.kill.off({
        ...target,
        ...("run" in target && { run: runId }),
        by: "grace",
        reason: "The list is right now.",
      });
      const outcome: RunOutcome = await ended;

      expect(outcome.status).toBe("completed");
      expect(shop.acts.toSorted()).toEqual(["one", "paper", "slow", "two"]);
      const after = await board.status(runId);
      expect(after).not.toHaveProperty("stopped");
      expect(after.tasks["P"]).toMatchObject({ status: "done", attempts: 1 });
      expect(await board.insight.audit({ run: runId })).toMatchObject({ runs: [{ run_id: runId }] });
    },
  );
});

/** Tools whose effects were claimed in the run after the newest event of this kind, in the order of its log. */
async function claimsAfter(engine: Engine, runId: string, type: string): Promise<readonly unknown[]> {
  const events = await engine.parts.store.events.of(runId);
  const from = events.findLastIndex((event) => event.type === type);
  return events
    .slice(from + 1)
    .filter((event) => event.type === "effect_claimed")
    .map(({ data }) => data["tool"]);
}

describe("I3: what is switched, by whom and why is kept, and what changes nothing says so", () => {
  test("a second on and a second off change nothing and name the act that stands; all acts stay on record", async () => {
    const { shop, board } = await openBoth();
    const { kill } = shop.orchestrator;

    const first = await kill.on({ tool: "send_letter", ...BY });
    const second = await kill.on({ tool: "send_letter", by: "grace", reason: "Also I." });
    const other = await kill.off({ tool: "file_paper", ...BY });
    const off = await kill.off({ tool: "send_letter", by: "grace", reason: "Mended." });
    const again = await kill.off({ tool: "send_letter", ...BY });

    expect(first).toMatchObject({ changed: true, act: { by: "ada" } });
    expect(second).toMatchObject({ changed: false, act: { act_id: first.act?.act_id, by: "ada", reason: BY.reason } });
    expect(other).toMatchObject({ changed: false, act: null });
    expect(off).toMatchObject({ changed: true, act: { turned: "off", by: "grace" } });
    expect(again).toMatchObject({ changed: false, act: { act_id: off.act?.act_id } });
    const { on, acts } = await board.kill.list();
    expect(on).toEqual([]);
    expect(acts.map(({ turned, by }) => [turned, by])).toEqual([
      ["on", "ada"],
      ["off", "grace"],
    ]);
  });

  test.each([
    ["nothing", {}, "usage", "exactly one of"],
    ["two things", { all: true, tool: "send_letter" }, "usage", "exactly one of"],
    ["a misspelt tool", { tool: "send_leter" }, "name_unknown", 'Did you mean "send_letter"'],
    ["a misspelt agent", { agent: "pozt" }, "name_unknown", "Did you mean"],
    ["a run that is not there", { run: "nope" }, "run_not_found", "There is no run"],
  ])("%s is refused, and nothing is written", async (_what, target, code, words) => {
    const { shop } = await openBoth();

    await expect(shop.orchestrator.kill.on({ ...target, ...BY })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words),
    });

    expect((await shop.orchestrator.kill.list()).acts).toEqual([]);
  });

  test("without a reason nothing is switched; a name that nothing here knows needs a word, and is told about", async () => {
    const { shop } = await openBoth();
    const { kill } = shop.orchestrator;

    await expect(kill.on({ all: true, reason: " " })).rejects.toMatchObject({ code: "reason_missing" });
    const outcome = await kill.on({ tool: "send_fax", unlisted: true, ...BY });

    expect(outcome).toMatchObject({ changed: true, subject: "send_fax" });
    expect(outcome.notes.join()).toContain('Nothing here knows a tool "send_fax"');
  });

  test("acts cannot be changed or taken away in the store", async () => {
    const { shop, board } = await openBoth();
    await board.kill.on({ all: true, ...BY });
    const { store } = shop.parts;

    for (const sql of ["update kill_acts set reason = 'none'", "delete from kill_acts"])
      await expect(store.commit({ statements: [{ sql, parameters: [] }] })).rejects.toMatchObject({
        code: "store_failed",
      });

    expect((await board.kill.list()).acts).toMatchObject([{ reason: BY.reason }]);
  });

  test("two who switch the same at once: one act, and both are told whose", async () => {
    const { shop, board } = await openBoth();

    const outcomes = await Promise.all([
      shop.orchestrator.kill.on({ all: true, by: "ada", reason: "Fire." }),
      board.kill.on({ all: true, by: "grace", reason: "Smoke." }),
    ]);

    expect(outcomes.map(({ changed }) => changed).toSorted()).toEqual([false, true]);
    expect(new Set(outcomes.map(({ act }) => act?.act_id)).size).toBe(1);
    expect((await board.kill.list()).acts).toHaveLength(1);
  });
});

describe("I6: what is accepted while the switch is on is kept, and nothing of it is lost", () => {
  test("a start makes the run exist and says why it does not begin; resume refuses politely, and works once it is off", async () => {
    const { shop, board } = await openBoth();
    await board.kill.on({ all: true, ...BY });

    const started = await shop.orchestrator.start("test-mission");
    const [resumed] = await shop.orchestrator.resume(started.run_id);
    const [swept] = await shop.orchestrator.resume();

    expect(started).toMatchObject({ status: "queued", note: expect.stringContaining(BY.reason) });
    expect(resumed).toMatchObject({ status: "queued", note: expect.stringContaining("Once it is off") });
    expect(swept).toMatchObject({ run_id: started.run_id, note: expect.stringContaining("Once it is off") });
    expect(shop.acts).toEqual([]);
    const types = (await shop.parts.store.events.of(started.run_id)).map(({ type }) => type);
    expect(types).toEqual(["run_started", "kill_on"]);

    const off = await board.kill.off({ all: true, ...BY });
    shop.gate.finish();
    const [done] = await shop.orchestrator.resume();

    expect(off.notes.join()).toContain(`No process works on ${started.run_id}`);
    expect(done).toMatchObject({ run_id: started.run_id, status: "completed" });
  });

  test("tasks of other agents go on while one agent is stopped", async () => {
    const { shop, board } = await openBoth();
    const { runId, ended } = await startHeld(shop);

    await board.kill.on({ agent: "A1", ...BY });
    const view = await until(async () => {
      const { tasks } = await board.status(runId);
      return tasks["P"]?.status === "waiting_for_person" && tasks["S"]?.status === "done" && tasks;
    });

    expect(view["P"]?.waiting_for).toContain("the agent A1");
    shop.gate.finish();
    await board.kill.off({ agent: "A1", ...BY });
    expect((await ended).status).toBe("completed");
  });

  test("a decision is kept while the switch is on, and applied by whoever continues the run", async () => {
    const { shop, board } = await openBoth({ reach: "outside" });
    shop.gate.finish();
    const { run_id: runId, approvals } = await shop.orchestrator.start("test-mission");
    await board.kill.on({ run: runId, ...BY });

    const [asked] = approvals;
    const decided = await shop.orchestrator.decide(asked?.approval_id ?? "", {
      decision: { type: "approve" },
      by: "grace",
      continue: false,
    });

    expect(decided).toMatchObject({ status: "approved", continued: "not_continued" });
    expect(decided.note).toContain("The decision is kept.");
    expect(shop.acts).toEqual(["paper"]);
    await board.kill.off({ run: runId, ...BY });
    const [resumed] = await shop.orchestrator.resume();
    expect(resumed).toMatchObject({ run_id: runId, status: "waiting" });
    expect(shop.acts).toEqual(["paper", "one"]);
  });

  test.each([
    ["everything", { all: true }],
    ["a tool", { tool: "send_letter" }],
  ] as const)(
    "cancel of a run that the switch for %s stops returns at once, and ends it once what it did may be seen to",
    async (_what, target) => {
      const { shop, board } = await openBoth();
      const { runId, ended } = await startHeld(shop);
      await board.kill.on({ ...target, ...BY });
      await until(async () => (await board.status(runId)).tasks["P"]?.status === "waiting_for_person");

      const outcomes = [
        await shop.orchestrator.cancel(runId, { by: "grace" }),
        await board.cancel(runId, { by: "grace" }),
      ];

      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ status: "waiting", is_elsewhere: false });
        expect(outcome.note).toMatch(/^Stopped by the kill switch for .*is cancelled once the switch is off/u);
      }
      expect((await board.status(runId)).status).toBe("waiting");
      await board.kill.off({ ...target, ...BY });
      expect((await ended).status).toBe("waiting");
      for (const { approval_id } of await shop.orchestrator.approvals({ run: runId })) {
        const decision = { type: "reject" as const, comment: "It stays as it is." };
        await shop.orchestrator.decide(approval_id, { decision, by: "grace" });
      }

      expect((await board.status(runId)).status).toBe("cancelled");
      expect(shop.acts).not.toContain("two");
    },
  );

  test("cancel ends a stopped run at once that did nothing to be taken back", async () => {
    const { shop, board } = await openBoth();
    await board.kill.on({ all: true, ...BY });
    const { run_id: runId } = await shop.orchestrator.start("test-mission");

    const outcome = await shop.orchestrator.cancel(runId, { by: "grace" });

    expect(outcome).toMatchObject({ status: "cancelled", note: null });
  });

  test("a process that shuts down leaves a stopped run to whoever resumes it", async () => {
    const { shop, board } = await openBoth();
    const { runId, ended } = await startHeld(shop);
    await board.kill.on({ tool: "send_letter", ...BY });
    await until(async () => (await board.status(runId)).tasks["P"]?.status === "waiting_for_person");

    await shop.orchestrator.drain();
    const left = await ended;
    await board.kill.off({ tool: "send_letter", ...BY });

    expect(left.status).toBe("running");
    expect((await shop.parts.store.runs.recoverable()).map((run) => run.runId)).toEqual([runId]);
  });
});

describe("I3: a graph that somebody invokes without the orchestrator", () => {
  test("begins nothing, and goes on with nothing, while the switch is on, whatever was known of it before", async () => {
    const begun: string[] = [];
    const looking = (skill: string) => fakePlaybook({ skill, run: async () => ({ count: begun.push(skill) }) });
    const tasks = [
      { task_id: "A", skill: "first", requires_human_approval: true },
      { task_id: "B", skill: "second", depends_on: ["A"] },
    ];
    const agent = fakeAgent("A1", "watcher", [looking("first"), looking("second")]);
    const shop = await openEngine({ agents: [agent], missions: [{ tasks }] });
    const board = await openSwitchboard(shop);
    opened.push({ close: () => shop.drop() }, board);
    const graph = await shop.orchestrator.graph("test-mission");
    const thread = { configurable: { thread_id: "own" } };
    const goesOnOnceOff = async (begunBefore: readonly string[]) => {
      await until(async () => shop.parts.stops.on({ runId: "own" }));
      expect(begun).toEqual(begunBefore);
      await board.kill.off({ all: true, ...BY });
    };

    await board.kill.on({ all: true, ...BY });
    const first = graph.invoke({ case: { case_id: "C1" } }, thread);
    await goesOnOnceOff([]);
    await first;
    expect(begun).toEqual(["first"]);
    await board.kill.on({ all: true, ...BY });
    const second = graph.invoke(new Command({ resume: "approve" }), thread);
    await goesOnOnceOff(["first"]);

    expect(await second).toMatchObject({ status: "completed" });
    expect(begun).toEqual(["first", "second"]);
  });
});
