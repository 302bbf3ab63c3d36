import { expect, test } from "vitest";
import { readRecord } from "../../tools/read-record.js";
import { createMemoryRecords } from "../support/fake-services.js";
import { toolContext } from "../support/tool-context.js";

const records = createMemoryRecords({ "rules.json": { ask_below: 0.5 }, "sample/list.json": [{ id: "x" }] });

test("gives the record at the path, an object or a list", async () => {
  expect(await readRecord.run({ path: "rules.json" }, toolContext({ records }))).toEqual({
    record: { ask_below: 0.5 },
  });
  expect(await readRecord.run({ path: "sample/list.json" }, toolContext({ records }))).toEqual({
    record: [{ id: "x" }],
  });
});

test("says null where there is none", async () => {
  expect(await readRecord.run({ path: "other.json" }, toolContext({ records }))).toEqual({ record: null });
});

test("takes paths of JSON files only, and none that begins at the root or climbs out", () => {
  for (const path of ["rules.txt", "/etc/x.json", "../x.json", "sample/../../x.json", "a b.json"]) {
    expect(readRecord.input.safeParse({ path }).success, path).toBe(false);
  }
});
