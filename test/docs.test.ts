import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MissionFileSchema, TaskFileSchema } from "../core/mission.js";
import { callMany } from "./apps/cli/child.js";
import { filesIn, readPage } from "./support/pages.js";

const CHECKOUT = join(import.meta.dirname, "..");

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mission-docs-"));
  symlinkSync(join(CHECKOUT, "node_modules"), join(folder, "node_modules"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the pages for authors", () => {
  test.each(["mission", "agent"])("what docs/%s.md shows runs as it stands there", runPage, 120_000);

  test("what docs/tool.md shows runs as it stands there, and pays the claim once", async () => {
    await runPage("tool");

    const paid = readFileSync(join(folder, "payments.txt"), "utf8").trim().split("\n");
    expect(paid).toEqual([expect.stringMatching(/ Noor 36$/u)]);
  }, 120_000);

  test("name every field that an author can write", () => {
    const fields = {
      mission: [...Object.keys(MissionFileSchema.shape), ...Object.keys(TaskFileSchema.shape)],
      agent: ["AgentDefinition", "Playbook", "PlaybookContext"].flatMap((name) => membersOf("define-agent", name)),
      tool: ["ToolDefinition", "ToolContext"].flatMap((name) => membersOf("tool", name)),
    };

    for (const [name, members] of Object.entries(fields)) {
      const page = readPage(name);
      expect(members.length).toBeGreaterThan(10);
      expect(members.filter((member) => !page.includes(`\`${member}\``))).toEqual([]);
    }
  });
});

/** Writes the files of a page, calls its commands one after the other, and expects of each what the page says. */
async function runPage(name: string): Promise<void> {
  const page = readPage(name);
  for (const { path, text } of filesIn(page)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const commands = commandsIn(page);

  const ended = await callMany(
    commands.map(({ args }) => args),
    folder,
  );

  expect(ended.map(({ code, err }) => ({ code, err }))).toEqual(commands.map(({ code }) => ({ code, err: "" })));
  expect(ended[0]?.out.trim()).toMatch(/: sound\.$/u);
  expect(commands.length).toBeGreaterThan(3);
}

/** Lines that call the command, with the exit code that their remark names; 0 where it names none. */
function commandsIn(page: string): readonly { args: readonly string[]; code: number }[] {
  const bash = /^```bash\n(?<lines>[\s\S]*?)^```$/mu.exec(page)?.groups?.["lines"] ?? "";
  return [...bash.matchAll(/^mission (?<args>[^#\n]+)(?:# (?:exits with (?<code>\d))?.*)?$/gmu)].map(({ groups }) => ({
    args: (groups?.["args"] ?? "").trim().split(/\s+/u),
    code: Number(groups?.["code"] ?? 0),
  }));
}

/** The names of an interface's members, from its source. */
function membersOf(file: string, name: string): readonly string[] {
  const source = readFileSync(join(CHECKOUT, "core", `${file}.ts`), "utf8");
  const body = new RegExp(`^export interface ${name}\\b[\\s\\S]*?^\\}`, "mu").exec(source)?.[0] ?? "";
  return [...body.matchAll(/^ {2}(?:readonly )?(?<member>\w+)[?]?[:(<]/gmu)].map(
    ({ groups }) => groups?.["member"] ?? "",
  );
}
