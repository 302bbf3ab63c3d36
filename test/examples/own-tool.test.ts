import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const CHECKOUT = join(import.meta.dirname, "../..");

test("examples/own-tool.ts asks up to its limit, is refused above, is taken back, and prints what docs/tool.md shows", async () => {
  const { stdout, left, lines } = await runExample("own-tool.ts", "credit-notes.txt");

  expect(stdout).toMatch(/^INV-1: May Clerk call issue_credit_note/u);
  expect(await readTimelessPage()).toContain(`\`\`\`text\n${timeless(stdout)}\`\`\``);
  expect(left).toMatch(/^[0-9a-f]{64} INV-1 1000\n([0-9a-f]{64}) INV-3 400\n[0-9a-f]{64} INV-3 reverses \1\n$/u);
  expect(lines).toBeLessThan(60);
}, 120_000);

test("examples/langchain-tool.ts asks before its act, does it once in two runs, and prints what docs/tool.md shows", async () => {
  const { stdout, left, lines } = await runExample("langchain-tool.ts", "reminders.txt");

  expect(stdout.match(/^asked: May Reminder call send_reminder/gmu)).toHaveLength(1);
  expect(await readTimelessPage()).toContain(`\`\`\`text\n${timeless(stdout)}\`\`\``);
  expect(left).toMatch(/^[0-9a-f]{64} INV-7 Invoice INV-7 is due on Friday\.\n$/u);
  expect(lines).toBeLessThan(60);
}, 120_000);

/** Runs an example in a folder of its own, and reads the file that its acts leave there. */
async function runExample(name: string, file: string) {
  const folder = await mkdtemp(join(tmpdir(), "mission-own-tool-"));
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const env = { ...process.env, TSX_TSCONFIG_PATH: join(CHECKOUT, "tsconfig.json") };
  const script = join(CHECKOUT, "examples", name);
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", tsx, script], { cwd: folder, env });
  const left = await readFile(join(folder, file), "utf8");
  await rm(folder, { recursive: true });
  return { stdout, left, lines: (await readFile(script, "utf8")).split("\n").length };
}

async function readTimelessPage(): Promise<string> {
  return timeless(await readFile(join(CHECKOUT, "docs/tool.md"), "utf8"));
}

/** Without what is new in each run: the day, and how long it took. */
function timeless(text: string): string {
  return text.replaceAll(/ on \w+, \d+ \w+ \d{4}, .*? after it began/gu, "");
}
