import { expect, test } from "vitest";
import { toMissionBoard } from "../../core/kpi-board.js";
import { kpiCsv } from "../../core/kpi-csv.js";
import type { KpiBoard, MissionBoard } from "../../core/kpi-views.js";
import { fc } from "../support/fast-check.js";
import { boardSource, ended, observed } from "../support/kpi-board.js";

const boardOf = (missions: readonly MissionBoard[]): KpiBoard => ({
  made_at: "2026-11-20T12:00:00.000Z",
  since: null,
  until: null,
  by: null,
  missions,
});
const named = (mission: string, byWeek = false) =>
  toMissionBoard(
    boardSource({
      mission: { mission_id: "M002", slug: "s", mission },
      runs: [ended("R1", 1), ended("R2", 8)],
      observations: [observed("R1", 6.25), observed("R2", 8, "simulated")],
      byWeek,
    }),
  );

test("one row for each mission, KPI and basis, with a head, and lines that end as RFC 4180 says", () => {
  const lines = kpiCsv(boardOf([named("Sales")])).split("\r\n");

  expect(lines[0]).toMatch(/^mission_id,mission,week,kpi_id,basis,unit,/u);
  expect(lines.slice(1)).toEqual([
    "M002,Sales,,pipeline_days,recorded,days,lower,14,7,the dataset,1,6.25,6.25,1,1.1071428571428572,too_few,2,0,0",
    "M002,Sales,,pipeline_days,simulated,days,lower,14,7,the dataset,1,8,8,0,0.8571428571428571,too_few,2,0,0",
    "",
  ]);
});

test("by week there is one row for each week as well", () => {
  const rows = readCsv(kpiCsv(boardOf([named("Sales", true)])));

  expect(rows.slice(1).map(([, , week, , basis]) => [week, basis])).toEqual([
    ["2026-W46", "simulated"],
    ["2026-W47", "recorded"],
  ]);
});

test("a week in which nothing completed and a mission without KPIs keep a row with their counts", () => {
  const runs = [ended("R1", 1), ended("R2", 8, { status: "failed" })];
  const bare = { kpis: [], limits: [] };
  const weekly = toMissionBoard(boardSource({ runs, byWeek: true }));
  const without = toMissionBoard(
    boardSource({ runs: [ended("R3", 1, { status: "cancelled" })], newest: bare, definitionOf: () => bare }),
  );

  const [head = [], ...rows] = readCsv(kpiCsv(boardOf([weekly, without])));
  const shown = ["week", "kpi_id", "basis", "n", "completed", "failed", "cancelled"].map((name) => head.indexOf(name));

  expect(rows.map((row) => shown.map((at) => row[at]))).toEqual([
    ["2026-W46", "", "", "", "0", "1", "0"],
    ["2026-W47", "pipeline_days", "pending", "1", "1", "0", "0"],
    ["", "", "", "", "0", "0", "1"],
  ]);
});

test("any text comes back as it was, and none is taken for a formula", () => {
  const isSafe = (text: string) => {
    const cell = readCsv(kpiCsv(boardOf([named(text)])))[1]?.[1] ?? "";
    return cell === text ? !/^[=+\-@\t\r]/u.test(text) : cell === `'${text}`;
  };

  fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[=+@",\r\n-]{1,4}$/u)), isSafe));
});

/** A reader of RFC 4180. */
function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/guy;
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(cell)) {
    row.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
