import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Json } from "../../core/digest.js";
import type { ToolCall } from "../../core/session.js";
import { defineTool } from "../../tools/define-tool.js";
import { fc } from "../support/fast-check.js";
import { openWorld } from "../support/gate.js";
import { own, policy, policyFolder } from "../support/policies.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await openFreshStore();
});
afterEach(() => fresh.drop());

/** Looks up, notes in our tables, pays and deletes; `done` lists what really happened. */
function hands(done: string[]) {
  const Input = z.strictObject({ to: z.string(), sum: z.number().default(0) });
  const common = {
    description: "Acts.",
    output: z.strictObject({}),
    timeoutMs: 5_000,
    maxCostMicroUsd: 0,
    input: Input,
  };
  const effect = {
    ...common,
    effect: "writes",
    dedupeKey: ({ to }: { to: string }) => to,
    dedupeScope: "case",
  } as const;
  const acting =
    (name: string) =>
    async ({ to, sum }: { to: string; sum: number }) => {
      done.push(`${name} ${to} ${sum}`);
      return {};
    };
  return [
    defineTool({ ...common, name: "look_up", effect: "reads", run: acting("look_up") }),
    defineTool({ ...effect, name: "take_note", reach: "own", run: acting("take_note") }),
    defineTool({ ...effect, name: "pay", amountUsd: ({ sum }) => sum, run: acting("pay") }),
    defineTool({ ...effect, name: "delete_customer", deletes: true, run: acting("delete_customer") }),
  ];
}

async function worldOf(options: { missionPolicies?: ReturnType<typeof own>; policies?: string } = {}) {
  const done: string[] = [];
  const tools = hands(done);
  const world = await openWorld({ store: fresh.store, tools, ...options });
  return { done, tools, ...world };
}

describe("I3: what policy forbids does not happen", () => {
  test("the refusal names the policy and its reason, and the log has both", async () => {
    const { call, done, events } = await worldOf();

    const reply = await call("delete_customer", { to: "ada" });

    expect(reply).toMatchObject({
      ok: false,
      code: "forbidden",
      reason: "delete_customer is forbidden: it deletes, and nothing is deleted by agents (deleting_is_forbidden).",
    });
    expect(done).toEqual([]);
    const [event] = await events("tool_refused");
    expect(event?.data).toMatchObject({ ruling: "forbidden", rule: "deleting_is_forbidden" });
  });

  test("without the administrator's folder, or with a file of it that is gone, nothing is allowed until it can be read", async () => {
    const { folder, drop } = await policyFolder("");
    const { call, done } = await worldOf({ policies: join(folder, "house") });

    const before = await call("look_up", { to: "ada" });
    await mkdir(join(folder, "house"));
    await symlink(join(folder, "gone.cedar"), join(folder, "house", "sums.cedar"));
    const half = await call("look_up", { to: "grace" });
    await writeFile(join(folder, "gone.cedar"), "");
    const after = await call("look_up", { to: "alan" });

    expect(before).toMatchObject({ ok: false, code: "forbidden" });
    expect(before).toHaveProperty(
      "reason",
      expect.stringMatching(/look_up cannot be ruled on\. There is no folder .*house/u),
    );
    expect(half).toMatchObject({ ok: false, code: "forbidden" });
    expect(half).toHaveProperty("reason", expect.stringMatching(/The policies in .*sums\.cedar cannot be read/u));
    expect(after).toMatchObject({ ok: true });
    expect(done).toEqual(["look_up alan 0"]);
    await drop();
  });

  test("the same tool is asked about up to its limit, and forbidden above", async () => {
    const { call, asked, done } = await worldOf();

    const request = await asked("pay", { to: "ada", sum: 1_000 });

    expect(request.shown.reasons).toEqual(["A person is asked because it reaches somebody outside."]);
    expect(await call("pay", { to: "grace", sum: 1_000.01 })).toMatchObject({ ok: false, code: "forbidden" });
    expect(done).toEqual([]);
  });

  test("a mission's own policy forbids what is free otherwise", async () => {
    const missionPolicies = own(
      policy(
        "no_notes_on_grace",
        "forbid",
        'context.args.to == "grace"',
        'principal, action == Action::"take_note", resource',
      ),
    );
    const { call, done } = await worldOf({ missionPolicies });

    expect(await call("take_note", { to: "grace" })).toMatchObject({
      ok: false,
      code: "forbidden",
      reason: expect.stringContaining("no_notes_on_grace"),
    });
    expect(await call("take_note", { to: "ada" })).toMatchObject({ ok: true });
    expect(done).toEqual(["take_note ada 0"]);
  });

  test("without policies that can be read nothing runs, and the refusal says where the fault is", async () => {
    const { call, done } = await worldOf({ missionPolicies: own("forbid (principal, action") });

    expect(await call("look_up", { to: "ada" })).toMatchObject({
      ok: false,
      code: "forbidden",
      reason: expect.stringContaining("policies/0:1:"),
    });
    expect(done).toEqual([]);
  });
});

