import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCli, runJson } from "./child.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mission-foreign-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

describe("what modules of the folder print", () => {
  test("goes to the error output under --json, so that the document stands alone", async () => {
    mkdirSync(join(folder, "tools"));
    write("tools/loud.mjs", 'process.stdout.write("from a tool\\n"); export const nothing = 1;');
    write("mission.config.mjs", 'console.log("from the configuration"); export default { tools: "tools" };');

    const { code, json, err } = await runJson(["runs"], folder);

    expect({ code, json }).toEqual({ code: 0, json: [] });
    expect(err).toContain("from the configuration");
    expect(err).toContain("from a tool");
  }, 60_000);

  test("stands where it was printed when a person reads", async () => {
    write("mission.config.mjs", 'console.log("hello"); export default {};');

    const { out, err } = await runCli(["runs"], folder);

    expect(out).toMatch(/^hello\n/u);
    expect(err).toBe("");
  }, 60_000);
});

describe("a module that ends the process before the command is over", () => {
  test("is named with its line, and the call was a wrong one", async () => {
    write("mission.config.ts", "const wanted: number = 0;\nprocess.exit(wanted);");

    const { code, out, err } = await runCli(["runs"], folder);

    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(/^mission\.config\.ts, line 2, ended the command with process\.exit\(0\)\./u);
  }, 60_000);

  test("is told in the one document under --json, also when it did so later", async () => {
    write("later.mjs", "export const leave = () => process.exit(1);");
    write(
      "mission.config.mjs",
      'import { leave } from "./later.mjs"; setTimeout(leave, 0); await new Promise(() => {});',
    );

    const { code, json } = await runJson(["runs"], folder);

    expect(code).toBe(2);
    expect(json).toMatchObject({
      error: { code: "config_invalid", message: expect.stringMatching(/^later\.mjs, line 1, ended the command/u) },
    });
  }, 60_000);
});
