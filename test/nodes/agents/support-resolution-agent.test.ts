import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { categorizeTicket } from "../../../nodes/agents/support/categorize-ticket.js";
import { findSteps } from "../../../nodes/agents/support/find-steps.js";
import { guessCategories, NO_CATEGORY, TicketRulesSchema } from "../../../nodes/agents/support/ticket-rules.js";
import { supportResolutionAgent } from "../../../nodes/agents/support-resolution-agent.js";
import { readDataFile } from "../../support/fake-services.js";
import { questionOf, runPlaybook } from "../../support/playbook-context.js";
import { stepsFor, supportContext, TICKETS, ticketOf } from "../../support/support-case.js";

const rules = TicketRulesSchema.parse(readDataFile("ticket_categories.json"));

describe("the agent", () => {
  test("is the dataset's A5, and its skills call only tools that it holds", () => {
    const known = z.array(z.looseObject({ agent_id: z.string() })).parse(readDataFile("specialized_agents.json"));
    const { agentId, name, description, tools, skills } = supportResolutionAgent;

    expect(known).toContainEqual({ agent_id: agentId, name, description });
    for (const playbook of Object.values(skills)) {
      expect(tools).toEqual(
        expect.arrayContaining([...playbook.tools, ...(playbook.proposes ?? []).map(({ tool }) => tool)]),
      );
    }
  });
});

describe("categorising by the rules of the data folder", () => {
  test("at least 24 of the 30 labelled tickets are right, and most wrong ones are asked about", () => {
    const labels = z.record(z.string(), z.string()).parse(readSupportFile("ticket-labels.json"));
    const judged = TICKETS.map((ticket) => judge(ticket, labels[ticket.ticket_id] ?? "unlabelled"));
    const wrong = judged.filter(({ isRight }) => !isRight);

    expect(judged).toHaveLength(30);
    expect(judged.length - wrong.length).toBeGreaterThanOrEqual(24);
    expect(wrong.filter(({ isAsked }) => isAsked).length).toBeGreaterThanOrEqual(wrong.length / 2);
    expect(judged.filter(({ isAsked }) => isAsked).length).toBeLessThanOrEqual(10);
  });

  test("of tickets that the rules were not made for most are right, and most wrong ones are asked about", () => {
    const HeldOutSchema = z.array(z.strictObject({ subject: z.string(), body: z.string(), label: z.string() }));
    const judged = HeldOutSchema.parse(readSupportFile("held-out-tickets.json")).map(({ subject, body, label }) =>
      judge({ ...ticketOf("TK-1001"), subject, body }, label),
    );
    const wrong = judged.filter(({ isRight }) => !isRight);

    expect(wrong.length).toBeLessThanOrEqual(6);
    expect(wrong.filter(({ isAsked }) => isAsked).length).toBeGreaterThan(wrong.length / 2);
  });

  test("every ticket that fits nothing is asked about", () => {
    const labels = z.record(z.string(), z.string()).parse(readSupportFile("ticket-labels.json"));
    const fitting = TICKETS.filter(({ ticket_id }) => labels[ticket_id] === NO_CATEGORY);

    expect(fitting.length).toBeGreaterThan(0);
    for (const ticket of fitting) expect(judge(ticket, NO_CATEGORY).isAsked).toBe(true);
  });

  test("a result names the words of the ticket that it rests on", async () => {
    const result = await categorize("TK-1001");

    expect(result).toMatchObject({ category: "access", decided_by: "rules" });
    expect(result.reasons).toContainEqual(expect.objectContaining({ found: "password", in: "subject" }));
  });

  test("words that speak against a category take from its score", () => {
    const ticket = { ...ticketOf("TK-1009"), subject: "", body: "the app crashes" };

    const [mobile] = guessCategories(ticket, rules);
    const [other] = guessCategories({ ...ticket, body: "the app crashes, also the authenticator" }, rules);

    expect(mobile).toMatchObject({ category: "mobile" });
    expect(other?.category).not.toBe("mobile");
  });

  test("a vague ticket becomes a question whose answer is one of the categories", async () => {
    const question = await questionOf(categorize("TK-1009"));

    expect(question.question).toContain("TK-1009");
    expect(question.answer.safeParse("billing").success).toBe(true);
    expect(question.answer.safeParse("none").success).toBe(true);
    expect(question.answer.safeParse("gardening").success).toBe(false);
    expect(question.evidence?.[0]?.left.text).toContain("it doesnt work. please call me");
    expect(await categorize("TK-1009", { answers: { category: "mobile" } })).toMatchObject({
      category: "mobile",
      confidence: 1,
      decided_by: "person",
    });
  });

  test("a category that was sent back is asked of a person with the reason, not found again", async () => {
    const feedback = [{ from: "reviewer", reason: "This is about money." }];
    const question = await questionOf(categorize("TK-1001", { feedback }));

    expect(question.evidence?.[0]?.right?.text).toContain("This is about money.");
    expect(await categorize("TK-1001", { feedback, answers: { [question.key]: "billing" } })).toMatchObject({
      category: "billing",
    });
  });

  test("rules that cannot be read end the attempt for good and name the place", async () => {
    const records = { read: async () => ({ ask_below: 2 }) };

    await expect(categorize("TK-1001", { services: { records } })).rejects.toMatchObject({
      failureClass: "permanent",
      message: expect.stringContaining("/ask_below"),
    });
  });

  test("a reason that does not stand in the ticket is found", async () => {
    const result = await categorize("TK-1001");
    const planted = { ...result, reasons: [{ found: "refund", in: "body" as const, weight: 4 }] };

    const findings = categorizeTicket.check?.(planted, { ticket: ticketOf("TK-1001") }, {});

    expect(findings).toEqual([
      expect.objectContaining({ field: "/reasons", reason: expect.stringContaining('"refund"') }),
    ]);
    expect(categorizeTicket.check?.(result, { ticket: ticketOf("TK-1001") }, {})).toEqual([]);
  });
});

