import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Packed } from "../support/packed.js";
import { packAndInstall, printed } from "../support/packed.js";

const CHECKOUT = resolve(import.meta.dirname, "../..");
const SINGLE = [
  "@langchain/core",
  "@langchain/langgraph",
  "@langchain/langgraph-checkpoint",
  "@langchain/langgraph-sdk",
  "better-sqlite3",
  "zod",
];

let packed: Packed;

beforeAll(async () => {
  packed = await packAndInstall();
}, 300_000);

afterAll(() => packed?.drop());

describe("the package, installed from its tarball into an empty folder beside the four pins", () => {
  test("holds the build and the data, no sources and no tests", () => {
    const folders = new Set(packed.files.map((file) => file.split("/")[0]));

    expect([...folders].filter((name) => !["LICENSE", "README.md"].includes(name ?? "")).sort()).toEqual([
      "data",
      "dist",
      "package.json",
    ]);
    expect(packed.files).toEqual(
      expect.arrayContaining([
        "dist/index.js",
        "dist/index.d.ts",
        "dist/apps/cli/main.js",
        "data/business_missions.json",
      ]),
    );
    expect(packed.files.filter((file) => /(?<!\.d)\.ts$|\.test\./u.test(file))).toEqual([]);
  });

  test.each(SINGLE)("there is one copy of %s", (name) => {
    expect(copiesOf(name, join(packed.app, "node_modules"))).toHaveLength(1);
  });

  test("a script runs a mission, stops at its question and ends; the command that it prints goes on to the report", async () => {
    const first = await printed(packed.app, "node", "run-mission.mjs", "script");
    const [question = "", command = ""] = first.trim().split("\n");
    const [, answer = ""] = /^To say yes: node resume-mission\.mjs script '(.+)'$/u.exec(command) ?? [];

    expect(question).toMatch(/^Is the result of "Verify documents" .*\?$/u);
    expect(await printed(packed.app, "node", "resume-mission.mjs", "script", answer)).toMatch(
      /was completed: 3 of 3 tasks were done/u,
    );
  });

  test("the question comes again, with the reason, after an answer that cannot be read", async () => {
    await printed(packed.app, "node", "run-mission.mjs", "unsure");

    expect(await printed(packed.app, "node", "resume-mission.mjs", "unsure", "perhaps")).toContain(
      '"perhaps" is no decision',
    );
    expect(await printed(packed.app, "node", "resume-mission.mjs", "unsure")).toContain("was completed");
  });

  test("two missions in one parent both stop, and in another process both go on", async () => {
    const questions = (await printed(packed.app, "node", "two-missions.mjs", "account")).trim().split("\n").sort();
    const reports = (await printed(packed.app, "node", "two-missions.mjs", "account")).trim().split("\n");

    expect(questions).toEqual([
      expect.stringContaining('"Draft personalized outreach email"'),
      expect.stringContaining('"Verify documents"'),
    ]);
    expect(reports).toHaveLength(2);
    for (const line of reports) expect(line).toContain("was completed");
  });

  test("its command finds the missions of the package, and the runs that the scripts left in the folder's file", async () => {
    const missions = JSON.parse(await printed(packed.app, "npx", "mission", "list", "--json"));
    const runs = JSON.parse(
      await printed(packed.app, "npx", "mission", "runs", "--json", "--store", "sqlite:missions.db"),
    );

    expect(JSON.stringify(missions)).toContain("customer-onboarding");
    expect(JSON.stringify(runs)).toContain("Nordlicht Instruments GmbH");
  });

  test("its types hold in a strict program of somebody else", async () => {
    writeFileSync(join(packed.app, "program.ts"), PROGRAM);
    writeFileSync(
      join(packed.app, "tsconfig.json"),
      JSON.stringify({ compilerOptions: STRICT, files: ["program.ts"] }),
    );

    expect(await printed(packed.app, "node", join(CHECKOUT, "node_modules/typescript/bin/tsc"), "--project", ".")).toBe(
      "",
    );
  });
});

