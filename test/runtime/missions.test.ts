import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AgentDefinition } from "../../core/define-agent.js";
import { formatProblem, hasErrors } from "../../core/problem.js";
import type { ToolDefinition } from "../../core/tool.js";
import { findCase } from "../../runtime/cases.js";
import { allProblems, assertRunnable, loadMission, loadMissions } from "../../runtime/missions.js";
import { createPolicies } from "../../runtime/policy/policies.js";
import { fakeAgent, fakePlaybook, libraryOf, missionDocument } from "../support/missions.js";

const DATA = join(import.meta.dirname, "../../data");
const DATASET = [
  "business_missions.json",
  "decomposed_mission_tasks.json",
  "mission_kpis.json",
  "specialized_agents.json",
  "agent_capabilities_matrix.json",
  "kpi_definitions.json",
];
const SKILLS: Record<string, string> = {
  T1: "collect",
  T2: "verify",
  T3: "book",
  T4: "analyze",
  T5: "outreach",
  T6: "categorize",
  T7: "retrieve",
  T8: "resolve",
};
const agent = (id: string, slug: string, ...skills: string[]) =>
  fakeAgent(
    id,
    slug,
    skills.map((skill) => fakePlaybook({ skill })),
  );
const AGENTS = [
  agent("A1", "collector", "collect"),
  agent("A2", "verifier", "verify"),
  agent("A3", "scheduler", "book"),
  agent("A4", "analyst", "analyze", "outreach"),
  agent("A5", "supporter", "categorize", "retrieve", "resolve"),
  agent("A0", "generalist", "*"),
];

/** Our part of a mission of the dataset. */
function part(missionId: string, slug: string, taskIds: readonly string[], more: object = {}) {
  return {
    mission_id: missionId,
    slug,
    cases: { id: "id", title: "case.id", items: [{ id: "C1", received_at: "-P1D" }] },
    tasks: taskIds.map((id) => ({ task_id: id, skill: SKILLS[id] })),
    ...more,
  };
}
const ONBOARDING = part("M001", "onboarding", ["T1", "T2", "T3"]);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "missions-"));
  await mkdir(join(folder, "missions/patterns"), { recursive: true });
  for (const name of DATASET) await cp(join(DATA, name), join(folder, name));
  await write("missions/onboarding.json", ONBOARDING);
  await write("missions/pipeline.json", part("M002", "pipeline", ["T4", "T5"]));
  await write("missions/support.json", part("M003", "support", ["T6", "T7", "T8"]));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, value: unknown): Promise<void> {
  const path = join(folder, name);
  await rm(path, { force: true });
  await writeFile(path, typeof value === "string" ? value : JSON.stringify(value));
}
const load = (agents = AGENTS) => loadMissions({ dataFolder: folder, library: libraryOf(agents) });
const problemsOf = async (name: string) => {
  const entry = (await load()).list().find(({ file }) => file.endsWith(name));
  return (entry?.problems ?? []).map(
    ({ file, pointer, code }) => `${code} ${file?.slice(folder.length + 1)}#${pointer}`,
  );
};

