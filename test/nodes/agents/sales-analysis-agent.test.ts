import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../core/digest.js";
import { salesAnalysisAgent } from "../../../nodes/agents/sales-analysis-agent.js";
import { readDataFile } from "../../support/fake-services.js";
import { questionOf } from "../../support/playbook-context.js";
import type { Analysis, Mail } from "../../support/sales-cases.js";
import { analyse, dealOf, draft, findingsOf, sampleDeals } from "../../support/sales-cases.js";

/** Answers that let every bad sample go on. */
const ANSWERS: JsonObject = {
  stage: "negotiation",
  amount: 25_000,
  days_in_stage: 6,
  contact: "C2",
  contact_email: "found@customer.example",
  new_contact: { name: "Kim Vale", email: "kim.vale@customer.example", role: "buyer" },
};

/** Sample deals that need a person, with the question they end in. */
const QUESTIONS: Readonly<Record<string, string>> = {
  "D-1007": "contact_email",
  "D-1009": "stage",
  "D-1010": "stage",
  "D-1011": "amount",
  "D-1012": "amount",
  "D-1013": "stage",
  "D-1014": "new_contact",
  "D-1015": "contact",
  "D-1017": "stage",
  "D-1018": "new_contact",
  "D-1020": "stage",
  "D-1021": "contact",
  "D-1022": "days_in_stage",
  "D-1023": "contact_email",
  "D-1032": "days_in_stage",
};
const CLOSED = ["D-1008", "D-1019"];

async function goodCase() {
  const deal = dealOf("D-1001");
  const analysis = await analyse(deal);
  return { deal, analysis, mail: await draft(deal, analysis) };
}

test("the agent is the A4 of the dataset, word for word", () => {
  const [a4] = (readDataFile("specialized_agents.json") as { agent_id: string }[]).filter(
    (row) => row.agent_id === "A4",
  );

  const { agentId, name, description } = salesAnalysisAgent;
  expect({ agent_id: agentId, name, description }).toEqual(a4);
});

describe("the sample deals", () => {
  test("are at least thirty, each with its own id", () => {
    expect(sampleDeals.length).toBeGreaterThanOrEqual(30);
    expect(new Set(sampleDeals.map((deal) => deal.deal_id)).size).toBe(sampleDeals.length);
  });

  test.each(sampleDeals.map((deal) => deal.deal_id))(
    "%s gives an analysis, or the question that it was written for",
    async (id) => {
      const key = QUESTIONS[id];
      if (key !== undefined) {
        const question = await questionOf(analyse(dealOf(id)));
        expect(question.key).toBe(key);
        expect(question.question).toContain(dealOf(id).company);
        expect(question.evidence?.length).toBeGreaterThan(0);
        return;
      }
      const analysis = await analyse(dealOf(id));
      expect(analysis.outreach).toBe(!CLOSED.includes(id));
      expect(analysis.notes.length > 0).toBe(CLOSED.includes(id));
    },
  );

  test.each(sampleDeals.map((deal) => deal.deal_id))(
    "%s passes every check, once its questions are answered",
    async (id) => {
      const deal = dealOf(id);
      const analysis = await analyse(deal, ANSWERS);
      expect(salesAnalysisAgent.skills["analyze_deal_status"]?.check?.(analysis, { deal }, {})).toEqual([]);
      expect(analysis.outreach || CLOSED.includes(id)).toBe(true);
      if (!analysis.outreach) return;

      const mail = await draft(deal, analysis);

      expect(findingsOf(mail, deal, analysis)).toEqual([]);
      expect(mail.subject).toContain(deal.company);
      expect(JSON.stringify(mail).length).toBeLessThan(8_000);
      expect(mail.body.length).toBeLessThanOrEqual(1_600);
    },
  );
});

