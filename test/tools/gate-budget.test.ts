import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { ToolContext } from "../../core/tool.js";
import { defineTool } from "../../tools/define-tool.js";
import { fc } from "../support/fast-check.js";
import type { CrashPoint } from "../support/gate.js";
import { Crash, openWorld } from "../support/gate.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";

const BUDGET = 10;
/** In dollars, as a mission says it. */
const BUDGET_USD = BUDGET / 1_000_000;

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await openFreshStore();
});
afterEach(() => fresh.drop());

const Args = z.strictObject({ to: z.string(), costs: z.int().nonnegative().default(0) });
type Run = (args: z.output<typeof Args>, context: ToolContext) => Promise<unknown>;

/** A tool that costs what its arguments say, and at most `max`. */
function pricedTool(
  max: number,
  run: Run = async () => undefined,
  effect: "reads" | "writes" = "reads",
  name = "look_up",
) {
  return defineTool({
    name,
    description: "Costs what it is told to cost.",
    input: Args,
    output: z.strictObject({}),
    effect,
    ...(effect === "writes" && { dedupeKey: ({ to }: { to: string }) => to, dedupeScope: "run" as const }),
    ...(effect === "writes" && { reach: "own" as const }),
    timeoutMs: 60_000,
    maxCostMicroUsd: max,
    costMicroUsd: ({ costs }) => costs,
    run: async (args, context) => {
      await run(args, context);
      return {};
    },
  });
}

const open = (tools: ReturnType<typeof pricedTool>[], parts: { crash?: CrashPoint; policies?: string } = {}) =>
  openWorld({ store: fresh.store, tools, budgetUsd: BUDGET_USD, ...parts });

/** A call that stays at work until it is let go. */
function gateway() {
  let letGo = (): void => undefined;
  const isOpen = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let begun = (): void => undefined;
  const isAtWork = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const run: Run = async () => {
    begun();
    await isOpen;
  };
  return { run, isAtWork, letGo: () => letGo() };
}

describe("I3, I5: a call that may take its run above its budget is refused before anything is claimed", () => {
  test("the refusal says what was spent, what is left and what the call may cost; one event tells of it", async () => {
    const { call, events } = await open([pricedTool(6)]);

    expect(await call("look_up", { to: "a", costs: 5 })).toMatchObject({ ok: true });
    const reply = await call("look_up", { to: "b" });

    expect(reply).toMatchObject({ ok: false, code: "over_budget", transient: false });
    expect(reply).toMatchObject({
      reason: expect.stringMatching(/\$0\.000006.*\$0\.000005 of \$0\.00001 is left.*\$0\.000005 was spent/u),
    });
    expect(await events("tool_refused")).toMatchObject([{ data: { code: "over_budget", tool: "look_up" } }]);
  });

  test("an act is not claimed, and what was done already is answered for nothing", async () => {
    const { call } = await open([pricedTool(6, undefined, "writes", "post")]);

    expect(await call("post", { to: "a", costs: 6 })).toMatchObject({ ok: true });
    expect(await call("post", { to: "b" })).toMatchObject({ code: "over_budget" });
    expect((await fresh.store.effects.of("run-1")).map(({ args }) => args)).toEqual([{ to: "a", costs: 6 }]);
    expect(await call("post", { to: "a", costs: 6 }, { attempt: 2 })).toMatchObject({ ok: true });
  });

  test("what costs nothing is never refused, and the whole budget may be spent", async () => {
    const { call } = await open([pricedTool(BUDGET), pricedTool(0, undefined, "writes", "note")]);

    expect(await call("look_up", { to: "a", costs: BUDGET })).toMatchObject({ ok: true });
    expect(await call("note", { to: "a" })).toMatchObject({ ok: true });
    expect(await call("look_up", { to: "b" })).toMatchObject({ code: "over_budget" });
  });

  test("nobody is asked about a call that the budget does not let through, and a yes is checked when it is used", async () => {
    const outside = { ...pricedTool(6, undefined, "writes", "post"), reach: "outside" as const };
    const { call, asked, session } = await open([outside, pricedTool(6)]);

    const approval = await asked("post", { to: "a" }, { turnKey: "k" });
    await session.decide(approval, { type: "approve" });
    expect(await call("look_up", { to: "b", costs: 5 })).toMatchObject({ ok: true });

    expect(await call("post", { to: "a" }, { turnKey: "k" })).toMatchObject({ code: "over_budget" });
    expect(await call("post", { to: "c" })).toMatchObject({ code: "over_budget" });
    expect(await fresh.store.effects.of("run-1")).toEqual([]);
  });
});

