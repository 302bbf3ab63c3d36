import { describe, expect, test } from "vitest";
import { toMissionBoard } from "../../core/kpi-board.js";
import { kpiHtml } from "../../core/kpi-html.js";
import type { KpiBoard, MissionBoard } from "../../core/kpi-views.js";
import { workLines } from "../../core/kpi-words.js";
import { boardSource, ended, hours, observed } from "../support/kpi-board.js";

const boardOf = (...missions: readonly MissionBoard[]): KpiBoard => ({
  made_at: "2026-11-20T12:00:00.000Z",
  since: "2026-11-01T00:00:00.000Z",
  until: null,
  by: null,
  missions,
});
const simulated = toMissionBoard(
  boardSource({
    runs: [
      ended("R1", 1, { leadTime: hours(1, 2, 3, "simulated") }),
      ended("R2", 8, { leadTime: hours(1, 2, 3, "simulated") }),
    ],
    observations: [observed("R1", 6, "simulated")],
    newest: { kpis: [], limits: [], value: { minutesByHand: 30, rateUsdPerHour: 40 } },
    byWeek: true,
  }),
);

describe("the KPI page", () => {
  test("brings no script and fetches nothing", () => {
    const page = kpiHtml(boardOf(simulated));

    expect(page).toMatch(/^<!doctype html>/u);
    expect(page).not.toMatch(/<script|<link|<img|@import|https?:|\bon[a-z]+="/u);
  });

  test("says what stands there in words: basis, judgement, what is pending, the source of the baseline", () => {
    const text = textOf(kpiHtml(boardOf(simulated)));

    expect(text).toContain("In the time from Sunday, 1 November 2026 (UTC), this mission was completed 2 times.");
    expect(text).toContain("Pipeline time (simulated), 1 run");
    expect(text).toContain("too few to judge (under 5 runs)");
    expect(text).toContain("pending for 1 of 2 completed runs");
    expect(text).toContain("compared with the baseline of the dataset");
    expect(text).toContain("Where the time went (simulated), mean of 2 runs");
    expect(text).toContain("2026-W46");
  });

  test("the parts of the time add up to the total that stands there with the number of runs", () => {
    const tenHours = [hours(1, 9, 0, "measured"), hours(1, 0, 9, "measured"), hours(10, 0, 0, "measured")];
    const runs = tenHours.map((leadTime, index) => ended(`R${index}`, 1, { leadTime }));

    const board = toMissionBoard(boardSource({ runs }));

    expect(textOf(kpiHtml(boardOf(board)))).toMatch(
      /Where the time went, mean of 3 runs\s*10 hours in all, .*Work: 4 hours \(40 %\).*for people: 3 hours \(30 %\).*for others: 3 hours \(30 %\)/u,
    );
    expect(workLines(board)).toContain(
      "Lead time, mean of 3 runs: 10 hours in all; 4 hours work, 3 hours waiting for people, 3 hours waiting for others",
    );
  });

  test("never says that something was saved; what work is worth is an assumption", () => {
    const text = textOf(kpiHtml(boardOf(simulated)));

    expect(text).not.toMatch(/\bsav(ed|ings?)\b/iu);
    expect(text).toMatch(/The mission assumes that by hand this takes 30 minutes .* nothing that was measured/u);
  });

  test("every figure of the business clock has the word simulated beside it", () => {
    const blocks = kpiHtml(boardOf(simulated)).split("<figure");

    for (const block of blocks.slice(1)) expect(textOf(block)).toContain("(simulated)");
  });

  test("what comes from outside cannot become markup", () => {
    const page = kpiHtml(boardOf({ ...simulated, mission: `<b onclick="x">&'` }));

    expect(page).not.toContain("<b onclick");
    expect(page).toContain("&lt;b onclick=&quot;x&quot;&gt;&amp;&#39;");
  });

  test("without any run it says so", () => {
    expect(textOf(kpiHtml(boardOf()))).toContain("no mission has run");
  });
});

function textOf(markup: string): string {
  return markup
    .replaceAll(/<style>.*?<\/style>/gsu, "")
    .replaceAll(/<[^>]*>/gu, "")
    .replaceAll(/\s+/gu, " ");
}