describe("T4, the analysis", () => {
  test("gives the good case a score that is the sum of reasons, each with fact, value and points", async () => {
    const { analysis } = await goodCase();

    expect(analysis.reasons.map(({ fact, value, points }) => [fact, value, points])).toEqual([
      ["/deal/stage", "proposal", 24],
      ["/deal/stage_since", 6, 20],
      ["/activities", 2, 15],
      ["/activities", 5, 15],
      ["/activities", 2, 10],
      ["/deal/next_step", "walk through the pilot plan together", 5],
      ["/deal/amount", 48_000, 5],
    ]);
    expect(analysis).toMatchObject({
      score: 94,
      band: "hot",
      risks: [],
      touchpoints: 5,
      outcome: "open",
      outreach: true,
    });
    expect(analysis.next_step).toEqual({
      action: "keep_going",
      advice: "Confirm the agreed next step with Mara Voss.",
      because: null,
    });
  });

  test.each([
    ["D-1003", "stalled", "revive", "34 days"],
    ["D-1004", "no_next_step", "agree_next_step", "No next step"],
    ["D-1005", "single_threaded", "widen", "Only Karel Novotny"],
    ["D-1006", "overdue_close", "confirm_timing", "5 days ago"],
    ["D-1016", "few_touchpoints", "introduce", "0 touchpoints"],
    ["D-1024", "overdue_next_step", "renew_next_step", "3 days ago"],
  ])("%s: names %s as the worst risk, with evidence, and recommends to %s", async (id, riskId, action, evidence) => {
    const { risks, next_step: next } = await analyse(dealOf(id));

    expect(risks[0]?.risk_id).toBe(riskId);
    expect(risks[0]?.text).toContain(evidence);
    expect(next).toMatchObject({ action, because: riskId });
  });

  test("thresholds hold at the boundary: 21 days of 14 are not yet stalled, 22 are", async () => {
    const at = await analyse(dealOf("D-1001", { stage_since: "-P21D" }));
    const beyond = await analyse(dealOf("D-1001", { stage_since: "-P22D" }));

    expect(at.risks).toEqual([]);
    expect(beyond.risks.map((risk) => risk.risk_id)).toEqual(["stalled"]);
  });

  test("planned activities and notes of our own are no touchpoints", async () => {
    expect((await analyse(dealOf("D-1026"))).touchpoints).toBe(6);
  });

  test("an answer is taken in, and the notes say what the CRM had", async () => {
    const analysis = await analyse(dealOf("D-1012"), { amount: 12_000 });

    expect(analysis.amount).toBe(12_000);
    expect(analysis.reasons).toContainEqual(expect.objectContaining({ fact: "/answers/amount", value: 12_000 }));
    expect(analysis.notes).toEqual(["Amount: the CRM has an amount of GBP -12000; a person says 12000."]);
  });

  test("the answer 0 means that no amount is agreed: it scores nothing and no mail names one", async () => {
    const deal = dealOf("D-1011");
    const analysis = await analyse(deal, { amount: 0 });

    expect(analysis.amount).toBeNull();
    expect((await draft(deal, analysis)).body).not.toContain("EUR");
  });

  test("a deal that a person calls lost gets no mail", async () => {
    const analysis = await analyse(dealOf("D-1020"), { stage: "lost" });

    expect(analysis).toMatchObject({ outcome: "lost", outreach: false, score: 0 });
  });

  test("nobody to write to is an answer: the score stands and there is no mail", async () => {
    const analysis = await analyse(dealOf("D-1014"), { new_contact: "nobody" });

    expect(analysis).toMatchObject({ outreach: false, contact: null, outcome: "open" });
    expect(analysis.score).toBeGreaterThan(0);
  });

  test("an answer that does not fit its question is refused", async () => {
    await expect(analyse(dealOf("D-1013"), { stage: "evaluating" })).rejects.toThrow(/negotiation/);
  });
});

