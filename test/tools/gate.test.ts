import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Json } from "../../core/digest.js";
import { createPolicies } from "../../runtime/policy/policies.js";
import { tools as registry } from "../../tools/registry.js";
import { fc } from "../support/fast-check.js";
import { agentCard, createClock, mailTool, openWorld, readTool } from "../support/gate.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await openFreshStore();
});
afterEach(() => fresh.drop());

const found = async () => ({ found: "yes" });
const ASKING = { reach: "outside" } as const;

/** A world with a lookup and a mail tool; `ran` lists what really ran. */
async function worldOf(options: Parameters<typeof mailTool>[0] = {}, read: Parameters<typeof readTool>[0] = found) {
  const ran: string[] = [];
  const tools = [
    readTool(async (args, context) => {
      ran.push(`look_up ${args.word}`);
      return read(args, context);
    }),
    mailTool({
      ...options,
      run: async (args, context) => {
        ran.push(`send_mail ${args.to} ${args.text}`);
        return options.run ? options.run(args, context) : { id: "m1" };
      },
    }),
  ];
  return { ran, tools, ...(await openWorld({ store: fresh.store, tools })) };
}

describe("I3: no tool runs except through the gate", () => {
  test("an unknown tool is refused with the nearest names that the agent holds", async () => {
    const { call, events } = await worldOf();

    const reply = await call("lookup", { word: "tea" });

    expect(reply).toMatchObject({ ok: false, code: "unknown_tool", transient: false });
    expect(reply).toHaveProperty("reason", expect.stringContaining('Did you mean "look_up"?'));
    expect(await events("tool_refused")).toHaveLength(1);
  });

  test.each([
    ["a Cyrillic letter", "s\u0435nd_mail"],
    ["Greek and Cyrillic letters", "\u0455\u0435\u03b7\u0501_m\u0430i\u04cf"],
    ["wide letters", "\uff53\uff45\uff4e\uff44\uff3f\uff4d\uff41\uff49\uff4c"],
    ["mathematical letters", "\u{1d42c}\u{1d41e}\u{1d427}\u{1d41d}_mail"],
    ["a sign that cannot be seen", "send\u200b_mail"],
    ["letters from right to left", "\u202esend_mail"],
    ["marks on letters", "se\u0301nd_ma\u0308il"],
    ["capitals", "Send_Mail"],
    ["a blank", "send_mail "],
    ["a control sign", "send_mail\u0000"],
  ])("a name with %s is refused, and the tool that it looks like is named", async (_, name) => {
    const { call, ran, events, session } = await worldOf();

    const reply = await call(name, { to: "ann" });
    const [event] = await events("tool_refused");

    expect(reply).toMatchObject({ ok: false, code: "unknown_tool" });
    expect(reply).toHaveProperty("reason", expect.stringContaining('Did you mean "send_mail"?'));
    expect(ran).toEqual([]);
    expect(event?.data).toMatchObject({ code: "unknown_tool", agent: "A1", reason: reply.ok ? "" : reply.reason });
    expect(JSON.stringify([event?.data, session.turn("T1", 1, String(event?.data["turn"]))])).toMatch(/^[ -~]*$/u);
  });

  test.each(["__proto__", "constructor", "toString", "", "x".repeat(10_000_000)])(
    "a name that is none (%#) is refused, and its record stays small",
    async (name) => {
      const { call, events } = await worldOf();

      const reply = await call(name, {}, { turnKey: "odd" });
      const [event] = await events("tool_refused");

      expect(reply).toMatchObject({ ok: false, code: "unknown_tool" });
      expect(JSON.stringify([reply, event?.data]).length).toBeLessThan(2_000);
    },
  );

  test("bad arguments are named by pointer, with what is allowed", async () => {
    const { call, ran } = await worldOf();

    const reply = await call("look_up", { word: 7, limit: 12, wrod: "x" });

    expect(reply).toMatchObject({ ok: false, code: "bad_arguments" });
    const reason = reply.ok ? "" : reply.reason;
    expect(reason).toContain("/word: found 7; allowed: string");
    expect(reason).toContain("/limit: found 12");
    expect(reason).toContain('/wrod: "wrod" is not a field here. Did you mean "word"?');
    expect(ran).toEqual([]);
  });

  test("an agent that does not hold the tool, or whose playbook did not declare it, is refused", async () => {
    const { call, ran } = await worldOf();

    const notHeld = await call("look_up", { word: "tea" }, { agent: agentCard({ tools: ["send_mail"] }) });
    const notDeclared = await call("look_up", { word: "tea" }, { declared: ["send_mail"] });

    expect(notHeld).toMatchObject({
      ok: false,
      code: "not_held",
      reason: expect.stringContaining("It holds: send_mail."),
    });
    expect(notDeclared).toMatchObject({
      ok: false,
      code: "not_held",
      reason: expect.stringContaining("declares: send_mail"),
    });
    expect(ran).toEqual([]);
  });

  test("refusals are answered from the journal, also by the process after this one", async () => {
    const { call, tools } = await worldOf();
    const reply = await call("look_up", { word: 7 }, { turnKey: "k" });

    const next = await openWorld({ store: fresh.store, tools });

    expect(await next.call("look_up", { word: 7 }, { turnKey: "k" })).toEqual(reply);
    expect(await next.events("tool_refused")).toHaveLength(1);
  });

  test("whatever is called in whatever order, a tool runs only when it is registered, held, declared, allowed and given good arguments", async () => {
    const { call, ran, session, events } = await worldOf(ASKING);
    const anyCall = fc.record({
      tool: fc.constantFrom("look_up", "send_mail", "delete_all"),
      args: fc.constantFrom<Json>({ word: "tea" }, { word: "" }, { to: "a@b" }, { to: "a@b", text: "x" }, {}, null, []),
      isHeld: fc.boolean(),
      isDeclared: fc.boolean(),
    });
    let number = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyCall, { maxLength: 6 }), async (calls) => {
        for (const { tool, args, isHeld, isDeclared } of calls) {
          const before = ran.length;
          number += 1;
          const turnKey = `k${number}`;
          const parts = {
            turnKey,
            agent: agentCard({ tools: isHeld ? [tool] : [] }),
            declared: isDeclared ? [tool] : [],
          };

          const outcome = await call(tool, args, parts).catch((error: Error) => error.name);

          const isGood = tool === "look_up" && isHeld && isDeclared && JSON.stringify(args) === '{"word":"tea"}';
          expect(ran.length - before).toBe(isGood ? 1 : 0);
          if (typeof outcome === "string") expect([outcome, tool]).toEqual(["NeedsPerson", "send_mail"]);
          else expect(session.turn("T1", 1, turnKey)?.reply).toEqual(outcome);
        }
      }),
      { numRuns: 60 },
    );
    expect(await events("tool_called")).toHaveLength(ran.length);
  });

  test("every tool of the registry has its own name and a ruling", async () => {
    const book = await createPolicies(async () => registry).bookFor([]);

    expect(new Set(registry.map(({ name }) => name)).size).toBe(registry.length);
    expect(registry.map((tool) => book.outlook(tool, agentCard())?.outcome)).toEqual(registry.map(() => "auto"));
  });
});

