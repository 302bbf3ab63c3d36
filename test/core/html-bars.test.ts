import { describe, expect, test } from "vitest";
import { kpiBars, percent, splitBar } from "../../core/html-bars.js";

const KPI = {
  unit: "days",
  direction: "lower",
  baseline: 5,
  target: 2,
  actual: 1.2083,
  basis: "simulated",
  attainment: 1.26,
} as const;

/** Left end and width of each bar, in percent. */
function bars(markup: string): string[] {
  return [...markup.matchAll(/<rect x="([\d.]+%)" width="([\d.]+%)"/gu)].map((match) => `${match[1]} ${match[2]}`);
}

describe("drawings that need no colour (I9)", () => {
  test("a KPI's figures stand on one scale, and its target as a line through both bars", () => {
    const markup = String(kpiBars(KPI, "This run"));

    expect(bars(markup)).toEqual(["0% 98.04%", "0% 23.69%"]);
    expect(markup.match(/<line x1="39.22%"/gu)).toHaveLength(4);
    expect(markup).toContain("<b>1.21</b> <bdi>days</bdi> (simulated)");
    expect(markup).toContain("lower is better");
  });

  test("a run that failed or was cancelled has the word that nothing is counted, and no bar", () => {
    const lost = { ...KPI, actual: null, basis: "pending", attainment: null } as const;
    const failed = String(kpiBars({ ...lost, not_counted: "failed" }, "This run"));
    expect(failed).toContain("<em>not counted: the run failed</em>");
    expect(failed).not.toContain("pending");
    const cancelled = String(kpiBars({ ...lost, not_counted: "cancelled" }, "This run"));
    expect(cancelled).toContain("<em>not counted: the run was cancelled</em>");
  });

  test("a pending figure is a word and no bar; a KPI without baseline or target says so", () => {
    const markup = String(
      kpiBars({ ...KPI, baseline: null, target: null, actual: null, basis: "pending", attainment: null }, "This run"),
    );

    expect(bars(markup)).toEqual([]);
    expect(markup).toContain("<em>pending: known later</em>");
    expect(markup).toContain("<em>none known</em>");
    expect(markup).toContain("<em>none set</em>");
  });

  test("figures below zero grow to the left of zero", () => {
    const markup = String(kpiBars({ ...KPI, baseline: -10, target: 10, actual: 5 }, "This run"));

    expect(bars(markup)).toEqual(["0% 49.5%", "49.5% 24.75%"]);
  });

  test("a KPI of nothing but zeros is drawn without a figure that is no number", () => {
    const markup = String(kpiBars({ ...KPI, baseline: 0, target: 0, actual: 0 }, "This run"));

    expect(bars(markup)).toEqual(["0% 0%", "0% 0%"]);
    expect(markup).not.toMatch(/NaN|Infinity/u);
  });

  test("the parts of a split bar follow each other and say amount and share", () => {
    const markup = String(
      splitBar([
        { label: "Work", words: "1 hour", amount: 1, fill: "solid" },
        { label: "People", words: "3 hours", amount: 3, fill: "hatched" },
      ]),
    );

    expect(bars(markup)).toEqual(["0% 25%", "25% 75%"]);
    expect(markup).toContain("People: <b>3 hours</b> (75 %)");
  });

  test("a share stays between nothing and all, and of nothing it is nothing", () => {
    expect([percent(1, 0), percent(5, 4), percent(-1, 4), percent(1, 3)]).toEqual(["0%", "100%", "0%", "33.33%"]);
  });
});
