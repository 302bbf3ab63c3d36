import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleChild, startChild } from "../support/crash-process.js";
import type { Scenario } from "../support/crash-scenarios.js";
import { FORGETFUL, MISSIONS } from "../support/crash-scenarios.js";
import type { End } from "../support/crash-sweep.js";
import { runThrough } from "../support/crash-sweep.js";
import { inPool, scratchFolder } from "../support/crash-world.js";

const LIMIT_MS = 240_000;
/** Processes that start cold are slow: so many at once. */
const AT_ONCE = 2;

const base = scratchFolder();
let folders = 0;
let script = "";
let counterpart: ChildProcess;
let url = "";
beforeAll(async () => {
  const child = join(import.meta.dirname, "../support/saga-counterpart.ts");
  counterpart = spawn(process.execPath, ["--import", "tsx", child], { stdio: ["ignore", "pipe", "inherit"] });
  if (!counterpart.stdout) throw new Error("The counterpart has nothing to speak with.");
  for await (const port of createInterface({ input: counterpart.stdout })) {
    url = `http://127.0.0.1:${port}`;
    break;
  }
  script = await bundleChild(freshFolder());
}, LIMIT_MS);
afterAll(() => {
  counterpart.kill("SIGKILL");
  rmSync(base, { recursive: true, force: true });
});

function freshFolder(): string {
  folders += 1;
  const folder = join(base, String(folders));
  mkdirSync(folder);
  return folder;
}

/** A run that nobody kills. */
async function runWhole(scenario: Scenario): Promise<End> {
  return runThrough({ ...scenario, counterpart: url }, { folder: freshFolder(), label: "never", atMs: 0 });
}

/** How a run ends whose process is killed at the n-th moment around its acts. */
async function endAfterKill(scenario: Scenario, killAtAct: number): Promise<End> {
  const folder = freshFolder();
  const label = `at moment ${killAtAct} around its acts`;
  const task = { command: "drive" as const, folder, scenario: scenario.name, counterpart: url, killAtAct };
  expect(await startChild(script, task).ended, label).toBe("SIGKILL");
  return runThrough({ ...scenario, counterpart: url }, { folder, label, atMs: 0 });
}

describe("I2: another process is asked for each act of a mission once, whatever act a process is killed before or after", () => {
  test.each(MISSIONS)("$name", { timeout: LIMIT_MS }, async (scenario) => {
    const whole = await runWhole(scenario);
    const count = whole.history.length;
    expect(count).toBeGreaterThan(0);
    expect(new Set(whole.history).size).toBe(count);

    const moments = Array.from({ length: 2 * count }, (_, index) => index + 1);
    const ends = await inPool(moments, AT_ONCE, (moment) => endAfterKill(scenario, moment));

    for (const { history, essence, killed } of [whole, ...ends]) {
      expect(history.toSorted(), killed).toEqual(whole.history.toSorted());
      expect(essence.run.status, killed).toBe("completed");
      const left = essence.effects.filter(({ status }) => status !== "done");
      expect(left, killed).toEqual([]);
    }
  });

  test("the proof finds tools that do not ask what was done", { timeout: LIMIT_MS }, async () => {
    const whole = await runWhole(FORGETFUL);

    const { history } = await endAfterKill(FORGETFUL, 2);

    expect(history).toHaveLength(whole.history.length + 1);
  });
});
