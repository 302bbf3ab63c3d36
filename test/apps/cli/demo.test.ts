import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chooseFreshStore, toChoiceError } from "../../../apps/cli/store-choice.js";
import type { ApprovalView, OrchestratorApi } from "../../../core/views.js";
import { storeFileIn } from "../../../runtime/config.js";
import { callCli, FakePerson, waitingRuns } from "./fake-host.js";
import { approvalView, outcome, question } from "./samples.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mission-demo-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Three missions with an approval each, and a case that asks. */
function sampleWorld() {
  const approvals = ["onboarding", "pipeline", "support"].map((run) =>
    approvalView({ approval_id: `ap-${run}`, run_id: run }),
  );
  const asked: ApprovalView[] = [
    ...approvals,
    question({ type: "string" }, { run_id: "asking", approval_id: "qu-asking" }),
  ];
  const world = waitingRuns(asked);
  const runOf: Record<string, string> = {
    "customer-onboarding": "onboarding",
    "sales-pipeline": "pipeline",
    "support-resolution": "support",
  };
  let atOnce = 0;
  let most = 0;
  const api: Partial<OrchestratorApi> = {
    ...world,
    cases: async () => [
      { case_id: "C-1", title: "Hollis & Reed", about: "A clean one" },
      { case_id: "C-2", title: "Brandt", about: "The tax number is missing" },
    ],
    async start(mission, options) {
      most = Math.max(most, ++atOnce);
      await new Promise(setImmediate);
      atOnce--;
      const run = options?.caseRef === "C-2" ? "asking" : (runOf[mission] ?? "none");
      return outcome({
        run_id: run,
        title: run,
        status: "waiting",
        approvals: asked.filter(({ run_id }) => run_id === run),
      });
    },
  };
  return { api, decided: world.decided, most: () => most };
}

describe("`npm start`", () => {
  test("without a terminal it approves as demo, says so, shows the question and ends with 0", async () => {
    const { api, decided, most } = sampleWorld();

    const { code, out, stores } = await callCli(["demo"], api, { folder });

    expect(code).toBe(0);
    expect(most()).toBe(3);
    expect(out).toContain('approved in the name "demo"');
    expect(decided.map(({ id, by }) => [id, by])).toEqual([
      ["ap-onboarding", "demo"],
      ["ap-pipeline", "demo"],
      ["ap-support", "demo"],
    ]);
    expect(out).toContain("Brandt. The tax number is missing");
    expect(out).toContain("When does the passport expire?");
    expect(stores).toEqual(["sqlite:.missions/missions.db"]);
  });

  test("it ends with the KPIs of the three missions and three commands with real ids", async () => {
    const { out } = await callCli(["demo"], sampleWorld().api, { folder });

    const end = out.slice(out.indexOf("What it comes to"));
    expect(end).toMatch(/Mission +KPI +Baseline +Target +Actual/u);
    expect(end.match(/Onboarding time +5 days +2 days +1\.17 days \(simulated\)/gu)).toHaveLength(3);
    expect(end.match(/Csat .*pending/gu)).toHaveLength(3);
    expect(end).toMatch(
      /Try next\n {2}mission report onboarding\n {2}mission decide qu-asking\n {2}mission status asking\n$/u,
    );
  });

  test("in a terminal three approvals and the question are asked, one after the other", async () => {
    const { api, decided } = sampleWorld();
    const person = new FakePerson([
      { type: "approve" },
      { type: "reject", comment: "no" },
      "later",
      { type: "answer", answer: "2031-01-01" },
    ]);

    const { code } = await callCli(["demo"], api, { folder, isTerminal: true, person: async () => person });

    expect(code).toBe(0);
    expect(person.shown.map(({ approval }) => approval.approval_id)).toEqual([
      "ap-onboarding",
      "ap-pipeline",
      "ap-support",
      "qu-asking",
    ]);
    expect(decided.map(({ id }) => id)).toEqual(["ap-onboarding", "ap-pipeline", "qu-asking"]);
  });

  test("who leaves is asked nothing more, sees what there is, and gets exit code 3", async () => {
    const { api, decided } = sampleWorld();
    const person = new FakePerson([{ type: "approve" }, "leave", { type: "approve" }, { type: "approve" }]);

    const { code, out } = await callCli(["demo"], api, { folder, isTerminal: true, person: async () => person });

    expect(code).toBe(3);
    expect(person.shown).toHaveLength(2);
    expect(decided).toHaveLength(1);
    expect(out).toContain("Try next");
  });

  test("a mission that fails without anybody at the terminal gives exit code 1", async () => {
    const { api } = sampleWorld();

    const { code } = await callCli(["demo"], { ...api, start: async () => outcome({ status: "failed" }) }, { folder });

    expect(code).toBe(1);
  });
});