describe("I5: money is reserved before it is spent", () => {
  test.each(["reads", "writes"] as const)("two calls at once that fit only one by one (%s)", async (effect) => {
    const held = gateway();
    const { call } = await open([pricedTool(6, held.run, effect)]);

    const first = call("look_up", { to: "a", costs: 1 });
    await held.isAtWork;
    const second = await call("look_up", { to: "b" });
    held.letGo();

    expect(second).toMatchObject({ code: "over_budget", transient: true });
    expect(second).toMatchObject({ reason: expect.stringMatching(/\$0\.000006 is held by calls under way/u) });
    expect(await first).toMatchObject({ ok: true });
    expect(await call("look_up", { to: "c" })).toMatchObject({ ok: true });
  });

  test("an act whose process died holds its maximum in the next one, until it is known", async () => {
    const tools = [pricedTool(6, undefined, "writes", "post"), pricedTool(6)];
    const dead = await open(tools, { crash: { commit: 2, isOnDisk: false } });
    await expect(dead.call("post", { to: "a" })).rejects.toThrow(Crash);

    const { call } = await open(tools);

    expect(await call("look_up", { to: "b" })).toMatchObject({ code: "over_budget" });
  });

  test("the next process knows what the one before has spent", async () => {
    const before = await open([pricedTool(6)]);
    await before.call("look_up", { to: "a", costs: 5 });

    const { call } = await open([pricedTool(6)]);

    expect(await call("look_up", { to: "b" })).toMatchObject({ code: "over_budget" });
  });

  test("whatever is called at once and whatever it costs, the sum is never above the budget", async () => {
    const calls = fc.array(
      fc.record({
        tool: fc.constantFrom("reads_2", "reads_5", "writes_3", "writes_0"),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
        fails: fc.boolean(),
        turns: fc.integer({ min: 0, max: 5 }),
        isAlone: fc.boolean(),
      }),
      { minLength: 1, maxLength: 12 },
    );
    let runs = 0;
    let refusals = 0;
    await fc.assert(
      fc.asyncProperty(calls, async (planned) => {
        runs += 1;
        let spent = 0;
        let atWork = 0;
        let most = 0;
        const run = (max: number): Run => {
          return async ({ to, costs }) => {
            const plan = planned[Number(to)];
            atWork += max;
            most = Math.max(most, spent + atWork);
            for (let turn = 0; turn < (plan?.turns ?? 0); turn += 1) await new Promise(setImmediate);
            atWork -= max;
            spent += plan?.fails ? max : costs;
            if (plan?.fails) throw Object.assign(new Error("It broke."), { notDone: true });
          };
        };
        const tools = [
          pricedTool(2, run(2), "reads", "reads_2"),
          pricedTool(5, run(5), "reads", "reads_5"),
          pricedTool(3, run(3), "writes", "writes_3"),
          pricedTool(0, run(0), "writes", "writes_0"),
        ];
        const parts = { runId: `run-${runs}`, caseId: `C${runs}`, budgetUsd: BUDGET_USD };
        const { call } = await openWorld({ store: fresh.store, tools, ...parts });
        const replies = [];
        for (const [index, { tool, share, isAlone }] of planned.entries()) {
          const reply = call(tool, { to: String(index), costs: Math.floor(share * Number(tool.at(-1))) });
          replies.push(reply);
          if (isAlone) await reply;
        }
        const over = (await Promise.all(replies)).map((reply) => !reply.ok && reply.code === "over_budget");

        expect(most).toBeLessThanOrEqual(BUDGET);
        const turns = await fresh.store.journal.of(parts.runId);
        expect(turns.reduce((sum, turn) => sum + turn.costMicroUsd, 0)).toBe(spent);
        expect(planned.filter(({ tool }, index) => tool === "writes_0" && over[index])).toEqual([]);
        refusals += over.filter(Boolean).length;
      }),
      { numRuns: 40 },
    );
    expect(refusals).toBeGreaterThan(0);
  });
});
