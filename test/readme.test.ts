import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunOutcome } from "../core/views.js";
import { callMany, runCli } from "./apps/cli/child.js";

const root = join(import.meta.dirname, "..");
let folder = "";
let readme = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mission-readme-"));
  readme = await readFile(join(root, "README.md"), "utf8");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function commands(): string[] {
  return [...readme.matchAll(/^npm run -s mission -- ([^#\n]+)/gmu)].map((match) => (match[1] ?? "").trim());
}

/** Lines that say something, without what is new in each run: ids, and the moment of the call. */
function masked(text: string): string[] {
  return text
    .replaceAll(/\b[0-9A-Z]{26}\b|\b[0-9a-f]{12}\b/gu, "<id>")
    .replaceAll(/\b\w{3} \d{1,2} \w{3} \d{4} \d{2}:\d{2}\b/gu, "<time>")
    .split("\n")
    .filter((line) => line.trim() !== "");
}

/** Shown lines that the output does not have there: at once after the line before, or later where "…" stands between. */
function strayLines(shown: readonly string[], real: readonly string[]): string[] {
  let at = 0;
  let mayLeaveOut = false;
  const stray: string[] = [];
  for (const line of shown) {
    if (line === "…") {
      mayLeaveOut = true;
      continue;
    }
    const found = mayLeaveOut ? real.indexOf(line, at) : real[at] === line ? at : -1;
    if (found === -1) stray.push(line);
    else at = found + 1;
    mayLeaveOut = false;
  }
  return stray;
}

describe("the README", () => {
  test("shows what `npm start` prints where nobody sits at a terminal, but for whole lines left out", async () => {
    const { code, out } = await runCli(["demo"], folder);
    const shown = /```text\n(Mission Orchestrator: .*?)```/su.exec(readme)?.[1] ?? "";

    expect(code).toBe(0);
    expect(strayLines(masked(shown), masked(out))).toEqual([]);
    expect(masked(shown).length).toBeGreaterThan(20);
  }, 120_000);

  test("shows the example mission as it is", async () => {
    const file = await readFile(join(root, "examples", "letters.json"), "utf8");

    expect(readme).toContain(`\`\`\`json\n${file.trimEnd()}\n\`\`\``);
  });

  test("names commands that do, in its order, what it says", async () => {
    const lines = commands();
    const begun = lines.findIndex((line) => line.startsWith("run ")) + 1;
    const store = ["--store", `sqlite:${join(folder, "readme.db")}`];
    const typed = (line: string) => [...line.split(/\s+/u), ...store, "--json"];

    const first = await callMany(lines.slice(0, begun).map(typed), root);
    const outcome = JSON.parse(first.at(-1)?.out ?? "") as RunOutcome; // safe: the document of `run --json` is ours
    const approval = outcome.approvals[0]?.approval_id.slice(0, 10) ?? "";
    const then = lines
      .slice(begun)
      .map((line) => line.replace("<approval>", approval).replace("<run>", outcome.run_id.slice(0, 24)));
    const ended = [...first, ...(await callMany(then.map(typed), root))];
    const codes = Object.fromEntries(lines.map((line, index) => [line.split(" ")[0], ended[index]?.code]));

    const { run, ...others } = codes;
    expect(run).toBe(3);
    expect(
      Object.values(others).every((code) => code === 0),
      JSON.stringify(codes),
    ).toBe(true);
    expect(Object.keys(codes).length).toBeGreaterThan(15);
  }, 180_000);

  test("names the pins that the package has", async () => {
    const { peerDependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const line = readme.split("\n").find((candidate) => candidate.startsWith('"@langchain/core"'));

    expect(JSON.parse(`{${line}}`)).toEqual(peerDependencies);
  });

  test("points at files that are there", async () => {
    const files = [...readme.matchAll(/`((?:core|nodes|runtime|tools|data|examples)\/[\w./-]+)`/gu)].map(
      (match) => match[1] ?? "",
    );

    for (const file of files) await expect(stat(join(root, file))).resolves.toBeDefined();
    expect(files.length).toBeGreaterThan(5);
  });

  test("has pictures that are there, are small, and say in words what they show", async () => {
    const pictures = [...readme.matchAll(/!\[([^\]]*)\]\(([^)]+)\)/gu)];

    expect(pictures.length).toBeGreaterThan(1);
    for (const [, words = "", file = ""] of pictures) {
      expect(words.length).toBeGreaterThan(20);
      expect((await stat(join(root, file))).size).toBeLessThan(200_000);
    }
  });
});
