import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CheckView, DoctorView } from "../../core/doctor.js";
import { examine } from "../../runtime/doctor.js";
import { openStore } from "../../runtime/store/store.js";
import { runRecord } from "../support/records.js";

const folder = mkdtempSync(join(tmpdir(), "mission-doctor-"));
const sound = join(folder, "sound.db");

beforeAll(async () => {
  const store = await openStore(`sqlite:${sound}`);
  await store.commit({ statements: store.runs.create(runRecord("left", { status: "running", title: "Ada Ltd" })) });
  await store.commit({ statements: store.runs.create(runRecord("waits", { status: "waiting", title: "Ben Ltd" })) });
  await store.close();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const look = (path: string) => examine({ folder, store: `sqlite:${path}` });
const named = ({ checks }: DoctorView, name: string): CheckView | undefined =>
  checks.find((check) => check.name === name);

/** A copy of the sound store that somebody worked on. */
function copyOf(name: string, change: (path: string) => void): string {
  const path = join(folder, name);
  copyFileSync(sound, path);
  change(path);
  return path;
}

describe("a machine on which everything is well", () => {
  test("has a line for each thing that commands rely on, and the store is left as it was", async () => {
    const before = readFileSync(sound);
    const view = await look(sound);

    expect(view.is_well).toBe(true);
    expect(view.checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["Node", "SQLite driver", "Store", "Disk", "Missions", "Model", "Ports", "Editor"]),
    );
    expect(named(view, "Store")).toMatchObject({ status: "ok", what: expect.stringMatching(/schema \d+, 2 runs$/u) });
    expect(readFileSync(sound).equals(before)).toBe(true);
  });

  test("a log that a kill has left beside the store is left there, and what is in it is read", async () => {
    const path = join(folder, "killed.db");
    const store = await openStore(`sqlite:${join(folder, "living.db")}`);
    await store.commit({ statements: store.runs.create(runRecord("R1", { status: "running", title: "Cy Ltd" })) });
    for (const suffix of ["", "-wal", "-shm"]) copyFileSync(join(folder, `living.db${suffix}`), path + suffix);
    await store.close();
    const before = ["", "-wal"].map((suffix) => readFileSync(path + suffix));
    const view = await look(path);

    expect(before[1]?.length).toBeGreaterThan(0);
    expect(named(view, "Left runs")?.what).toContain("Cy Ltd");
    for (const [index, suffix] of ["", "-wal"].entries()) {
      expect(readFileSync(path + suffix).equals(before[index] ?? Buffer.of())).toBe(true);
    }
  });

  test("nothing lies beside a store that was closed well, before or after", async () => {
    const own = mkdtempSync(join(folder, "alone-"));
    copyFileSync(sound, join(own, "store.db"));
    await look(join(own, "store.db"));

    expect(readdirSync(own)).toEqual(["store.db"]);
  });

  test("names runs that a dead process left, and how to go on with them", async () => {
    expect(named(await look(sound), "Left runs")).toMatchObject({
      status: "warning",
      what: "No process works on Ada Ltd, though not ended",
      mend: expect.stringContaining("mission resume"),
    });
  });
});

describe("a store that is none yet", () => {
  test("is no fault, and is not made", async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);

    expect(named(await look(join(empty, "new.db")), "Store")).toMatchObject({ status: "ok" });
    expect(named(await look(join(empty, ".missions", "missions.db")), "Store")).toMatchObject({ status: "ok" });
    expect(readdirSync(empty)).toEqual([]);
  });

  test("in a folder that is not there is broken, with what to do", async () => {
    const view = await look(join(folder, "nowhere", "deeper", "x.db"));

    expect(view.is_well).toBe(false);
    expect(named(view, "Store")).toMatchObject({ status: "broken", mend: expect.stringContaining("Create it") });
    expect(existsSync(join(folder, "nowhere"))).toBe(false);
  });
});