describe("T5, the mail", () => {
  test("of the good case goes to the contact, states facts only and says who wrote it", async () => {
    const { mail } = await goodCase();

    expect(mail.to).toBe("mara.voss@harbourline.example");
    expect(mail.body).toMatch(/^Dear Mara Voss,/);
    expect(mail.body).toContain("your e-mail of 28 February 2026 about a start date for the pilot");
    expect(mail.body).toContain("EUR 48,000");
    expect(mail.body).toContain("prepared by an automated AI agent on behalf of Lena Ortiz");
    expect(mail.claims.length).toBeGreaterThan(8);
  });

  test("differs by stage, risk, role and last topic", async () => {
    const bodies = await Promise.all(
      ["D-1001", "D-1002", "D-1003", "D-1004", "D-1005", "D-1006", "D-1016", "D-1024", "D-1025"].map(async (id) => {
        const deal = dealOf(id);
        const mail = await draft(deal, await analyse(deal));
        return mail.body.split("\n\n").slice(1, -2).join(" ").replaceAll(deal.company, "").replaceAll(deal.product, "");
      }),
    );

    expect(new Set(bodies).size).toBe(bodies.length);
  });

  test("calls a talk with a colleague what it was", async () => {
    const deal = dealOf("D-1021");
    const analysis = await analyse(deal, { contact: "C2" });
    const touches = analysis.touches.filter((touch) => touch.with !== "Leila Karim");

    expect((await draft(deal, { ...analysis, touches })).body).toContain(
      "our demo with Yann Petit of 25 February 2026",
    );
  });

  test("is never written to somebody who opted out", async () => {
    const deal = dealOf("D-1001");
    const analysis = await analyse(deal);
    const contacts = deal.contacts.map((contact) => ({ ...contact, opted_out: true }));

    await expect(draft({ ...deal, contacts }, analysis)).rejects.toThrow("Mara Voss asked not to be written to");
  });

  test("shows facts on the left and the draft on the right", async () => {
    const { deal, analysis, mail } = await goodCase();
    const [shown] = salesAnalysisAgent.skills["draft_outreach_email"]?.evidence?.(mail, { deal, analysis }, {}) ?? [];

    expect(shown?.left.text).toContain("EUR 48,000  (/analysis/amount)");
    expect(shown?.right?.text).toContain(mail.body);
  });
});

describe("T5, a person's comments", () => {
  test.each([
    ["Please make it shorter", (mail: Mail, first: Mail) => mail.body.length < first.body.length],
    ["Mention the workshop", (mail: Mail) => mail.body.includes("our workshop with Jonas Keller")],
    ["Leave out the amount", (mail: Mail) => !mail.body.includes("EUR")],
    ["Warmer, please", (mail: Mail) => mail.body.startsWith("Hello Mara Voss")],
    ["more formal", (mail: Mail) => mail.body.includes("Yours sincerely")],
    ["I do not like it", (mail: Mail, first: Mail) => mail.body !== first.body],
  ])('"%s" is taken in, and the draft still holds', async (comment, isTakenIn) => {
    const { deal, analysis, mail: first } = await goodCase();

    const mail = await draft(deal, analysis, [comment]);

    expect(isTakenIn(mail, first)).toBe(true);
    expect(findingsOf(mail, deal, analysis)).toEqual([]);
    expect(mail.feedback_taken).toHaveLength(1);
  });

  test("a comment that asks for something the facts do not have changes the approach and says so", async () => {
    const { deal, analysis } = await goodCase();

    const mail = await draft(deal, analysis, ["Mention the 20% discount"]);

    expect(mail.body).not.toContain("20%");
    expect(mail.feedback_taken[0]?.done).toMatch(/^took another approach/);
  });

  test("the same comment again never brings the same draft back", async () => {
    const { deal, analysis } = await goodCase();
    const comments = ["shorter", "shorter", "shorter"];

    const bodies = await Promise.all(
      comments.map(async (_, index) => (await draft(deal, analysis, comments.slice(0, index + 1))).body),
    );

    for (const [index, body] of bodies.entries()) expect(body).not.toBe(bodies[index - 1]);
  });
});

