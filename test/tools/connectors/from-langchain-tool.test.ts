import { DynamicTool, tool } from "@langchain/core/tools";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { z as z3 } from "zod/v3";
import type { JsonObject } from "../../../core/digest.js";
import type { JsonTool } from "../../../tools/connectors/declared-effect.js";
import { fromLangChainTool } from "../../../tools/connectors/from-langchain-tool.js";
import { openWorld } from "../../support/gate.js";
import { openFreshStore } from "../../support/store.js";
import { toolContext } from "../../support/tool-context.js";

const ABOUT = { name: "add_up", description: "Adds two numbers." };
const SUM = z.object({ a: z.number(), b: z.number().default(1) });

async function run(made: JsonTool, args: JsonObject) {
  return made.output.parse(await made.run(made.input.parse(args), toolContext()));
}

describe("a LangChain tool becomes one of ours", () => {
  test.each<[string, Parameters<typeof tool>[1]]>([
    ["zod 4", { ...ABOUT, schema: SUM }],
    ["zod 3", { ...ABOUT, schema: z3.object({ a: z3.number(), b: z3.number().default(1) }) as never }],
    [
      "JSON Schema",
      {
        ...ABOUT,
        schema: {
          type: "object",
          properties: { a: { type: "number" }, b: { type: "number", default: 1 } },
          required: ["a"],
        },
      } as never,
    ],
  ])("with a schema of %s, which refuses what it does not know", async (_, fields) => {
    const made = fromLangChainTool(
      tool(async ({ a, b }: { a: number; b: number }) => `${a + b}`, fields as never),
      {
        effect: "reads",
      },
    );

    expect(made).toMatchObject({ name: "add_up", description: "Adds two numbers.", effect: "reads" });
    expect(await run(made, { a: 2 })).toBe("3");
    for (const args of [{}, { a: "2" }, { a: 1, c: 2 }, null]) expect(made.input.safeParse(args).success).toBe(false);
  });

  test("with the checks that only its own code can make, and transforms made once", async () => {
    const schema = z.object({
      day: z.string().refine((day) => day !== "Sunday", "closed on Sundays"),
      size: z.string().transform((size) => size.length),
    });
    const made = fromLangChainTool(
      tool(async ({ size }) => size, { ...ABOUT, schema }),
      { effect: "reads" },
    );

    const refused = made.input.safeParse({ day: "Sunday", size: "abc" });
    expect(refused.error?.issues).toMatchObject([{ path: ["day"], message: "closed on Sundays" }]);
    expect(await run(made, { day: "Monday", size: "abc" })).toBe(3);
  });

  test("that takes one text", async () => {
    const made = fromLangChainTool(new DynamicTool({ ...ABOUT, func: async (text) => text.toUpperCase() }), {
      effect: "reads",
    });

    expect(await run(made, { input: "hi" })).toBe("HI");
  });

  test("with what it returns: text, an object, nothing, content with its artifact", async () => {
    const returning = (value: unknown, more: object = {}) =>
      fromLangChainTool(
        tool(async () => value, { ...ABOUT, schema: z.object({}), ...more } as never),
        { effect: "reads" },
      );

    expect(await run(returning("a"), {})).toBe("a");
    expect(await run(returning({ a: [1] }), {})).toEqual({ a: [1] });
    expect(await run(returning(undefined), {})).toBeNull();
    expect(await run(returning(["two rows", [1, 2]], { responseFormat: "content_and_artifact" }), {})).toEqual({
      ...{ content: "two rows", artifact: [1, 2] },
    });
  });

  test("with the output that its author declares", async () => {
    const made = fromLangChainTool(
      tool(async () => "many", { ...ABOUT, schema: SUM }),
      { effect: "reads", output: z.number() },
    );

    await expect(run(made, { a: 1 })).rejects.toThrow();
  });

  test("run with the signal, the act's key and whose act it is", async () => {
    const seen: unknown[] = [];
    const made = fromLangChainTool(
      tool(
        async (_, config) => {
          seen.push(config.configurable, config.signal);
          return "";
        },
        { ...ABOUT, schema: SUM },
      ),
      { effect: "reads" },
    );
    const context = toolContext();

    await made.run({ a: 1 }, context);

    expect(seen).toEqual([{ idempotencyKey: "key-1", runId: "run-1", agentId: "A5" }, context.signal]);
  });

  test("what cannot be one is refused when it is made", () => {
    const invoke = async () => "";
    const refused = (given: object, words: string) =>
      expect(() => fromLangChainTool(given as never, { effect: "reads" })).toThrow(
        expect.objectContaining({ code: "config_invalid", message: expect.stringContaining(words) }),
      );

    refused({ ...ABOUT, schema: SUM }, "/invoke");
    refused({ ...ABOUT, invoke, schema: { $ref: "https://evil.example/" } }, "leads out");
    refused({ ...ABOUT, invoke, schema: { type: "object", properties: { a: { type: "rocket" } } } }, "rocket");
  });
});

describe("I2, I3: through the gate", () => {
  let fresh: Awaited<ReturnType<typeof openFreshStore>>;
  beforeEach(async () => {
    fresh = await openFreshStore();
  });
  afterEach(() => fresh.drop());

  test("an effect is asked about, and done once for its key", async () => {
    const sums: number[] = [];
    const made = fromLangChainTool(
      tool(
        async ({ a, b }) => {
          sums.push(a + b);
          return "noted";
        },
        { ...ABOUT, schema: SUM },
      ),
      { effect: "irreversible", dedupeKey: ({ a }) => String(a) },
    );
    const { asked, call, session } = await openWorld({ store: fresh.store, tools: [made] });

    const request = await asked("add_up", { a: 1 }, { turnKey: "k" });
    expect(sums).toEqual([]);
    await session.decide(request, { type: "approve" });

    expect(await call("add_up", { a: 1 }, { turnKey: "k" })).toEqual({ ok: true, value: "noted" });
    expect(await call("add_up", { a: 1 }, { attempt: 2 })).toEqual({ ok: true, value: "noted" });
    expect(sums).toEqual([2]);
  });

  test("a tool that throws is a reply that the agent can read", async () => {
    const made = fromLangChainTool(
      tool(
        async () => {
          throw Object.assign(new Error("the abacus is busy"), { status: 429 });
        },
        { ...ABOUT, schema: SUM },
      ),
      { effect: "reads" },
    );
    const { call } = await openWorld({ store: fresh.store, tools: [made] });

    expect(await call("add_up", { a: 1 })).toMatchObject({
      ...{ ok: false, code: "tool_failed", transient: true, reason: expect.stringContaining("the abacus is busy") },
    });
  });
});
