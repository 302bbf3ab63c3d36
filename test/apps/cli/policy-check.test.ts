import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missionDocument } from "../../support/missions.js";
import { policy } from "../../support/policies.js";
import type { Ended } from "./child.js";
import { callMany } from "./child.js";

const TOOL = `import { defineTool } from "mission-orchestrator";
import { z } from "zod";
export const pay = defineTool({
  name: "pay", description: "Pays.", input: z.strictObject({ to: z.string(), sum: z.number() }), output: z.strictObject({}),
  effect: "irreversible", amountUsd: ({ sum }) => sum, timeoutMs: 1000, maxCostMicroUsd: 0,
  dedupeKey: ({ to }) => to, dedupeScope: "case", run: async () => ({}),
});`;
const AGENT = `import { defineAgent } from "mission-orchestrator";
export const payer = defineAgent({ agentId: "P1", slug: "payer", name: "Payer", description: "Pays.", tools: ["pay"], skills: {} });`;
const CONFIG = `import { defineConfig } from "mission-orchestrator";
export default defineConfig({ missions: "missions", agents: "agents", tools: "tools", policies: "house" });`;
const PAY = 'principal, action == Action::"pay", resource';

/** A mission for the generalist and the payer, with policies of its own. */
function missionOf(slug: string, id: string, ...policies: readonly string[]): string {
  const tasks = [{ task_id: "T1", task: "Do it", skill: "work" }];
  return JSON.stringify({ ...missionDocument({ tasks }), mission_id: id, slug, agents: ["P1", "A0"], policies });
}

describe("F063: mission policy check explains a ruling", () => {
  let folder: string;
  let ended: readonly Ended[];
  const check = (args: object, ...more: readonly string[]) => [
    "policy",
    "check",
    "pay",
    "--args",
    JSON.stringify(args),
    ...more,
  ];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mission-policy-"));
    symlinkSync(join(import.meta.dirname, "../../../node_modules"), join(folder, "node_modules"));
    const small = policy(
      "small_sums_are_free",
      "permit",
      'context has amountUsd && context.amountUsd.lessThan(decimal("10.0"))',
    );
    const files = {
      "package.json": '{ "type": "module" }',
      "mission.config.ts": CONFIG,
      "tools/pay.ts": TOOL,
      "agents/payer.ts": AGENT,
      "house/sums.cedar": small,
      "missions/strict.json": missionOf(
        "strict",
        "M301",
        policy("not_to_grace", "forbid", 'context.args.to == "grace"', PAY),
      ),
      "missions/loose.json": missionOf("loose", "M302", policy("pay_freely", "permit", "true", PAY)),
      "missions/broken.json": missionOf(
        "broken",
        "M303",
        "forbid (principal, action, resource) when { context.effct == 1 };",
      ),
      "missions/closed.json": missionOf("closed", "M304", policy("nobody_pays", "forbid", "true", PAY)),
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    ended = await callMany(
      [
        check({ to: "ada", sum: 5 }, "--json"),
        check({ to: "ada", sum: 1_000 }),
        check({ to: "ada", sum: 1_000.01 }, "--json"),
        check({ to: "grace", sum: 5 }, "--mission", "strict", "--json"),
        check({ to: "ada", sum: 5 }, "--agent", "generalist", "--json"),
        check({ to: "ada" }, "--json"),
        ["policy", "check", "pya"],
        ["policy", "check", "pay", "--args", "{"],
        check({ to: "ada", sum: 5 }, "--agent", "nobody"),
        ["verify", "strict"],
        ["verify", "loose"],
        ["verify", "broken"],
        ["verify", "closed"],
        check({ to: "ada", sum: 5 }, "--mission", "loose"),
        ["policy", "check", "p\u0430y"],
      ],
      folder,
    );
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("what goes through exits with 0, and names the administrator's policy and file", () => {
    expect(ended[0]).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(ended[0]!.out)).toMatchObject({
      outcome: "auto",
      policy: "small_sums_are_free",
      file: "house/sums.cedar",
      agent_id: "P1",
      is_held: true,
    });
  });

  test("what is asked exits with 3, in words", () => {
    expect(ended[1]?.code).toBe(3);
    expect(ended[1]?.out).toMatch(
      /ask: a person is asked first[\s\S]*it cannot be taken back[\s\S]*irreversible_asks[\s\S]*data\/policies\/tools\.cedar/u,
    );
  });

  test("what is forbidden exits with 1, also by a mission's own policy", () => {
    expect(ended[2]?.code).toBe(1);
    expect(JSON.parse(ended[2]!.out)).toMatchObject({ outcome: "forbidden", policy: "large_amounts_are_forbidden" });
    expect(ended[3]?.code).toBe(1);
    expect(JSON.parse(ended[3]!.out)).toMatchObject({
      outcome: "forbidden",
      policy: "not_to_grace",
      mission_id: "M301",
    });
  });

  test("an agent that does not hold the tool is told apart", () => {
    expect(JSON.parse(ended[4]!.out)).toMatchObject({ agent_id: "A0", is_held: false });
  });

  test("wrong arguments, names and JSON are misuse, each with what would do", () => {
    expect(ended.slice(5, 9).map(({ code }) => code)).toEqual([2, 2, 2, 2]);
    expect(ended[5]?.out).toContain("/sum");
    expect(ended[6]?.err).toContain("pay");
    expect(ended[7]?.err).toContain("--args takes JSON");
    expect(ended[8]?.err).toContain("P1 (payer)");
  });

  test("a name that only looks like a tool's is told as that, with the signs that the eye cannot tell apart", () => {
    expect(ended[14]).toMatchObject({ code: 2, out: "" });
    expect(ended[14]?.err).toContain('There is no tool "p\\u{430}y". It only looks like pay. There are: pay');
  });

  test("verify names the policy that would loosen, the one that cannot be read, and the tool that nobody may call", () => {
    expect(ended.slice(9, 13).map(({ code }) => code)).toEqual([0, 1, 1, 1]);
    expect(ended[10]?.out).toMatch(/policies\/0[\s\S]*policy_loosens[\s\S]*"pay_freely" permits/u);
    expect(ended[11]?.out).toMatch(/policy_invalid[\s\S]*policies\/0:1:/u);
    expect(ended[12]?.out).toMatch(
      /tool_forbidden[\s\S]*payer holds pay, which policy forbids whatever its arguments \(nobody_pays/u,
    );
    expect(ended[13]).toMatchObject({ code: 2, err: expect.stringContaining("policies/0:1:1:") });
  });
});