describe("F001: the missions of the dataset", () => {
  test("load with all that the dataset says and all that our files add", async () => {
    const catalogue = await load();
    expect(catalogue.list().flatMap(({ problems }) => problems.map(formatProblem))).toEqual([]);
    expect(catalogue.problems).toEqual([]);

    const { mission, cases } = catalogue.find("M001");
    expect(cases).toBe(1);
    expect(mission).toMatchObject({
      id: "M001",
      slug: "onboarding",
      name: "Reduce Customer Onboarding Time",
      datasetTasks: ["T1", "T2", "T3"],
    });
    expect(
      mission.tasks.map(({ id, dependsOn, estimatedMinutes, requiresHumanApproval, agents, skill }) => [
        id,
        dependsOn,
        estimatedMinutes,
        requiresHumanApproval,
        agents,
        skill,
      ]),
    ).toEqual([
      ["T1", [], 5, false, ["A1", "A0"], "collect"],
      ["T2", ["T1"], 10, true, ["A2", "A0"], "verify"],
      ["T3", ["T2"], 3, false, ["A3", "A0"], "book"],
    ]);
  });

  test("F002: their nine figures become three KPIs and three limits", async () => {
    const catalogue = await load();
    const figures = ["M001", "M002", "M003"]
      .map((id) => catalogue.find(id).mission)
      .map(({ kpis, limits }) => ({ kpis, limits }));

    expect(figures).toEqual([
      {
        kpis: [
          {
            id: "onboarding_time_days",
            unit: "days",
            direction: "lower",
            source: "the dataset",
            known: "at_end",
            measure: "days_between(case.received_at, run.finished_at)",
            baseline: 5,
            target: 2,
          },
        ],
        limits: [{ id: "max_steps", unit: "steps", known: "at_end", measure: "run.steps", op: "<=", value: 5 }],
      },
      {
        kpis: [
          {
            id: "pipeline_days",
            unit: "days",
            direction: "lower",
            source: "the dataset",
            known: "later",
            baseline: 14,
            target: 7,
          },
        ],
        limits: [
          {
            id: "min_touchpoints",
            unit: "touchpoints",
            known: "at_end",
            measure: "T4.touchpoints",
            op: ">=",
            value: 3,
          },
        ],
      },
      {
        kpis: [
          {
            id: "resolution_time_hours",
            unit: "hours",
            direction: "lower",
            source: "the dataset",
            known: "at_end",
            measure: "hours_between(case.received_at, run.finished_at)",
            baseline: 12,
            target: 4,
          },
        ],
        limits: [{ id: "csat_threshold", unit: "score", known: "later", op: ">=", value: 4 }],
      },
    ]);
  });

  test("a field that both have is refused, naming both places", async () => {
    await write("missions/onboarding.json", {
      ...ONBOARDING,
      mission_name: "Mine",
      tasks: [{ task_id: "T1", skill: "collect", order: 1 }, ...ONBOARDING.tasks.slice(1)],
    });

    const { problems } = (await load()).find("onboarding");
    expect(await problemsOf("onboarding.json")).toEqual([
      "field_in_both missions/onboarding.json#/mission_name",
      "field_in_both missions/onboarding.json#/tasks/0/order",
    ]);
    expect(problems[1]?.message).toContain("decomposed_mission_tasks.json#/0/tasks/0/order");
  });

  test("problems point to the file where the thing is written", async () => {
    const [first, ...others] = JSON.parse(await readFile(join(folder, "decomposed_mission_tasks.json"), "utf8"));
    const tasks = first.tasks.map((task: { task_id: string }) =>
      task.task_id === "T2" ? { ...task, depends_on: ["T9"] } : task,
    );
    await write("decomposed_mission_tasks.json", [{ ...first, tasks }, ...others]);
    await write("agent_capabilities_matrix.json", [
      { task_id: "T1", capable_agents: [] },
      { task_id: "T2", capable_agents: ["A7"] },
    ]);
    await write("missions/onboarding.json", {
      ...ONBOARDING,
      tasks: [...ONBOARDING.tasks].reverse().map((task) => (task.task_id === "T3" ? { ...task, when: "case." } : task)),
    });

    expect(await problemsOf("onboarding.json")).toEqual([
      "missing_dependency decomposed_mission_tasks.json#/0/tasks/1/depends_on/0",
      "no_capable_agent agent_capabilities_matrix.json#/0/capable_agents",
      "unknown_agent agent_capabilities_matrix.json#/1/capable_agents",
      "expression_invalid missions/onboarding.json#/tasks/0/when",
    ]);
  });

  test("F003: a cycle in the dataset is found before any run", async () => {
    const rows = JSON.parse(await readFile(join(folder, "decomposed_mission_tasks.json"), "utf8"));
    rows[2].tasks[0].depends_on = ["T8"];
    await write("decomposed_mission_tasks.json", rows);

    const loaded = (await load()).find("M003");
    expect(loaded.problems.map(({ message }) => message)).toEqual([expect.stringContaining("T6 → T8 → T7 → T6")]);
    expect(() => assertRunnable(loaded)).toThrow(
      /cannot run:\n {2}error .*decomposed_mission_tasks\.json#\/2\/tasks\/0\/depends_on/u,
    );
  });

  test("a KPI key without a meaning, and a meaning without a measure, are refused", async () => {
    await write("mission_kpis.json", [
      { mission_id: "M001", kpis: { max_stepps: 5 } },
      { mission_id: "M009", kpis: {} },
    ]);

    expect(await problemsOf("onboarding.json")).toEqual(["kpi_unknown mission_kpis.json#/0/kpis/max_stepps"]);
    expect((await load()).problems).toMatchObject([{ code: "unknown_name", pointer: "/1/mission_id" }]);
  });
});

