import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { workbench } from "../../../nodes/agents/workbench.js";
import { loadMission } from "../../../runtime/missions.js";
import { libraryOf } from "../../support/missions.js";

const DATA_FOLDER = join(import.meta.dirname, "../../../data");
const FOLDER = join(DATA_FOLDER, "missions/patterns");
const MAX_LINES = 40;
const files = readdirSync(FOLDER);

describe("the pattern missions", () => {
  test("cover the patterns of the feature list, each by its number", () => {
    const numbers = files.map(
      (file) => /"mission_id": "P(\d{3})"/u.exec(readFileSync(join(FOLDER, file), "utf8"))?.[1],
    );

    expect(numbers.sort()).toEqual(["017", "018", "021", "022", "023", "025", "026", "027", "028", "029", "031"]);
  });

  test.each(files)("%s fits on a screen, and the proof finds nothing wrong with it", async (file) => {
    const path = join(FOLDER, file);

    const { mission, problems, cases } = await loadMission(path, {
      dataFolder: DATA_FOLDER,
      library: libraryOf([workbench]),
    });

    expect(problems).toEqual([]);
    expect(mission.slug).toBe(`pattern-${file.replace(".json", "")}`);
    expect(cases).toBeGreaterThanOrEqual(2);
    expect(readFileSync(path, "utf8").split("\n").length).toBeLessThan(MAX_LINES);
  });
});
