import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { BenchMission, Outputs, TaskBody } from "../../bench/engine.js";
import { createEngine } from "../../bench/engine.js";
import { chain, crossed, diamond, taskBody, uneven, wide } from "../../bench/shapes.js";
import { isJsonObject } from "../../core/define-agent.js";

const CHILD = join(import.meta.dirname, "../support/bench-child.ts");

describe("The yardstick measures the engine that users get", () => {
  let dir = "";
  let ran: string[] = [];
  const counted: TaskBody = (task) => {
    ran.push(task.id);
    return taskBody(task);
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "mission-bench-"));
    ran = [];
  });

  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test.each<[string, BenchMission]>([
    ["a diamond", diamond()],
    ["many side by side", wide(20)],
    ["a chain", chain(12)],
    ["an uneven graph", uneven(11)],
  ])("%s gives each task its own result, and does each body once", async (_, mission) => {
    const session = await createEngine({ taskBody: counted }).open({ dir });

    const outputs = await session.run(await session.prepare(mission), "C1");
    await session.close();

    expect(idsIn(outputs)).toEqual(Object.fromEntries(mission.tasks.map(({ id }) => [id, id])));
    for (const { id, bytes } of mission.tasks) expect(JSON.stringify(outputs[id]).length).toBe(bytes);
    expect(ran.sort()).toEqual(mission.tasks.map(({ id }) => id).sort());
  });

  test("what waits for a person is asked before its body, and goes on in another process with every result in its place", async () => {
    const session = await createEngine({ taskBody: counted }).open({ dir });

    await session.pause(await session.prepare(crossed()), "C1");
    await session.close();
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", CHILD, dir, "C1"]);
    // Safe: the child's last line is such a report.
    const resumed = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { outputs: Outputs; ran: string[] };

    expect(ran.sort()).toEqual(["a", "a2", "a3", "b", "b2", "b3"]);
    expect(resumed.ran).toEqual(["gate", "end"]);
    expect(idsIn(resumed.outputs)).toEqual(Object.fromEntries(crossed().tasks.map(({ id }) => [id, id])));
  });
});

function idsIn(outputs: Outputs): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(outputs).map(([id, output]) => [id, isJsonObject(output) ? output["id"] : undefined]),
  );
}
