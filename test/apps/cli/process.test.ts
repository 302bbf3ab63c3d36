import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApprovalView, RunOutcome, RunSummary, StatusView } from "../../../core/views.js";
import type { Ended } from "./child.js";
import { runCli, runJson, startCli } from "./child.js";

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

async function open(): Promise<{ runs: RunSummary[]; approvals: ApprovalView[] }> {
  // The documents of plain `mission --json` are ours.
  return (await runJson([], folder)).json as { runs: RunSummary[]; approvals: ApprovalView[] };
}

describe("`npm start` in a folder of a new user", () => {
  test("ends by itself with 0, says that nobody was asked, and keeps everything in one file", async () => {
    expect(demo.err).toBe("");
    expect(demo.code).toBe(0);
    expect(demo.out).toContain('approved in the name "demo"');
    expect(demo.out).toContain(".missions/missions.db");
    expect(await readdir(join(folder, ".missions"))).toContain("missions.db");
  });

  test("three missions completed with an approval each, and one case waits with a question", async () => {
    const [{ json: runs }, { json: all }, { runs: waiting, approvals }] = await Promise.all([
      runJson(["runs"], folder),
      runJson(["approvals", "--all"], folder),
      open(),
    ]);

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
    const codes = await Promise.all(
      proposed.map(async (line) => {
        const [, rest = ""] = line.split(" -- ");
        return [rest.split(" ")[0], (await runCli(rest.split(" "), folder)).code];
      }),
    );
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
    const first = await runJson(["run", "sales-pipeline", "--approve-as", "kim"], other);
    const second = await runCli(["demo"], other);
    const [fresh, earlier] = await Promise.all([
      runJson(["runs"], other),
      runJson(["runs", "--store", "sqlite:.missions/missions.db"], other),
    ]);

    expect(first.code).toBe(0);
    expect(second.code).toBe(0);
    expect(second.out).toContain(".missions/demo-1.db");
    expect(fresh.json).toHaveLength(4);
    expect(earlier.json).toHaveLength(1);
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

    const status = await runJson(["status", outcome.run_id], folder);
    const view = status.json as StatusView;
    expect(Object.values(view.tasks).map((task) => task.status)).toEqual(["done", "done", "done"]);
    expect(view.approvals).toMatchObject([{ kind: "task_result", status: "approved" }]);
    const report = await runCli(["report", outcome.run_id], folder);
    expect(report.code).toBe(0);
    expect(report.out).toContain("**Approved** by ada");
    expect(report.out).toContain("compared with the baseline of");

    const again = await runCli(["decide", approval!.approval_id, "--reject"], folder);
    expect(again.code).toBe(2);
    expect(again.err).toContain("ada");
    expect(again.err.trim().split("\n")).toHaveLength(1);
  }, 60_000);

  test("a cancelled run cannot be decided any more", async () => {
    const { json } = await runJson(["run", "support-resolution", "--case", "TK-1004"], folder);
    const { run_id, approvals } = json as RunOutcome;

    const cancelled = await runJson(["cancel", run_id, "--by", "ada"], folder);
    const late = await runCli(["decide", approvals[0]!.approval_id, "--approve"], folder);

    expect(cancelled).toMatchObject({ code: 0, json: { status: "cancelled" } });
    expect(late.code).toBe(2);
    expect((await runCli(["report", run_id], folder)).out).toContain("**cancelled**");
  }, 60_000);

  test("Ctrl-C stops a run at a safe point with 3, and resume ends it", async () => {
    const file = join(folder, "slow.json");
    await writeFile(file, JSON.stringify(SLOW));
    const { child, ended } = startCli(["run", file], folder);
    child.stdout?.on("data", (text: string) => {
      if (text.includes("▸ Wait a while")) child.kill("SIGINT");
    });
    const stopped = await ended;
    const { json: runs } = await runJson(["runs"], folder);
    const run = (runs as RunSummary[]).find(({ mission_id }) => mission_id === SLOW.mission_id);

    expect(stopped.err).toContain("Stopping");
    expect(stopped.code).toBe(3);
    expect(run?.status).toBe("running");
    const resumed = await runJson(["resume", run!.run_id], folder);
    expect(resumed).toMatchObject({ code: 0, json: [{ status: "completed" }] });
  }, 60_000);

  test("a reader that goes away does not break a run", async () => {
    const { child, ended } = startCli(["run", "pattern-sequential"], folder);
    child.stdout?.destroy();

    const { code, err } = await ended;

    expect(err).toBe("");
    expect(code).toBe(0);
  }, 60_000);
});
