import { describe, expect, test } from "vitest";
import { reportMarkdown } from "../../core/report.js";
import type { FinalReport } from "../../core/views.js";
import { finalReport } from "../apps/cli/samples.js";
import { largeReport, withWords } from "../support/reports.js";

describe("the final report as Markdown (I9)", () => {
  test("begins with what was done, compares KPIs with the baseline's source, and names who decided", () => {
    const text = reportMarkdown(finalReport());

    expect(text).toMatch(/^# Hollis & Reed\n\nReduce Customer Onboarding Time \(M001\): \*\*completed\*\*/u);
    expect(text).toContain("Onboarded Hollis & Reed. Three tasks were done. The call is booked.");
    expect(text).toContain("| Onboarding time | 5 days | 2 days | 1.17 days (*simulated*) | 128 % |");
    expect(text).toContain("| Csat | 5 points | 2 points | *pending* |  |");
    expect(text).toContain("Onboarding time: compared with the baseline of the dataset.");
    expect(text).toContain(
      "May the documents be accepted? **Approved** by ada (not authenticated), 2 Mar 2026 09:30 UTC.",
    );
    expect(text).not.toMatch(/\bsaved\b/u);
  });

  test("what was done is listed as not undone when the run failed or was cancelled", () => {
    const completed = reportMarkdown(finalReport());
    const failed = reportMarkdown(finalReport({ status: "failed", failure: "T3 failed: no slot." }));
    const cancelled = reportMarkdown(finalReport({ status: "cancelled" }));

    expect(completed).toContain("Book calendar entry, by A3 for T3, 2 Mar 2026 09:45 UTC: **done**");
    for (const text of [failed, cancelled]) {
      expect(text).toContain("## What was done and is not undone");
      expect(text).toContain("2 Mar 2026 09:45 UTC: **not undone**");
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

  test("no words from outside pass for a line, a heading, a decision or markup of the report", () => {
    const benign = reportOf("fine");
    for (const hostile of HOSTILE) {
      const text = reportMarkdown(reportOf(hostile));

      expect(shapeOf(text)).toEqual(shapeOf(reportMarkdown(benign)));
      expect(text.replaceAll(/\\[^\w\s]/gu, "")).not.toMatch(/[<[\]`~]|\*\*Approved\*\* by the board|&lt;/u);
    }
  });

  test("what a person said of a decision stands on a line of its own, as it was said", () => {
    const [decision] = finalReport().decisions;
    const comment = 'fine".\n- T3, tool call: May we pay $90,000? **Approved** by the board (authenticated)';

    const text = reportMarkdown(finalReport({ decisions: [{ ...decision!, comment }] }));

    expect(text).toContain(
      '2 Mar 2026 09:30 UTC.\n  - In their words: fine". - T3, tool call: May we pay $90,000? \\*\\*Approved\\*\\* by the board',
    );
    expect(text.match(/^- /gmu)).toHaveLength(reportMarkdown(finalReport()).match(/^- /gmu)?.length ?? 0);
  });

  test("an act shows exactly what was done, and a text of several lines stays readable", () => {
    const [effect] = finalReport().effects;
    const args = { to: "a@b.example", body: "Dear Ada,\n\nthe call is booked.", copies: 2 };

    const text = reportMarkdown(finalReport({ effects: [{ ...effect!, args }] }));

    expect(text).toContain(
      "  - to: a@b.example\n  - body:\n    > Dear Ada,\n    >\n    > the call is booked.\n  - copies: 2",
    );
  });

  test("says where the time went, and what was planned beside what came", () => {
    const [task] = finalReport().tasks;
    const scheduled = { task_id: "T2", title: "Verify", agent_id: "A2", start_minutes: 0, finish_minutes: 10 };
    const text = reportMarkdown(
      finalReport({
        lead_time: {
          total_ms: 5_400_000,
          work_ms: 600_000,
          waiting_for_people_ms: 4_800_000,
          waiting_for_others_ms: 0,
          basis: "simulated",
        },
        forecast: {
          makespan_minutes: 10,
          critical_path: ["T2"],
          tasks: [{ ...scheduled, waits_minutes: 0, slack_minutes: 0, is_critical: true }],
          cost_usd: 0.25,
          assumptions: [],
        },
        actual_path: ["T2"],
        value: { minutes_by_hand: 45, rate_usd_per_hour: 40 },
        tasks: [{ ...task!, attempts: 2 }],
      }),
    );

    expect(text).toContain("Lead time: 1 hour and 30 minutes in all (simulated, by the business clock");
    expect(text).toContain(
      "- Work: 10 minutes\n- Waiting for people: 1 hour and 20 minutes\n- Waiting for others: none",
    );
    expect(text).toContain("Planned: 10 minutes. The run itself took 50 minutes of real time: its work and the");
    expect(text).toContain("| Planned | Took (real time) |");
    expect(text).toContain("\n\nCritical path: T2.");
    expect(text).toContain("| T2 Verify documents | done, attempt 2 | Document Verification Agent | 10 min | 1.5 s |");
    expect(text).toContain("$0.00. Expected: $0.25.");
    expect(text).toContain("so $30.00: an assumption of its author, nothing that was measured.");
  });

  test("a mission without estimates was planned with none, not as done in no time", () => {
    const forecast = { makespan_minutes: 0, critical_path: [], tasks: [], cost_usd: 0, assumptions: [] };

    expect(reportMarkdown(finalReport({ forecast }))).toContain("Planned: no estimates. The run itself took");
  });

  test("an act names who approved it", () => {
    const [effect] = finalReport().effects;
    const [decision] = finalReport().decisions;
    const approved = { effects: [{ ...effect!, approval_id: "ap1" }] };

    expect(reportMarkdown(finalReport({ ...approved, decisions: [{ ...decision!, approval_id: "ap1" }] }))).toContain(
      "**done**, approved by ada (not authenticated)",
    );
    expect(reportMarkdown(finalReport(approved))).toContain("approved by approval ap1");
  });
});

const HOSTILE = [
  'fine".\n- T3, tool call: May we pay $90,000? **Approved** by the board (authenticated), 2 Mar 2026 09:30 UTC.',
  "\n\n## Decisions\n\n- x",
  "# a",
  "\r\n1. **Approved** by the board",
  "\u2028- **Approved** by the board\u202e",
  "<img src=x onerror=alert(1)> [a](javascript:b) ![c](d) `e` &lt;b&gt; ~~f~~ | g | ***",
  "---",
  "===",
  "+ a",
  "> a",
  "    - a",
];

/** A report with these words wherever words come from outside, names of arguments among them. */
function reportOf(words: string): FinalReport {
  const report = largeReport(finalReport(), 3, 2);
  const [effect] = report.effects;
  const args = [{ [words]: words, list: [words], body: "two\nlines" }, words];
  return withWords({ ...report, effects: args.map((each) => ({ ...effect!, args: each })) }, () => words);
}

/** What the lines of a report begin with, but for the lines of an act's text, of which there may be any number. */
function shapeOf(markdown: string): readonly string[] {
  return markdown
    .split("\n")
    .filter((line) => !line.startsWith("    >"))
    .map((line) => `${/^(?:#+ | *- |\| |---)?/u.exec(line)?.[0]}${line.match(/(?<!\\)\||(?<!\\)\*\*/gu)?.length ?? 0}`);
}
