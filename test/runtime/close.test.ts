import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

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
