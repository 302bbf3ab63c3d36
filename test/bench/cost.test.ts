import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { BenchMission } from "../../bench/engine.js";
import { createEngine } from "../../bench/engine.js";
import { chain, diamond, taskBody, wide } from "../../bench/shapes.js";

/** What a mission's second run costs: the first one also stores its version. */
async function costOf(mission: BenchMission): Promise<{ commits: number; bytesPerTask: number }> {
  const dir = mkdtempSync(join(tmpdir(), "mission-cost-"));
  let commits = 0;
  const session = await createEngine({ taskBody, afterCommit: () => (commits += 1) }).open({ dir });
  const handle = await session.prepare(mission);
  await session.run(handle, "C1");
  const before = await session.bytes();
  commits = 0;
  await session.run(handle, "C2");
  const cost = { commits, bytesPerTask: ((await session.bytes()) - before) / mission.tasks.length };
  await session.close();
  rmSync(dir, { recursive: true, force: true });
  return cost;
}

describe("I8: what a run costs is counted, not timed", () => {
  test.each<[string, BenchMission]>([
    ["a diamond", diamond()],
    ["twenty side by side", wide(20)],
    ["a chain", chain(60)],
  ])(
    "%s of tasks that end in one turn of the event loop takes six commits, however many they are",
    async (_, mission) => {
      const { commits } = await costOf(mission);

      expect(commits).toBeLessThanOrEqual(6);
    },
  );

  test("a task that returns 500 bytes keeps no more than 2,700, events and checkpoints included", async () => {
    const { bytesPerTask } = await costOf(chain(100));

    expect(bytesPerTask).toBeGreaterThan(500);
    expect(bytesPerTask).toBeLessThanOrEqual(2_700);
  });
});
