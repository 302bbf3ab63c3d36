import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../../../core/ports.js";
import { closeSqlite, openSqlite } from "../../../runtime/store/sqlite.js";
import { openStore } from "../../../runtime/store/store.js";
import { runRecord } from "../../support/records.js";
import { startStoreProcess } from "../../support/store.js";

let folder = "";
let path = "";
let url = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mission-sqlite-"));
  path = join(folder, "missions.db");
  url = `sqlite:${path}`;
});

afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
});

/** A file made by somebody else's SQLite program. */
function otherDatabase(...statements: readonly string[]): void {
  const handle = new BetterSqlite3(path);
  for (const statement of statements) handle.exec(statement);
  handle.close();
}

async function withStore<Value>(body: (store: Store) => Promise<Value>): Promise<Value> {
  const store = await openStore(url);
  try {
    return await body(store);
  } finally {
    await store.close();
  }
}

const createRun = (store: Store, runId: string) => store.commit({ statements: store.runs.create(runRecord(runId)) });

describe("opening", () => {
  test("one file has one handle, by whatever name it is opened; closing one opener leaves the others theirs", async () => {
    const first = await openStore(url);
    symlinkSync(path, join(folder, "link.db"));
    const second = await openStore(`sqlite:${join(folder, "link.db")}`);
    const third = await openStore(`sqlite:${relative(process.cwd(), path)}`);
    const fourth = await openStore(`sqlite://${path}`);

    void createRun(first, "R1");
    for (const store of [second, third, fourth]) expect(await store.runs.find("R1")).toBeDefined();
    await first.close();
    await first.close();
    await createRun(second, "R2");
    for (const store of [second, third, fourth]) await store.close();
    expect(await withStore((store) => store.runs.list())).toHaveLength(2);
  });

  test("closing writes what is queued and leaves one file that is complete by itself", async () => {
    const store = await openStore(url);
    void createRun(store, "R1");
    await store.close();

    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(await withStore((again) => again.runs.find("R1"))).toMatchObject({ runId: "R1" });
    await expect(store.runs.find("R1")).rejects.toMatchObject({ code: "closed" });
    await expect(createRun(store, "R2")).rejects.toMatchObject({ code: "closed" });
  });

  test("every commit survives a power cut: write-ahead log, flushed in full; statements are never prepared twice", () => {
    const file = openSqlite(path);

    expect(file.handle.prepare("pragma journal_mode").get()).toEqual({ journal_mode: "wal" });
    expect(file.handle.prepare("pragma synchronous").get()).toEqual({ synchronous: 2 });
    expect(file.handle.prepare("select 1")).toBe(file.handle.prepare("select 1"));
    closeSqlite(file);
  });

  test("processes that create one file at once all find it ready", async () => {
    const openers = Array.from({ length: 4 }, () => startStoreProcess("claim", url, { count: 0, runId: "R1" }));

    expect(await Promise.all(openers.map((opener) => opener.ended))).toEqual([0, 0, 0, 0]);
    expect(await withStore((store) => store.runs.list())).toEqual([]);
  });

  test("a new file that another program holds is given up after the limit, not later", async () => {
    const other = new BetterSqlite3(path);
    other.exec("begin exclusive");

    await expect(openStore(url, { busyTimeoutMs: 1_000 })).rejects.toMatchObject({ code: "store_locked" });
    other.exec("rollback");
    other.close();
    expect(await withStore((store) => store.runs.list())).toEqual([]);
  });

  test("only the default's own folder is created", async () => {
    const missing = openStore(`sqlite:${join(folder, "no", "such.db")}`);
    await expect(missing).rejects.toMatchObject({
      code: "file_not_found",
      message: expect.stringContaining("Create it"),
    });

    const store = await openStore(`sqlite:${join(folder, ".missions", "missions.db")}`);
    expect(existsSync(join(folder, ".missions", "missions.db"))).toBe(true);
    await store.close();
  });

  test.each(["missions.db", "postgres://localhost/missions", "sqlite:", "sqlite::memory:", "sqlite:folder/"])(
    "%s names no store, and the answer says what does",
    async (text) => {
      await expect(openStore(text)).rejects.toMatchObject({
        code: "config_invalid",
        message: expect.stringContaining("sqlite:.missions/missions.db"),
      });
    },
  );
});

