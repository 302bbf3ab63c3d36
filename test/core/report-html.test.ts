import { expect, test } from "vitest";
import { reportHtml } from "../../core/report-html.js";
import { finalReport } from "../apps/cli/samples.js";
import { largeReport } from "../support/reports.js";

test("a report stored before plans said what they take for granted is drawn all the same", () => {
  const report = largeReport(finalReport(), 4, 1);
  const { assumptions: _, ...forecast } = report.forecast!;
  const older = JSON.parse(JSON.stringify({ ...report, forecast }));

  expect(reportHtml(older)).toContain("The run against its plan");
});

test("who cancelled while a question was open is named as given; without a name the sentence begins as one", () => {
  const open = {
    task_id: "T2",
    kind: "task_result" as const,
    question: "Go on?",
    asked_at: "2026-03-02T09:00:00.000Z",
  };
  const report = { ...finalReport(), status: "cancelled" as const, open_questions: [open] };

  expect(reportHtml({ ...report, cancelled_by: "eve" })).toMatch(/>eve cancelled the run first</u);
  expect(reportHtml(report)).toMatch(/>The run was cancelled first</u);
});
