import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApprovalView, RunOutcome, RunSummary, StatusView } from "../../../core/views.js";
import type { Ended } from "./child.js";
import { runCli, runJson, startCli } from "./child.js";

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
    const { json: runs } = await runJson(["runs"], folder);
    const { json: all } = await runJson(["approvals", "--all"], folder);
    const { runs: waiting, approvals } = await open();

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
    const codes = [];
    for (const line of proposed) {
      const [, rest = ""] = line.split(" -- ");
      codes.push([rest.split(" ")[0], (await runCli(rest.split(" "), folder)).code]);
    }
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

    expect(first.code).toBe(0);
    expect(second.code).toBe(0);
    expect(second.out).toContain(".missions/demo-1.db");
    expect((await runJson(["runs"], other)).json).toHaveLength(4);
    expect((await runJson(["runs", "--store", "sqlite:.missions/missions.db"], other)).json).toHaveLength(1);
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
    const { child, ended } = startCli(["run", "pattern-barrier", "--case", "one-late"], folder);
    child.stdout?.on("data", (text: string) => {
      if (text.includes("▸ Third branch arrives")) child.kill("SIGINT");
    });
    const stopped = await ended;
    const { json: runs } = await runJson(["runs", "--mission", "pattern-barrier"], folder);
    const [run] = runs as RunSummary[];

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

describe("bad input: one clear message, the right exit code, no stack", () => {
  const CYCLE = {
    mission_id: "M901",
    slug: "round",
    mission_name: "Goes round",
    description: "A needs B, and B needs A.",
    cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1" }] },
    tasks: ["A", "B"].map((id, index) => ({
      task_id: id,
      task: `Do ${id}`,
      skill: "compute",
      order: index + 1,
      depends_on: [id === "A" ? "B" : "A"],
      inputs: { expression: { value: "1" } },
      estimated_duration_minutes: 1,
      requires_human_approval: false,
    })),
  };

  beforeAll(async () => {
    await writeFile(join(folder, "malformed.json"), '{\n  "mission_id": "M900",\n  "slug" "x"\n}');
    await writeFile(join(folder, "cycle.json"), JSON.stringify(CYCLE));
    await writeFile(
      join(folder, "nobody.json"),
      JSON.stringify({ ...CYCLE, tasks: [{ ...CYCLE.tasks[0], depends_on: [], skill: "fly_to_the_moon" }] }),
    );
    await writeFile(
      join(folder, "cel.json"),
      JSON.stringify({ ...CYCLE, tasks: [{ ...CYCLE.tasks[0], depends_on: [], when: "case.case_id ==" }] }),
    );
    await writeFile(join(folder, "list.json"), "[]");
    await writeFile(join(folder, "foreign.db"), "This is a letter, and no database at all.\n".repeat(50));
  });

  test.each([
    ["an unknown mission", ["run", "customer-onbording"], 2, "customer-onboarding"],
    ["an unknown case", ["run", "customer-onboarding", "--case", "C-9999"], 2, "C-9999"],
    ["an unknown run", ["status", "zzzz"], 2, "zzzz"],
    ["an unknown approval", ["decide", "zzzz", "--approve"], 2, "zzzz"],
    ["a prefix of several missions", ["show", "pattern"], 2, "pattern-barrier"],
    ["a prefix of several cases", ["run", "customer-onboarding", "--case", "C-100"], 2, "C-1001"],
    ["malformed JSON", ["verify", "malformed.json"], 2, "line 3, column"],
    ["running malformed JSON", ["run", "malformed.json"], 2, "line 3, column"],
    ["a cycle", ["run", "cycle.json"], 2, "A"],
    ["proving a cycle", ["verify", "cycle.json"], 1, "A"],
    ["a task that nobody can do", ["verify", "nobody.json"], 1, "fly_to_the_moon"],
    ["an expression that cannot be read", ["verify", "cel.json"], 1, "column"],
    ["a file that is not there", ["run", "none.json"], 2, "none.json"],
    ["a case that does not fit", ["run", "customer-onboarding", "--case", "list.json"], 2, "list.json"],
    ["a store that is no database", ["runs", "--store", "sqlite:foreign.db"], 2, "foreign.db"],
    ["a store of a kind that is not known", ["runs", "--store", "mongo:x"], 2, "mongo"],
    ["a folder where the store should be", ["runs", "--store", "sqlite:."], 1, ""],
    ["an unknown command", ["aprovals"], 2, "approvals"],
    ["an unknown option", ["run", "sales-pipeline", "--aprove-as", "kim"], 2, "--approve-as"],
    ["--again without a reason", ["run", "sales-pipeline", "--again"], 2, "reason"],
  ])(
    "%s",
    async (_title, args, code, words) => {
      const text = await runCli(args, folder);
      const machine = await runCli([...args, "--json"], folder);

      expect(text.out + text.err).toContain(words);
      expect(text.out + text.err).not.toMatch(/^ +at .*:\d+/mu);
      expect([text.code, machine.code]).toEqual([code, code]);
      expect(JSON.parse(machine.out)).toBeTypeOf("object");
    },
    30_000,
  );

  test("a stale digest is refused and nothing is decided", async () => {
    const { approvals } = await open();
    const [asked] = approvals;

    const refused = await runJson(["decide", asked!.approval_id, "--reject", "--digest", "0".repeat(64)], folder);

    expect(refused).toMatchObject({ code: 2, json: { error: { code: "stale_digest" } } });
    expect((await open()).approvals.map(({ approval_id }) => approval_id)).toContain(asked!.approval_id);
  });

  test("a decision that the kind does not allow is refused with those that are", async () => {
    const { approvals } = await open();

    const refused = await runCli(["decide", approvals[0]!.approval_id, "--approve"], folder);

    expect(refused.code).toBe(2);
    expect(refused.err).toContain("answer");
  });

  test("the beginning of several ids is refused with the ids", async () => {
    const { json } = await runJson(["runs"], folder);
    const ids = (json as RunSummary[]).map(({ run_id }) => run_id);

    const refused = await runJson(["status", ids[0]!.slice(0, 2)], folder);

    expect(refused).toMatchObject({ code: 2, json: { error: { code: "ambiguous_id" } } });
    expect(refused.out).toContain(ids[0]);
  });
});
