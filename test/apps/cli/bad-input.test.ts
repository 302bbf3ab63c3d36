import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFor } from "../../../apps/cli/open-orchestrator.js";
import type { ApprovalView, RunOutcome, RunSummary, StatusView } from "../../../core/views.js";
import type { Called } from "./fake-host.js";
import { callCli } from "./fake-host.js";

/** A file that the test wrote, or its folder, alone or as a store. */
const OWN_FILE = /^(sqlite:)?([a-z]+\.(?:json|db)|\.)$/u;

let folder: string;
let asking: ApprovalView;

/** The real orchestrator, in this process, on a store of the test's own. */
function callReal(args: readonly string[]): Promise<Called> {
  return callCli(args, {}, { folder, open: (store) => openFor(store ?? `sqlite:${join(folder, "runs.db")}`) });
}

async function jsonOf<T>(args: readonly string[]): Promise<T> {
  // The documents of these commands are ours.
  return (await callReal([...args, "--json"])).json as T;
}

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
    folder = await mkdtemp(join(tmpdir(), "mission-bad-input-"));
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
    const { approvals } = await jsonOf<RunOutcome>(["run", "customer-onboarding", "--case", "C-1002"]);
    // This case lacks two fields, so there is a question.
    asking = approvals[0] as ApprovalView;
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

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
    ["a case that does not fit", ["run", "customer-onboarding", "--case", "list.json"], 2, "customer_id"],
    ["a store that is no database", ["runs", "--store", "sqlite:foreign.db"], 2, "foreign.db"],
    ["a store of a kind that is not known", ["runs", "--store", "mongo:x"], 2, "mongo"],
    ["a folder where the store should be", ["runs", "--store", "sqlite:."], 2, "not a store"],
    ["an unknown command", ["aprovals"], 2, "approvals"],
    ["an unknown option", ["run", "sales-pipeline", "--aprove-as", "kim"], 2, "--approve-as"],
    ["--again without a reason", ["run", "sales-pipeline", "--again"], 2, "reason"],
  ])(
    "%s",
    async (_title, args, code, words) => {
      const inFolder = args.map((part) =>
        part.replace(OWN_FILE, (_all, kind = "", file) => `${kind}${join(folder, file)}`),
      );

      const text = await callReal(inFolder);
      const machine = await callReal([...inFolder, "--json"]);

      expect(text.out + text.err).toContain(words);
      expect(text.out + text.err).not.toMatch(/^ +at .*:\d+/mu);
      expect([text.code, machine.code]).toEqual([code, code]);
      expect(JSON.parse(machine.out)).toBeTypeOf("object");
    },
    30_000,
  );

  test("a stale digest is refused and nothing is decided", async () => {
    const refused = await callReal(["decide", asking.approval_id, "--reject", "--digest", "0".repeat(64), "--json"]);

    expect(refused).toMatchObject({ code: 2, json: { error: { code: "stale_digest" } } });
    expect(await jsonOf<ApprovalView[]>(["approvals"])).toMatchObject([
      { approval_id: asking.approval_id, status: "pending" },
    ]);
  });

  test("a decision that the kind does not allow is refused with those that are", async () => {
    const refused = await callReal(["decide", asking.approval_id, "--approve"]);

    expect(refused.code).toBe(2);
    expect(refused.err).toContain("answer");
  });

  test("an answer that does not fit the question is refused and the question stays open", async () => {
    const refused = await callReal(["decide", asking.approval_id, "--answer", '{"colour":"red"}', "--json"]);

    expect(refused).toMatchObject({ code: 2, json: { error: { code: "decision_invalid" } } });
    expect(await jsonOf<ApprovalView[]>(["approvals"])).toHaveLength(1);
  });

  test("the beginning of several ids is refused with the ids", async () => {
    await callReal(["run", "pattern-sequential", "--json"]);
    const ids = (await jsonOf<RunSummary[]>(["runs"])).map(({ run_id }) => run_id);

    const refused = await callReal(["status", (ids[0] ?? "").slice(0, 2), "--json"]);

    expect(refused).toMatchObject({ code: 2, json: { error: { code: "ambiguous_id" } } });
    for (const id of ids) expect(refused.out).toContain(id);
  });

  test("a mission edited while a run of it waits: the run goes on as it began, and the next one follows the edited file (I10)", async () => {
    const file = join(folder, "edited.json");
    const [task] = CYCLE.tasks;
    const before = {
      ...CYCLE,
      slug: "edited",
      mission_id: "M903",
      tasks: [{ ...task, depends_on: [], requires_human_approval: true }],
    };
    await writeFile(file, JSON.stringify(before));
    const { run_id, approvals } = await jsonOf<RunOutcome>(["run", file]);

    await writeFile(file, JSON.stringify({ ...before, tasks: [{ ...task, task_id: "Z", depends_on: [] }] }));
    const decided = await callReal(["decide", approvals[0]?.approval_id ?? "", "--approve", "--json"]);
    const next = await jsonOf<RunOutcome>(["run", file, "--again", "--reason", "the file changed"]);

    expect(decided).toMatchObject({ code: 0, json: { run_status: "completed" } });
    const [old, fresh] = [
      await jsonOf<StatusView>(["status", run_id]),
      await jsonOf<StatusView>(["status", next.run_id]),
    ];
    expect([Object.keys(old.tasks), Object.keys(fresh.tasks)]).toEqual([["A"], ["Z"]]);
    expect(old.mission_version).not.toBe(fresh.mission_version);
  });
});
