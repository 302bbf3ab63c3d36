import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Orchestrator } from "mission-orchestrator";
import { loadConfig, openOrchestrator } from "mission-orchestrator";

const ROOT = join(import.meta.dirname, "..");

describe("sample-requests", () => {
  let folder: string;
  let orchestrator: Orchestrator;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "sample-requests-"));
    orchestrator = await openOrchestrator({ ...(await loadConfig(ROOT)), store: `sqlite:${join(folder, "test.db")}` });
  });
  after(async () => {
    await orchestrator?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("is sound", async () => {
    assert.deepEqual(await orchestrator.verify("sample-requests"), []);
  });

  for (const [caseRef, days] of [
    ["R-1", 30],
    ["R-2", 730],
  ] as const) {
    test(`${caseRef} is answered by the rule once a person agrees, and not before`, async () => {
      const { run_id, status, approvals } = await orchestrator.start("sample-requests", { caseRef });
      assert.equal(status, "waiting");

      await orchestrator.decide(approvals[0]?.approval_id ?? "", { decision: { type: "approve" }, by: "test" });

      const report = await orchestrator.report(run_id);
      assert.equal(report.status, "completed");
      assert.deepEqual(report.blackboard, { days });
    });
  }

  test("a topic that no rule covers goes to a person instead of being guessed", async () => {
    const caseRef = { request_id: "R-9", customer: "Larkspur Books", topic: "refuel", received_at: "-PT1H" };

    const { status, approvals } = await orchestrator.start("sample-requests", { caseRef });

    assert.equal(status, "waiting");
    assert.equal(approvals[0]?.kind, "question");
  });
});
