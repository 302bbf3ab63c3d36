import { describe, expect, test } from "vitest";
import { generalist } from "../../../nodes/agents/generalist.js";
import { createPlaybookContext, questionOf, runPlaybook } from "../../support/playbook-context.js";

const playbook = generalist.skills["*"]!;
const caseData = { ticket_id: "TK-7", customer_name: "Ada Berg", phone: "" };

describe("the generalist", () => {
  test("holds no tool, and says that its way is the lesser one", () => {
    expect(generalist).toMatchObject({ agentId: "A0", slug: "generalist", tools: [] });
    expect(playbook).toMatchObject({ tools: [], degraded: true });
  });

  test("asks a person, showing what is known and what is missing", async () => {
    const feedback = [{ from: "A5", reason: "The search did not answer." }];
    const context = createPlaybookContext({ caseData, feedback, taskId: "T7", blackboard: { category: "access" } });

    const question = await questionOf(
      runPlaybook(playbook, context, { ticket: caseData, title: "Signing in", reasons: [] }),
    );
    const [shown] = question.evidence ?? [];

    expect(question.question).toBe(
      "Task T7 could not be done by its specialist: what is its result for TK-7 (Ada Berg)?",
    );
    expect(shown?.left.text).toContain("title: Signing in");
    expect(shown?.left.text).toContain("category: access");
    expect(shown?.left.text.match(/Ada Berg/gu)).toHaveLength(1);
    expect(shown?.right?.text).toContain("The search did not answer.");
    expect(shown?.right?.text).toContain("reasons is empty.");
    expect(shown?.right?.text).toContain("case.phone is empty.");
    expect(context.calls).toEqual([]);
  });

  test("gives the person's answer as the result", async () => {
    const context = createPlaybookContext({ caseData, answers: { result: { category: "billing" } } });

    expect(await runPlaybook(playbook, context, {})).toEqual({ category: "billing" });
  });

  test("asks anew when an answer was refused, instead of giving it again", async () => {
    const feedback = [{ from: "check", field: "/category", reason: "category: unknown." }];
    const answers = { result: { category: "x" } };

    const question = await questionOf(
      runPlaybook(playbook, createPlaybookContext({ caseData, answers, feedback }), {}),
    );

    expect(question.evidence?.[0]?.right?.text).toContain("check, /category: category: unknown.");
    const again = createPlaybookContext({
      caseData,
      answers: { ...answers, [question.key]: { category: "billing" } },
      feedback,
    });
    expect(await runPlaybook(playbook, again, {})).toEqual({ category: "billing" });
  });

  test("takes no text for a result", async () => {
    const question = await questionOf(runPlaybook(playbook, createPlaybookContext({ caseData }), {}));

    expect(question.answer.safeParse("do it yourself").success).toBe(false);
    expect(question.answer.safeParse({ text: "do it yourself" }).success).toBe(true);
  });

  test("names a case without an id in words", async () => {
    const question = await questionOf(runPlaybook(playbook, createPlaybookContext(), {}));

    expect(question.question).toContain("for this case?");
  });
});
