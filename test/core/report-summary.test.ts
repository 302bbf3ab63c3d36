import { describe, expect, test } from "vitest";
import { inThreeSentences } from "../../core/report-summary.js";
import { finalReport } from "../apps/cli/samples.js";

const report = finalReport();
const [task] = report.tasks;
const [decision] = report.decisions;
const [effect] = report.effects;

describe("a report's three sentences tell a stranger what happened (I9)", () => {
  test("a completed run: what was done for whom and when, the result and its KPI, who decided and what was done", () => {
    expect(inThreeSentences(report)).toBe(
      'The mission "Reduce Customer Onboarding Time" was completed for Hollis & Reed on Monday, 2 March 2026, 50 minutes after it began; its one task was done: Verify documents. ' +
        "The result: 5 documents match; the onboarding time is 1.17 days (simulated), against a baseline of 5 days and a target of 2 days. " +
        'ada approved "Verify documents", and one act was done (book calendar entry).',
    );
  });

  test("a failed run says why, and that what was done still stands", () => {
    const text = inThreeSentences({
      ...report,
      status: "failed",
      failure: '"Verify documents" failed (rejected): no.',
      tasks: [task!, { ...task!, task_id: "T3", status: "failed" }],
      effects: [
        { ...effect!, status: "not_undone" },
        { ...effect!, status: "claimed" },
        { ...effect!, status: "not_done" },
      ],
    });

    expect(text).toContain("failed for Hollis & Reed");
    expect(text).toContain("; one of two tasks was done: Verify documents.");
    expect(text).toContain('It ended because of this: "Verify documents" failed (rejected): no. ada');
    expect(text).toContain(
      "one act was done and still stands (book calendar entry); of one more it is not known whether it happened.",
    );
  });

  test("many tasks, people and acts become numbers", () => {
    const text = inThreeSentences({
      ...report,
      tasks: Array.from({ length: 300 }, (_, index) => ({
        ...task!,
        task_id: `T${index}`,
        status: index < 260 ? ("done" as const) : ("skipped" as const),
      })),
      decisions: ["Ada", "Ben", "Cleo", "Dan", "Eve"].map((by) => ({ ...decision!, by })),
      effects: Array.from({ length: 20 }, () => effect!),
      kpis: [{ ...report.kpis[0]!, actual: null, basis: "pending" }],
    });

    expect(text).toContain("; 260 of 300 tasks were done (40 were not needed). The result:");
    expect(text).toContain("; the onboarding time will be known later. ");
    expect(text).toContain(
      "Ada, Ben, Cleo and 2 more decided five questions, and 20 acts were done (book calendar entry).",
    );
  });

  test("a question that was open when somebody cancelled is said, with who cancelled", () => {
    const open = { task_id: "T2", kind: "task_result" as const, question: "?", asked_at: "2026-03-02T09:00:00.000Z" };
    const facts = { ...report, status: "cancelled" as const, cancelled_by: "eve", open_questions: [open], effects: [] };

    expect(inThreeSentences({ ...facts, decisions: [] })).toContain(
      "One question was not answered when eve cancelled the run, and nothing was changed outside.",
    );
    expect(inThreeSentences(facts)).toContain(
      'ada approved "Verify documents", one question was not answered when eve cancelled the run, and nothing',
    );
    expect(inThreeSentences({ ...facts, decisions: [], open_questions: [] })).toContain(
      "Nobody had to be asked before eve cancelled the run,",
    );
  });

  test("a cancelled run in which nothing happened says so", () => {
    const text = inThreeSentences({
      ...report,
      status: "cancelled",
      tasks: [{ ...task!, status: "blocked" }],
      decisions: [],
      effects: [],
    });

    expect(text).toContain("was cancelled for Hollis & Reed");
    expect(text).toContain("; none of its tasks was done.");
    expect(text).toContain("No result came of it. Nobody had to be asked, and nothing was changed outside.");
  });
});