describe("I4: what is approved is what runs, or nothing runs", () => {
  const k = { turnKey: "k" };

  test("a person's edit is ruled on like any call: beyond the limit nothing is done", async () => {
    const { asked, call, session, done, events } = await worldOf();
    await session.decide(await asked("pay", { to: "ada", sum: 5 }, k), {
      type: "edit",
      edited: { to: "ada", sum: 1_001 },
    });

    expect(await call("pay", { to: "ada", sum: 5 }, k)).toMatchObject({ ok: false, code: "forbidden" });
    expect(done).toEqual([]);
    const [event] = await events("tool_refused");
    expect(event?.data).toMatchObject({
      rule: "large_amounts_are_forbidden",
      edited: { changes: [{ at: "/sum", from: 5, to: 1_001 }] },
    });
  });

  test.each<readonly [string, Json, Partial<ToolCall>]>([
    ["another sum", { to: "ada", sum: 6 }, {}],
    ["another recipient", { to: "grace", sum: 5 }, {}],
    ["another turn", { to: "ada", sum: 5 }, { turnKey: "other" }],
    ["another attempt", { to: "ada", sum: 5 }, { attempt: 2 }],
  ])("an approval does not cover %s", async (_, args, parts) => {
    const { asked, session, done } = await worldOf();
    const request = await asked("pay", { to: "ada", sum: 5 }, k);
    await session.decide(request, { type: "approve" });

    const again = await asked("pay", args, { ...k, ...parts });

    expect(again.approvalId).not.toBe(request.approvalId);
    expect(again.status).toBe("pending");
    expect(done).toEqual([]);
  });

  test("an approval does not cover the same call on another task", async () => {
    const { asked, session, task, done } = await worldOf();
    await session.decide(await asked("pay", { to: "ada", sum: 5 }, k), { type: "approve" });

    expect((await asked("pay", { to: "ada", sum: 5 }, { ...k, task: { ...task, id: "T2" } })).status).toBe("pending");
    expect(done).toEqual([]);
  });

  test("policies that changed since are asked about anew; when they forbid now, nothing runs", async () => {
    const { folder, drop } = await policyFolder(policy("no_sunday", "forbid", 'context.case.id == "sunday"'));
    const before = await worldOf({ policies: folder });
    await before.session.decide(await before.asked("pay", { to: "ada", sum: 5 }, k), { type: "approve" });
    await writeFile(join(folder, "house.cedar"), policy("no_monday", "forbid", 'context.case.id == "monday"'));

    const changed = await worldOf({ policies: folder });
    const again = await changed.asked("pay", { to: "ada", sum: 5 }, k);
    await changed.session.decide(again, { type: "approve" });
    await writeFile(join(folder, "house.cedar"), policy("nothing_at_all", "forbid", "true"));
    const closed = await worldOf({ policies: folder });

    expect(again.round).toBe(1);
    expect(await closed.call("pay", { to: "ada", sum: 5 }, k)).toMatchObject({
      ok: false,
      code: "forbidden",
      reason: expect.stringContaining("nothing_at_all"),
    });
    expect([...before.done, ...changed.done, ...closed.done]).toEqual([]);
    await drop();
  });

  test("an approval is used once: the same call later in the attempt is asked about anew", async () => {
    const { asked, call, session, done } = await worldOf();
    await session.decide(await asked("pay", { to: "ada", sum: 5 }, k), { type: "approve" });

    await call("pay", { to: "ada", sum: 5 }, k);
    await call("pay", { to: "ada", sum: 5 }, k);

    expect(done).toEqual(["pay ada 5"]);
    expect((await asked("pay", { to: "grace", sum: 5 }, { turnKey: "k2" })).status).toBe("pending");
  });
});

describe("I3, I4: an agent that may say anything", () => {
  const anyCall = fc.record({
    tool: fc.constantFrom("look_up", "take_note", "pay", "delete_customer"),
    args: fc.record({
      to: fc.constantFrom("ada", "grace", "kim"),
      sum: fc.constantFrom(0, 5, 1_000, 1_000.01, 5_000, -1),
    }),
    turnKey: fc.constantFrom("k1", "k2", "k3", "k4"),
    again: fc.constantFrom("", "", "once more"),
    /** What a person says to the question that the call raises, if it raises one; nothing is no answer. */
    says: fc.constantFrom("approve" as const, "reject" as const, "edit" as const, "nothing" as const),
    edited: fc.record({ to: fc.constantFrom("ada", "kim"), sum: fc.constantFrom(7, 999, 1_000.5) }),
    restarts: fc.boolean(),
  });

  test("brings about nothing that policy forbids, and what is asked only as a person agreed to it, once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyCall, { maxLength: 8 }), async (calls) => {
        const store = await openFreshStore();
        const done: string[] = [];
        const agreed: string[] = [];
        const tools = hands(done);
        let world = await openWorld({ store: store.store, tools });
        for (const { tool, args, turnKey, again, says, edited, restarts } of calls) {
          if (restarts) world = await openWorld({ store: store.store, tools });
          const parts = { turnKey, options: again === "" ? {} : { again } };
          const request = await world.asked(tool, args, parts).catch((error: Error) => {
            if (error.message.startsWith("Nobody was asked")) return undefined;
            throw error;
          });
          if (!request || says === "nothing") continue;
          await world.session.decide(request, says === "edit" ? { type: "edit", edited } : { type: says });
          if (says !== "reject") agreed.push(told(tool, says === "edit" ? edited : args));
          await world.call(tool, args, parts).catch(() => undefined);
        }
        const asked = done.filter((act) => act.startsWith("pay"));

        expect(done.filter((act) => act.startsWith("delete_customer"))).toEqual([]);
        expect(asked.filter((act) => Number(act.split(" ")[2]) > 1_000 || act.includes("-"))).toEqual([]);
        for (const act of new Set(asked))
          expect(asked.filter((each) => each === act).length).toBeLessThanOrEqual(
            agreed.filter((each) => each === act).length,
          );
        await store.drop();
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

function told(tool: string, { to, sum }: { to: string; sum: number }): string {
  return `${tool} ${to} ${sum}`;
}
