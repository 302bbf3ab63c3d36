import { hostname } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Json } from "../../core/digest.js";
import { readSecretsWith, secret } from "../../core/secret.js";
import type { RunSession } from "../../core/session.js";
import type { CrashPoint, MailParts } from "../support/gate.js";
import { agentCard, Crash, createClock, mailTool, openWorld } from "../support/gate.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";

/** Above the greatest number that a process gets. */
const NOBODYS_PID = 4_194_305;
const HI = { to: "a@b", text: "hi" };
const BYE = { to: "a@b", text: "bye" };
const DONE = { ok: true, value: { id: "m1" } };
/** Commits of a call with an effect: the claim, then its outcome. */
const AFTER_CLAIM: CrashPoint = { commit: 1, isOnDisk: true };
const BEFORE_OUTCOME: CrashPoint = { commit: 2, isOnDisk: false };

let fresh: FreshStore;
let sent: string[];
const clock = createClock();
beforeEach(async () => {
  fresh = await openFreshStore();
  sent = [];
});
afterEach(() => fresh.drop());

function mail(parts: MailParts = {}) {
  return mailTool({
    ...parts,
    run: async (args, context) => {
      if (parts.run) return parts.run(args, context);
      sent.push(args.text);
      return { id: "m1" };
    },
  });
}

/** The next process on the store. */
function world(parts: MailParts = {}, options: { crash?: CrashPoint; runId?: string; caseId?: string } = {}) {
  return openWorld({
    store: fresh.store,
    clock,
    tools: [mail(parts), mail({ ...parts, name: "post_letter" })],
    ...options,
  });
}

/** Leaves an effect whose outcome is lost, by a process that dies at the given point. */
async function lose(crash: CrashPoint, parts: MailParts = {}, args: Json = HI) {
  const dead = await world(parts, { crash });
  await expect(dead.call("send_mail", args, { turnKey: "k" })).rejects.toThrow(Crash);
}

