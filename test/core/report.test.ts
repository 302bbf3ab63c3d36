import { describe, expect, test } from "vitest";
import { reportMarkdown } from "../../core/report.js";
import { finalReport } from "../apps/cli/samples.js";

describe("the final report as Markdown (I9)", () => {
  test("begins with what was done, compares KPIs with the baseline's source, and names who decided", () => {
    const text = reportMarkdown(finalReport());

    expect(text).toMatch(/^# Hollis & Reed\n\nReduce Customer Onboarding Time \(M001\): \*\*completed\*\*/u);
    expect(text).toContain("Onboarded Hollis & Reed. Three tasks were done. The call is booked.");
    expect(text).toContain("| onboarding time days | 5 days | 2 days | 1.17 days (*simulated*) | 128 % |");
    expect(text).toContain("| csat | 5 points | 2 points | *pending* |  |");
    expect(text).toContain("Onboarding time days: compared with the baseline of the dataset.");
    expect(text).toContain(
      "May the documents be accepted? **Approved** by ada (not authenticated), 2026-03-02 09:30 UTC.",
    );
    expect(text).not.toMatch(/\bsaved\b/u);
  });

  test("what was done is listed as not undone when the run failed or was cancelled", () => {
    const completed = reportMarkdown(finalReport());
    const failed = reportMarkdown(finalReport({ status: "failed", failure: "T3 failed: no slot." }));
    const cancelled = reportMarkdown(finalReport({ status: "cancelled" }));

    expect(completed).toContain("Book calendar entry, by A3 for T3, 2026-03-02 09:45 UTC: **done**");
    for (const text of [failed, cancelled]) {
      expect(text).toContain("## What was done and is not undone");
      expect(text).toContain("2026-03-02 09:45 UTC: **not undone**");
    }
    expect(failed).toContain("Why it ended: T3 failed: no slot.");
  });

  test("an act whose outcome is unknown is never called done, and one that did not happen is not listed as standing", () => {
    const [effect] = finalReport().effects;
    const effects = [
      { ...effect!, status: "claimed" as const },
      { ...effect!, status: "not_done" as const, tool: "put_in_outbox" },
    ];

    const text = reportMarkdown(finalReport({ status: "failed", effects }));

    expect(text).toContain("**not known whether it happened**");
    expect(text).not.toContain("Put in outbox");
  });

  test("ends with cost, what it rests on, the disclosure and the head of the chain", () => {
    const text = reportMarkdown(finalReport({ degraded: ["T2: done by the generalist"] }));

    expect(text).toContain("## Done the lesser way\n\n- T2: done by the generalist");
    expect(text).toContain("## Cost\n\n$0.00.");
    expect(text).toContain("Automated agents did this work.");
    expect(text.trimEnd()).toMatch(/head of the event chain feedbeef\.$/u);
  });

  test("a pipe in a value does not break a table", () => {
    const [task] = finalReport().tasks;

    const text = reportMarkdown(finalReport({ tasks: [{ ...task!, summary: "a | b\nc" }] }));

    expect(text).toContain("a \\| b c |");
  });

  test("an act shows exactly what was done, and a text of several lines stays readable", () => {
    const [effect] = finalReport().effects;
    const args = { to: "a@b.example", body: "Dear Ada,\n\nthe call is booked.", copies: 2 };

    const text = reportMarkdown(finalReport({ effects: [{ ...effect!, args }] }));

    expect(text).toContain(
      "  - to: a@b.example\n  - body:\n    > Dear Ada,\n    >\n    > the call is booked.\n  - copies: 2",
    );
  });
});