describe("a store that cannot be used", () => {
  test.each<[string, (path: string) => void, RegExp, RegExp]>([
    [
      "text.db",
      (path) => writeFileSync(path, "only words, and enough of them to be no header"),
      /is not a store/u,
      /--store/u,
    ],
    [
      "foreign.db",
      (path) => {
        rmSync(path);
        const other = new BetterSqlite3(path);
        other.exec("create table songs (title text)");
        other.close();
      },
      /is not a store/u,
      /--store/u,
    ],
    [
      "newer.db",
      (path) => {
        const db = new BetterSqlite3(path);
        db.exec("pragma user_version = 999");
        db.close();
      },
      /newer release/u,
      /Update/u,
    ],
    [
      "damaged.db",
      (path) => {
        const bytes = readFileSync(path);
        bytes.fill(0x5a, 4_096, 40_960);
        writeFileSync(path, bytes);
      },
      /damaged/u,
      /copy/u,
    ],
  ])("%s: says what it is and how to mend it", async (name, change, what, mend) => {
    const path = copyOf(name, change);
    const before = readFileSync(path);
    const view = await look(path);

    expect(view.is_well).toBe(false);
    expect(named(view, "Store")?.what).toMatch(what);
    expect(named(view, "Store")?.mend).toMatch(mend);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("a folder, or a name that is no file's", async () => {
    expect(named(await look(folder), "Store")).toMatchObject({
      status: "broken",
      what: expect.stringContaining("is no file"),
    });
    expect(named(await examine({ folder, store: "postgres://x" }), "Store")).toMatchObject({ status: "broken" });
  });

  test("locked by another handle: told, and not waited for", async () => {
    const path = copyOf("locked.db", () => undefined);
    const writer = new BetterSqlite3(path);
    writer.exec("begin immediate");
    const view = await look(path);
    writer.exec("rollback");
    writer.close();

    expect(named(view, "Lock")).toMatchObject({ status: "warning", what: expect.stringContaining("is locked by") });
  });
});

describe("what surrounds the store", () => {
  test("a driver that does not load is told of with how to build it, and the rest is still looked at", async () => {
    const loadDriver = async () => {
      throw new Error("The module was compiled against a different Node.js version\nat somewhere");
    };
    const view = await examine({ folder, store: `sqlite:${sound}`, loadDriver });

    expect(view.is_well).toBe(false);
    expect(named(view, "SQLite driver")).toMatchObject({
      status: "broken",
      what: expect.not.stringContaining("somewhere"),
      mend: expect.stringContaining("npm rebuild better-sqlite3"),
    });
    expect(named(view, "Store")?.what).toContain("not looked at");
    expect(named(view, "Ports")).toBeDefined();
  });

  test("a mission.config.ts that throws is told of", async () => {
    const other = mkdtempSync(join(folder, "config-"));
    writeFileSync(join(other, "mission.config.ts"), 'throw new Error("no such luck");\n');
    const view = await examine({ folder: other, store: `sqlite:${sound}` });

    expect(named(view, "mission.config.ts")).toMatchObject({
      status: "broken",
      what: expect.stringContaining("no such luck"),
    });
  });

  test("a model in the environment is told of without its key", async () => {
    process.env["OPENAI_API_KEY"] = "sk-very-secret";
    const view = await look(sound);
    delete process.env["OPENAI_API_KEY"];

    expect(named(view, "Model")?.status).toBe("warning");
    expect(JSON.stringify(view)).not.toContain("very-secret");
  });

  test("secrets that the configuration names are told of as set or missing, without their values", async () => {
    const other = mkdtempSync(join(folder, "secrets-"));
    const entry = join(import.meta.dirname, "../../index.ts");
    writeFileSync(
      join(other, "mission.config.ts"),
      `import { secret } from ${JSON.stringify(entry)};
      export default { tools: [] }; secret("DOCTOR_HAS_IT"); secret("DOCTOR_LACKS_IT");`,
    );
    process.env["DOCTOR_HAS_IT"] = "a-very-secret-value";
    const view = await examine({ folder: other, store: `sqlite:${sound}` });
    delete process.env["DOCTOR_HAS_IT"];

    expect(view.is_well).toBe(true);
    expect(named(view, "Secret DOCTOR_HAS_IT")).toMatchObject({ status: "ok", what: "set" });
    expect(named(view, "Secret DOCTOR_LACKS_IT")).toMatchObject({
      status: "warning",
      mend: expect.stringContaining("DOCTOR_LACKS_IT"),
    });
    expect(JSON.stringify(view)).not.toContain("a-very-secret-value");
  });

  test("Studio's port that somebody has is told of", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.once("error", () => resolve()); // somebody else has it already: just as well
      server.listen(2024, "127.0.0.1", () => resolve());
    });
    const view = await look(sound);
    server.close();

    expect(named(view, "Ports")).toMatchObject({ status: "warning", what: expect.stringContaining("2024") });
  });
});
