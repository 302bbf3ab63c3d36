import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OpenOptions } from "../index.js";
import { loadMission, openOrchestrator, verifyMission } from "../index.js";
import { scales } from "./support/parcels/agents/scales.js";
import weighing from "./support/parcels/missions/weighing.json" with { type: "json" };
import { weigh } from "./support/parcels/tools/weigh.js";

const PARCELS = join(import.meta.dirname, "support/parcels");
const FOLDERS = { agents: join(PARCELS, "agents"), tools: join(PARCELS, "tools") };
const FILE = join(PARCELS, "missions", "weighing.json");

let folder: string;
let store: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mission-open-"));
  store = `sqlite:${join(folder, "missions.db")}`;
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("openOrchestrator runs what somebody else wrote", () => {
  test.each<[string, OpenOptions]>([
    ["folders", { ...FOLDERS, missions: join(PARCELS, "missions") }],
    ["lists of files", { agents: [scales], tools: [weigh], missions: [FILE] }],
    ["one file", { agents: [scales], tools: [weigh], missions: FILE }],
    ["documents at hand", { agents: [scales], tools: [weigh], missions: [weighing] }],
    ["a data folder of their own", { ...FOLDERS, data: PARCELS }],
  ])("from %s", async (_, options) => {
    const orchestrator = await openOrchestrator({ store, ...options });

    const outcome = await orchestrator.start("weighing");
    const { status, blackboard } = await orchestrator.report(outcome.run_id);
    await orchestrator.close();

    expect({ status, blackboard }).toEqual({ status: "completed", blackboard: { grams: 50 } });
  });

  test("our own missions stay at hand beside those given, and are gone with another data folder", async () => {
    const beside = await openOrchestrator({ store, ...FOLDERS, missions: [FILE] });
    const alone = await openOrchestrator({ store, ...FOLDERS, data: PARCELS });
    const slugs = [beside, alone].map(async (each) => (await each.list()).map(({ slug }) => slug));

    expect(await slugs[0]).toEqual(expect.arrayContaining(["customer-onboarding", "weighing"]));
    expect(await slugs[1]).toEqual(["weighing"]);
    await Promise.all([beside.close(), alone.close()]);
  });

  test("a mission of the same name as one of ours is named as a problem instead of hiding it", async () => {
    const orchestrator = await openOrchestrator({
      store,
      missions: [{ ...weighing, slug: "sales-pipeline" }],
      ...FOLDERS,
    });
    const namesakes = (await orchestrator.list()).filter(({ slug }) => slug === "sales-pipeline");
    await orchestrator.close();

    expect(namesakes.map(({ mission_id, problems }) => ({ mission_id, problems }))).toEqual([
      { mission_id: "M002", problems: 0 },
      { mission_id: "M900", problems: 1 },
    ]);
  });

  test("a folder that does not exist is named", async () => {
    await expect(openOrchestrator({ store, agents: join(folder, "nobody") })).rejects.toMatchObject({
      code: "file_not_found",
      message: expect.stringContaining("nobody"),
    });
  });
});

describe("agents and tools that cannot be used are refused with what is wrong", () => {
  const refused = async (options: object, ...told: string[]) => {
    for (const message of told.map((text) => expect.stringContaining(text)))
      await expect(openOrchestrator({ store, ...options })).rejects.toMatchObject({ code: "config_invalid", message });
    expect(existsSync(join(folder, "missions.db"))).toBe(false);
  };

  test("a module that throws is named, with what it said", async () => {
    mkdirSync(join(folder, "agents"));
    writeFileSync(join(folder, "agents", "broken.mjs"), 'throw new Error("no key at hand");');

    await refused({ agents: join(folder, "agents") }, "broken.mjs", "no key at hand");
  });

  test("what a module exports in a list, or promises, is found too", async () => {
    const twins = (wrap: string) =>
      `const twin = { name: "twin", effect: "reads", input: {}, run() {} }; export const made = ${wrap};`;
    mkdirSync(join(folder, "tools"));
    writeFileSync(join(folder, "tools", "listed.mjs"), twins("[twin]"));
    writeFileSync(join(folder, "tools", "promised.mjs"), twins("Promise.resolve([twin])"));

    await refused({ tools: join(folder, "tools") }, "twin");
  });

  test("a module that exports nothing is named, and a test beside the modules is passed over", async () => {
    mkdirSync(join(folder, "tools"));
    writeFileSync(join(folder, "tools", "forgotten.mjs"), "const tool = {};");
    writeFileSync(join(folder, "tools", "a.test.mjs"), 'throw new Error("a test was loaded");');

    await refused({ tools: join(folder, "tools") }, "forgotten.mjs", "exports nothing", "defineTool");
  });

  test.each<[string, object, string[]]>([
    ["one id", { agents: [scales, { ...scales, slug: "other" }] }, ["S1", "scales", "other"]],
    ["one slug", { agents: [scales, { ...scales, agentId: "S2" }] }, ["S1", "S2", "scales"]],
    ["the slug of one of ours", { agents: [{ ...scales, slug: "generalist" }] }, ["S1", "A0", "generalist"]],
    ["the name of a node", { agents: [{ ...scales, slug: "planner" }] }, ["S1", "planner"]],
    ["a slug that is none", { agents: [{ ...scales, slug: "My Scales" }] }, ["S1", "My Scales"]],
    ["an id that is none", { agents: [{ ...scales, agentId: "1 2" }] }, ["1 2"]],
    ["no agent", { agents: [scales, { agentId: "S2" }] }, ["agents", "2", "defineAgent"]],
    ["skills that are none", { agents: [{ ...scales, skills: undefined }] }, ["agents", "1", "defineAgent"]],
    ["no tool", { tools: [{}] }, ["tools", "1", "defineTool"]],
    ["nothing at all", { tools: [null] }, ["tools", "1", "defineTool"]],
    ["no list", { agents: scales }, ["agents", "list"]],
    ["two tools of one name", { tools: [weigh, { ...weigh }] }, ["weigh"]],
  ])("%s", async (_, options, told) => refused(options, ...told));
});

describe("a mission is read and proved without a store", () => {
  test("loadMission gives what a graph is made of", async () => {
    const { mission, version, problems } = await loadMission(FILE, FOLDERS);

    expect(problems).toEqual([]);
    expect(version).toMatch(/^[0-9a-f]{64}$/u);
    expect(mission.tasks.map(({ id, agents }) => ({ id, agents }))).toEqual([{ id: "W1", agents: ["S1", "A0"] }]);
  });

  test("verifyMission tells every problem at once, and does not throw for what has not even the shape of a mission", async () => {
    const [task] = weighing.tasks;
    const unfit = { ...weighing, agents: ["S1"], tasks: [{ ...task, skill: "fly", depends_on: ["W9"] }] };

    expect((await verifyMission(unfit, FOLDERS)).map(({ code, pointer }) => ({ code, pointer }))).toEqual(
      expect.arrayContaining([
        { code: "missing_dependency", pointer: "/tasks/0/depends_on/0" },
        { code: "no_capable_agent", pointer: "/tasks/0/skill" },
      ]),
    );
    expect(await verifyMission({ tasks: 3 }, FOLDERS)).toContainEqual(
      expect.objectContaining({ severity: "error", code: "file_shape" }),
    );
    expect(await verifyMission(FILE, FOLDERS)).toEqual([]);
  });
});
