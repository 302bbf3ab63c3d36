import { describe, expect, test } from "vitest";
import { z } from "zod";
import { standIn } from "../../core/stand-in.js";
import type { ToolDefinition } from "../../core/tool.js";
import { toolContext } from "../support/tool-context.js";

function toolWith(output: z.ZodType): ToolDefinition {
  return {
    name: "act",
    description: "Does something outside.",
    input: z.strictObject({}),
    output,
    effect: "irreversible",
    timeoutMs: 1_000,
    maxCostMicroUsd: 0,
    run: async () => {
      throw new Error("It was run.");
    },
  };
}

describe("what stands in for a tool that must not run", () => {
  const address = z.strictObject({ mail: z.email(), at: z.iso.datetime(), id: z.uuid() });
  test.each<[string, z.ZodType]>([
    ["texts of known formats", address],
    ["figures within bounds", z.strictObject({ n: z.int().min(3), m: z.number().positive(), any: z.number() })],
    ["lists as long as they must be", z.array(z.strictObject({ name: z.string().min(8) })).min(2)],
    ["one of several", z.union([z.literal("yes"), z.null()])],
    ["a choice", z.enum(["a", "b"])],
    ["optional fields left out", z.strictObject({ a: z.boolean(), b: z.string().optional() })],
    ["nested objects", z.strictObject({ in: z.strictObject({ deep: z.array(z.string()) }) })],
  ])("makes up an answer that fits: %s", async (_, output) => {
    const called: string[] = [];
    const tool = standIn(toolWith(output), {}, (name) => called.push(name));

    expect(output.safeParse(await tool.run({}, toolContext())).success).toBe(true);
    expect(called).toEqual(["act"]);
  });

  test("gives the answer that it was told", async () => {
    const tool = standIn(toolWith(z.strictObject({ id: z.string() })), { act: { id: "N-7" } }, () => undefined);

    expect(await tool.run({}, toolContext())).toEqual({ id: "N-7" });
  });

  test.each<[string, z.ZodType, Record<string, unknown>]>([
    ["does not fit", z.strictObject({ id: z.string() }), { act: { id: 7 } }],
    ["cannot be made up", z.strictObject({ code: z.string().regex(/^[A-Z]{3}-\d{4}$/u) }), {}],
  ])("an answer that %s is said to be missing", async (words, output, answers) => {
    const tool = standIn(toolWith(output), answers, () => undefined);

    await expect(tool.run({}, toolContext())).rejects.toThrow(new RegExp(`${words}.*expect\\.effects`, "u"));
  });
});