describe("planted faults are found with a reason that names field and evidence", () => {
  type Fault = (mail: Mail) => Mail;
  const replaced =
    (found: string, planted: string): Fault =>
    (mail) => ({ ...mail, body: mail.body.replaceAll(found, planted) });
  const claimless: Fault = (mail) => ({
    ...mail,
    claims: mail.claims.map((claim) =>
      claim.fact === "/analysis/amount" ? { ...claim, fact: "/deal/discount" } : claim,
    ),
  });

  test.each<[string, Fault, string, string, readonly string[]]>([
    [
      "an amount that is not in the evidence",
      replaced("EUR 48,000", "EUR 52,000"),
      "figures_are_claimed",
      "/body",
      ["52,000", "EUR 48,000 (/analysis/amount)"],
    ],
    [
      "a date that is not in the evidence",
      replaced("28 February 2026", "1 March 2026"),
      "figures_are_claimed",
      "/body",
      ["1 March 2026", "28 February 2026"],
    ],
    [
      "a wrong name in the greeting",
      replaced("Dear Mara Voss", "Dear Jonas Keller"),
      "greeting_names_contact",
      "/body",
      ["Dear Jonas Keller", "Mara Voss", "/deal/contacts/0/name"],
    ],
    ["a claim without a fact", claimless, "claim_has_fact", "/claims/", ["/deal/discount", "EUR 48,000"]],
    [
      "no claims at all",
      (mail) => ({ ...mail, claims: [] }),
      "claims_are_linked",
      "/claims",
      ["required field claims is empty"],
    ],
    [
      "a wrong recipient",
      (mail) => ({ ...mail, to: "jonas.keller@harbourline.example" }),
      "recipient_is_contact",
      "/to",
      ["jonas.keller@harbourline.example", "mara.voss@harbourline.example", "/deal/contacts/0"],
    ],
    [
      "no word that an agent wrote it",
      replaced("prepared by an automated AI agent", "written"),
      "agent_is_disclosed",
      "/body",
      ["automated AI agent"],
    ],
  ])("%s", async (_, plant, checkId, field, evidence) => {
    const { deal, analysis, mail } = await goodCase();

    const found = findingsOf(plant(mail), deal, analysis).find((finding) => finding.checkId === checkId);

    expect(found?.field).toContain(field);
    for (const text of evidence) expect(found?.reason).toContain(text);
  });

  test("a claim whose value is not the fact", async () => {
    const { deal, analysis, mail } = await goodCase();
    const claims = mail.claims.map((claim) =>
      claim.value === "Route Planner" ? { ...claim, value: "Rota Planner" } : claim,
    );

    expect(findingsOf({ ...mail, claims }, deal, analysis)[0]?.reason).toContain(
      '"Rota Planner", but /deal/product is "Route Planner"',
    );
  });

  test("a sentence that says another product than the deal's", async () => {
    const { deal, analysis, mail } = await goodCase();
    const planted = {
      ...mail,
      body: mail.body.replace("Our proposal for Route Planner", "Our proposal for Shift Roster"),
    };

    const found = findingsOf(planted, deal, analysis);

    expect(found.map(({ checkId, field }) => [checkId, field])).toEqual([["sentence_keeps_fact", "/body"]]);
    expect(found[0]?.reason).toContain('/deal/product is "Route Planner"');
  });

  test("a person may leave sentences out, add some without figures, and greet by first name", async () => {
    const { deal, analysis, mail } = await goodCase();
    const body = mail.body
      .replace("Dear Mara Voss", "Hi Mara")
      .replace(/The aim we noted.*48,000\./u, "I look forward to the pilot.")
      .replace("I am following up on", "Thank you for");

    expect(body).not.toBe(mail.body);
    expect(findingsOf({ ...mail, body }, deal, analysis)).toEqual([]);
  });

  test("a score that is not the sum of its reasons, and a reason that is not in the deal", async () => {
    const { deal, analysis } = await goodCase();
    const [first, ...rest] = analysis.reasons;
    const planted: Analysis = { ...analysis, score: 99, reasons: [{ ...first!, value: "negotiation" }, ...rest] };

    const findings = salesAnalysisAgent.skills["analyze_deal_status"]?.check?.(planted, { deal }, {});

    expect(findings?.map((finding) => finding.field)).toEqual(["/score", "/reasons/0/value"]);
    expect(findings?.[0]?.reason).toContain("The score is 99, but its reasons add up to 94");
    expect(findings?.[1]?.reason).toContain('/deal/stage of D-1001 is "proposal"');
  });
});
