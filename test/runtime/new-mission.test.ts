import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newMission } from "../../runtime/new-mission.js";
import { readOwnPackage } from "../../runtime/own-package.js";
import { callMany } from "../apps/cli/child.js";
import { callCli } from "../apps/cli/fake-host.js";

const CHECKOUT = join(import.meta.dirname, "../..");
const OF_A_MISSION = [
  "agents/invoice-disputes-agent.ts",
  "data/missions/invoice-disputes.json",
  "test/invoice-disputes.test.ts",
  "tools/find-invoice-disputes-rule.ts",
];
const AROUND = [".gitignore", "README.md", "mission.config.ts", "package.json", "tsconfig.json"];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mission-new-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function filesOf(at = folder): string[] {
  return readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(at.length + 1))
    .sort();
}

function text(path: string): string {
  return readFileSync(join(folder, path), "utf8");
}

describe("mission new in an empty folder", () => {
  test("writes a mission and what surrounds it; nothing in it names the template any more", async () => {
    const made = await newMission("invoice-disputes", folder);

    expect(filesOf()).toEqual([...OF_A_MISSION, ...AROUND].sort());
    expect([...made.files].sort()).toEqual(filesOf());
    expect(made.by_hand).toEqual([]);
    for (const file of filesOf()) expect(text(file)).not.toMatch(/sample.?requests|"M100"/iu);
  });

  test("names the four pins, this package and the tools, at the versions that it was made with", async () => {
    const { name, version, peerDependencies, devDependencies, dependencies } = readOwnPackage();
    await newMission("invoice-disputes", folder);

    expect(JSON.parse(text("package.json"))).toMatchObject({
      type: "module",
      dependencies: { ...peerDependencies, [name]: `file:${name}-${version}.tgz` },
      devDependencies: { tsx: dependencies["tsx"], typescript: devDependencies["typescript"] },
    });
  });

  test("makes a mission that is sound, asks before its answer stands, and ends at its report", async () => {
    symlinkSync(join(CHECKOUT, "node_modules"), join(folder, "node_modules"));
    await newMission("q3-close", folder);

    const [verified, tested, waiting, ended] = await callMany(
      [
        ["verify", "q3-close"],
        ["test", "q3-close"],
        ["run", "q3-close"],
        ["run", "q3-close", "--approve-as", "ann", "--json"],
      ],
      folder,
    );

    expect([verified?.code, tested?.code, waiting?.code, ended?.code]).toEqual([0, 0, 3, 0]);
    expect(verified?.out).toContain("q3-close: sound.");
    expect(JSON.parse(ended?.out ?? "")).toMatchObject({ status: "completed" });
  }, 60_000);
});

describe("where this package itself comes from", () => {
  test("the build of a checkout is a checkout, which nobody can install by name; an installed package is none", () => {
    const built = readOwnPackage(join(CHECKOUT, "dist/apps/cli/main.js"));
    cpSync(join(CHECKOUT, "package.json"), join(folder, "package.json"));
    const installed = readOwnPackage(join(folder, "dist/apps/cli/main.js"));

    expect(built).toMatchObject({ folder: CHECKOUT, isCheckout: true });
    expect(installed).toMatchObject({ folder, isCheckout: false });
  });
});