describe("I2: an effect happens at most once", () => {
  test.each([
    ["another attempt", { attempt: 2 }],
    ["another agent", { agent: agentCard({ id: "A2", tools: ["send_mail"] }) }],
  ])("%s gets the recorded result, and the log says so", async (_who, parts) => {
    const { call, events } = await world();
    await call("send_mail", HI);

    expect(await call("send_mail", HI, parts)).toEqual(DONE);
    expect(sent).toEqual(["hi"]);
    expect(await events("effect_reused")).toHaveLength(1);
  });

  test("the value of a secret that nobody has revealed yet is refused before it is on disk", async () => {
    readSecretsWith((name) => (name === "UNREVEALED_KEY" ? "letter-box-4711" : undefined));
    secret("UNREVEALED_KEY");

    const reply = await (await world()).call("send_mail", { to: "a@b", text: "letter-box-4711" });

    expect(reply).toMatchObject({ ok: false, reason: expect.stringContaining("UNREVEALED_KEY") });
    expect(await fresh.store.effects.of("run-1")).toEqual([]);
    expect(JSON.stringify(await fresh.store.journal.of("run-1"))).not.toContain("4711");
  });

  test("another run is told which arguments differ, and not what the first was done with", async () => {
    await (await world()).call("send_mail", HI);

    const conflict = await (await world({}, { runId: "run-2" })).call("send_mail", BYE);

    expect(conflict).toMatchObject({ ok: false, code: "effect_conflict", reason: expect.stringContaining("text") });
    expect(JSON.stringify(conflict)).not.toContain('"hi');
    expect(JSON.stringify(conflict)).not.toContain("a@b");
  });

  test("another run of the case gets the recorded result; another case is another act", async () => {
    await (await world()).call("send_mail", HI);
    const second = await world({}, { runId: "run-2" });
    const elsewhere = await world({}, { runId: "run-3", caseId: "C2" });

    expect(await second.call("send_mail", HI)).toEqual(DONE);
    expect(sent).toEqual(["hi"]);
    expect(await elsewhere.call("send_mail", HI)).toEqual(DONE);
    expect(sent).toEqual(["hi", "hi"]);
  });

  test("a second equal call of one attempt is refused, until it names another intent", async () => {
    const { call } = await world();
    await call("send_mail", HI);

    const refused = await call("send_mail", HI);
    expect(refused).toMatchObject({
      ok: false,
      code: "already_done",
      reason: expect.stringContaining('Pass again: "<intent>"'),
    });
    expect(await call("send_mail", HI, { options: { again: "reminder" } })).toEqual(DONE);
    expect(sent).toEqual(["hi", "hi"]);
  });

  test("other arguments are refused showing what was done; naming a second intent then asks a person", async () => {
    const { call, asked, session } = await world();
    await call("send_mail", HI);
    const second = { turnKey: "again", options: { again: "correction" } };

    const conflict = await call("send_mail", BYE, { attempt: 2 });
    expect(conflict).toMatchObject({
      ok: false,
      code: "effect_conflict",
      reason: expect.stringContaining('"text":"hi"'),
    });
    const request = await asked("send_mail", BYE, second);
    expect(request.shown.question).toContain("a second time");
    expect(request.shown.evidence[0]?.left.text).toContain("hi");
    expect(sent).toEqual(["hi"]);
    await session.decide(request, { type: "approve" });
    expect(await call("send_mail", BYE, second)).toEqual(DONE);
    expect(sent).toEqual(["hi", "bye"]);
  });

  test("a default left out and the same default written out are one act", async () => {
    const { call } = await world();
    await call("send_mail", { to: "a@b" });

    expect(await call("send_mail", { to: "a@b", text: "hello" }, { attempt: 2 })).toEqual(DONE);
    expect(sent).toEqual(["hello"]);
  });

  test("of two equal calls at once one runs, and the other is judged by its outcome", async () => {
    const { call } = await world();

    const replies = await Promise.all([call("send_mail", HI), call("send_mail", HI), call("send_mail", BYE)]);

    expect(replies.map((reply) => (reply.ok ? "done" : reply.code))).toEqual([
      "done",
      "already_done",
      "effect_conflict",
    ]);
    expect(sent).toEqual(["hi"]);
  });

  test("of two runs of one case in one process the second waits and gets the first's result", async () => {
    const [first, second] = [await world(), await world({}, { runId: "run-2" })];
    // Safe for the same reason as in `openWorld`.
    const session = second.session as unknown as RunSession;

    expect(await Promise.all([first.call("send_mail", HI), first.call("send_mail", HI, { session })])).toEqual([
      DONE,
      DONE,
    ]);
    expect(sent).toEqual(["hi"]);
  });

  test("of two runs of one case in two processes the second is told to come back while the first is at it", async () => {
    let release = () => {};
    const goOn = new Promise<void>((resolve) => {
      release = resolve;
    });
    let begun = () => {};
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const slow: MailParts = {
      run: async ({ text }) => {
        begun();
        await goOn;
        sent.push(text);
        return { id: "m1" };
      },
    };
    const tools = [mail(slow)];
    const ahead = createClock("2999-01-01T00:00:00Z");
    const first = await openWorld({ store: fresh.store, clock: ahead, tools });
    const second = await openWorld({ store: fresh.store, clock: ahead, tools, runId: "run-2" });
    const working = first.call("send_mail", HI);
    await hasBegun;

    expect(await second.call("send_mail", HI)).toMatchObject({ ok: false, code: "effect_unsettled", transient: true });
    release();
    expect(await working).toEqual(DONE);
    expect(await second.call("send_mail", HI, { attempt: 2 })).toEqual(DONE);
    expect(sent).toEqual(["hi"]);
  });

  test("the lease of a process that is dead holds nothing: another run of the case finds out at once", async () => {
    const parts: MailParts = { reconcile: async () => ({ outcome: "not_done" }) };
    await lose(AFTER_CLAIM, parts);
    const run = await fresh.store.runs.find("run-1");
    if (!run) throw new Error("The run is gone.");
    await fresh.store.commit({ statements: fresh.store.runs.releaseLease(run) });
    await fresh.store.runs.takeLease("run-1", `${NOBODYS_PID}@${hostname()}:dead`, 60_000);

    const { call } = await world(parts, { runId: "run-2" });

    expect(await call("send_mail", HI)).toEqual(DONE);
    expect(sent).toEqual(["hi"]);
  });

  test("nothing is claimed once somebody asked to cancel, whatever the process has heard", async () => {
    const { call, events } = await world();
    await fresh.store.commit({ statements: fresh.store.runs.requestCancel("run-1", "Pat") });

    await expect(call("send_mail", HI)).rejects.toMatchObject({ code: "run_finished" });

    expect(sent).toEqual([]);
    expect(await events("effect_claimed")).toEqual([]);
  });

  test("an act with an answer that cannot be used is done all the same", async () => {
    const parts: MailParts = {
      run: async ({ text }) => {
        sent.push(text);
        return { id: 5 } as never; // what a broken tool returns
      },
    };
    const { call } = await world(parts);

    expect(await call("send_mail", HI)).toMatchObject({ ok: false, code: "bad_output" });
    expect(await call("send_mail", HI, { attempt: 2 })).toMatchObject({ ok: false, code: "bad_output" });
    expect(sent).toEqual(["hi"]);
  });
});

