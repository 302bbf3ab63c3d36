import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { openEngine } from "../support/engine.js";
import type { GrowthReport } from "../support/growth-child.js";
import { fakeAgent, fakePlaybook } from "../support/missions.js";

const GIGABYTE = 2 ** 30;
/** What twice the work may cost, with a margin for what does not grow at all. */
const LINEAR = 2.2;
const LONG = 300_000;
const CHILD = join(import.meta.dirname, "../support/growth-child.ts");

/** Figures to look at; only bytes are asserted. */
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A run in a process of its own, so that its memory is its own. */
async function runAlone(shape: "star" | "chain", tasks: number): Promise<GrowthReport> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", CHILD, shape, String(tasks)]);
  // Safe: the child's last line is such a report.
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as GrowthReport;
}

/** Bytes on disk after a mission of `count` tasks, each of which a person approves before the next is asked for or looked at. */
async function bytesAfterApprovals(count: number, isChain: boolean): Promise<number> {
  const writer = fakeAgent("A91", "writer", [
    fakePlaybook({ run: async () => ({ text: "A letter to be read first." }) }),
  ]);
  const tasks = Array.from({ length: count }, (_, index) => ({
    task_id: `T${index}`,
    depends_on: isChain && index > 0 ? [`T${index - 1}`] : [],
    requires_human_approval: true,
  }));
  const { orchestrator, bytesKept, drop } = await openEngine({
    missions: [{ tasks, agents: ["A91"] }],
    agents: [writer],
  });
  const run = await orchestrator.start("test-mission");
  let decided = 0;
  for (let [next] = run.approvals; next; [next] = await orchestrator.approvals({ run: run.run_id })) {
    await orchestrator.decide(next.approval_id, { decision: { type: "approve" }, by: "ann" });
    decided += 1;
  }
  expect(decided).toBe(count);
  expect((await orchestrator.status(run.run_id)).status).toBe("completed");
  const bytes = await bytesKept();
  await drop();
  return bytes;
}

describe("I8: state, disk and memory grow linearly with work", () => {
  test.each([
    ["side by side", false],
    ["one after the other", true],
  ])(
    "twice the approvals, %s and decided one by one, keep about twice the bytes",
    async (_, isChain) => {
      const few = await bytesAfterApprovals(50, isChain);
      const many = await bytesAfterApprovals(100, isChain);

      say(`50 approvals keep ${few} bytes, 100 keep ${many}: ${(many / few).toFixed(2)} times as many`);
      expect(many / few).toBeLessThanOrEqual(LINEAR);
    },
    LONG,
  );

  test(
    "three thousand tasks in one run stay under a gigabyte",
    async () => {
      const star = await runAlone("star", 3_000);

      say(`1 → 2998 → 1 took ${star.ms} ms, ${star.bytes} bytes, ${Math.round(star.maxRssBytes / 2 ** 20)} MiB`);
      expect(star).toMatchObject({ status: "completed", done: 3_000 });
      expect(star.maxRssBytes).toBeLessThan(GIGABYTE);
    },
    LONG,
  );

  test(
    "twice as long a chain keeps about twice the bytes",
    async () => {
      const short = await runAlone("chain", 200);
      const long = await runAlone("chain", 400);

      say(`chain of 200: ${short.ms} ms, ${short.bytes} bytes; of 400: ${long.ms} ms, ${long.bytes} bytes`);
      expect([short.done, long.done]).toEqual([200, 400]);
      expect(long.bytes / short.bytes).toBeLessThanOrEqual(LINEAR);
      expect(long.maxRssBytes).toBeLessThan(GIGABYTE);
    },
    LONG,
  );

  test("forty tasks side by side make no noise about leaks", async () => {
    const warnings: string[] = [];
    const hear = (warning: Error) => warnings.push(warning.message);
    process.on("warning", hear);
    const worker = fakeAgent("A91", "worker");
    const tasks = Array.from({ length: 40 }, (_, index) => ({ task_id: `T${index}` }));
    const { orchestrator, drop } = await openEngine({ missions: [{ tasks, agents: ["A91"] }], agents: [worker] });

    const run = await orchestrator.start("test-mission");
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", hear);
    await drop();

    expect([run.status, warnings]).toEqual(["completed", []]);
  });
});
