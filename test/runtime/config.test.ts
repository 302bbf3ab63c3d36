import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { composeOrchestrator } from "../../runtime/compose.js";
import { readConfig } from "../../runtime/config.js";

const home = process.cwd();
let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "mission-config-")));
  process.chdir(folder);
});

afterEach(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true, force: true });
});

describe("the store that nobody named", () => {
  test("is the usual file, or the one that the folder points at; the environment goes before both", async () => {
    expect(readConfig({}).storeUrl).toBe("sqlite:.missions/missions.db");
    await mkdir(".missions");
    await writeFile(".missions/demo-1.db", "");
    await writeFile(".missions/current", "demo-1.db\n");

    expect(readConfig({}).storeUrl).toBe("sqlite:.missions/demo-1.db");
    expect(readConfig({ MISSION_STORE: "sqlite:mine.db" }).storeUrl).toBe("sqlite:mine.db");
  });

  test("is the same for code as for the command line", async () => {
    const pointed = await composeOrchestrator({ store: "sqlite:.missions/demo-1.db" });
    const { run_id } = await pointed.start("pattern-sequential");
    await pointed.close();
    await writeFile(".missions/current", "demo-1.db\n");

    const plain = await composeOrchestrator();

    expect((await plain.runs()).map((run) => run.run_id)).toEqual([run_id]);
    await plain.close();
  });
});
