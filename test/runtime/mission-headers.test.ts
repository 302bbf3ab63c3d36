import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readMissionHeaders } from "../../runtime/mission-headers.js";

const DATA = join(import.meta.dirname, "../../data");

describe("what the files of missions say", () => {
  let dataFolder: string;
  beforeEach(async () => {
    dataFolder = join(await mkdtemp(join(tmpdir(), "headers-")), "data");
    await cp(DATA, dataFolder, { recursive: true });
  });
  afterEach(() => rm(join(dataFolder, ".."), { recursive: true }));

  async function headerOf(slug: string) {
    return (await readMissionHeaders({ dataFolder })).find((header) => header.slug === slug);
  }

  test("every mission of ours is readable", async () => {
    const headers = await readMissionHeaders({ dataFolder });

    expect(headers.filter((header) => !header.is_readable)).toEqual([]);
    expect(headers.map(({ mission_id }) => mission_id)).toEqual(expect.arrayContaining(["M001", "M002", "M003"]));
  });

  test("a file that is no JSON is listed by its name and does not hide the others", async () => {
    await writeFile(join(dataFolder, "missions/broken.json"), "{ nope");
    const headers = await readMissionHeaders({ dataFolder });

    const broken = headers.find(({ file }) => file.endsWith("broken.json"));
    expect(broken).toMatchObject({ slug: "", tasks: 0, is_readable: false });
    expect(headers.find(({ slug }) => slug === "sales-pipeline")).toMatchObject({ is_readable: true, cases: 32 });
  });

  test.each([
    ["without tasks", { mission_id: "X1", slug: "bare", mission_name: "Bare", description: "as said", tasks: [] }],
    ["with another's id", { mission_id: "P017", slug: "bare", mission_name: "Bare" }],
  ])("a mission %s is not readable", async (_, document) => {
    await writeFile(join(dataFolder, "missions/zz.json"), JSON.stringify(document));

    expect(await headerOf("bare")).toMatchObject({ is_readable: false });
  });

  test.each([
    ["gone.json", undefined],
    ["one.json", "{}"],
    ["torn.json", "["],
  ])("cases in %s that cannot be read as a list are to be mended", async (file, text) => {
    if (text !== undefined) await writeFile(join(dataFolder, "sample", file), text);
    const [task] = [
      {
        task_id: "a",
        task: "Add up",
        skill: "compute",
        order: 1,
        depends_on: [],
        estimated_duration_minutes: 1,
        requires_human_approval: false,
      },
    ];
    const cases = { file: `sample/${file}`, id: "id", title: "case.id" };
    const mission = {
      mission_id: "X1",
      slug: "lost",
      mission_name: "Lost",
      description: "as said",
      cases,
      tasks: [task],
    };
    await writeFile(join(dataFolder, "missions/lost.json"), JSON.stringify(mission));

    expect(await headerOf("lost")).toMatchObject({ tasks: 1, cases: 0, is_readable: false });
  });
});
