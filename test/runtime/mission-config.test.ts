import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadModule } from "../../runtime/load-module.js";
import { loadConfig } from "../../runtime/mission-config.js";
import type { Ended } from "../apps/cli/child.js";
import { runCli, runJson, startCli } from "../apps/cli/child.js";

const CHECKOUT = join(import.meta.dirname, "../..");
const PARCELS = join(CHECKOUT, "test/support/parcels");
const LOUD = "const told: string = globalThis.process.argv[1] ?? '';\n";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mission-config-"));
  write("package.json", '{ "type": "module" }');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

describe("mission.config.ts of the folder that the command line runs in", () => {
  test("gives missions, agents and tools, in TypeScript, from folders beside it", async () => {
    write("mission.config.ts", `${parcels()} satisfies object;`);

    const listed = await runJson(["list"], folder);
    const run = await runJson(["run", "weighing"], folder);

    expect(listed.json).toMatchObject([{ slug: "weighing" }]);
    expect(run.code).toBe(0);
  }, 60_000);

  test("its import of the package by name gives the copy that is running", async () => {
    symlinkSync(join(CHECKOUT, "node_modules"), join(folder, "node_modules"));
    mkdirSync(join(folder, "agents"));
    write("agents/doubter.ts", DOUBTER);
    write(
      "mission.config.ts",
      `import { defineConfig } from "mission-orchestrator";
export default defineConfig({ agents: "agents", missions: [${JSON.stringify(DOUBTS)}] });`,
    );

    const { code, out, err } = await runCli(["run", "doubts"], folder);

    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(out).toContain("There is nothing to be sure of");
    expect(out).not.toContain("bug");
  }, 60_000);

  test("`--store` goes before MISSION_STORE, that before the file, and the file before the default", async () => {
    write("mission.config.ts", "export default { store: 'sqlite:of-the-file.db' };");
    const before = process.env["MISSION_STORE"];
    delete process.env["MISSION_STORE"];

    const ofFile = await loadConfig(folder);
    process.env["MISSION_STORE"] = "sqlite:of-the-environment.db";
    const ofEnvironment = await loadConfig(folder);
    if (before === undefined) delete process.env["MISSION_STORE"];
    else process.env["MISSION_STORE"] = before;
    const flagged = await startCli(["runs", "--json", "--store", "sqlite:flag/runs.db"], folder).ended;
    const environment = await startCli(["runs", "--json"], folder, { MISSION_STORE: "sqlite:env/runs.db" }).ended;

    expect(ofFile).toEqual({ store: `sqlite:${join(folder, "of-the-file.db")}` });
    expect(ofEnvironment).toEqual({});
    expect(flagged.out).toMatch(/The folder .*\/flag of the store/u);
    expect(environment.out).toMatch(/The folder .*\/env of the store/u);
  }, 60_000);

  test("a folder without one is a folder without settings", async () => {
    expect(await loadConfig(folder)).toEqual({});
  });
});

