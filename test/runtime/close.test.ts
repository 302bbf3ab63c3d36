import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Composition } from "../../runtime/compose.js";
import { compose } from "../../runtime/compose.js";
import { Orchestrator } from "../../runtime/orchestrator.js";
import { openFreshStore } from "../support/store.js";

const SCRIPT = `
  import { openOrchestrator } from "./index.ts";
  const orchestrator = await openOrchestrator({ store: process.env.MISSION_STORE });
  const graph = await orchestrator.graph("customer-onboarding");
  await graph.invoke({}, { configurable: { thread_id: "script" } });
  await orchestrator.close();
  console.log(JSON.stringify(process.getActiveResourcesInfo()));
`;

test("after close nothing keeps a script alive: it ends by itself", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mission-close-"));
  const env = { ...process.env, MISSION_STORE: `sqlite:${join(folder, "missions.db")}` };

  const args = ["--import", "tsx", "--input-type=module", "--eval", SCRIPT];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env,
    cwd: join(import.meta.dirname, "../.."),
  });

  rmSync(folder, { recursive: true, force: true });
  expect(JSON.parse(stdout)).not.toContain("Timeout");
});

test("a run that begins while the process shuts down is left for the next, and so is one that was just decided", async () => {
  const fresh = await openFreshStore();
  const parts: Composition = await compose({ store: fresh.url });
  const orchestrator = new Orchestrator(parts);
  const { approvals } = await orchestrator.start("sales-pipeline", { caseRef: "D-1001" });
  await orchestrator.drain();

  const begun = await orchestrator.start("sales-pipeline", { caseRef: "D-1002" });
  const decision = { type: "reject" as const, comment: "Not now.", final: true };
  const decided = await orchestrator.decide(approvals[0]?.approval_id ?? "", { decision, by: "ann" });
  await orchestrator.close();
  const late = orchestrator.start("sales-pipeline", { caseRef: "D-1001" });

  expect(begun).toMatchObject({ status: "queued", note: expect.stringContaining("mission resume") });
  expect(decided).toMatchObject({ status: "rejected", continued: "not_continued" });
  await fresh.drop();
  await expect(late).rejects.toMatchObject({ code: "closed" });
});
