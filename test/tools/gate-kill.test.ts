import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { KillAct } from "../../core/kill.js";
import { mailTool, openWorld, readTool } from "../support/gate.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await openFreshStore();
});
afterEach(() => fresh.drop());

function act(parts: Partial<KillAct> = {}): KillAct {
  const what = { scope: "tool", subject: "send_mail", turned: "on" } as const;
  return { actId: crypto.randomUUID(), ...what, by: "ada", reason: "Wrong people.", at: new Date(), ...parts };
}

/** A gate over two tools; what was mailed is a list. */
async function openGate() {
  const sent: string[] = [];
  const { store } = fresh;
  const mail = mailTool({ run: async ({ to }) => ({ id: `${sent.push(to)}` }) });
  const look = readTool(async () => ({ found: "tea" }));
  const world = await openWorld({ store, tools: [mail, look] });
  return {
    ...world,
    sent,
    store,
    /** Switched by somebody whom this process has not heard of yet. */
    turn: (parts: Partial<KillAct> = {}) => store.commit({ statements: store.kills.turn(act(parts)) }),
  };
}

describe("I3: the kill switch stands in the gate behind the holder and before policy", () => {
  test("a call that it stops is a refusal which says by whom and why, one event, and no turn", async () => {
    const { call, turn, session, store, events, sent } = await openGate();
    await turn();
    await session.stops.look();

    const replies = [
      await call("send_mail", { to: "ada" }, { turnKey: "k" }),
      await call("send_mail", { to: "ada" }, { turnKey: "k" }),
    ];

    expect(replies[0]).toMatchObject({ ok: false, code: "killed", transient: true });
    expect(replies[0]).toMatchObject({ reason: expect.stringMatching(/tool send_mail: Wrong people\. \(ada, since/u) });
    expect(replies[1]).toEqual(replies[0]);
    expect(await events("tool_refused")).toMatchObject([{ data: { code: "killed", tool: "send_mail" } }]);
    expect(await store.journal.of("run-1")).toEqual([]);
    expect(sent).toEqual([]);

    await turn({ turned: "off" });
    await session.stops.look();
    expect(await call("send_mail", { to: "ada" }, { turnKey: "k" })).toMatchObject({ ok: true });
  });

  test("what is wrong with the call itself is said first; other tools are not stopped", async () => {
    const { call, turn, session } = await openGate();
    await turn();
    await session.stops.look();

    expect(await call("send_mail", { to: 7 })).toMatchObject({ code: "bad_arguments" });
    expect(await call("send_mall", { to: "ada" })).toMatchObject({ code: "unknown_tool" });
    expect(await call("look_up", { word: "tea" })).toMatchObject({ ok: true });
  });
});

describe("I2: no effect is claimed once the switch is on, whatever the process knows", () => {
  test.each([
    ["the tool", {}],
    ["the agent", { scope: "agent", subject: "A1" }],
    ["the run", { scope: "run", subject: "run-1" }],
    ["everything", { scope: "all", subject: "" }],
  ] as const)("%s: a process that has not looked since is refused by the store", async (_what, target) => {
    const { call, turn, session, store, sent } = await openGate();
    await turn(target);
    expect(session.stops.on({ runId: "run-1", agentId: "A1", tool: "send_mail" })).toBeUndefined();

    const reply = await call("send_mail", { to: "ada" });

    expect(reply).toMatchObject({ ok: false, code: "killed" });
    expect(await store.effects.of("run-1")).toEqual([]);
    expect(sent).toEqual([]);
  });

  test("a switch for another run, agent or tool stops nothing here", async () => {
    const { call, turn } = await openGate();
    await turn({ scope: "run", subject: "run-2" });
    await turn({ scope: "agent", subject: "A2" });
    await turn({ subject: "send_fax" });
    await turn({ subject: "send_mail" });
    await turn({ subject: "send_mail", turned: "off" });

    expect(await call("send_mail", { to: "ada" })).toMatchObject({ ok: true });
  });

  test("an act whose outcome was lost is not tried again while the switch is on", async () => {
    const { store } = fresh;
    const sent: string[] = [];
    const tools = [mailTool({ idempotent: true, run: async ({ to }) => ({ id: `${sent.push(to)}` }) })];
    const first = await openWorld({ store, tools, crash: { commit: 1, isOnDisk: true } });
    await expect(first.call("send_mail", { to: "ada" }, { turnKey: "k" })).rejects.toMatchObject({ name: "Crash" });
    await store.commit({ statements: store.kills.turn(act()) });
    const second = await openWorld({ store, tools });

    await expect(second.call("send_mail", { to: "ada" }, { turnKey: "k" })).rejects.toMatchObject({ name: "Stopped" });

    expect(sent).toEqual([]);
    await store.commit({ statements: store.kills.turn(act({ turned: "off" })) });
    await second.session.stops.look();
    expect(await second.call("send_mail", { to: "ada" }, { turnKey: "k" })).toMatchObject({ ok: true });
    expect(sent).toEqual(["ada"]);
  });

  test("a running call has its signal once the process knows, and its claim stays to be found out about", async () => {
    const { store } = fresh;
    const tools = [
      mailTool({
        run: (_args, { signal }) =>
          new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true })),
      }),
    ];
    const { call, session } = await openWorld({ store, tools });
    const calling = call("send_mail", { to: "ada" });
    calling.catch(() => undefined);
    while ((await store.effects.of("run-1")).length === 0) await new Promise((go) => setImmediate(go));
    await store.commit({ statements: store.kills.turn(act()) });

    await session.stops.look();

    await expect(calling).rejects.toMatchObject({ name: "Stopped", message: expect.stringContaining("Wrong people.") });
    expect(await store.effects.of("run-1")).toMatchObject([{ status: "claimed" }]);
  });

  test("asking the outside what became of an act has its signal once the process knows", async () => {
    const { store } = fresh;
    const asked: AbortSignal[] = [];
    const tools = [
      mailTool({
        run: async () => {
          throw new Error("The line is dead.");
        },
        reconcile: (_key, _args, { signal }) =>
          new Promise((_, reject) => {
            asked.push(signal);
            signal.addEventListener("abort", () => reject(signal.reason), { once: true });
          }),
      }),
    ];
    const { call, session } = await openWorld({ store, tools });
    const calling = call("send_mail", { to: "ada" });
    calling.catch(() => undefined);
    while (asked.length === 0) await new Promise((go) => setImmediate(go));
    await store.commit({ statements: store.kills.turn(act()) });

    await session.stops.look();

    expect(asked.map(({ aborted }) => aborted)).toEqual([true]);
    await expect(calling).rejects.toMatchObject({ name: "Stopped", message: expect.stringContaining("Wrong people.") });
    expect(await store.effects.of("run-1")).toMatchObject([{ status: "claimed" }]);
  });
});
