import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Essence } from "../support/crash-essence.js";
import { essenceOf, ownTablesOf } from "../support/crash-essence.js";
import { OUTSIDE_ACTS } from "../support/crash-outside.js";
import type { ChildTask, CrashProcess } from "../support/crash-process.js";
import { bundleChild, startChild } from "../support/crash-process.js";
import type { Scenario } from "../support/crash-scenarios.js";
import { ASKING, MISSIONS, OUTSIDE_SCENARIOS } from "../support/crash-scenarios.js";
import type { CrashWorld } from "../support/crash-world.js";
import { driveToEnd, inPool, openCrashWorld, scratchFolder } from "../support/crash-world.js";

const LIMIT_MS = 240_000;
/** Processes that start cold are slow: so many at once. */
const AT_ONCE = 2;
const POINTS = 10;
const MARGIN = 3;
const SEED = 20_260_303;
const POLL_MS = 25;
const [TELLS, , SILENT] = OUTSIDE_SCENARIOS;
const base = scratchFolder();
let folders = 0;
let script = "";
beforeAll(async () => {
  script = await bundleChild(freshFolder());
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

interface Whole {
  readonly essence: Essence;
  readonly tables: readonly unknown[];
  /** How many commits and moments around acts a run that nobody kills has. */
  readonly commits: number;
  readonly acts: number;
}

function freshFolder(): string {
  folders += 1;
  const folder = join(base, String(folders));
  mkdirSync(folder);
  return folder;
}

async function runWhole(scenario: Scenario): Promise<Whole> {
  const folder = freshFolder();
  let isOpen = false;
  let commits = 0;
  let acts = 0;
  const world = await openCrashWorld({
    folder,
    scenario,
    isHasty: true,
    afterCommit: () => {
      if (isOpen) commits += 1;
    },
    atAct: () => {
      acts += 1;
    },
  });
  isOpen = true;
  await driveToEnd(world, scenario);
  const essence = await essenceOf(world);
  await world.close();
  return { essence, tables: ownTablesOf(folder), commits, acts };
}

/** Goes on in this process with what the killed one left, and tells how it ended. */
async function goOn(folder: string, scenario: Scenario) {
  const world = await openCrashWorld({ folder, scenario, isHasty: true });
  await driveToEnd(world, scenario);
  const essence = await essenceOf(world);
  await world.close();
  return { essence, tables: ownTablesOf(folder) };
}

/** One point in each tenth of the run, the same ones every time; short of its end, since a commit may hold more units or fewer. */
function seededPoints(count: number, seed: number): readonly number[] {
  let state = seed;
  return Array.from({ length: POINTS }, (_, index) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 1 + Math.floor(((index + state / 2 ** 32) * (count - MARGIN)) / POINTS);
  });
}

async function killEach(
  scenario: Scenario,
  points: readonly Pick<ChildTask, "killAtAct" | "killAtCommit" | "killAtEvent">[],
  whole: Whole,
): Promise<void> {
  await inPool(points, AT_ONCE, async (point) => {
    const folder = freshFolder();
    const where = JSON.stringify(point);
    const child = startChild(script, { command: "drive", folder, scenario: scenario.name, ...point });
    expect(await child.ended, where).toBe("SIGKILL");
    const end = await goOn(folder, scenario);
    expect(end.essence, where).toEqual(whole.essence);
    expect(end.tables, where).toEqual(whole.tables);
  });
}

describe("I2, I6: a process that is killed leaves a run that ends as if nothing had happened", () => {
  test.each([...MISSIONS, ...(TELLS ? [TELLS] : [])])(
    "$name, at ten seeded commits",
    { timeout: LIMIT_MS },
    async (scenario) => {
      const whole = await runWhole(scenario);
      const points = seededPoints(whole.commits, SEED).map((killAtCommit) => ({ killAtCommit }));

      expect(new Set(points.map(({ killAtCommit }) => killAtCommit)).size).toBe(POINTS);
      await killEach(scenario, points, whole);
    },
  );

  test.each([...MISSIONS, ...OUTSIDE_SCENARIOS.filter((scenario) => scenario === TELLS || scenario === SILENT)])(
    "$name, before and after every effect",
    { timeout: LIMIT_MS },
    async (scenario) => {
      const whole = await runWhole(scenario);
      const points = Array.from({ length: whole.acts }, (_, index) => ({ killAtAct: index + 1 }));

      const isOutside = scenario.mission === "outside-acts";
      expect(whole.acts).toBe(isOutside ? 2 * OUTSIDE_ACTS.length : 2);
      await killEach(scenario, points, whole);
    },
  );
});

describe("I6: a report is written once", () => {
  test("a process that is killed inside its report, before it stands and after, leaves one report", {
    timeout: LIMIT_MS,
  }, async () => {
    const [, , support] = MISSIONS;
    if (!support) throw new Error("There is no support mission.");
    await killEach(
      support,
      [{ killAtEvent: "kpi_observed" }, { killAtEvent: "report_written" }],
      await runWhole(support),
    );
  });

  test("a fork from before the end neither changes the report nor does anything", { timeout: LIMIT_MS }, async () => {
    const [, sales] = MISSIONS;
    if (!sales) throw new Error("There is no sales mission.");
    const folder = freshFolder();
    const world = await openCrashWorld({ folder, scenario: sales });
    await driveToEnd(world, sales);
    const before = await essenceOf(world);
    const [run] = await world.parts.store.runs.list();
    const threadId = run?.runId ?? "";

    const graph = await world.orchestrator.graph(sales.mission);
    const configs = [];
    for await (const { config } of graph.getStateHistory({ configurable: { thread_id: threadId } }))
      configs.push(config);
    expect(configs.length).toBeGreaterThan(1);
    for (const config of configs.slice(1))
      expect(await graph.invoke(null, config)).toMatchObject({ status: "completed" });

    expect(await essenceOf(world)).toEqual(before);
    expect(await world.parts.store.runs.find(threadId)).toMatchObject({ report: run?.report, headHash: run?.headHash });
    await world.close();
  });
});

/** Waits until the run asks for a decision. */
async function untilAsked({ parts }: CrashWorld, child: CrashProcess): Promise<string> {
  let hasEnded = false;
  void child.ended.then(() => {
    hasEnded = true;
  });
  for (;;) {
    if (hasEnded) throw new Error("The process ended before the run asked anybody.");
    const [request] = await parts.store.approvals.list({ status: ["pending"] });
    if (request) return request.approvalId;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const ACTS_OF_ASKING = ["file_note ann", "post_letter eve"];

/** Lets the long task go, and continues without naming the run. */
async function letGoAndResume(world: CrashWorld) {
  world.outside.add({ tool: "let_go", to: "go", key: "go" });
  const outcomes = await world.orchestrator.resume();
  const acts = world.outside.acts().filter(({ tool }) => tool !== "let_go");
  return { outcomes, acts: acts.map(({ tool, to }) => `${tool} ${to}`).toSorted() };
}

describe("I6: a decision is never lost", () => {
  test.each(["once the decision is written", "while the decision is written"])(
    "a process that is killed %s, beside a task at work, takes it up when somebody resumes",
    { timeout: LIMIT_MS },
    async (when) => {
      const folder = freshFolder();
      const child = startChild(script, { command: "start", folder, scenario: ASKING.name });
      const world = await openCrashWorld({ folder, scenario: ASKING });
      const approvalId = await untilAsked(world, child);

      const deciding = world.orchestrator.decide(approvalId, {
        decision: { type: "approve" },
        by: "Pat",
        continue: false,
      });
      if (when.startsWith("once")) await deciding;
      child.kill();
      expect(await child.ended).toBe("SIGKILL");
      expect(await deciding).toMatchObject({ status: "approved", decided_by: "Pat" });

      const { outcomes, acts } = await letGoAndResume(world);
      expect(outcomes).toMatchObject([{ status: "completed", approvals: [] }]);
      expect(acts).toEqual(ACTS_OF_ASKING);
      await world.close();
    },
  );

  test("whoever decides is killed before the run goes on: resume takes the decision up", {
    timeout: LIMIT_MS,
  }, async () => {
    const folder = freshFolder();
    const [sales] = MISSIONS.slice(1);
    if (!sales) throw new Error("There is no sales mission.");
    const before = await openCrashWorld({ folder, scenario: sales });
    await before.orchestrator.start(sales.mission, { caseRef: "D-1003" });
    await before.close();

    const child = startChild(script, { command: "decide", folder, scenario: sales.name, killAtCommit: 1 });
    expect(await child.ended).toBe("SIGKILL");

    const after = await openCrashWorld({ folder, scenario: sales });
    const [decided] = await after.parts.store.approvals.list();
    expect(decided).toMatchObject({ status: "approved", decidedBy: "Pat" });
    expect(decided?.appliedAt).toBeUndefined();
    expect(await after.orchestrator.resume()).toMatchObject([{ status: "completed" }]);
    expect(await after.orchestrator.resume()).toEqual([]);
    await after.close();
  });
});