describe("I2: a tool that fails does not say whether the act happened", () => {
  const failing = (acts: boolean): NonNullable<MailParts["run"]> => {
    return async ({ text }) => {
      if (sent.length > 0) return { id: "m1" };
      if (acts) sent.push(text);
      throw Object.assign(new Error("no answer"), { code: "ECONNRESET" });
    };
  };

  test("done after all: the agent gets the result that the outside reports", async () => {
    const { call } = await world({
      run: failing(true),
      reconcile: async () => ({ outcome: "done", result: { id: "m1" } }),
    });

    expect(await call("send_mail", HI)).toEqual(DONE);
    expect(sent).toEqual(["hi"]);
  });

  test("surely not done: the failure is told, and a new attempt may do it", async () => {
    let isDown = true;
    const { call, events } = await world({
      reconcile: async () => ({ outcome: "not_done" }),
      run: async ({ text }) => {
        if (isDown) throw new Error("no answer");
        sent.push(text);
        return { id: "m1" };
      },
    });

    expect(await call("send_mail", HI)).toMatchObject({ ok: false, code: "tool_failed", transient: false });
    expect(await events("effect_not_done")).toHaveLength(1);
    isDown = false;
    expect(await call("send_mail", HI, { attempt: 2 })).toEqual(DONE);
    expect(await events("effect_claimed")).toHaveLength(2);
  });

  test("the tool itself knows that nothing was done: neither the outside nor a person is asked", async () => {
    const looked: string[] = [];
    const { call, events } = await world({
      reconcile: async (key) => {
        looked.push(key);
        return { outcome: "unknown" };
      },
      run: async () => {
        throw Object.assign(new Error("422: no such recipient"), { notDone: true });
      },
    });

    expect(await call("send_mail", HI)).toMatchObject({ ok: false, code: "tool_failed", transient: false });
    expect(looked).toEqual([]);
    expect(await events("effect_not_done")).toHaveLength(1);
    expect(await call("send_mail", { ...HI, text: "again" }, { attempt: 2 })).toMatchObject({ code: "tool_failed" });
  });

  test("nobody can tell: a person is asked", async () => {
    const { asked, call, session } = await world({ run: failing(true) });

    const request = await asked("send_mail", HI, { turnKey: "k" });
    expect(request).toMatchObject({ kind: "in_doubt", shown: { subject: { tool: "send_mail", args: HI } } });
    await session.decide(request, { type: "approve", answer: { id: "m1" } });
    expect(await call("send_mail", HI, { turnKey: "k" })).toEqual(DONE);
    expect(sent).toEqual(["hi"]);
  });

  test("a tool that is safe to repeat is tried again under the same key, within the attempt too", async () => {
    const keys: string[] = [];
    const parts: MailParts = {
      idempotent: true,
      run: async (args, context) => {
        keys.push(context.idempotencyKey);
        return failing(true)(args, context);
      },
    };
    const { call } = await world(parts);

    expect(await call("send_mail", HI)).toMatchObject({ ok: false, code: "tool_failed", transient: true });
    expect(await call("send_mail", HI)).toEqual(DONE);
    expect(new Set(keys).size).toBe(1);
    expect(sent).toEqual(["hi"]);
  });

  test("abandoned code may still act, so nobody acts beside it; later the outside is asked", async () => {
    let release = () => {};
    const late = new Promise<void>((resolve) => {
      release = resolve;
    });
    const ends: Promise<unknown>[] = [];
    const { call } = await world({
      timeoutMs: 5,
      reconcile: async () => (sent.length > 0 ? { outcome: "done", result: { id: "m1" } } : { outcome: "not_done" }),
      run: ({ text }) => {
        const end = late.then(() => {
          sent.push(text);
          return { id: "m1" };
        });
        ends.push(end);
        return end;
      },
    });

    expect(await call("send_mail", HI)).toMatchObject({ ok: false, code: "tool_timeout", transient: true });
    expect(await call("send_mail", HI, { attempt: 2 })).toMatchObject({
      ok: false,
      code: "effect_unsettled",
      transient: true,
    });
    release();
    await Promise.all(ends);
    expect(await call("send_mail", HI, { attempt: 3 })).toEqual(DONE);
    expect(sent).toEqual(["hi"]);
  });

  test("a cancelled effect keeps its claim, and the next process finds out", async () => {
    const stop = new AbortController();
    const reconcile: MailParts["reconcile"] = async () => ({ outcome: "done", result: { id: "m1" } });
    const run: MailParts["run"] = async ({ text }, { signal }) => {
      sent.push(text);
      stop.abort(new Error("cancelled"));
      signal.throwIfAborted();
      return { id: "m1" };
    };
    const first = await world({ run, reconcile });
    await expect(first.call("send_mail", HI, { turnKey: "k", signal: stop.signal })).rejects.toThrow("cancelled");

    const next = await world({ reconcile });
    expect(await next.call("send_mail", HI, { turnKey: "k" })).toEqual(DONE);
    expect(sent).toEqual(["hi"]);
  });
});