describe("mission new in a folder that is not empty", () => {
  test("beside another mission it adds only its own files, with the next id", async () => {
    const first = await newMission("parcel-claims", folder);
    const before = filesOf();
    const second = await newMission("invoice-disputes", folder);

    expect([first.mission_id, second.mission_id]).toEqual(["M101", "M102"]);
    expect(filesOf().filter((file) => !before.includes(file))).toEqual(OF_A_MISSION);
    expect(second.by_hand).toEqual([]);
  });

  test("a file in its way is named, and nothing is written", async () => {
    for (const path of OF_A_MISSION.slice(2)) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), "mine");
    }
    const before = filesOf();

    const refused = newMission("invoice-disputes", folder);

    await expect(refused).rejects.toMatchObject({ code: "usage", details: { in_the_way: OF_A_MISSION.slice(2) } });
    for (const path of OF_A_MISSION.slice(2)) await expect(refused).rejects.toThrow(path);
    expect(filesOf()).toEqual(before);
    expect(text(OF_A_MISSION[2]!)).toBe("mine");
  });

  test("files of the user's own stay as they are, and what they lack is said", async () => {
    mkdirSync(join(folder, ".git"));
    writeFileSync(join(folder, ".git/HEAD"), "ref: refs/heads/main\n");
    writeFileSync(join(folder, "package.json"), '{ "name": "shop", "scripts": { "test": "vitest" } }\n');
    writeFileSync(join(folder, ".gitignore"), "dist/\n");

    const { files, by_hand, next } = await newMission("invoice-disputes", folder);

    expect(text("package.json")).toBe('{ "name": "shop", "scripts": { "test": "vitest" } }\n');
    expect(files).not.toContain("package.json");
    expect(by_hand).toEqual([
      'package.json: "type": "module"',
      expect.stringMatching(/"@langchain\/core": "1\.2\.13".*"zod": .*"mission-orchestrator": .*"tsx"/u),
      'package.json, "scripts": "check": "tsc"',
      'package.json, "scripts": "mission": "mission"',
      ".gitignore: .missions/",
    ]);
    expect(next).toEqual(expect.arrayContaining(["npm install", "npx mission run invoice-disputes"]));
  });

  test("its files go where the folder's own configuration looks, and what it lacks is said", async () => {
    for (const name of ["rules", "src/crew"]) mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, "mission.config.mjs"), 'export default { missions: "rules", agents: "src/crew" };');

    const { files, by_hand } = await newMission("invoice-disputes", folder);

    expect(files).toEqual(
      expect.arrayContaining(["rules/invoice-disputes.json", "src/crew/invoice-disputes-agent.ts"]),
    );
    expect(files).not.toContain("mission.config.ts");
    expect(text("src/crew/invoice-disputes-agent.ts")).toContain('"../../tools/find-invoice-disputes-rule.js"');
    expect(by_hand).toContainEqual(expect.stringMatching(/tools\/find-.*"tools".*tools: "tools"/u));
  });

  test("a package.json that cannot be read is named before anything is written", async () => {
    writeFileSync(join(folder, "package.json"), "{ nope");

    await expect(newMission("invoice-disputes", folder)).rejects.toThrow(/package\.json, line 1/u);
    expect(filesOf()).toEqual(["package.json"]);
  });

  test("the name of a mission that is there is refused, whatever its file is called", async () => {
    await newMission("invoice-disputes", folder);
    cpSync(join(folder, "data/missions/invoice-disputes.json"), join(folder, "data/missions/other.json"));
    rmSync(join(folder, "data/missions/invoice-disputes.json"));

    await expect(newMission("invoice-disputes", folder)).rejects.toThrow(/data\/missions\/other\.json/u);
  });

  test("the folder of the package itself is no place for it", async () => {
    await expect(newMission("invoice-disputes", CHECKOUT)).rejects.toThrow(/--folder \.\.\/invoice-disputes/u);
  });
});

describe("a name that cannot name a mission is refused with the reason", () => {
  test.each([
    ["Invoice", "For example: invoice"],
    ["my case", "For example: my-case"],
    ["../up", "For example: up"],
    ["a--b", "For example: a-b"],
    ["3x", "begins with a letter"],
    ["", "lower-case letters"],
    ["planner", "meaning of its own"],
    ["constructor", "meaning of its own"],
    ["a".repeat(41), "at most 40"],
  ])("%j", async (slug, told) => {
    await expect(newMission(slug, folder)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(told),
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("the command", () => {
  test("prints the files and what comes next; makes the folder when it is not there", async () => {
    const { code, out } = await callCli(["new", "invoice-disputes", "--folder", "deep/down"], {}, { folder });

    expect(code).toBe(0);
    expect(existsSync(join(folder, "deep/down/mission.config.ts"))).toBe(true);
    for (const words of ["M101", ...OF_A_MISSION, "npm install", "npm test"]) expect(out).toContain(words);
  });

  test("with --json it lists them; a wrong name is misuse", async () => {
    const made = await callCli(["new", "invoice-disputes", "--json"], {}, { folder });
    const refused = await callCli(["new", "No!", "--json"], {}, { folder });

    expect(made.json).toMatchObject({ slug: "invoice-disputes", mission_id: "M101", by_hand: [] });
    expect(refused).toMatchObject({ code: 2, json: { error: { code: "usage" } } });
  });
});
