import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ExecutionLog } from "../../../core/execution-log.js";
import type { ReplayView } from "../../../core/replay-view.js";
import type { StatusView } from "../../../core/views.js";
import { SAMPLES } from "../../support/sample-logs.js";
import { callMany, runCli, runJson, runMany } from "./child.js";

const SAMPLE_FILE = join(import.meta.dirname, "../../../data/sample/execution_logs.json");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mission-replay-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
}

function samples(): ExecutionLog[] {
  return JSON.parse(readFileSync(SAMPLE_FILE, "utf8"));
}

describe("mission replay of the sample logs", () => {
  let replayed: readonly ReplayView[];
  beforeAll(async () => {
    const { code, json } = await runJson(["replay", SAMPLE_FILE], folder);
    expect(code).toBe(0);
    replayed = json as readonly ReplayView[]; // safe: what the command prints
  }, 120_000);

  test("there are a success, a failure and a case for a person of each mission", () => {
    const kinds = replayed.map(({ log_id, status }) => `${log_id} ${status.status}`);

    expect(kinds).toEqual(
      ["M001", "M002", "M003"].flatMap((id) => [
        `${id}-success completed`,
        `${id}-failure failed`,
        `${id}-human-input waiting`,
      ]),
    );
    expect(replayed.map(({ report }) => report?.status ?? null)).toEqual(
      replayed.map(({ status }) => (status.status === "waiting" ? null : status.status)),
    );
  });

  test("each gives what really running its case gives", { timeout: 120_000 }, async () => {
    const store = `sqlite:${join(folder, "real.db")}`;
    const starts = SAMPLES.map(({ mission, case_id }) => ["run", mission, "--case", case_id, "--store", store]);
    const begun = (await runMany(starts, folder)) as { run_id: string; approvals: { approval_id: string }[] }[]; // safe: what run prints
    const decisions = SAMPLES.flatMap(({ decisions: [decision] }, index) => {
      const [asked] = begun[index]?.approvals ?? [];
      if (!decision || !asked) return [];
      const how = decision.type === "approve" ? ["--approve"] : ["--reject", "--comment", decision.comment ?? ""];
      return [["decide", asked.approval_id, ...how, ...(decision.final ? ["--final"] : []), "--store", store]];
    });
    await callMany(decisions, folder);
    const real = (await runMany(
      begun.map(({ run_id }) => ["status", run_id, "--store", store]),
      folder,
    )) as StatusView[]; // safe: what status prints

    expect(real).toHaveLength(9);
    for (const [index, status] of real.entries()) {
      const shown = replayed[index]?.status;
      expect(shown && essence(shown)).toEqual(essence(status));
    }
  });

  test("as text one is shown whole, and all in a table; nothing is opened where it runs", {
    timeout: 120_000,
  }, async () => {
    const place = mkdtempSync(join(folder, "elsewhere-"));
    const [all, one, md, failed] = await callMany(
      [
        ["replay", SAMPLE_FILE],
        ["replay", SAMPLE_FILE, "--run", "M003-h"],
        ["replay", SAMPLE_FILE, "--run", "M001-success", "--format", "md"],
        ["replay", SAMPLE_FILE, "--run", "M001-failure", "--format", "md"],
      ],
      place,
    );

    expect(all?.out.split("\n").filter((line) => /M00\d-/u.test(line))).toHaveLength(9);
    expect(all?.out.split("\n").find((line) => line.includes("M001-failure"))).toContain("not counted: the run failed");
    expect(failed?.out).toContain("| 5 days | 2 days | *not counted: the run failed* |  |");
    expect(one?.out).toContain("Waits for a person");
    expect(one?.out).not.toContain("decide");
    expect(md?.out).toMatch(/^# Nordlicht Instruments GmbH \(C-1001\)\n/u);
    expect(existsSync(join(place, ".missions"))).toBe(false);
  });
});

/** What does not depend on when, and by which process, a case was run. */
function essence({ status, tasks, approvals, kpis, limits, failure }: StatusView) {
  return {
    status,
    failure,
    tasks: Object.entries(tasks).map(([id, task]) => [id, task.status, task.agent_id, task.attempts, task.error_code]),
    questions: approvals.map((asked) => [
      asked.task_id,
      asked.kind,
      asked.summary.replace(/\d{4}-\d\d-\d\d/gu, "a day"),
      asked.status,
    ]),
    kpis: kpis.map(({ kpi_id, actual, basis }) => [kpi_id, actual?.toFixed(6), basis]),
    limits: limits.map(({ limit_id, actual, status: kept }) => [limit_id, actual, kept]),
  };
}

describe("mission export", () => {
  test("a run, exported and replayed elsewhere, has the same status and report", { timeout: 120_000 }, async () => {
    const store = ["--store", `sqlite:${join(folder, "export.db")}`];
    const run = ["run", "customer-onboarding", "--case", "C-1001", "--approve-as", "demo", ...store];
    const [outcome] = (await runMany([run], folder)) as { run_id: string }[]; // safe: what run prints
    const id = outcome?.run_id ?? "";
    const [exported, status, report] = await runMany(
      [
        ["export", id, ...store],
        ["status", id, ...store],
        ["report", id, ...store],
      ],
      folder,
    );
    const [replayed] = (await runJson(["replay", fileOf("run.json", exported)], folder)).json as ReplayView[]; // safe: what replay prints

    expect(replayed?.note).toBeNull();
    expect(replayed?.status).toEqual(status);
    expect(replayed?.report).toEqual(report);
  });
});

describe("a file that cannot be replayed", () => {
  test.each<[string, unknown, RegExp]>([
    ["empty", "", /empty|end of the file/u],
    ["no JSON", "[{", /line 1, column/u],
    ["no list of logs", {}, /allowed: array/u],
    ["a list of nothing", [], /at least one log/u],
    ["a log without entries", [{ log_id: "L", mission_id: "M001" }], /"entries" is missing/u],
    [
      "an entry of no known kind",
      [{ ...samples()[0], entries: [{ event: "tusk", at: "2026-03-02T08:00:00Z" }] }],
      /"tusk"/u,
    ],
  ])("%s is misuse, and says where", async (name, value, expected) => {
    const { code, out, err } = await runCli(["replay", fileOf(`${name}.json`, value)], folder);

    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(expected);
    expect(err).not.toMatch(/\n\s+at /u);
  });

  test("a version that differs only late from today's is told whole", async () => {
    const store = ["--store", `sqlite:${join(folder, "late.db")}`];
    const [outcome] = (await runMany([["run", "customer-onboarding", "--case", "C-1002", ...store]], folder)) as {
      run_id: string;
    }[]; // safe: what run prints
    const [log] = (await runJson(["export", outcome?.run_id ?? "", ...store], folder)).json as [ExecutionLog]; // safe: what export prints
    const version = log.mission_version ?? "";
    const other = `${version.slice(0, -1)}${version.endsWith("0") ? "1" : "0"}`;

    const { json } = await runJson(["replay", fileOf("late.json", [{ ...log, mission_version: other }])], folder);

    expect((json as ReplayView[])[0]?.note).toContain(
      `version ${other} of its mission; it is shown by version ${version}`,
    ); // safe: what replay prints
  });

  test("one that is not there, and a log that is not in it, are misuse", async () => {
    const gone = await runCli(["replay", join(folder, "gone.json")], folder);
    const other = await runCli(["replay", SAMPLE_FILE, "--run", "M009"], folder);

    expect([gone.code, other.code]).toEqual([2, 2]);
    expect(other.err).toContain("M001-success");
  });

  test("logs that contradict themselves are refused with every contradiction, and nothing is shown of the others", async () => {
    const [good, bad, third] = samples();
    const logs = [
      good,
      { ...bad, entries: bad?.entries.slice(1) },
      { ...third, log_id: good?.log_id },
      { ...third, mission_id: "M01", log_id: "x" },
    ];
    const { code, json } = await runJson(["replay", fileOf("lies.json", logs)], folder);
    const text = await runCli(["replay", join(folder, "lies.json")], folder);

    expect(code).toBe(1);
    expect(json).toMatchObject({
      ok: false,
      problems: expect.arrayContaining([
        expect.objectContaining({ pointer: "/1/entries/0/status", message: expect.stringContaining("never started") }),
        expect.objectContaining({ pointer: "/2/log_id", message: expect.stringContaining("M001-success") }),
        expect.objectContaining({ pointer: "/3/mission_id", message: expect.stringContaining("M001") }),
      ]),
    });
    expect(text.code).toBe(1);
    expect(text.out).toContain("Nothing was replayed.");
    expect(text.out).not.toContain("Nordlicht");
  });
});
