import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { parseJsonFile, readJsonFile } from "../../runtime/json-file.js";
import { parseJson } from "../../runtime/parse-json.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "json-file-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function fileOf(text: string): Promise<string> {
  const path = join(folder, "x.json");
  await writeFile(path, text);
  return path;
}

describe("malformed JSON", () => {
  test.each([
    ['{\n  "a": 1,\n}', 3, 1],
    ['{ "a": 1 // why\n}', 1, 10],
    ["", 1, 1],
    ['{\n  "a" 1\n}', 2, 7],
    ["[1, 2", 1, 6],
    ['{ "a": 1, "b": 2,\n  "a": 3 }', 2, 3],
    ["{ 'a': 1 }", 1, 3],
  ])("%j is refused at line %i, column %i", async (text, line, column) => {
    const path = await fileOf(text);

    await expect(readJsonFile(path, "x.json")).rejects.toMatchObject({
      code: "file_malformed",
      message: expect.stringContaining(`x.json, line ${line}, column ${column}:`),
      details: { file: "x.json", line, column },
    });
  });

  test("says what stood there", () => {
    expect(() => parseJson('{ "a": nope }', "x.json")).toThrow(/found "nope/u);
    expect(() => parseJson('{ "a": 1', "x.json")).toThrow("found the end of the file");
    expect(() => parseJson('{ "a": 1, "a": 2 }', "x.json")).toThrow('the key "a" stands twice');
  });

  test("what is nested deeper than the parser can follow", () => {
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;

    expect(() => parseJson(deep, "x.json")).toThrow(
      expect.objectContaining({ code: "file_malformed", message: expect.stringContaining("nested too deep") }),
    );
  });

  test("a byte order mark is passed over", () => {
    expect(parseJson('\uFEFF{"a":1}', "x.json")).toEqual({ a: 1 });
  });
});

test("a file that cannot be read is named", async () => {
  await expect(readJsonFile(join(folder, "none.json"))).rejects.toMatchObject({
    code: "file_not_found",
    message: expect.stringContaining("none.json"),
  });
});

test("a file outside its schema is told all violations at once, with pointer, found and allowed", async () => {
  const path = await fileOf('{ "name": 3, "sice": 1 }');
  const schema = z.strictObject({ name: z.string(), size: z.number() });

  await expect(parseJsonFile(path, schema, { shownAs: "x.json", code: "config_invalid" })).rejects.toMatchObject({
    code: "config_invalid",
    details: [
      { file: "x.json", pointer: "/name", message: "found 3; allowed: string." },
      { file: "x.json", pointer: "/size", message: '"size" is missing; allowed: number.' },
      { file: "x.json", pointer: "/sice", message: expect.stringContaining('Did you mean "size"?') },
    ],
  });
});