describe("a broken file", () => {
  test("does not hide the others, and says where it broke", async () => {
    await write("missions/patterns/broken.json", '{ "mission_id": "P1",\n  nope }');
    await write("missions/patterns/odd.json", { mission_id: "P2", slug: "odd", tasks: [] });
    const catalogue = await load();

    expect(
      catalogue
        .list()
        .filter(({ problems }) => !hasErrors(problems))
        .map(({ slug }) => slug),
    ).toEqual(["onboarding", "pipeline", "support"]);
    expect(catalogue.list().find(({ file }) => file.endsWith("broken.json"))?.problems).toMatchObject([
      { code: "file_malformed", message: expect.stringContaining("line 2, column 3") },
    ]);
    expect(() => catalogue.find("odd")).toThrow(
      expect.objectContaining({ code: "mission_invalid", message: expect.stringContaining("odd.json#/cases") }),
    );
  });

  test("of the dataset concerns its missions only", async () => {
    await write("mission_kpis.json", "[");
    await write("missions/own.json", missionDocument({ tasks: [{ task_id: "T1", skill: "collect" }] }));
    const catalogue = await load();

    expect(catalogue.find("test-mission").problems).toEqual([]);
    expect(
      catalogue
        .list()
        .filter(({ problems }) => hasErrors(problems))
        .map(({ missionId }) => missionId),
    ).toEqual(["M001", "M002", "M003"]);
  });

  test("of sample cases is a problem of its mission", async () => {
    await write(
      "missions/support.json",
      part("M003", "support", ["T6", "T7", "T8"], { cases: { id: "id", title: "case.id", file: "sample/none.json" } }),
    );
    expect(await problemsOf("support.json")).toEqual(["cases_unreadable missions/support.json#/cases/file"]);
  });
});

