import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NeedsPerson } from "../../core/approval.js";
import type { ToolDefinition } from "../../core/tool.js";
import { mailTool, openWorld, readTool } from "../support/gate.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";
import type { Follows } from "./attacks.js";
import { ATTACKS } from "./attacks.js";

const ROW_LIMIT = 20_000;
const QUESTIONS: Readonly<Record<string, Follows>> = {
  tool_call: "a person is asked: may it be called?",
  in_doubt: "a person is asked: did it happen?",
};

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await openFreshStore();
});
afterEach(() => fresh.drop());

/** A lookup and a mail that behave, each replaced by the attack's tool of its name. */
function toolsOf(ran: string[], own: readonly ToolDefinition[]): readonly ToolDefinition[] {
  const found = async () => {
    ran.push("look_up");
    return { found: "yes" };
  };
  const sent = async () => {
    ran.push("send_mail");
    return { id: "m1" };
  };
  // Safe: tools of a known input are tools.
  const good = [readTool(found), mailTool({ run: sent })] as unknown as readonly ToolDefinition[];
  return good.map((tool) => own.find(({ name }) => name === tool.name) ?? tool);
}

describe("I3: attacks on the gate", () => {
  test.each(ATTACKS)("$attack: $code, $follows", async ({ code, told, follows, ran: times, tools, make }) => {
    const ran: string[] = [];
    const world = await openWorld({ store: fresh.store, tools: toolsOf(ran, tools?.(ran) ?? []) });

    const outcome = await make(world).catch((thrown: unknown) => {
      if (thrown instanceof NeedsPerson) return thrown;
      throw thrown;
    });

    if (outcome instanceof NeedsPerson) {
      expect([QUESTIONS[outcome.request.kind], outcome.request.shown.question]).toEqual([
        follows,
        expect.stringContaining(told),
      ]);
      expect(code).toBe("none");
    } else {
      expect(outcome).toMatchObject({ ok: false, code, reason: expect.stringContaining(told) });
      expect(follows).toBe("the agent goes on");
      expect(outcome.ok ? 0 : outcome.reason.length).toBeLessThan(ROW_LIMIT);
    }
    expect(ran).toHaveLength(times);
    expect(await rowsOf()).toBeLessThan(ROW_LIMIT);
    if (!tools)
      expect(await world.call("look_up", { word: "tea" }, { turnKey: "after" })).toEqual({
        ok: true,
        value: { found: "yes" },
      });
  });

  test("nothing that an attack passes along is inherited by other objects", () => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>)["isAdmin"]).toBeUndefined();
  });
});

/** How long the rows are that an attack leaves in journal and log. */
async function rowsOf(): Promise<number> {
  const turns = await fresh.store.journal.of("run-1");
  const events = await fresh.store.events.of("run-1");
  return JSON.stringify([turns, events]).length;
}