describe("a file that is not ours stays as it is", () => {
  const refusal = { code: "store_foreign", message: expect.stringContaining("Choose another file with --store") };

  test("a text file", async () => {
    writeFileSync(path, "Meeting notes, to be kept.\n");

    await expect(openStore(url)).rejects.toMatchObject(refusal);
    expect(readFileSync(path, "utf8")).toBe("Meeting notes, to be kept.\n");
  });

  test.each([
    ["with tables", ["create table notes (text)"]],
    ["of another program", ["pragma application_id = 7", "create table notes (text)"]],
    ["without tables, of another program", ["pragma application_id = 7"]],
  ])("a SQLite database %s", async (_title, statements) => {
    otherDatabase(...statements);
    const before = readFileSync(path);

    await expect(openStore(url)).rejects.toMatchObject(refusal);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("a folder", async () => {
    mkdirSync(path);
    await expect(openStore(url)).rejects.toMatchObject(refusal);
  });

  test("a store of a newer release", async () => {
    await withStore((store) => createRun(store, "R1"));
    otherDatabase("pragma user_version = 9999");

    await expect(openStore(url)).rejects.toMatchObject({
      code: "store_newer",
      message: expect.stringContaining("Update mission-orchestrator"),
    });
  });
});

describe("a crash (I6)", () => {
  test("what is on disk right after a commit, before anybody is told, is that commit and all before it", async () => {
    const copies: string[] = [];
    const told: string[] = [];
    const seen: number[] = [];
    const store = await openStore(url, {
      afterCommit() {
        const copy = join(folder, `copy-${copies.length}.db`);
        for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, copy + suffix);
        copies.push(copy);
        seen.push(told.length);
      },
      onEvent: (event) => told.push(event.runId),
    });
    for (let index = 0; index < 12; index += 1) {
      const events = [{ runId: `R${index}`, type: "run_started" as const, key: "run_started", data: {} }];
      await store.commit({ statements: store.runs.create(runRecord(`R${index}`)), events });
    }
    await store.close();

    expect(copies).toHaveLength(12);
    expect(seen).toEqual(copies.map((_copy, index) => index));
    for (const [index, copy] of copies.entries()) {
      const left = await openStore(`sqlite:${copy}`);
      expect(await left.runs.list()).toHaveLength(index + 1);
      expect(await left.events.of(`R${index}`)).toHaveLength(1);
      await left.close();
    }
  });
});

describe("when the file cannot be written (I6)", () => {
  test("a read-only file or folder is refused when it is opened, and nothing is lost", async () => {
    await withStore((store) => createRun(store, "R1"));
    chmodSync(path, 0o444);
    await asOrdinaryUser(() => expect(openStore(url)).rejects.toMatchObject({ code: "store_read_only" }));

    chmodSync(path, 0o644);
    expect(await withStore((store) => store.runs.list())).toHaveLength(1);
  });

  test("a store that becomes read-only refuses the units of that turn and takes the next when it can", async () => {
    const store = await openStore(url);
    const file = openSqlite(path);
    file.handle.exec("pragma query_only = on");
    await expect(createRun(store, "R1")).rejects.toMatchObject({
      code: "store_read_only",
      message: expect.stringContaining(path),
    });

    file.handle.exec("pragma query_only = off");
    await expect(store.flush()).rejects.toMatchObject({ code: "store_read_only" });
    await createRun(store, "R2");
    await store.flush();
    expect(await store.runs.list()).toMatchObject([{ runId: "R2" }]);
    file.handle.exec("pragma query_only = on");
    void createRun(store, "R3");
    closeSqlite(file);
    await expect(store.close()).rejects.toMatchObject({ code: "store_read_only" });
    expect(await withStore((again) => again.runs.list())).toHaveLength(1);
  });

  test("on a full disk a unit is refused; what was acknowledged stays, and with space it goes on", async () => {
    const store = await openStore(url);
    const file = openSqlite(path);
    await createRun(store, "R0");
    const pages = Number(Object.values(file.handle.prepare("pragma page_count").get() ?? {})[0]);
    file.handle.exec(`pragma max_page_count = ${pages + 4}`);

    const saved = ["R0"];
    let failure: unknown;
    for (let index = 1; index < 200 && failure === undefined; index += 1) {
      const statements = store.runs.create(runRecord(`R${index}`, { caseData: { text: "x".repeat(2_000) } }));
      const events = [{ runId: `R${index}`, type: "run_started" as const, key: "run_started", data: {} }];
      try {
        await store.commit({ statements, events });
        saved.push(`R${index}`);
      } catch (error) {
        failure = error;
      }
    }
    expect(failure).toMatchObject({ code: "store_full", message: expect.stringContaining("Free space") });

    file.handle.exec("pragma max_page_count = 1000000");
    await createRun(store, "after");
    expect((await store.runs.list()).map((run) => run.runId).toSorted()).toEqual([...saved, "after"].toSorted());
    closeSqlite(file);
    await store.close();
    expect(await withStore((again) => again.runs.list())).toHaveLength(saved.length + 1);
  });

  test("a lock of another process is waited for; past the limit the unit is refused, saying who holds it", async () => {
    const store = await openStore(url, { busyTimeoutMs: 150 });
    const holder = startStoreProcess("lock", url, {});
    await holder.next();

    const refused = await createRun(store, "R1").catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "store_locked",
      message: expect.stringContaining(holderIn(holder.child.pid)),
    });
    expect(await store.runs.list()).toEqual([]);

    holder.child.kill("SIGKILL");
    await holder.ended;
    await createRun(store, "R2");
    expect(await store.runs.list()).toMatchObject([{ runId: "R2" }]);
    await store.close();
  });
});

/** The operating system tells who holds a lock on Linux only. */
function holderIn(pid: number | undefined): string {
  return process.platform === "linux" ? `process ${pid}` : "another process";
}

/** Root may write to everything; so it becomes somebody else for the while. */
async function asOrdinaryUser(act: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return act();
  chmodSync(folder, 0o755);
  process.seteuid?.(65_534);
  try {
    await act();
  } finally {
    process.seteuid?.(0);
  }
}