describe("which store commands use", () => {
  test("a folder without a store gets the default one", async () => {
    expect(storeFileIn(folder)).toBe("missions.db");
    expect((await chooseFreshStore(folder)).url).toBe("sqlite:.missions/missions.db");
    expect(storeFileIn(folder)).toBe("missions.db");
  });

  test("where runs are kept already, the samples take a new file, which plain commands then read; the old one stays", async () => {
    await mkdir(join(folder, ".missions"));
    await writeFile(join(folder, ".missions/missions.db"), "runs of somebody");

    const fresh = await chooseFreshStore(folder);
    expect(fresh.url).toBe("sqlite:.missions/demo-1.db");
    expect(fresh.note).toContain(".missions/missions.db");
    await writeFile(join(folder, ".missions/demo-1.db"), "made by opening it");

    expect(storeFileIn(folder)).toBe("demo-1.db");
    expect((await chooseFreshStore(folder)).url).toBe("sqlite:.missions/demo-2.db");
    expect(await readFile(join(folder, ".missions/missions.db"), "utf8")).toBe("runs of somebody");
  });

  test("calls at once in one folder get a file each, and plain commands read the first one's", async () => {
    const chosen = await Promise.all([1, 2, 3].map(() => chooseFreshStore(folder)));
    const named = await Promise.all([1, 2].map(() => chooseFreshStore(folder, { typed: "sqlite:mine.db" })));

    const urls = [...chosen, ...named].map(({ url }) => url);
    expect(new Set(urls).size).toBe(5);
    expect(urls).toContain("sqlite:mine.db");
    expect(chosen.filter(({ isPlain }) => isPlain).map(({ url }) => url)).toEqual(["sqlite:.missions/missions.db"]);
    expect(storeFileIn(folder)).toBe("missions.db");
  });

  test("a place that cannot hold a store is named, with what to do", async () => {
    await writeFile(join(folder, ".missions"), "a file where the folder should be");

    const { code, err } = await callCli(["demo"], sampleWorld().api, { folder });

    expect(code).toBe(1);
    expect(err).toContain(`${join(folder, ".missions")} cannot hold a store`);
    expect(err).not.toContain("should not have happened");
  });

  test.each([
    ["EROFS", "store_read_only"],
    ["EACCES", "store_read_only"],
    ["ENOSPC", "store_full"],
    ["EDQUOT", "store_full"],
    ["EIO", "store_failed"],
  ])("%s on the way to a store is %s", (code, named) => {
    const error = Object.assign(new Error(code), { code, syscall: "mkdir" });

    expect(toChoiceError(error, "there")).toMatchObject({ code: named });
  });

  test("a store that was named is used when it is new, and left alone when it is not", async () => {
    await writeFile(join(folder, "mine.db"), "runs of somebody");

    const free = await callCli(["demo", "--store", "sqlite:new.db"], sampleWorld().api, { folder });
    const taken = await callCli(["demo", "--store", "sqlite:mine.db"], sampleWorld().api, { folder });

    expect(free.stores).toEqual(["sqlite:new.db"]);
    expect(free.out).toContain("mission report onboarding --store sqlite:new.db");
    expect(taken.stores).toEqual(["sqlite:.missions/demo-1.db"]);
    expect(taken.out).toContain("mission report onboarding --store sqlite:.missions/demo-1.db");
    expect(storeFileIn(folder)).toBe("missions.db");
  });

  test("a store that the environment names is used when it is new; hints need not name it", async () => {
    const storeOfEnvironment = async () => "sqlite:mine.db";

    const free = await callCli(["demo"], sampleWorld().api, { folder, storeOfEnvironment });
    await writeFile(join(folder, "mine.db"), "runs of somebody");
    const taken = await callCli(["demo"], sampleWorld().api, { folder, storeOfEnvironment });

    expect(free.stores).toEqual(["sqlite:mine.db"]);
    expect(free.out).toMatch(/mission report onboarding\n/u);
    expect(taken.out).toContain("mission report onboarding --store sqlite:.missions/demo-1.db");
  });

  test("a pointer to nowhere, or out of the folder, is passed over", async () => {
    await mkdir(join(folder, ".missions"));
    await writeFile(join(folder, ".missions/current"), "../../etc/passwd");
    expect(storeFileIn(folder)).toBe("missions.db");

    await writeFile(join(folder, ".missions/current"), "gone.db");
    expect(storeFileIn(folder)).toBe("missions.db");
  });
});
