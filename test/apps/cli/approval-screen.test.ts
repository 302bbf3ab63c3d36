import { describe, expect, test } from "vitest";
import { approvalScreen, choicesOf } from "../../../apps/cli/approval-screen.js";
import { createPaint } from "../../../apps/cli/paint.js";
import { consequencesFor } from "../../../core/approval.js";
import type { ApprovalView } from "../../../core/views.js";
import { approvalView, NOW, question } from "./samples.js";

const options = { columns: 100, rows: 24, paint: createPaint(false), now: NOW };

function withEvidence(lines: number, blocks = 2): ApprovalView {
  const text = (side: string) =>
    Array.from({ length: lines }, (_, index) => `${side} line ${index + 1} with some words in it`).join("\n");
  const base = approvalView();
  const evidence = Array.from({ length: blocks }, (_, index) => ({
    title: `Evidence ${index + 1}`,
    left: { label: "Application", text: text("left") },
    right: { label: "Document", text: text("right") },
  }));
  return { ...base, shown: { ...base.shown, evidence } };
}

describe("an approval on one screen", () => {
  test("evidence stands side by side, under the question and above the consequences in words", () => {
    const { text, isCut } = approvalScreen(approvalView(), { ...options, position: "Question 1 of 3" });

    expect(isCut).toBe(false);
    expect(text).toContain("Question 1 of 3 · Hollis & Reed · Reduce Customer Onboarding Time");
    expect(text).toContain("May the documents of Hollis & Reed be accepted?");
    expect(text).toMatch(/In the application +│ In the passport\n/u);
    expect(text).toMatch(/Born: 1980-02-03 +│ Born: 1980-02-04/u);
    expect(text).toMatch(/^a {2}approve +The result stands and the mission goes on with it\.$/mu);
  });

  test.each([
    [3, 1],
    [12, 2],
    [40, 1],
    [40, 3],
  ])("%i lines in %i pieces of evidence fit on 24 lines of 100 columns", (lines, blocks) => {
    const { text } = approvalScreen(withEvidence(lines, blocks), options);

    expect(text.split("\n").length).toBeLessThanOrEqual(24);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test("what was cut is said, and a key shows it all", () => {
    const cut = approvalScreen(withEvidence(40), options);
    const whole = approvalScreen(withEvidence(40), { ...options, rows: Number.POSITIVE_INFINITY });

    expect(cut.isCut).toBe(true);
    expect(cut.text).toMatch(/… \d+ more lines/u);
    expect(cut.text).toMatch(/^v {2}view all/mu);
    expect(whole.isCut).toBe(false);
    expect(whole.text).toContain("right line 40");
    expect(whole.text).not.toMatch(/^v {2}/mu);
  });

  test("rejecting and rejecting for good have a key each, and no command-line words are left", () => {
    const { text } = approvalScreen(approvalView(), options);

    expect(text).not.toContain("--");
    expect(choicesOf(approvalView(), false).map(({ key, does }) => [key, does])).toEqual([
      ["a", "approve"],
      ["e", "edit"],
      ["r", "reject"],
      ["f", "reject_for_good"],
      ["s", "later"],
    ]);
  });

  test("what approving does outside is on the screen", () => {
    const base = approvalView();
    const proposed = [{ tool: "put_in_outbox", args: { to: "x@y.example" }, digest: "d" }];
    const approval = {
      ...base,
      shown: { ...base.shown, proposed, consequences: consequencesFor("task_result", proposed) },
    };

    expect(approvalScreen(approval, options).text.replaceAll(/\s+/gu, " ")).toContain(
      "It also does exactly what is shown: put",
    );
  });

  test("a question without evidence shows its subject; in doubt has words of its own; a problem is said", () => {
    const doubt = approvalView({ kind: "in_doubt", allowed: ["approve", "reject"] });

    expect(approvalScreen(question({ type: "string" }), { ...options, problem: "That is no date." }).text).toContain(
      "That is no date.",
    );
    expect(approvalScreen(question({ type: "string" }), options).text).toContain("verdict: match");
    expect(choicesOf(doubt, false).map(({ name }) => name)).toEqual(["it happened", "it did not", "skip"]);
  });
});
