import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NeedsPerson } from "../../core/approval.js";
import type { ToolReply } from "../../core/tool.js";
import { fc } from "../support/fast-check.js";
import type { CrashPoint, MailParts, World } from "../support/gate.js";
import { Crash, createClock, mailTool, openWorld } from "../support/gate.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";

const CHILD = fileURLToPath(new URL("../support/gate-child.ts", import.meta.url));
const HI = { to: "a@b", text: "hi" };
const NAMES = ["send_mail", "post_letter"] as const;
/** More passes than any case below can need; whoever uses them up goes round in circles. */
const MAX_PASSES = 30;

type Mishap = "none" | "throws_before" | "throws_after";

/** What one case of the property is made of. */
interface Plan {
  /** Whether the outside can be asked, and whether it recognises a key that it has seen. */
  readonly canAsk: boolean;
  readonly knowsKeys: boolean;
  readonly asks: boolean;
  /** What happens at each try of an act, in order; afterwards nothing. */
  readonly mishaps: readonly Mishap[];
  /** Where each process dies, in order; the last one lives. */
  readonly crashes: readonly CrashPoint[];
}

const plans: fc.Arbitrary<Plan> = fc.record({
  canAsk: fc.boolean(),
  knowsKeys: fc.boolean(),
  asks: fc.boolean(),
  mishaps: fc.array(fc.constantFrom<Mishap>("none", "throws_before", "throws_after"), { maxLength: 4 }),
  crashes: fc.array(fc.record({ commit: fc.integer({ min: 1, max: 6 }), isOnDisk: fc.boolean() }), { maxLength: 4 }),
});

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await openFreshStore();
});
afterEach(() => fresh.drop());

/** The world outside, which lives on when processes die: what was done, by tool. */
function createOutside(plan: Plan) {
  const acts = new Map<string, string[]>(NAMES.map((name) => [name, []]));
  const mishaps = [...plan.mishaps];
  const actsOf = (name: string) => acts.get(name) ?? [];
  const toolOf = (name: string) => {
    const parts: MailParts = {
      name,
      reach: plan.asks ? "outside" : "own",
      idempotent: plan.knowsKeys,
      ...(plan.canAsk && {
        reconcile: async () =>
          actsOf(name).length > 0 ? { outcome: "done", result: { id: "m1" } } : { outcome: "not_done" },
      }),
      run: async (_args, { idempotencyKey }) => {
        const mishap = mishaps.shift() ?? "none";
        if (mishap === "throws_before") throw Object.assign(new Error("no line"), { code: "ECONNREFUSED" });
        if (!plan.knowsKeys || !actsOf(name).includes(idempotencyKey)) actsOf(name).push(idempotencyKey);
        if (mishap === "throws_after") throw Object.assign(new Error("no answer"), { code: "ECONNRESET" });
        return { id: "m1" };
      },
    };
    return mailTool(parts);
  };
  return { actsOf, tools: NAMES.map(toolOf) };
}

/** One pass of a task over its two calls at once, with people who tell the truth. True when both are answered well. */
async function pass(
  world: World,
  attempt: number,
  outside: ReturnType<typeof createOutside>,
): Promise<"done" | "again" | "next attempt" | "dead"> {
  const calls = NAMES.map((name) => world.call(name, HI, { attempt, turnKey: `k-${name}` }));
  const ends = await Promise.allSettled(calls);
  const errors = ends.flatMap((end): unknown[] => (end.status === "rejected" ? [end.reason] : []));
  if (errors.some((error) => error instanceof Crash)) return "dead";
  for (const error of errors) {
    if (!(error instanceof NeedsPerson)) throw error;
    const request = await world.session.ask(error.request);
    const isSo = request.kind === "tool_call" || outside.actsOf(request.shown.tool ?? "").length > 0;
    const answer = request.kind === "in_doubt" ? { answer: { id: "m1" } } : {};
    if (request.status === "pending")
      await world.session.decide(request, isSo ? { type: "approve", ...answer } : { type: "reject" });
  }
  if (errors.length > 0) return "again";
  const replies = ends.flatMap((end): ToolReply[] => (end.status === "fulfilled" ? [end.value] : []));
  return replies.every(({ ok }) => ok) ? "done" : "next attempt";
}

describe("I2: whatever fails and wherever processes die, one intent is one act", () => {
  test("two effects of a task, any failures, any crash points", { timeout: 120_000 }, async () => {
    const clock = createClock();
    let number = 0;
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        number += 1;
        const of = { store: fresh.store, clock, runId: `run-${number}`, caseId: `C${number}` };
        const outside = createOutside(plan);
        const crashes = [...plan.crashes];
        const open = () => {
          const crash = crashes.shift();
          return openWorld({ ...of, tools: outside.tools, ...(crash && { crash }) });
        };
        let world = await open();
        let attempt = 1;
        let end = "again";
        for (let passes = 0; end !== "done" && passes < MAX_PASSES; passes += 1) {
          end = await pass(world, attempt, outside);
          if (end === "dead") world = await open();
          if (end === "next attempt") attempt += 1;
          for (const name of NAMES) expect(outside.actsOf(name).length).toBeLessThanOrEqual(1);
        }
        expect(end).toBe("done");
        expect(NAMES.map((name) => outside.actsOf(name).length)).toEqual([1, 1]);
        expect((await fresh.store.effects.of(of.runId)).map(({ status }) => status)).toEqual(["done", "done"]);
      }),
      { numRuns: 200 },
    );
  });

  test.each(["claimed", "acted", "told"])(
    "a process killed when its effect is %s leaves an act that is done once",
    async (point) => {
      const countFile = join(dirname(fresh.path), "sent.txt");
      const lines = () => (existsSync(countFile) ? readFileSync(countFile, "utf8").split("\n").filter(Boolean) : []);
      const child = spawn(process.execPath, ["--import", "tsx", CHILD, fresh.store.url, countFile, point], {
        stdio: "inherit",
      });
      const [, signal] = await once(child, "exit");
      expect(signal).toBe("SIGKILL");
      expect(lines()).toHaveLength(point === "claimed" ? 0 : 1);

      let calls = 0;
      const tool = mailTool({
        reconcile: async () =>
          lines().length > 0 ? { outcome: "done", result: { id: "m1" } } : { outcome: "not_done" },
        run: async () => {
          calls += 1;
          return { id: "m1" };
        },
      });
      const world = await openWorld({ store: fresh.store, tools: [tool] });

      expect(await world.call("send_mail", HI, { turnKey: "k" })).toEqual({ ok: true, value: { id: "m1" } });
      expect(lines().length + calls).toBe(1);
    },
  );
});
