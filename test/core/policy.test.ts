import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Ruling } from "../../core/policy.js";
import { coverageOf, rulingOnSecondAct } from "../../core/policy.js";
import type { ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../../tools/define-tool.js";

const RULED = { rule: "a_policy", reason: "it says so" };

describe("I4: what a person agrees to is exactly what was shown", () => {
  const pay: ToolDefinition = defineTool({
    name: "pay",
    description: "Pays.",
    input: z.object({ amount: z.number() }),
    output: z.null(),
    effect: "irreversible",
    timeoutMs: 1_000,
    maxCostMicroUsd: 0,
    dedupeKey: ({ amount }) => String(amount),
    dedupeScope: "case",
    amountUsd: ({ amount }) => amount,
    run: async () => null,
  });
  const args = { amount: 5, to: "ada" };
  const place = { agentId: "A1", policyVersion: "v1", rule: "paying_asks", taskId: "T1", caseId: "C1" };
  const act = { tool: pay, args, parsed: args, ...place };

  test("the same call is covered whatever the order of its arguments", () => {
    expect(coverageOf({ ...act, args: { to: "ada", amount: 5 } })).toEqual(coverageOf(act));
  });

  test.each([
    { tool: { ...pay, name: "pay_out" } },
    { tool: { ...pay, effect: "writes" as const } },
    { tool: { ...pay, reach: "own" as const } },
    { tool: { ...pay, deletes: true } },
    { tool: { ...pay, dataClasses: ["payment"] } },
    { tool: { ...pay, amountUsd: () => 7 } },
    { agentId: "A2" },
    { rule: "irreversible_asks" },
    { args: { amount: 5.01, to: "ada" } },
    { args: { amount: 5, to: "ada", note: "" } },
    { policyVersion: "v2" },
    { taskId: "T2" },
    { caseId: "C2" },
  ])("another %o is not covered", (other) => {
    expect(coverageOf({ ...act, ...other })).not.toEqual(coverageOf(act));
  });
});

describe("I2: a second act is never done without a person", () => {
  test("a second act after a first with other arguments asks, but never loosens what is forbidden", () => {
    const forbidden: Ruling = { ...RULED, outcome: "forbidden" };

    expect(rulingOnSecondAct({ ...RULED, outcome: "auto" })).toMatchObject({ outcome: "ask", rule: "second_act_asks" });
    expect(rulingOnSecondAct(forbidden)).toBe(forbidden);
  });
});