describe("I2: after a crash the outcome is found out, never guessed", () => {
  test.each([
    ["between claim and call", AFTER_CLAIM],
    ["between call and outcome", BEFORE_OUTCOME],
  ])("%s, the outside is asked first and the act is there once", async (_when, crash) => {
    const reconcile: MailParts["reconcile"] = async () =>
      sent.length > 0 ? { outcome: "done", result: { id: "m1" } } : { outcome: "not_done" };
    await lose(crash, { reconcile });
    const { call, events } = await world({ reconcile });

    expect(await call("send_mail", HI, { turnKey: "k" })).toEqual(DONE);
    expect(sent).toEqual(["hi"]);
    expect(await events("effect_done")).toHaveLength(1);
  });

  test("a lost act of an ask tool is settled without asking again", async () => {
    const parts: MailParts = { reach: "outside", reconcile: async () => ({ outcome: "done", result: { id: "m1" } }) };
    const first = await world(parts);
    const request = await first.asked("send_mail", HI, { turnKey: "k" });
    await first.session.decide(request, { type: "edit", edited: BYE });
    await lose(AFTER_CLAIM, parts);
    const { call } = await world(parts);

    expect(await call("send_mail", HI, { turnKey: "k" })).toEqual({ ...DONE, editedArgs: BYE });
    expect((await fresh.store.approvals.find(request.approvalId))?.appliedAt).toBeDefined();
  });

  test("said to have happened without its result, it is recorded as done, and the agent is not told of a result", async () => {
    await lose(BEFORE_OUTCOME);
    const { asked, call, session, events } = await world();
    await session.decide(await asked("send_mail", HI, { turnKey: "k" }), { type: "approve" });

    expect(await call("send_mail", HI, { turnKey: "k" })).toMatchObject({
      ok: false,
      code: "bad_output",
      reason: "send_mail happened, as a person says, but nobody knows what it answered.",
    });
    expect(await fresh.store.effects.of("run-1")).toMatchObject([{ status: "done" }]);
    expect(sent).toEqual(["hi"]);
    expect(await events("effect_in_doubt")).toHaveLength(1);
  });

  test("a result that a person gives is checked against the tool, and the act stays done", async () => {
    await lose(BEFORE_OUTCOME);
    const { asked, call, session } = await world();
    await session.decide(await asked("send_mail", HI, { turnKey: "k" }), { type: "approve", answer: "yes" });

    expect(await call("send_mail", HI, { turnKey: "k" })).toMatchObject({ ok: false, code: "bad_output" });
    expect(await call("send_mail", HI, { attempt: 2 })).toMatchObject({ ok: false, code: "bad_output" });
    expect(sent).toEqual(["hi"]);
  });

  test("said not to have happened, it is done once more, and an old answer does not speak for a new doubt", async () => {
    await lose(AFTER_CLAIM);
    const second = await world({}, { crash: { commit: 4, isOnDisk: false } });
    const request = await second.asked("send_mail", HI, { turnKey: "k" });
    await second.session.decide(request, { type: "reject" });
    await expect(second.call("send_mail", HI, { turnKey: "k" })).rejects.toThrow(Crash);
    expect(sent).toEqual(["hi"]);

    const third = await world();
    const again = await third.asked("send_mail", HI, { turnKey: "k" });

    expect(again).toMatchObject({ kind: "in_doubt", status: "pending", round: 1 });
    expect(sent).toEqual(["hi"]);
  });

  test("the outside cannot be asked just now: the call is refused for the moment, and nothing is done", async () => {
    await lose(BEFORE_OUTCOME);
    let isDown = true;
    const { call } = await world({
      reconcile: async () => {
        if (isDown) throw Object.assign(new Error("busy"), { status: 503 });
        return { outcome: "done", result: { id: "m1" } };
      },
    });

    expect(await call("send_mail", HI, { turnKey: "k" })).toMatchObject({
      ok: false,
      code: "effect_unsettled",
      transient: true,
    });
    isDown = false;
    expect(await call("send_mail", HI, { attempt: 2 })).toEqual(DONE);
    expect(sent).toEqual(["hi"]);
  });

  test("no other effect of the task is claimed before a lost one is settled; other tasks go on", async () => {
    await lose(BEFORE_OUTCOME);
    const { asked, call, session, events, task } = await world();
    const letter = { to: "c@d", text: "letter" };

    const request = await asked("post_letter", letter, { turnKey: "k2" });
    expect(request).toMatchObject({ kind: "in_doubt", shown: { tool: "send_mail" } });
    expect(await events("effect_claimed")).toHaveLength(1);
    const other = { ...task, id: "T2" };
    expect(await call("post_letter", { to: "e@f", text: "other" }, { task: other, turnKey: "k3" })).toEqual(DONE);
    await session.decide(request, { type: "approve", answer: { id: "m1" } });
    expect(await call("post_letter", letter, { turnKey: "k2" })).toEqual(DONE);
    expect(await call("send_mail", HI, { turnKey: "k" })).toEqual(DONE);
    expect(sent).toEqual(["hi", "other", "letter"]);
  });

  test("other arguments than the lost ones wait for its outcome, then conflict", async () => {
    await lose(BEFORE_OUTCOME, { idempotent: true });
    const { call } = await world({ idempotent: true, run: async () => ({ id: "m1" }) });

    expect(await call("send_mail", BYE, { attempt: 2 })).toMatchObject({ ok: false, code: "effect_conflict" });
    expect(sent).toEqual(["hi"]);
  });
});
