import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApprovalView, RunOutcome, RunSummary, StatusView } from "../../../core/views.js";
import type { Ended } from "./child.js";
import { callMany, runCli, runJson, runMany, startCli } from "./child.js";

/** Waits long enough to be interrupted, then does one more thing. */
const SLOW = {
  mission_id: "M902",
  slug: "slow",
  mission_name: "Takes its time",
  description: "Waits a while, then goes on.",
  cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1" }] },
  agents: ["A9"],
  tasks: [
    {
      task_id: "A",
      task: "Wait a while",
      skill: "wait",
      order: 1,
      depends_on: [],
      inputs: { ms: { value: 1500 }, value: { value: 1 } },
    },
    {
      task_id: "B",
      task: "Go on",
      skill: "compute",
      order: 2,
      depends_on: ["A"],
      inputs: { expression: { value: "a + 1.0" }, a: "A.value" },
    },
  ].map((task) => ({ ...task, estimated_duration_minutes: 1, requires_human_approval: false })),
};

let folder: string;
let demo: Ended;

/** One folder in which the samples have been run, as a new user would: everything below looks at it or adds to it. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mission-process-"));
  demo = await runCli(["demo"], folder);
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("`npm start` in a folder of a new user", () => {
  test("ends by itself with 0, says that nobody was asked, and keeps everything in one file", async () => {
    expect(demo.err).toBe("");
    expect(demo.code).toBe(0);
    expect(demo.out).toContain('approved in the name "demo"');
    expect(demo.out).toContain(".missions/missions.db");
    expect(await readdir(join(folder, ".missions"))).toContain("missions.db");
  });

  test("three missions completed with an approval each, and one case waits with a question", async () => {
    const [runs, all, open] = await runMany([["runs"], ["approvals", "--all"], []], folder);
    // safe: the document of plain `mission --json` is ours
    const { runs: waiting, approvals } = open as { runs: RunSummary[]; approvals: ApprovalView[] };

    const completed = (runs as RunSummary[]).filter(({ status }) => status === "completed");
    expect(completed.map(({ mission_id }) => mission_id).sort()).toEqual(["M001", "M002", "M003"]);
    expect(
      (all as ApprovalView[])
        .filter(({ decided_by }) => decided_by === "demo")
        .map(({ task_id }) => task_id)
        .sort(),
    ).toEqual(["T2", "T5", "T8"]);
    expect(waiting).toHaveLength(1);
    expect(approvals.map(({ kind }) => kind)).toEqual(["question"]);
  });

  test("KPIs stand there with baseline and target, and the commands it proposes work", async () => {
    expect(demo.out).toMatch(/Reduce Customer Onboarding Time .* 5 days +2 days .*\(simulated\)/u);
    expect(demo.out).toMatch(/Accelerate Sales Pipeline Progression .* 14 days +7 days/u);
    expect(demo.out).toMatch(/Improve Support Case Resolution .* 12 hours +4 hours/u);
    expect(demo.out).toMatch(/pending/u);

    const proposed = demo.out.slice(demo.out.indexOf("Try next")).trim().split("\n").slice(1);
    expect(proposed).toHaveLength(3);
    const typed = proposed.map((line) => line.split(" -- ")[1]?.split(" ") ?? []);
    const ended = await callMany(typed, folder);
    const codes = ended.map(({ code }, index) => [typed[index]?.[0], code]);
    // Without a terminal `decide` cannot ask, and says which choices there are.
    expect(codes).toEqual([
      ["report", 0],
      ["decide", 2],
      ["status", 0],
    ]);
  });

  test("a second start takes a fresh file, leaves the first as it is, and plain commands then read the fresh one", async () => {
    const other = await mkdtemp(join(tmpdir(), "mission-process-"));
    await writeFile(join(other, "keep.txt"), "");
    const [first, second, fresh, earlier] = await callMany(
      [
        ["run", "sales-pipeline", "--approve-as", "kim"],
        ["demo"],
        ["runs", "--json"],
        ["runs", "--json", "--store", "sqlite:.missions/missions.db"],
      ],
      other,
    );

    expect([first?.code, second?.code]).toEqual([0, 0]);
    expect(second?.out).toContain(".missions/demo-1.db");
    expect(JSON.parse(fresh?.out ?? "")).toHaveLength(4);
    expect(JSON.parse(earlier?.out ?? "")).toHaveLength(1);
    await rm(other, { recursive: true, force: true });
  }, 120_000);
});

describe("one run from start to report", () => {
  test("it waits with 3, a decision from another process completes it, and the report names who decided", async () => {
    const started = await runJson(["run", "support-resolution", "--case", "TK-1003"], folder);
    const outcome = started.json as RunOutcome;
    const [approval] = outcome.approvals;
    expect(started.code).toBe(3);
    expect(outcome.status).toBe("waiting");
    expect(started.err).toContain("waits for a person");

    const decided = await runJson(
      ["decide", approval!.approval_id.slice(0, 12), "--approve", "--by", "ada", "--digest", approval!.digest],
      folder,
    );
    expect(decided).toMatchObject({
      code: 0,
      json: { status: "approved", decided_by: "ada", run_status: "completed" },
    });

    const [status, report, again] = await callMany(
      [
        ["status", outcome.run_id, "--json"],
        ["report", outcome.run_id],
        ["decide", approval!.approval_id, "--reject"],
      ],
      folder,
    );
    const view = JSON.parse(status?.out ?? "") as StatusView; // safe: the document of `status --json` is ours
    expect(Object.values(view.tasks).map((task) => task.status)).toEqual(["done", "done", "done"]);
    expect(view.approvals).toMatchObject([{ kind: "task_result", status: "approved" }]);
    expect(report?.code).toBe(0);
    expect(report?.out).toContain("**Approved** by ada");
    expect(report?.out).toContain("compared with the baseline of");
    expect(again?.code).toBe(2);
    expect(again?.err).toContain("ada");
    expect(again?.err.trim().split("\n")).toHaveLength(1);
  }, 60_000);

  test("a cancelled run cannot be decided any more", async () => {
    const [outcome] = await runMany([["run", "support-resolution", "--case", "TK-1004"]], folder);
    const { run_id, approvals } = outcome as RunOutcome; // safe: the document of `run --json` is ours

    const [cancelled, late, report, paper] = await callMany(
      [
        ["cancel", run_id, "--by", "ada", "--json"],
        ["decide", approvals[0]!.approval_id, "--approve"],
        ["report", run_id],
        ["report", run_id, "--format", "html"],
      ],
      folder,
    );

    expect(cancelled?.code).toBe(0);
    expect(JSON.parse(cancelled?.out ?? "")).toMatchObject({ status: "cancelled" });
    expect(late?.code).toBe(2);
    expect(report?.out).toContain("**cancelled**");
    expect(report?.out).toContain("One question was not answered when ada cancelled the run");
    expect(report?.out).toMatch(/^- T\d.*\*\*Not answered when ada cancelled the run\*\*, asked /mu);
    expect(paper?.out).toContain("Not answered");
    expect(paper?.out).toMatch(/Ada cancelled the run first/iu);
  }, 60_000);

  test("Ctrl-C stops a run at a safe point with 3, and resume ends it", async () => {
    const file = join(folder, "slow.json");
    await writeFile(file, JSON.stringify(SLOW));
    const { child, ended } = startCli(["run", file], folder);
    child.stdout?.on("data", (text: string) => {
      if (text.includes("▸ Wait a while")) child.kill("SIGINT");
    });
    const stopped = await ended;
    const [runs, resumed] = await runMany([["runs"], ["resume"]], folder);
    const run = (runs as RunSummary[]).find(({ mission_id }) => mission_id === SLOW.mission_id);

    expect(stopped.err).toContain("Stopping");
    expect(stopped.code).toBe(3);
    expect(run?.status).toBe("running");
    expect(resumed).toMatchObject([{ run_id: run?.run_id, status: "completed" }]);
  }, 60_000);

  test("a reader that goes away does not break a run", async () => {
    const { child, ended } = startCli(["run", "pattern-sequential"], folder);
    child.stdout?.destroy();

    const { code, err } = await ended;

    expect(err).toBe("");
    expect(code).toBe(0);
  }, 60_000);
});
