import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatProblem } from "../../core/problem.js";
import { loadMission, verifyMission } from "../../runtime/compose.js";
import { Library, OUR_AGENT_NAMES } from "../../runtime/library.js";
import { ours } from "../../runtime/ours.js";
import { openEngine } from "../support/engine.js";
import { fakeAgent, fakePlaybook, missionDocument } from "../support/missions.js";

const WORKER = fakeAgent("A91", "worker");
const [searchArticles] = ours.tools.filter(({ name }) => name === "search_articles");

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "library-"));
});
afterEach(() => rmSync(data, { recursive: true }));

describe("Our agents are loaded only when something needs them", () => {
  test("the names that stand for them are theirs, in their order", () => {
    expect(ours.agents.map(({ agentId, slug }) => ({ agentId, slug }))).toEqual(OUR_AGENT_NAMES);
  });

  test("a given agent cannot take a name of ours before they are loaded", () => {
    const agents = [fakeAgent("A91", "generalist")];

    expect(() => new Library({ agents, tools: [] })).toThrow('share the name "generalist"');
  });

  test("a mission of given agents has the same version whether ours are at hand or not", async () => {
    const library = new Library({ agents: [WORKER], tools: [] });
    const document = JSON.parse(JSON.stringify(missionDocument({ tasks: [{ task_id: "T1" }], agents: ["worker"] })));
    const alone = await loadMission(document, { data, agents: [WORKER] });

    expect(library.givesRosterOf(document)).toBe(true);
    expect(library.find("A0", "work")).toBeUndefined();
    await library.all();
    expect(library.find("A0", "work")).toBeDefined();
    expect((await loadMission(document, { data, agents: (await library.all()).agents })).version).toBe(alone.version);
  });

  test("a run finds the agents that its mission's version names", async () => {
    const { mission } = await loadMission(
      JSON.parse(JSON.stringify(missionDocument({ tasks: [{ task_id: "T1" }], agents: ["worker", "generalist"] }))),
      { data, agents: [WORKER] },
    );
    const library = new Library({ agents: [WORKER], tools: [] });

    await library.loadFor(mission);

    expect(library.find("A0", "work")?.skill).toBe("*");
  });

  test("a roster left open has the generalist behind the given agents", async () => {
    const { agents: _, ...open } = missionDocument({ tasks: [{ task_id: "T1" }] });

    const { mission } = await loadMission(JSON.parse(JSON.stringify(open)), { data, agents: [WORKER] });

    expect(mission.tasks[0]?.agents).toEqual(["A91", "A0"]);
  });

  test("a wrong name on a roster of given agents is told the one of ours that is near", async () => {
    const document = missionDocument({ tasks: [{ task_id: "T1" }], agents: ["worker", "generalits"] });

    const problems = await verifyMission(JSON.parse(JSON.stringify(document)), { data, agents: [WORKER] });

    expect(problems.map(formatProblem).join("\n")).toContain('"generalist"');
  });
});

describe("I3: our tools are loaded only when something needs them", () => {
  test("one of a given agent is proved and held like a given one", async () => {
    const reader = fakeAgent("A91", "worker", [fakePlaybook({ tools: ["search_articles"] })], {
      tools: ["search_articles"],
    });
    const document = missionDocument({ tasks: [{ task_id: "T1" }], agents: ["worker"] });

    expect(await verifyMission(JSON.parse(JSON.stringify(document)), { data, agents: [reader] })).toEqual([]);
  });

  test("a given one of the same name stands in its place, before ours are loaded and after", async () => {
    if (!searchArticles) throw new Error("There is no tool search_articles.");
    const given = { ...searchArticles, description: "Another one." };
    const library = new Library({ agents: [], tools: [given] });

    expect(library.tool("search_articles")).toBe(given);
    expect(await library.findTool("read_article")).toBeDefined();
    expect(library.tool("search_articles")).toBe(given);
  });

  test("a call of one that the agent does not hold is refused as not held, though nobody had loaded it", async () => {
    const replies: unknown[] = [];
    const caller = fakePlaybook({
      run: async (context) => {
        replies.push(await context.call("search_articles", { keywords: "printer" }));
        return { ok: true };
      },
    });
    const missions = [{ tasks: [{ task_id: "T1", inputs: {} }], agents: ["A91"] }];
    const engine = await openEngine({ missions, agents: [fakeAgent("A91", "worker", [caller])] });

    await engine.orchestrator.start("test-mission");
    await engine.drop();

    expect(replies).toEqual([expect.objectContaining({ ok: false, code: "not_held" })]);
  });
});
