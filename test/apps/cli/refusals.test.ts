import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missionDocument } from "../../support/missions.js";
import type { Ended } from "./child.js";
import { callMany } from "./child.js";

const AGENT = `import { defineAgent, definePlaybook } from "mission-orchestrator";
import { z } from "zod";
const probe = definePlaybook({
  skill: "probe", version: "1", input: z.looseObject({}), output: z.strictObject({ codes: z.array(z.string()) }), tools: ["pay"],
  async run(context) {
    const replies = [];
    for (const sum of [1, 2, 3]) replies.push(await context.call("pay", { to: "ada", sum: 2000 + sum }));
    replies.push(await context.call("pay", { to: "grace@example.com" }), await context.call("pya", {}));
    return { codes: replies.map((reply) => reply.code ?? "done") };
  },
});
export const payer = defineAgent({
  agentId: "P1", slug: "payer", name: "Payer", description: "Pays.", tools: ["pay"], skills: { probe },
});`;
const TOOL = `import { defineTool } from "mission-orchestrator";
import { z } from "zod";
export const pay = defineTool({
  name: "pay", description: "Pays.", input: z.strictObject({ to: z.string(), sum: z.number() }), output: z.strictObject({}),
  effect: "irreversible", amountUsd: ({ sum }) => sum, timeoutMs: 1000, maxCostMicroUsd: 0,
  dedupeKey: ({ to, sum }) => to + sum, dedupeScope: "case", run: async () => ({}),
});`;
const CONFIG = `import { defineConfig } from "mission-orchestrator";
export default defineConfig({ missions: "missions", agents: "agents", tools: "tools" });`;
const MISSION = {
  ...missionDocument({ tasks: [{ task_id: "T1", task: "Probe", skill: "probe" }] }),
  ...{ mission_id: "M305", slug: "probing", agents: ["P1"] },
};

describe("F132: mission audit refusals", () => {
  let folder: string;
  let ended: readonly Ended[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mission-refusals-"));
    symlinkSync(join(import.meta.dirname, "../../../node_modules"), join(folder, "node_modules"));
    const files = {
      "package.json": '{ "type": "module" }',
      "mission.config.ts": CONFIG,
      "tools/pay.ts": TOOL,
      "agents/payer.ts": AGENT,
      "missions/probing.json": JSON.stringify(MISSION),
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    ended = await callMany(
      [
        ["audit", "refusals"],
        ["run", "probing", "--json"],
        ["audit", "refusals"],
        ["audit", "refusals", "--json"],
        ["audit", "refusals", "--since", "9999-01-01"],
        ["audit", "refusals", "--since", "someday"],
        ["audit", "refusals", "--run", "nowhere"],
        ["audit", "verify", "--json"],
      ],
      folder,
    );
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("says when nothing was", () => {
    expect(ended[0]).toEqual({ code: 0, out: "Nothing was refused.\n", err: "" });
    expect(ended[4]).toMatchObject({ code: 0, err: "" });
    expect(ended[4]?.out).toMatch(/^Nothing was refused since 1 Jan 9999 00:00 UTC\.\n$/u);
  });

  test("shows agent, tool, code, how often, when last and the reason, the most frequent first", () => {
    expect(ended[2]).toMatchObject({ code: 0, err: "" });
    const when = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d";
    expect(ended[2]?.out).toMatch(
      new RegExp(
        `^Agent +Tool +Refused as +Times +Runs +Last +Told last\nPayer +pay +forbidden +3 +1 +${when} +pay is`,
        "u",
      ),
    );
    expect(ended[2]?.out).toMatch(/Payer +pya +unknown tool +1 +1/u);
    expect(ended[2]?.out).toMatch(/\n5 refusals\.\n$/u);
  });

  test("is one document under --json", () => {
    expect(ended[3]).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(ended[3]?.out ?? "")).toMatchObject({
      ...{ since: null, run_id: null, times: 5, unreadable: 0 },
      refusals: [
        { agent_id: "P1", agent_name: "Payer", tool: "pay", code: "forbidden", rule: "large_amounts_are_forbidden" },
        {},
        {},
      ],
    });
    expect(JSON.parse(ended[7]?.out ?? "")).toMatchObject({ is_sound: true });
  });

  test("refuses what is no moment and no run", () => {
    expect([ended[5], ended[6]].map((each) => [each?.code, each?.out])).toEqual([
      [2, ""],
      [2, ""],
    ]);
    expect(ended[5]?.err).toContain("2026-11-20");
  });
});
