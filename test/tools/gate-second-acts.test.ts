import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { MailParts } from "../support/gate.js";
import { Crash, createClock, mailTool, openWorld } from "../support/gate.js";
import { deferred } from "../support/kill.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";

const HI = { to: "a@b", text: "hi" };
const BYE = { to: "a@b", text: "bye" };
const DONE = { ok: true, value: { id: "m1" } };
const SECOND = { turnKey: "again", options: { again: "correction" } };

let fresh: FreshStore;
let sent: string[];
beforeEach(async () => {
  fresh = await openFreshStore();
  sent = [];
});
afterEach(() => fresh.drop());

function mail(parts: MailParts = {}) {
  const run: MailParts["run"] = async ({ text }) => {
    sent.push(text);
    return { id: "m1" };
  };
  return mailTool({ run, ...parts });
}

/** A process whose first act happened, and whose outcome was lost with it; then the process after it. */
async function afterLost(parts: MailParts = {}) {
  const of = { store: fresh.store, clock: createClock(), tools: [mail(parts)] };
  const dead = await openWorld({ ...of, crash: { commit: 2, isOnDisk: false } });
  await expect(dead.call("send_mail", HI, { turnKey: "k" })).rejects.toThrow(Crash);
  return openWorld(of);
}

describe("I2, I4: a second act waits for what became of the first", () => {
  test("done after all, as the outside says: a person is asked whether a second one is meant", async () => {
    const { asked, call, session } = await afterLost({
      reconcile: async () => ({ outcome: "done", result: { id: "m1" } }),
    });

    const request = await asked("send_mail", BYE, SECOND);

    expect(request).toMatchObject({ kind: "tool_call", shown: { question: expect.stringContaining("a second time") } });
    expect(sent).toEqual(["hi"]);
    await session.decide(request, { type: "approve" });
    expect(await call("send_mail", BYE, SECOND)).toEqual(DONE);
    expect(sent).toEqual(["hi", "bye"]);
  });

  test("surely not done: nothing stands that a second one would come on top of", async () => {
    const { call } = await afterLost({ reconcile: async () => ({ outcome: "not_done" }) });
    sent = [];

    expect(await call("send_mail", BYE, SECOND)).toEqual(DONE);
    expect(sent).toEqual(["bye"]);
  });

  test("in doubt: a person says first whether it happened, then whether a second one is meant", async () => {
    const { asked, session, events } = await afterLost();

    const doubt = await asked("send_mail", BYE, SECOND);
    expect(doubt).toMatchObject({ kind: "in_doubt", shown: { subject: { args: HI } } });
    await session.decide(doubt, { type: "approve", answer: { id: "m1" } });

    expect(await asked("send_mail", BYE, SECOND)).toMatchObject({ kind: "tool_call" });
    expect(sent).toEqual(["hi"]);
    expect(await events("effect_claimed")).toHaveLength(1);
  });

  test("of another task, and in doubt: it is asked about just so", async () => {
    const { asked, task } = await afterLost();

    expect(await asked("send_mail", BYE, { ...SECOND, task: { ...task, id: "T2" } })).toMatchObject({
      kind: "in_doubt",
    });
    expect(sent).toEqual(["hi"]);
  });

  test("at work in this process: the second is judged by how it ends", async () => {
    const { done: goOn, finish } = deferred();
    const { done: begun, finish: begin } = deferred();
    const run: MailParts["run"] = async ({ text }) => {
      sent.push(text);
      begin();
      await goOn;
      return { id: "m1" };
    };
    const { asked, call, task } = await openWorld({ store: fresh.store, tools: [mail({ run })] });
    const first = call("send_mail", HI);
    await begun;

    const second = asked("send_mail", BYE, { ...SECOND, task: { ...task, id: "T2" } });
    const ended = second.then(String, String);
    // Whoever does not wait for the first is through by then.
    for (let turns = 0; turns < 200; turns += 1) await Promise.race([ended, new Promise(setImmediate)]);
    finish();

    expect(await first).toEqual(DONE);
    expect(await second).toMatchObject({ kind: "tool_call" });
    expect(sent).toEqual(["hi"]);
  });

  test("at work in another process: the second comes back later, and nothing is done", async () => {
    const { done: goOn, finish } = deferred();
    const { done: begun, finish: begin } = deferred();
    const run: MailParts["run"] = async ({ text }) => {
      sent.push(text);
      begin();
      await goOn;
      return { id: "m1" };
    };
    const clock = createClock("2999-01-01T00:00:00Z");
    const other = await openWorld({ store: fresh.store, clock, tools: [mail({ run })], runId: "run-2" });
    const working = other.call("send_mail", HI);
    await begun;
    const { call } = await openWorld({ store: fresh.store, clock, tools: [mail()] });

    expect(await call("send_mail", BYE, SECOND)).toMatchObject({
      ok: false,
      code: "effect_unsettled",
      transient: true,
    });
    finish();
    expect(await working).toEqual(DONE);
    expect(sent).toEqual(["hi"]);
  });
});
