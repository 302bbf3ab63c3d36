import BetterSqlite3 from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SqliteDatabase } from "../../../runtime/store/database.js";
import { sqlite } from "../../../runtime/store/dialect.js";
import type { SqliteFile } from "../../../runtime/store/sqlite.js";
import { closeSqlite, openSqlite } from "../../../runtime/store/sqlite.js";
import { once } from "../../../runtime/store/template.js";
import { runRecord, taskRecord } from "../../support/records.js";
import type { FreshStore } from "../../support/store.js";
import { openFreshStore } from "../../support/store.js";

let fresh: FreshStore;
let file: SqliteFile;
let db: SqliteDatabase;

beforeEach(async () => {
  fresh = await openFreshStore();
  file = openSqlite(fresh.path);
  db = new SqliteDatabase(file, { now: () => new Date() });
});

afterEach(async () => {
  closeSqlite(file);
  await fresh.drop();
});

const runs = once(sqlite.selectFrom("runs").select("run_id"));
const createRun = (runId: string) => fresh.store.commit({ statements: fresh.store.runs.create(runRecord(runId)) });

/** Lets the disk fail once, where the statement of this text is run. */
function failOnce(sql: string): void {
  const statement = file.handle.prepare(sql);
  statement.run = () => {
    Reflect.deleteProperty(statement, "run");
    throw new BetterSqlite3.SqliteError("disk I/O error", "SQLITE_IOERR");
  };
}

describe("reads of one moment (I6)", () => {
  test.each(["begin", "commit"])(
    "fail by name when their %s fails, and the handle takes the next unit",
    async (sql) => {
      failOnce(sql);

      await expect(db.readTogether((read) => read(runs))).rejects.toMatchObject({ code: "store_failed" });
      await createRun("R1");
      expect(await db.readTogether((read) => read(runs))).toEqual([{ run_id: "R1" }]);
    },
  );

  test("end also when what is made of them throws, which is passed on as it is", async () => {
    const mistake = new RangeError("not read this way");
    const reading = db.readTogether((read) => {
      read(runs);
      throw mistake;
    });

    await expect(reading).rejects.toBe(mistake);
    await createRun("R1");
    expect(await db.readTogether((read) => read(runs))).toHaveLength(1);
  });

  test("of a store that was closed say so", async () => {
    const other = await openFreshStore();
    const saver = other.store.checkpointer;
    await saver.getTuple({ configurable: { thread_id: "T" } });
    await other.drop();

    await expect(saver.getTuple({ configurable: { thread_id: "T" } })).rejects.toMatchObject({ code: "closed" });
  });
});

describe("a row that is written whole again in the same transaction", () => {
  const rows = () => file.handle.prepare("select count(*) as n from written").get();
  const put = (summary: string) => fresh.store.tasks.put([taskRecord("R1", "T1", { summary })]);

  beforeEach(async () => {
    await createRun("R1");
    file.handle.exec(`create table written (n integer);
      create trigger each_insert after insert on tasks begin insert into written values (1); end;
      create trigger each_update after update on tasks begin insert into written values (1); end;`);
  });

  test("is written once, as it was given last", async () => {
    await Promise.all(["one", "two", "three"].map((summary) => fresh.store.commit({ statements: put(summary) })));

    expect(rows()).toEqual({ n: 1 });
    expect(await fresh.store.tasks.of("R1")).toMatchObject([{ summary: "three" }]);
  });

  test("is written each time where something in between asks what rows say, or where a unit is refused", async () => {
    const asks = {
      ...once(sqlite.updateTable("runs").set({ title: "t" })),
      mustChange: { rows: 1, code: "stale_owner", message: "no" },
    } as const;
    await Promise.all([[...put("one"), asks], put("two")].map((statements) => fresh.store.commit({ statements })));
    expect(rows()).toEqual({ n: 2 });

    const refused = { ...asks, mustChange: { ...asks.mustChange, rows: 9 } };
    const units = [put("three"), [...put("four"), refused]].map((statements) => fresh.store.commit({ statements }));
    expect((await Promise.allSettled(units)).map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(await fresh.store.tasks.of("R1")).toMatchObject([{ summary: "three" }]);
  });
});
