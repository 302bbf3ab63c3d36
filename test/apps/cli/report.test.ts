import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OrchestratorError, reportHtml, reportMarkdown } from "../../../index.js";
import { callCli } from "./fake-host.js";
import { finalReport } from "./samples.js";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mission-report-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const api = { report: async () => finalReport() };

describe("`mission report` gives the report in the form that somebody needs", () => {
  test("--format html prints the page that the library makes", async () => {
    const called = await callCli(["report", "run1", "--format", "html"], api);

    expect(called.code).toBe(0);
    expect(called.out).toBe(reportHtml(finalReport()));
  });

  test("--out writes the file, makes its folders, replaces what was there, and says where it is", async () => {
    const file = join(folder, "for the board", "report.html");
    await mkdir(join(folder, "for the board"));
    await writeFile(file, "older");

    const told = await callCli(["report", "run1", "--format", "html", "--out", "for the board/report.html"], api, {
      folder,
    });
    const typed = await callCli(["--json", "report", "run1", "--out", "deep/er/report.md"], api, { folder });

    expect(told.out).toBe(`The report on Hollis & Reed is in ${file}\n`);
    expect(await readFile(file, "utf8")).toBe(reportHtml(finalReport()));
    expect(typed.json).toEqual({ run_id: "run1", format: "md", file: join(folder, "deep/er/report.md") });
    expect(await readFile(join(folder, "deep/er/report.md"), "utf8")).toBe(reportMarkdown(finalReport()));
  });

  test("of a run that has not ended there is none yet, which is 3", async () => {
    const report = async () => {
      throw new OrchestratorError("run_not_ended", "Run run1 is waiting: its report comes when it ends.");
    };

    const { code, err } = await callCli(["report", "run1"], { report });

    expect({ code, err }).toEqual({ code: 3, err: "Run run1 is waiting: its report comes when it ends.\n" });
  });

  test("a place that cannot be written is misuse, in one line without a stack", async () => {
    await writeFile(join(folder, "file"), "");
    const places = [".", "file/report.html", `${"x".repeat(300)}.html`];

    const called = await Promise.all(places.map((out) => callCli(["report", "run1", "--out", out], api, { folder })));

    expect(called.map(({ code }) => code)).toEqual([2, 2, 2]);
    expect(called.map(({ err }) => err.trim().split("\n").length)).toEqual([1, 1, 1]);
    expect(called[0]?.err).toBe('"." cannot be written: it is a folder. Give another place with --out.\n');
    expect(called[1]?.err).toContain("a part of its path is a file");
    expect(called[2]?.err).toContain("its name is too long");
  });

  test("what could steer a terminal is not in the file either", async () => {
    const report = async () => finalReport({ summary: "fine\u001b[2J\u202e" });

    await callCli(["report", "run1", "--out", "report.md"], { report }, { folder });

    expect(await readFile(join(folder, "report.md"), "utf8")).toContain("fine\ufffd\\[2J\ufffd");
  });

  test("an unknown format is named with those there are", async () => {
    const called = await callCli(["report", "run1", "--format", "pdf"], api);

    expect(called.code).toBe(2);
    expect(called.err).toContain("md, html, json");
  });
});
