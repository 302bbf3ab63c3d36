import { expect, test } from "vitest";
import { closeSqlite, openSqlite } from "../../runtime/store/sqlite.js";
import { runRecord } from "../support/records.js";
import { openFreshStore } from "../support/store.js";
import { figuresContract } from "./figures.js";

figuresContract("SQLite", openFreshStore);

test("counting reads no report: one that is damaged keeps no figure back", async () => {
  const fresh = await openFreshStore();
  const lead_time = { total_ms: 3, work_ms: 3, waiting_for_people_ms: 0, waiting_for_others_ms: 0, basis: "measured" };
  await fresh.store.commit({ statements: fresh.store.runs.create(runRecord("R1", { report: { lead_time } })) });
  const file = openSqlite(fresh.path);
  file.handle.exec("update runs set report = '{'");
  closeSqlite(file);

  expect(await fresh.store.figures.runs()).toMatchObject([{ runId: "R1", leadTime: lead_time }]);
  await fresh.drop();
});