describe("I3: a tool that fails is a reply that the agent can read", () => {
  test("a good call is answered, and the log holds tool, agent, ruling and rule", async () => {
    const { call, events } = await worldOf();

    expect(await call("look_up", { word: "tea" })).toEqual({ ok: true, value: { found: "yes" } });
    const [event] = await events("tool_called");
    expect(event?.data).toMatchObject({ tool: "look_up", agent: "A1", ruling: "auto", rule: "reading_is_free" });
  });

  test("a call that the journal holds does not run again, in this process and the next", async () => {
    const { call, ran, tools } = await worldOf();
    await call("look_up", { word: "tea" }, { turnKey: "k" });
    await call("look_up", { word: "tea" }, { turnKey: "k" });
    const next = await openWorld({ store: fresh.store, tools });

    expect(await next.call("look_up", { word: "tea" }, { turnKey: "k" })).toEqual({
      ok: true,
      value: { found: "yes" },
    });
    expect(ran).toEqual(["look_up tea"]);
  });

  test.each([
    [{ code: "ECONNRESET" }, true],
    [{ code: "EAI_AGAIN" }, true],
    [{ transient: true }, true],
    [{ status: 429 }, true],
    [{ statusCode: 503 }, true],
    [{ cause: { code: "ETIMEDOUT" } }, true],
    [{ status: 404 }, false],
    [{ code: "ENOENT" }, false],
    [{}, false],
  ])("an error with %o is transient: %s", async (parts, transient) => {
    const { call } = await worldOf({}, async () => {
      throw Object.assign(new Error("no luck"), parts);
    });

    expect(await call("look_up", { word: "tea" })).toEqual({
      ok: false,
      code: "tool_failed",
      reason: "look_up failed: no luck",
      transient,
    });
  });

  test("an answer that is not what the tool declares is refused by pointer", async () => {
    const { call } = await worldOf({}, async () => ({ found: 3 }));

    const reply = await call("look_up", { word: "tea" });

    expect(reply).toMatchObject({ ok: false, code: "bad_output", reason: expect.stringContaining("/found: found 3") });
  });

  test("a tool that ignores its limit is abandoned, and its late answer changes nothing", async () => {
    let release = (_value: { found: string }) => {};
    const late = new Promise<{ found: string }>((resolve) => {
      release = resolve;
    });
    const tool = readTool(() => late, 5);
    const { call, session } = await openWorld({ store: fresh.store, tools: [tool] });

    const reply = await call("look_up", { word: "tea" }, { turnKey: "k" });
    release({ found: "late" });
    await late;

    expect(reply).toMatchObject({ ok: false, code: "tool_timeout", transient: true });
    expect(session.turn("T1", 1, "k")?.reply).toEqual(reply);
  });

  test("a cancelled call throws the signal's reason and leaves no turn", async () => {
    const stop = new AbortController();
    const { call, session } = await worldOf({}, async (_args, { signal }) => {
      stop.abort(new Error("the run is cancelled"));
      signal.throwIfAborted();
    });

    await expect(call("look_up", { word: "tea" }, { turnKey: "k", signal: stop.signal })).rejects.toThrow(
      "the run is cancelled",
    );
    await expect(call("look_up", { word: "tea" }, { signal: stop.signal })).rejects.toThrow("the run is cancelled");
    expect(session.turn("T1", 1, "k")).toBeUndefined();
  });
});