describe("a mission.config.ts that cannot be used is a wrong call, told in words without a stack", () => {
  const refused = async (ended: Ended, ...told: string[]) => {
    expect(ended).toMatchObject({ code: 2, out: "" });
    for (const words of ["mission.config", ...told]) expect(ended.err).toContain(words);
    expect(ended.err).not.toMatch(/^\s+at /mu);
  };

  test.each<[string, string, string[]]>([
    ["throws", `${LOUD}throw new Error("no key at hand");`, ["no key at hand", "line 2"]],
    ["breaks off", "export default {\n  data:", ["line 2"]],
    ["imports what is not installed", 'import "nothing-of-the-kind";', ["npm install nothing-of-the-kind"]],
    ["imports a file that is not there", 'import "./gone.js";', ["gone.js", "not there"]],
    [
      "imports what the package has not",
      'import { nope } from "mission-orchestrator"; export default nope;',
      ["nope", "line 1"],
    ],
  ])(
    "%s",
    async (_, text, told) => {
      write("mission.config.ts", text);

      await refused(await runCli(["runs"], folder), ...told);
    },
    60_000,
  );

  test("imports where the folder does not say that it holds modules", async () => {
    rmSync(join(folder, "package.json"));
    write("mission.config.ts", 'import { nope } from "mission-orchestrator"; export default nope;');

    await refused(await runCli(["runs"], folder), "mission-orchestrator", '"type": "module"');
  }, 60_000);

  test.each<[string, string, string[]]>([
    ["exports nothing by default", "export const data = 'data';", ["no default export"]],
    ["exports a function", "export default () => ({});", ["a function"]],
    ["exports a list", "export default [];", ["a list"]],
    ["promises and breaks it", "export default Promise.reject(new Error('late'));", ["late"]],
    ["has a setting of another name", "export default { agent: 'agents' };", ['"agent"', 'Did you mean "agents"']],
    ["has a setting of another type", "export default { agents: 3 };", ['"agents"', "a number", "defineAgent"]],
    ["names a folder that is not there", "export default { tools: 'gone' };", ['"tools"', "gone", "not there"]],
    ["names a file as a folder", "export default { data: 'mission.config.mjs' };", ['"data"', "is a file"]],
    ["is empty where a text is needed", "export default { store: '' };", ['"store"', "empty"]],
  ])("%s", async (_, text, told) => {
    write("mission.config.mjs", text);

    const error: unknown = await loadConfig(folder).catch((caught: unknown) => caught);

    expect(error).toMatchObject({ code: "config_invalid" });
    for (const words of ["mission.config.mjs", ...told]) expect(String(error)).toContain(words);
  });

  test("two of them, and one of a kind that is not read", async () => {
    write("mission.config.json", "{}");
    await expect(loadConfig(folder)).rejects.toMatchObject({ message: expect.stringContaining("mission.config.ts") });
    write("mission.config.ts", "export default {};");
    write("mission.config.js", "export default {};");

    await expect(loadConfig(folder)).rejects.toMatchObject({ message: expect.stringMatching(/side by side/u) });
  });

  test.each(["await new Promise(() => undefined); export default {};", "export default new Promise(() => undefined);"])(
    "%s does not hold up the call for ever",
    async (text) => {
      write("endless.mjs", text);

      await expect(loadModule(join(folder, "endless.mjs"), "a test", 200)).rejects.toMatchObject({
        code: "config_invalid",
        message: expect.stringContaining("0.2 seconds"),
      });
    },
  );

  test("has a line of JavaScript that is none", async () => {
    write("mission.config.mjs", "export default {\n  data: 'data',,\n};");

    await refused(await runCli(["runs"], folder), "Unexpected token", "mission.config.mjs, line 2");
  }, 60_000);

  test("what it left open does not keep the process", async () => {
    write("mission.config.mjs", "setInterval(() => undefined, 1000); throw new Error('over');");

    await refused(await runCli(["runs"], folder), "over");
  }, 60_000);
});

function parcels(): string {
  const at = (name: string) => JSON.stringify(join(PARCELS, name));
  return `export default { data: ${JSON.stringify(PARCELS)}, agents: ${at("agents")}, tools: ${at("tools")} }`;
}

const DOUBTER = `
import { defineAgent, definePlaybook, giveUp, OrchestratorError } from "mission-orchestrator";
import { z } from "zod";

const doubt = definePlaybook({
  skill: "doubt", version: "1", input: z.looseObject({}), output: z.strictObject({}), tools: [],
  async run() { throw giveUp("permanent", "There is nothing to be sure of"); },
});
export const doubter = defineAgent({
  agentId: "D1", slug: "doubter", name: "Doubter", description: "Is never sure.", tools: [], skills: { doubt },
});
`;

const DOUBTS = {
  mission_id: "X1",
  slug: "doubts",
  mission_name: "Doubt",
  description: "A task that its agent gives up.",
  cases: { id: "id", title: "case.id", items: [{ id: "one" }] },
  agents: ["D1"],
  tasks: [
    {
      task_id: "T1",
      task: "Doubt it",
      skill: "doubt",
      order: 1,
      on_failure: "stop",
      estimated_duration_minutes: 1,
      requires_human_approval: false,
    },
  ],
};
