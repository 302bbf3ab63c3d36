import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KpiBoard } from "../../../core/kpi-views.js";
import type { RunOutcome } from "../../../core/views.js";
import { callMany, runMany } from "./child.js";

let folder: string;
let runId: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mission-kpis-"));
  const [, outcome] = (await runMany(
    [
      ["run", "customer-onboarding", "--approve-as", "Ida Holm"],
      ["run", "sales-pipeline", "--approve-as", "Lena Ortiz"],
    ],
    folder,
  )) as readonly RunOutcome[]; // safe: the documents of `run`
  runId = outcome?.run_id ?? "";
}, 90_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SALES = ["kpis", "sales-pipeline"];

describe("`mission kpis`: what missions reached over their runs", () => {
  test("pipeline_days is pending after a run, and the mission's table changes once it is recorded", async () => {
    const [before, , after, json] = await callMany(
      [SALES, ["kpi", "record", runId, "pipeline_days", "6.5", "--by", "Lena Ortiz"], SALES, [...SALES, "--json"]],
      folder,
    );

    expect(before?.out).toMatch(/Pipeline time +pending +1 +14 days +7 days +pending: known later/u);
    expect(after?.out).toMatch(
      /Pipeline time +recorded +1 +14 days +7 days +6.5 days +6.5 days +100 % +too few to judge \(under 5 runs\)/u,
    );
    expect(after?.out).not.toContain("pending: known later");
    expect(after?.out).toContain("Pipeline time: compared with the baseline of the dataset.");
    expect(JSON.parse(json?.out ?? "")).toMatchObject({
      missions: [{ slug: "sales-pipeline", kpis: [{ basis: "recorded", n: 1, median: 6.5, judgement: "too_few" }] }],
    });
  });

  test("figures of the business clock are called simulated in every format", async () => {
    const onboarding = ["kpis", "customer-onboarding"];
    const [table, csv, html, status, report] = await callMany(
      [
        onboarding,
        [...onboarding, "--format", "csv"],
        [...onboarding, "--format", "html"],
        ...(await runsOf("customer-onboarding")).flatMap((id) => [
          ["status", id],
          ["report", id],
        ]),
      ],
      folder,
    );

    expect(table?.out).toMatch(/Onboarding time +simulated +1/u);
    expect(table?.out).toContain("Lead time (simulated), 1 run: ");
    expect(csv?.out).toMatch(/,onboarding_time_days,simulated,days,/u);
    expect(html?.out).toContain("Onboarding time</bdi> (simulated), 1 run");
    expect(html?.out).toContain("Where the time went (simulated)");
    expect(status?.out).toMatch(/lead time .* \(simulated\): .* work, .* waiting for people, .* waiting for others/u);
    expect(status?.out).toMatch(/Onboarding time .* days \(simulated\)/u);
    expect(report?.out).toMatch(/Lead time: .*simulated/u);
  });

  test("a range counts the runs that ended in it, days whole, and by week each has its own rows", async () => {
    const today = new Date().toISOString().slice(0, 10);
    const [all, within, past, week] = (await runMany(
      [
        ["kpis"],
        ["kpis", "--since", "2026-01-01", "--until", today],
        ["kpis", "--until", "2026-01-01"],
        [...SALES, "--by", "week"],
      ],
      folder,
    )) as readonly KpiBoard[]; // safe: the documents of `kpis`

    expect(all?.missions.map(({ slug }) => slug)).toEqual(["customer-onboarding", "sales-pipeline"]);
    expect(within?.missions.map(({ runs }) => runs.completed)).toEqual([1, 1]);
    expect(past?.missions).toEqual([]);
    expect(week?.missions[0]?.weeks).toMatchObject([
      { week: expect.stringMatching(/^\d{4}-W\d\d$/u), runs: { completed: 1 } },
    ]);
  });

  test("csv ends its lines with CR LF, on the output as in a file; html is a whole page", async () => {
    const [printed, , page] = await callMany(
      [
        [...SALES, "--format", "csv"],
        [...SALES, "--format", "csv", "--out", "out/kpis.csv"],
        [...SALES, "--format", "html"],
      ],
      folder,
    );

    const lines = printed?.out.split("\r\n") ?? [];
    expect(lines).toHaveLength(3);
    expect(printed?.out.replaceAll("\r\n", "")).not.toContain("\n");
    expect(readFileSync(join(folder, "out/kpis.csv"), "utf8")).toBe(printed?.out);
    expect(page?.out).toMatch(/^<!doctype html>[\s\S]*<\/html>\s*$/u);
  });

  test("where nothing has run it says so, and only of a time that was given", async () => {
    const empty = ["--store", `sqlite:${join(folder, "empty.db")}`];
    const [any, within, unclear] = await callMany(
      [
        ["kpis", ...empty],
        ["kpis", "--since", "2026-01-01", ...empty],
        ["kpis", "--since", "yesterday", ...empty],
      ],
      folder,
    );

    expect(any?.out).toMatch(/^No mission has run yet\. Try: .*list/u);
    expect(within?.out).toMatch(/^No mission has run in this time\. Try: .*runs/u);
    expect(unclear?.err).toContain('--since is "yesterday", which is no moment. Give a day');
  });

  test("what cannot be meant is refused with exit code 2", async () => {
    const bad: readonly (readonly [string, readonly string[]])[] = [
      ["kpi_invalid", ["kpis", "--since", "last week"]],
      ["kpi_invalid", ["kpis", "--until", "2026-02-30"]],
      ["kpi_invalid", ["kpis", "--since", "2026-03-02", "--until", "2026-03-01"]],
      ["mission_not_found", ["kpis", "sales-pipelin-of-old"]],
      ["usage", ["kpis", "--format", "csv"]],
      ["usage", ["kpis", "--by", "month"]],
    ];

    const ended = await callMany(
      bad.map(([, args]) => [...args, "--json"]),
      folder,
    );

    expect(ended.map(({ out, code }) => [JSON.parse(out).error.code, code])).toEqual(bad.map(([code]) => [code, 2]));
  });
});

async function runsOf(mission: string): Promise<readonly string[]> {
  const [runs] = (await runMany([["runs", "--mission", mission]], folder)) as readonly { run_id: string }[][]; // safe: the document of `runs`
  return (runs ?? []).map(({ run_id }) => run_id);
}