describe("I4: an approval authorises exactly what was shown, once", () => {
  test("a call that asks is not made before somebody has decided, and shows what a stranger needs", async () => {
    const { asked, call, ran } = await worldOf(ASKING);

    const request = await asked("send_mail", { to: "a@b", text: "hi" }, { turnKey: "k" });
    await expect(call("send_mail", { to: "a@b", text: "hi" }, { turnKey: "k" })).rejects.toThrow(
      "May Worker call send_mail",
    );

    expect(ran).toEqual([]);
    expect(request).toMatchObject({ kind: "tool_call", subject: "k", status: "pending" });
    expect(request.shown).toMatchObject({ tool: "send_mail", subject: { to: "a@b", text: "hi" } });
    expect(request.shown.question).toBe(
      'May Worker call send_mail for the task "Do T1"? Sends a mail and returns its id.',
    );
    expect(request.shown.schema).toMatchObject({ type: "object", required: ["to"] });
  });

  test("approved, it is made with these arguments, and the approval is used up", async () => {
    const { asked, call, ran, session, events } = await worldOf(ASKING);
    const args = { to: "a@b", text: "hi" };
    const request = await asked("send_mail", args, { turnKey: "k" });
    await session.decide(request, { type: "approve" });

    expect(await call("send_mail", args, { turnKey: "k" })).toEqual({ ok: true, value: { id: "m1" } });
    expect(await call("send_mail", args, { turnKey: "k" })).toEqual({ ok: true, value: { id: "m1" } });

    expect(ran).toEqual(["send_mail a@b hi"]);
    expect((await fresh.store.approvals.find(request.approvalId))?.appliedAt).toBeDefined();
    const [event] = await events("tool_called");
    expect(event?.data).toMatchObject({ ruling: "ask", rule: "outside_writes_ask", approval: request.approvalId });
    await expect(call("send_mail", { to: "c@d" }, { turnKey: "k2" })).rejects.toThrow("May Worker call");
  });

  test("an approval of other arguments is no approval", async () => {
    const { asked, call, ran, session } = await worldOf(ASKING);
    await session.decide(await asked("send_mail", { to: "a@b" }, { turnKey: "k" }), { type: "approve" });

    await expect(call("send_mail", { to: "c@d" }, { turnKey: "k" })).rejects.toThrow("May Worker call");
    expect(ran).toEqual([]);
  });

  test("edited, it is made with the edited arguments; agent and log are told", async () => {
    const { asked, call, ran, session, events } = await worldOf(ASKING);
    const request = await asked("send_mail", { to: "a@b" }, { turnKey: "k" });
    await session.decide(request, { type: "edit", edited: { to: "c@d", text: "hi" } });

    const reply = await call("send_mail", { to: "a@b" }, { turnKey: "k" });

    expect(reply).toEqual({ ok: true, value: { id: "m1" }, editedArgs: { to: "c@d", text: "hi" } });
    expect(ran).toEqual(["send_mail c@d hi"]);
    const [event] = await events("tool_called");
    expect(event?.data["edited"]).toEqual({
      before: { to: "a@b" },
      after: { to: "c@d", text: "hi" },
      changes: [
        { at: "/to", from: "a@b", to: "c@d" },
        { at: "/text", to: "hi" },
      ],
    });
  });

  test("edited arguments are checked like any others", async () => {
    const { asked, call, ran, session } = await worldOf(ASKING);
    await session.decide(await asked("send_mail", { to: "a@b" }, { turnKey: "k" }), {
      type: "edit",
      edited: { to: 5 },
    });

    const reply = await call("send_mail", { to: "a@b" }, { turnKey: "k" });

    expect(reply).toMatchObject({ ok: false, code: "bad_arguments", reason: expect.stringContaining("/to: found 5") });
    expect(ran).toEqual([]);
  });

  test("rejected, the agent reads the comment", async () => {
    const { asked, call, ran, session } = await worldOf(ASKING);
    await session.decide(await asked("send_mail", { to: "a@b" }, { turnKey: "k" }), {
      type: "reject",
      comment: "Not on a Sunday.",
    });

    const reply = await call("send_mail", { to: "a@b" }, { turnKey: "k" });

    expect(reply).toEqual({ ok: false, code: "rejected_by_person", reason: "Not on a Sunday.", transient: false });
    expect(ran).toEqual([]);
  });

  test.each([
    [{ id: "by hand" }, { ok: true, value: { id: "by hand" } }],
    [{ number: 3 }, { ok: false, code: "bad_output" }],
  ])("answered with %o, the answer goes to the agent when it fits the tool", async (answer, expected) => {
    const { asked, call, ran, session } = await worldOf(ASKING);
    await session.decide(await asked("send_mail", { to: "a@b" }, { turnKey: "k" }), { type: "answer", answer });

    expect(await call("send_mail", { to: "a@b" }, { turnKey: "k" })).toMatchObject(expected);
    expect(ran).toEqual([]);
  });

  test("what was done already is answered without asking", async () => {
    const { asked, call, ran, session } = await worldOf(ASKING);
    await session.decide(await asked("send_mail", { to: "a@b" }, { turnKey: "k" }), { type: "approve" });
    await call("send_mail", { to: "a@b" }, { turnKey: "k" });

    expect(await call("send_mail", { to: "a@b" }, { attempt: 2 })).toEqual({ ok: true, value: { id: "m1" } });
    expect(ran).toHaveLength(1);
  });
});

test("the clock of a reader is the gate's", async () => {
  const clock = createClock("2026-05-01T00:00:00Z");
  const tool = readTool(async (_args, { now }) => ({ found: now().toISOString().slice(0, 10) }));
  const { call } = await openWorld({ store: fresh.store, tools: [tool], clock });

  expect(await call("look_up", { word: "tea" })).toEqual({ ok: true, value: { found: "2026-05-01" } });
});
