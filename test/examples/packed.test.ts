import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadedBy } from "../support/loaded-files.js";
import type { Packed } from "../support/packed.js";
import { failed, packAndInstall, printed } from "../support/packed.js";
import { filesIn, readPage } from "../support/pages.js";
import { serveGraphs } from "../support/studio.js";

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

afterAll(() => packed?.drop(), 120_000);

describe("the package, installed from its tarball into an empty folder beside the four pins", {
  timeout: 90_000,
}, () => {
  test("holds the build, the data and the pages for authors without their pictures, no sources and no tests but those that `mission new` writes from", () => {
    const folders = new Set(packed.files.map((file) => file.split("/")[0]));

    expect([...folders].filter((name) => !["LICENSE", "README.md"].includes(name ?? "")).sort()).toEqual([
      "data",
      "dist",
      "docs",
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
    expect(packed.files.filter((file) => file.startsWith("docs/")).sort()).toEqual([
      "docs/agent.md",
      "docs/mission.md",
      "docs/tool.md",
    ]);
    const sources = packed.files.filter((file) => /(?<!\.d)\.ts$|\.test\./u.test(file));
    expect(sources.filter((file) => !file.startsWith("data/templates/"))).toEqual([]);
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
      /was completed for .*; all three tasks were done/u,
    );
  });

  test("the question comes again, with the reason, after an answer that cannot be read", async () => {
    await printed(packed.app, "node", "run-mission.mjs", "unsure");

    expect(await printed(packed.app, "node", "resume-mission.mjs", "unsure", "perhaps")).toContain(
      '"perhaps" is no decision',
    );
    expect(await printed(packed.app, "node", "resume-mission.mjs", "unsure")).toContain("was completed");
  });

  test("connectors that work in a helper find its program beside the build: a database is read, a program is run", async () => {
    writeFileSync(join(packed.app, "helpers.mjs"), HELPERS);

    expect(await printed(packed.app, "node", "helpers.mjs")).toBe('[[1,"Ada"]] 3\n');
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

  test("its list of missions is made without LangGraph and the SQLite driver", async () => {
    const trace = join(packed.app, "trace");
    await printed(packed.app, "env", `NODE_V8_COVERAGE=${trace}`, "npx", "mission", "list");
    const { packages } = loadedBy(trace);

    expect(packages).toContain("zod");
    expect(packages.filter((name) => /langchain|langsmith|sqlite/u.test(name))).toEqual([]);
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

describe("a mission of somebody else, in a folder that was empty", { timeout: 90_000 }, () => {
  let folder: string;

  beforeAll(() => {
    folder = join(packed.app, "parcels");
    mkdirSync(folder);
    for (const name of ["missions", "agents", "tools"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
    writeFileSync(join(folder, "mission.config.ts"), CONFIG);
  });

  test("with one new agent and one new tool that reads it takes three new files and no changed line", async () => {
    const before = contentsOf(folder);
    for (const name of ["missions/weighing.json", "agents/scales.ts", "tools/weigh.ts"]) {
      const source = readFileSync(join(CHECKOUT, "test/support/parcels", name), "utf8");
      writeFileSync(join(folder, name), source.replace("../../../../index.js", "mission-orchestrator"));
    }
    const after = contentsOf(folder);

    expect(Object.keys(after).filter((file) => before[file] !== after[file])).toHaveLength(3);
    expect(JSON.parse(await mission(folder, "verify", "weighing", "--json"))).toMatchObject({
      ok: true,
      problems: [],
    });
  });

  test("runs by the command line", async () => {
    const { run_id } = JSON.parse(await mission(folder, "run", "weighing", "--json"));

    expect(JSON.parse(await mission(folder, "report", run_id, "--format", "json"))).toMatchObject({
      status: "completed",
      blackboard: { grams: 50 },
    });
  });

  test("runs by a script, which Node runs as it is", async () => {
    writeFileSync(join(folder, "script.mjs"), SCRIPT);

    expect(await printed(folder, "node", "script.mjs")).toBe("completed 50\n");
  });

  test("runs by the SDK of LangGraph, on its development server", async () => {
    mkdirSync(join(folder, "graphs"));
    writeFileSync(join(folder, "graphs/weighing.ts"), ENTRY ?? "");
    writeFileSync(join(folder, "langgraph.json"), JSON.stringify(LANGGRAPH));
    const server = await serveGraphs(folder);
    try {
      const { thread_id } = await server.client.threads.create();
      const state = await server.client.runs.wait(thread_id, "weighing", { input: { case: "P1" } });

      expect(state).toMatchObject({ status: "completed", blackboard: { grams: 50 } });
    } finally {
      await server.stop();
    }
  }, 120_000);

  test("what its configuration imports by the package's name is the very copy that runs", async () => {
    const elsewhere = mkdtempSync(join(packed.app, "same-"));
    writeFileSync(join(elsewhere, "mission.config.ts"), SAME_CLASS);

    const { stdout } = await failed(elsewhere, command(), "runs", "--json");

    expect(JSON.parse(stdout).error).toMatchObject({ code: "reason_missing", message: "Known by its class." });
  });
});

describe("mission new, from the package", () => {
  test("writes what passes verify, npm test and a strict compiler unchanged", async () => {
    const folder = join(packed.app, "new");
    mkdirSync(folder);
    symlinkSync(join(CHECKOUT, "node_modules/@types/node"), join(packed.app, "node_modules/@types/node"));

    await mission(folder, "new", "invoice-disputes");
    const written = contentsOf(folder);

    expect(JSON.parse(await mission(folder, "list", "--json"))).toMatchObject([
      { slug: "invoice-disputes", cases: 2, is_readable: true },
    ]);
    expect(await printed(folder, "npm", "run", "-s", "mission", "--", "verify", "invoice-disputes")).toContain("sound");
    expect(await printed(folder, "npm", "test")).toMatch(/^[#ℹ] pass 4\n[#ℹ] fail 0$/mu);
    expect(await printed(folder, "node", join(CHECKOUT, "node_modules/typescript/bin/tsc"), "--project", ".")).toBe("");
    expect(contentsOf(folder)).toEqual(written);

    const byScript = await failed(folder, "npm", "run", "-s", "mission", "--", "run", "invoice-disputes");
    const byPath = await failed(folder, command(), "run", "invoice-disputes");
    expect([byScript.code, byPath.code]).toEqual([3, 3]);
    expect(byScript.stdout).toMatch(/\bnpm run -s mission -- decide /u);
    expect(byPath.stdout).toMatch(/\bnpx mission decide /u);
  }, 120_000);
});

describe("the examples", { timeout: 90_000 }, () => {
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
import { composeForStudio, defineAgent, defineConfig, definePlaybook, defineTool, limitFor, loadConfig, missionGraph, openOrchestrator, valueFrom } from "mission-orchestrator";
import type { FinalReport, MissionConfig, MissionEvent } from "mission-orchestrator";
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
const settings: MissionConfig = defineConfig({ agents: "agents", tools: [weigh] });
// @ts-expect-error: there is no such setting
defineConfig({ agent: "agents" });
await openOrchestrator({ ...settings, ...(await loadConfig("elsewhere")) });
const studio = await composeForStudio("customer-onboarding");
missionGraph(studio.mission, studio.deps);
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

const CONFIG = `
import { defineConfig } from "mission-orchestrator";

export default defineConfig({ missions: "missions", agents: "agents", tools: "tools" });
`;

const SCRIPT = `
import { loadConfig, openOrchestrator } from "mission-orchestrator";

const orchestrator = await openOrchestrator({ ...(await loadConfig()), store: "sqlite:script.db" });
const { run_id } = await orchestrator.start("weighing");
const { status, blackboard } = await orchestrator.report(run_id);
await orchestrator.close();
console.log(status, blackboard.grams);
`;

/** As the page for authors shows it. */
const ENTRY = filesIn(readPage("mission"))
  .map(({ text }) => text)
  .find((text) => text.includes("composeForStudio"))
  ?.replace("reviews", "weighing");

const LANGGRAPH = {
  node_version: "20",
  dependencies: ["."],
  graphs: { weighing: "./graphs/weighing.ts:graph" },
  env: {},
};

const HELPERS = `
import BetterSqlite3 from "better-sqlite3";
import { codeTools, sqlDatabase } from "mission-orchestrator";

new BetterSqlite3("shop.db").exec("CREATE TABLE customers (id, name); INSERT INTO customers VALUES (1, 'Ada')").close();
const [query] = sqlDatabase({ url: "sqlite:shop.db" });
const [, runCode] = codeTools();
const { signal } = new AbortController();
const { rows } = await query.run({ sql: "SELECT * FROM customers", params: [] }, { signal });
const { result } = await runCode.run({ code: "return input + 1", input: 2 }, { signal });
console.log(JSON.stringify(rows), result);
`;

const SAME_CLASS = `
import { OrchestratorError } from "mission-orchestrator";

throw new OrchestratorError("reason_missing", "Known by its class.");
`;

/** The command as npm installed it. */
function command(): string {
  return join(packed.app, "node_modules/.bin/mission");
}

function mission(folder: string, ...args: readonly string[]): Promise<string> {
  return printed(folder, command(), ...args);
}

/** Every file of a folder with what it holds; runs and their stores are not looked at. */
function contentsOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.endsWith(".missions"))
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(files.map((file) => [relative(folder, file), readFileSync(file, "utf8")]));
}

/** The folders that hold this package, however deep. */
function copiesOf(name: string, folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name === "package.json" && entry.parentPath.endsWith(`node_modules/${name}`))
    .map((entry) => entry.parentPath);
}