describe("finding steps", () => {
  test.each([
    ["TK-1001", "A-001"],
    ["TK-1004", "A-012"],
    ["TK-1006", "A-018"],
    ["TK-1014", "A-006"],
    ["TK-1017", "A-027"],
    ["TK-1020", "A-003"],
    ["TK-1029", "A-023"],
  ])("ticket %s is answered from %s, with that article's numbered steps", async (ticketId, articleId) => {
    const result = await stepsFor(ticketId);

    expect(result.article_ids[0]).toBe(articleId);
    const numbers = result.steps.filter(({ article_id }) => article_id === articleId).map(({ number }) => number);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(numbers.length).toBeGreaterThan(2);
  });

  test("when nothing fits, a person names articles or writes the steps", async () => {
    const question = await questionOf(stepsFor("TK-1019", { category: "none" }));
    const named = await stepsFor("TK-1019", { category: "none", [question.key]: { article_ids: ["A-007"] } });
    const written = await stepsFor("TK-1019", { category: "none", [question.key]: { steps: ["Write to our shop."] } });

    expect(question.answer.safeParse({}).success).toBe(false);
    expect(named).toMatchObject({ article_ids: ["A-007"], chosen_by: "person" });
    expect(written).toMatchObject({
      article_ids: ["support-team"],
      steps: [{ article_id: "support-team", number: 1, text: "Write to our shop." }],
    });
  });

  test("an article that a person names and that does not exist ends the attempt and says so", async () => {
    const work = stepsFor("TK-1019", { category: "none", steps: { article_ids: ["A-999"] } });

    await expect(work).rejects.toMatchObject({ failureClass: "permanent", message: expect.stringContaining("A-999") });
  });

  test("a reviewer's reason leads to another search", async () => {
    const without = await stepsAfter(
      "TK-1001",
      "A-001 does not fit: she lost her authenticator and has no backup codes.",
    );
    const instead = await stepsAfter("TK-1001", "Use A-004 instead of A-001.");

    expect(without.article_ids).toContain("A-002");
    expect(without.article_ids).not.toContain("A-001");
    expect(instead.article_ids).toEqual(["A-004"]);
  });

  test("a search that is down is a failure of its class, not a question", async () => {
    const refusals = {
      search_articles: { code: "tool_timeout" as const, reason: "No answer in 2 s.", transient: true },
    };
    const ticket = ticketOf("TK-1001");
    const work = runPlaybook(findSteps, supportContext({ refusals }), { ticket, category: "access" });

    await expect(work).rejects.toMatchObject({ failureClass: "transient" });
  });

  test("a step of an article that was not chosen is found", async () => {
    const result = await stepsFor("TK-1001");
    const planted = { ...result, steps: [{ article_id: "A-050", number: 1, text: "Wait." }] };

    const inputs = { ticket: ticketOf("TK-1001"), category: "access", title: "", reasons: [] };
    expect(findSteps.check?.(planted, inputs, {})).toEqual([
      expect.objectContaining({ field: "/steps", reason: expect.stringContaining("A-050") }),
    ]);
    expect(findSteps.check?.(result, inputs, {})).toEqual([]);
  });
});

function judge(ticket: (typeof TICKETS)[number], label: string) {
  const [best] = guessCategories(ticket, rules);
  return { isRight: (best?.category ?? NO_CATEGORY) === label, isAsked: (best?.confidence ?? 0) < rules.ask_below };
}

function categorize(ticketId: string, options: Parameters<typeof supportContext>[0] = {}) {
  return runPlaybook(categorizeTicket, supportContext(options), { ticket: ticketOf(ticketId) });
}

async function stepsAfter(ticketId: string, reason: string) {
  const { category, title, reasons } = await categorize(ticketId);
  const context = supportContext({ attempt: 2, feedback: [{ from: "reviewer", reason }] });
  return runPlaybook(findSteps, context, { ticket: ticketOf(ticketId), category, title, reasons });
}

function readSupportFile(name: string): unknown {
  return JSON.parse(readFileSync(join(import.meta.dirname, "../../support", name), "utf8"));
}