describe("finding a mission", () => {
  test("by id, slug or a unique beginning", async () => {
    const catalogue = await load();
    expect(["M002", "pipeline", "pipe", "m003"].map((name) => catalogue.find(name).mission.id)).toEqual([
      "M002",
      "M002",
      "M002",
      "M003",
    ]);
  });

  test("an ambiguous beginning lists who it may be, an unknown name the nearest", async () => {
    const catalogue = await load();
    expect(() => catalogue.find("M00")).toThrow(
      expect.objectContaining({ code: "ambiguous_id", details: { candidates: ["onboarding", "pipeline", "support"] } }),
    );
    expect(() => catalogue.find("suport")).toThrow(
      expect.objectContaining({ code: "mission_not_found", message: expect.stringContaining("support") }),
    );
  });

  test("two missions of one name are refused", async () => {
    await write("missions/zz.json", missionDocument({ slug: "support", tasks: [{ task_id: "T1", skill: "collect" }] }));
    expect(await problemsOf("zz.json")).toEqual(["duplicate_id missions/zz.json#/slug"]);
  });

  test("a one-file mission is opened by its path, one of the dataset with what belongs to it", async () => {
    await write("own.json", missionDocument({ slug: "own", tasks: [{ task_id: "T1", skill: "collect" }] }));
    const catalogue = await load();

    expect((await catalogue.open(join(folder, "own.json"))).mission.slug).toBe("own");
    expect((await catalogue.open(join(folder, "missions/onboarding.json"))).mission.tasks).toHaveLength(3);
    await expect(catalogue.open(join(folder, "none.json"))).rejects.toMatchObject({ code: "file_not_found" });
  });

  test("a document at hand is loaded like a file", async () => {
    const document = missionDocument({ tasks: [{ task_id: "T1", skill: "collect" }] });
    const { mission, version, problems } = await loadMission(JSON.parse(JSON.stringify(document)), {
      dataFolder: folder,
      library: libraryOf(AGENTS),
    });

    expect(problems).toEqual([]);
    expect(mission.tasks[0]?.agents).toEqual(["A1", "A0"]);
    expect(version).toMatch(/^[0-9a-f]{64}$/u);
  });

  test("a data folder that does not exist is named", async () => {
    await expect(loadMissions({ dataFolder: join(folder, "none"), library: libraryOf([]) })).rejects.toMatchObject({
      code: "file_not_found",
    });
  });
});

describe("F001: the data folder of the project", () => {
  test.each([
    ["business_missions.json", "e6447518a5a6691f44dee91aaa7345b79706c9df23167754e637ed16ad35f7bf"],
    ["decomposed_mission_tasks.json", "3a17cb11ecb2b22c48a83d92babb6eb01a2cd2682dfd7cc787dab9ea497e5164"],
    ["mission_kpis.json", "ab83c9ad14906aec68f6cf06a404f8a283f5cd5d150d8d3a1cc768a3781c1c3f"],
    ["specialized_agents.json", "9591f772783f4a02fb6c3b750c9c556a4357eee8ab75eed86a66759ad0ff1e54"],
    ["agent_capabilities_matrix.json", "4f48122ca479073b372b286059f5c80f88cddae84fa18b34b70a3170082434f1"],
  ])("%s is the dataset's, byte for byte", async (name, sha256) => {
    expect(
      createHash("sha256")
        .update(await readFile(join(DATA, name)))
        .digest("hex"),
    ).toBe(sha256);
  });

  test("every mission of it can run with the project's own agents and tools", async () => {
    const agents = await exportsOf<AgentDefinition>("nodes/agents", (value) => "agentId" in value);
    const tools = await exportsOf<ToolDefinition>("tools", (value) => "effect" in value && "maxCostMicroUsd" in value);
    const policies = createPolicies(async () => tools);
    const catalogue = await loadMissions({ dataFolder: DATA, library: libraryOf(agents, tools), policies });

    const problems = await Promise.all(catalogue.list().map(allProblems));
    expect(problems.flat().map(formatProblem)).toEqual([]);
    expect(catalogue.problems).toEqual([]);
    expect(catalogue.list().map(({ missionId }) => missionId)).toEqual(
      expect.arrayContaining(["M001", "M002", "M003"]),
    );
    for (const { loaded } of catalogue.list())
      if (loaded) expect((await findCase(loaded.mission, undefined, DATA)).title).not.toBe("");
  });
});

/** What the files of a folder export that is an agent or a tool. */
async function exportsOf<T>(name: string, isOne: (value: object) => boolean): Promise<readonly T[]> {
  const path = join(import.meta.dirname, "../..", name);
  const files = (await readdir(path)).filter((file) => file.endsWith(".ts"));
  const modules: readonly object[] = await Promise.all(files.map((file) => import(join(path, file))));
  const values = modules.flatMap((module) => Object.values(module));
  // Safe: `isOne` knows what it looks for.
  return values.filter((value) => typeof value === "object" && value !== null && isOne(value)) as readonly T[];
}
