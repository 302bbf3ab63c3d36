import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FeedbackOutcome, RecordKpiOutcome } from "../../../core/kpi-views.js";
import type { FinalReport, OrchestratorApi, RunOutcome, StatusView } from "../../../core/views.js";
import type { Ended } from "./child.js";
import { callMany, runJson, runMany } from "./child.js";
import { callCli } from "./fake-host.js";

let folder: string;
let runId: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mission-kpis-"));
  const { json } = await runJson(["run", "sales-pipeline", "--approve-as", "Lena Ortiz"], folder);
  runId = (json as RunOutcome).run_id; // safe: the document of `run`
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const record = (...rest: readonly string[]) => ["kpi", "record", runId, ...rest];
const errorOf = ({ out }: Ended) => (JSON.parse(out) as { error: { code: string; message: string } }).error; // safe: a failure's document

describe("`mission kpi record`: what only people know", () => {
  test("a KPI that is known later is pending until somebody tells it; status and report of the run stay", async () => {
    const [before, told, after, report] = (await runMany(
      [
        ["status", runId],
        record("pipeline_days", "6.5 days", "--by", "Lena Ortiz"),
        ["status", runId],
        ["report", runId],
      ],
      folder,
    )) as [StatusView, RecordKpiOutcome, StatusView, FinalReport]; // safe: the documents of these commands

    expect(before.kpis).toMatchObject([{ kpi_id: "pipeline_days", basis: "pending", actual: null, attainment: null }]);
    expect(told).toMatchObject({ status: "recorded", value: 6.5, unit: "days", by: "Lena Ortiz", before: null });
    expect(after.kpis).toMatchObject([{ basis: "recorded", actual: 6.5 }]);
    expect(after.kpis[0]?.attainment).toBeCloseTo(7.5 / 7);
    expect(after.status).toBe("completed");
    expect(report.kpis).toMatchObject([{ basis: "pending" }]);
  });

  test("told again it changes nothing, another value is refused, and a correction counts and says what it replaced", async () => {
    const [again, other, corrected, status] = await callMany(
      [
        [...record("pipeline_days", "6.5", "--by", "Lena Ortiz"), "--json"],
        [...record("pipeline_days", "8", "--by", "Lena Ortiz"), "--json"],
        [...record("pipeline_days", "8", "--by", "Lena Ortiz", "--correct", "--reason", "counted weekends"), "--json"],
        ["status", runId, "--json"],
      ],
      folder,
    );

    expect(JSON.parse(again?.out ?? "")).toMatchObject({ status: "unchanged", value: 6.5 });
    expect(other?.code).toBe(2);
    expect(other && errorOf(other)).toMatchObject({
      code: "kpi_recorded",
      message: expect.stringContaining("6.5 days by Lena Ortiz"),
    });
    expect(JSON.parse(corrected?.out ?? "")).toMatchObject({
      status: "corrected",
      value: 8,
      before: { value: 6.5, by: "Lena Ortiz" },
    });
    expect(JSON.parse(status?.out ?? "").kpis).toMatchObject([{ actual: 8, basis: "recorded" }]);
  });

  test("the day that was told comes back as the same day, in whatever zone it is read", async () => {
    const outcome: RecordKpiOutcome = {
      ...{ run_id: "R1", title: "A run", status: "recorded", kpi_id: "pipeline_days", value: 8, unit: "days" },
      ...{ at: "2026-11-20T23:59:59.999Z", by: "Lena Ortiz", before: null, kpi: null, limit: null },
    };
    const zone = process.env["TZ"];
    process.env["TZ"] = "Asia/Tokyo";
    try {
      const { out } = await callCli(["kpi", "record", "R1", "pipeline_days", "8", "--at", "2026-11-20"], {
        insight: { recordKpi: async () => outcome } as unknown as OrchestratorApi["insight"], // safe: nothing else of it is called
      });

      expect(out).toContain("told by Lena Ortiz, as of 2026-11-20 (UTC).");
    } finally {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
  });

  test("bad figures are refused with exit code 2, and nothing is written", async () => {
    const bad: readonly (readonly [string, readonly string[]])[] = [
      ["kpi_invalid", record("pipeline_days", "8", "--unit", "hours")],
      ["kpi_invalid", record("pipeline_days", "8", "--at", "2999-01-01")],
      ["kpi_invalid", record("pipeline_days", "8", "--at", "2020-01-01")],
      ["kpi_invalid", record("pipeline_days", "NaN")],
      ["kpi_invalid", record("min_touchpoints", "9")],
      ["kpi_not_found", record("pipelin_day", "8")],
      ["run_not_found", ["kpi", "record", "01ZZZZ", "pipeline_days", "8"]],
      ["reason_missing", record("pipeline_days", "9", "--correct")],
      ["usage", ["kpi"]],
      ["usage", ["kpi", "tell"]],
      ["usage", record("pipeline_days")],
    ];

    const ended = await callMany([...bad.map(([, args]) => [...args, "--json"]), ["status", runId, "--json"]], folder);

    expect(ended.slice(0, -1).map((each) => [errorOf(each).code, each.code])).toEqual(bad.map(([code]) => [code, 2]));
    expect(JSON.parse(ended.at(-1)?.out ?? "").kpis).toMatchObject([{ actual: 8 }]);
  });
});

describe("`mission feedback`", () => {
  test("where the mission has no score the feedback is kept all the same, once, and says so", async () => {
    const [given, again, other, words] = await callMany(
      [
        ["feedback", runId, "--score", "4", "--by", "Mara Voss", "--comment", "quick", "--json"],
        ["feedback", runId, "--score", "4", "--by", "Mara Voss", "--comment", "quick", "--json"],
        ["feedback", runId, "--score", "2", "--by", "Mara Voss", "--json"],
        ["feedback", runId, "--score", "5", "--by", "Mara Voss", "--correct", "--reason", "even better"],
      ],
      folder,
    );

    expect(JSON.parse(given?.out ?? "")).toMatchObject({
      status: "recorded",
      score: 4,
      comment: "quick",
      counts_for: null,
    });
    expect(JSON.parse(again?.out ?? "")).toMatchObject({ status: "unchanged" });
    expect([other?.code, other && errorOf(other).code]).toEqual([2, "kpi_recorded"]);
    expect(words?.out).toContain("counts for none");
  });

  test("where the mission has one, it counts: kept or breached", async () => {
    const [outcome] = (await runMany([["run", "support-resolution", "--approve-as", "Priya Nand"]], folder)) as [
      RunOutcome,
    ]; // safe: the document of `run`
    const [poor, better] = (await runMany(
      [
        ["feedback", outcome.run_id, "--score", "3", "--by", "Ida Holm"],
        ["feedback", outcome.run_id, "--score", "5", "--by", "Ida Holm", "--correct", "--reason", "it works now"],
      ],
      folder,
    )) as FeedbackOutcome[]; // safe: the documents of `feedback`

    expect(poor).toMatchObject({ counts_for: "csat_threshold", limit: { actual: 3, status: "breached" } });
    expect(better).toMatchObject({ status: "corrected", limit: { actual: 5, status: "kept" } });
  });
});