describe("the examples", () => {
  test("import the package and LangGraph only, and the first takes no more than 25 lines", () => {
    const files = readdirSync(join(CHECKOUT, "examples")).filter((file) => file.endsWith(".mjs"));
    const sources = files.map((file) => readFileSync(join(CHECKOUT, "examples", file), "utf8"));
    const imported = sources.flatMap((source) => [...source.matchAll(/from "([^"]+)"/gu)].map(([, name]) => name));

    expect(files.sort()).toEqual(["resume-mission.mjs", "run-mission.mjs", "two-missions.mjs"]);
    expect([...new Set(imported)].sort()).toEqual(["@langchain/langgraph", "mission-orchestrator"]);
    expect(
      readFileSync(join(CHECKOUT, "examples/run-mission.mjs"), "utf8").trim().split("\n").length,
    ).toBeLessThanOrEqual(25);
  });

  test("run in a built checkout too", async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "mission-elsewhere-"));
    const example = (name: string) => join(packed.checkout, "examples", name);

    const first = await printed(elsewhere, "node", example("run-mission.mjs"));
    const second = await printed(elsewhere, "node", example("resume-mission.mjs"));
    rmSync(elsewhere, { recursive: true, force: true });

    expect(first).toContain("To say yes: node resume-mission.mjs first-customer");
    expect(second).toContain("was completed");
  });
});

const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  module: "NodeNext",
  target: "ES2023",
  types: [],
  skipLibCheck: true,
  noEmit: true,
};

const PROGRAM = `
import { Command, MemorySaver } from "@langchain/langgraph";
import { defineAgent, definePlaybook, defineTool, limitFor, missionGraph, openOrchestrator, valueFrom } from "mission-orchestrator";
import type { FinalReport, MissionEvent } from "mission-orchestrator";
import { z } from "zod";

const weigh = defineTool({
  name: "weigh",
  description: "Weighs a parcel.",
  input: z.strictObject({ parcel: z.string() }),
  output: z.strictObject({ grams: z.number() }),
  effect: "reads",
  timeoutMs: 1_000,
  maxCostMicroUsd: 0,
  async run({ parcel }) {
    return { grams: parcel.length };
  },
});

const weighParcel = definePlaybook({
  skill: "weigh_parcel",
  version: "1",
  input: z.strictObject({ parcel: z.string() }),
  output: z.strictObject({ grams: z.number() }),
  tools: ["weigh"],
  async run(context, { parcel }) {
    const { grams } = valueFrom(await context.call<typeof weigh>("weigh", { parcel }));
    // @ts-expect-error: grams is a number
    grams.toUpperCase();
    return { grams };
  },
});

const scales = defineAgent({
  agentId: "S1",
  slug: "scales",
  name: "Scales",
  description: "Weighs.",
  tools: ["weigh"],
  skills: { weigh_parcel: weighParcel },
});

const orchestrator = await openOrchestrator({ store: "sqlite:missions.db", agents: [scales], tools: [weigh], missions: "missions" });
// @ts-expect-error: there is no such option
await openOrchestrator({ shop: "sqlite:missions.db" });

const { mission } = await orchestrator.mission("customer-onboarding");
const graph = missionGraph(mission, orchestrator.deps).compile({ checkpointer: new MemorySaver() });
const config = { configurable: { thread_id: "1" }, recursionLimit: limitFor(mission), context: { approver: "mara" } };
const state = await graph.invoke({ case: "C-1001" }, config);
const status: "queued" | "running" | "waiting" | "completed" | "failed" | "cancelled" = state.status;
await graph.invoke(new Command({ resume: "approve" }), config);

const report: FinalReport = await orchestrator.report("1");
for await (const event of orchestrator.events()) {
  const seen: MissionEvent = event;
  if (seen.type === "run_completed") break;
  // @ts-expect-error: no such type of event
  if (seen.type === "run_exploded") break;
}
export const summary: string = status + report.summary;
`;

/** The folders that hold this package, however deep. */
function copiesOf(name: string, folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name === "package.json" && entry.parentPath.endsWith(`node_modules/${name}`))
    .map((entry) => entry.parentPath);
}
