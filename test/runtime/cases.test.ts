import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findCase, loadCases } from "../../runtime/cases.js";
import { missionOf } from "../support/missions.js";

const CASES = [
  { ticket_id: "TK-1001", subject: "Reset" },
  { ticket_id: "TK-1002", subject: "Invoice" },
  { ticket_id: "SP-7" },
];
const mission = missionOf({
  slug: "support",
  cases: { file: "tickets.json", id: "ticket_id", title: "case.subject + '!'" },
  tasks: [{ task_id: "T1" }],
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cases-"));
  await writeFile(join(folder, "tickets.json"), JSON.stringify(CASES));
});
afterEach(() => rm(folder, { recursive: true }));

describe("a case is found", () => {
  test("by its id, or a unique beginning of it", async () => {
    expect(await findCase(mission, "TK-1002", folder)).toEqual({ id: "TK-1002", title: "Invoice!", data: CASES[1] });
    expect((await findCase(mission, "sp", folder)).id).toBe("SP-7");
  });

  test.each([undefined, null, "", "  ", {}])("as the first sample when nothing is typed (%j)", async (nothing) => {
    expect((await findCase(mission, nothing, folder)).id).toBe("TK-1001");
  });

  test("in a file of its own, or as it is", async () => {
    const path = join(folder, "one.json");
    await writeFile(path, JSON.stringify({ ticket_id: 42, subject: "Other" }));

    expect(await findCase(mission, path, folder)).toMatchObject({ id: "42", title: "Other!" });
    expect(await findCase(mission, { ticket_id: "TK-9", subject: "Mine" }, folder)).toMatchObject({
      id: "TK-9",
      title: "Mine!",
    });
  });

  test("with its id for a title when it lacks what the title reads", async () => {
    expect((await loadCases(mission, folder)).map(({ title }) => title)).toEqual(["Reset!", "Invoice!", "SP-7"]);
  });

  test("among the cases that a mission brings itself", async () => {
    const own = missionOf({ tasks: [{ task_id: "T1" }] });
    expect(await findCase(own, undefined, folder)).toMatchObject({ id: "C1" });
  });
});

describe("bad input", () => {
  test("an unknown case names the nearest", async () => {
    await expect(findCase(mission, "TK-1003", folder)).rejects.toMatchObject({
      code: "case_not_found",
      details: { nearest: ["TK-1001", "TK-1002"] },
    });
  });

  test("an ambiguous beginning lists who it may be", async () => {
    await expect(findCase(mission, "TK-1", folder)).rejects.toMatchObject({
      code: "ambiguous_id",
      message: expect.stringContaining("TK-1001, TK-1002"),
    });
  });

  test.each([
    [[1], "a list"],
    [17, "a number"],
    [{ subject: "x" }, 'has no "ticket_id"'],
    [{ ticket_id: "" }, 'has "" under "ticket_id"'],
  ])("%j does not fit, and the message says what does", async (value, found) => {
    await expect(findCase(mission, value, folder)).rejects.toMatchObject({
      code: "case_invalid",
      message: expect.stringContaining(found),
    });
  });

  test("a file without a case, and a file that is none", async () => {
    await writeFile(join(folder, "list.json"), "[]");
    await expect(findCase(mission, join(folder, "list.json"), folder)).rejects.toMatchObject({ code: "case_invalid" });
    await expect(findCase(mission, join(folder, "none.json"), folder)).rejects.toMatchObject({
      code: "file_not_found",
    });
  });

  test("what cannot be stored, at hand or in a file, is refused as no case", async () => {
    const path = join(folder, "deep.json");
    await writeFile(path, `{"ticket_id":"TK-9","deep":${"[".repeat(2000)}${"]".repeat(2000)}}`);

    for (const wanted of [path, { ticket_id: "TK-9", subject: "\ud800" }])
      await expect(findCase(mission, wanted, folder)).rejects.toMatchObject({ code: "case_invalid" });
  });

  test("two samples of one id", async () => {
    await writeFile(join(folder, "tickets.json"), JSON.stringify([CASES[0], CASES[0]]));
    await expect(loadCases(mission, folder)).rejects.toMatchObject({
      code: "case_invalid",
      message: expect.stringContaining('"TK-1001"'),
    });
  });
});
