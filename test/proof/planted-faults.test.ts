import { afterAll, describe, expect, test } from "vitest";
import type { AgentDefinition } from "../../core/define-agent.js";
import type { ApprovalView } from "../../core/views.js";
import { dataCollectionAgent } from "../../nodes/agents/data-collection-agent.js";
import { documentVerificationAgent } from "../../nodes/agents/document-verification-agent.js";
import { salesAnalysisAgent } from "../../nodes/agents/sales-analysis-agent.js";
import { schedulingAgent } from "../../nodes/agents/scheduling-agent.js";
import { supportResolutionAgent } from "../../nodes/agents/support-resolution-agent.js";
import type { Spoil } from "../support/planted-faults.js";
import { answerAll, createBenches, feedbackOf, withFaults } from "../support/planted-faults.js";

const ONBOARDING = "customer-onboarding";
const SALES = "sales-pipeline";
const SUPPORT = "support-resolution";

const benches = createBenches();
afterAll(() => benches.drop());

/** One fault: where it is planted, and what the reason must name. */
interface Fault {
  readonly title: string;
  readonly mission: string;
  readonly caseId: string;
  readonly task: string;
  readonly agent: AgentDefinition;
  readonly skill: string;
  readonly spoil: Spoil;
  readonly field: string;
  readonly words: readonly string[];
}

const faults: readonly Fault[] = [
  {
    title: "a missing required field",
    mission: ONBOARDING,
    caseId: "C-1001",
    task: "T1",
    agent: dataCollectionAgent,
    skill: "collect_customer_information",
    spoil: (output) => ({ ...output, customer: { ...output.customer, email: "" } }),
    field: "/customer/email",
    words: ["customer.email is empty", "Anna-Lena.Vogt@Nordlicht-Instruments.example"],
  },
  {
    title: "an expired passport missed",
    mission: ONBOARDING,
    caseId: "C-1003",
    task: "T2",
    agent: documentVerificationAgent,
    skill: "verify_documents",
    spoil: (output) => ({ ...output, findings: [], verdict: "verified" }),
    field: "/findings",
    words: ["findings has no", "passeport.txt", "line 11", "2023-05-11"],
  },
  {
    title: "another customer's name",
    mission: ONBOARDING,
    caseId: "C-1001",
    task: "T2",
    agent: documentVerificationAgent,
    skill: "verify_documents",
    spoil: (output) => ({ ...output, customer_name: "Thomas Whitcombe" }),
    field: "/customer_name",
    words: ['customer_name is "Thomas Whitcombe"', "Anna-Lena Vogt"],
  },
  {
    title: "a slot outside working hours",
    mission: ONBOARDING,
    caseId: "C-1001",
    task: "T3",
    agent: schedulingAgent,
    skill: "schedule_onboarding_call",
    spoil: (output) => ({ ...output, onboarding_call: { ...output.onboarding_call, ...atNight(output) } }),
    field: "/onboarding_call/starts_at",
    words: ["onboarding_call.starts_at", "T22:00:00.000Z", "Anna-Lena Vogt (Europe/Berlin)", "08:30"],
  },
  {
    title: "a score whose amount is not the deal's",
    mission: SALES,
    caseId: "D-1001",
    task: "T4",
    agent: salesAnalysisAgent,
    skill: "analyze_deal_status",
    spoil: (output) => ({
      ...output,
      reasons: output.reasons.map((reason: { fact: string }) =>
        reason.fact === "/deal/amount" ? { ...reason, value: 84_000 } : reason,
      ),
    }),
    field: "/value",
    words: ["84000", "/deal/amount of D-1001 is 48000"],
  },
  {
    title: "an amount that is not in the evidence",
    mission: SALES,
    caseId: "D-1001",
    task: "T5",
    agent: salesAnalysisAgent,
    skill: "draft_outreach_email",
    spoil: (output) => ({
      ...output,
      body: output.body.replace("\n\n", "\n\nIt would save you EUR 97,500 a year.\n\n"),
    }),
    field: "/body",
    words: ['The body says "97,500"', "no claim carries", "48,000"],
  },
  {
    title: "the wrong recipient",
    mission: SALES,
    caseId: "D-1001",
    task: "T5",
    agent: salesAnalysisAgent,
    skill: "draft_outreach_email",
    spoil: (output) => ({ ...output, to: "jonas.keller@harbourline.example" }),
    field: "/to",
    words: ["jonas.keller@harbourline.example", "mara.voss@harbourline.example", "/deal/contacts/0"],
  },
  {
    title: "an article that does not exist",
    mission: SUPPORT,
    caseId: "TK-1001",
    task: "T8",
    agent: supportResolutionAgent,
    skill: "draft_resolution_message",
    spoil: (output) => ({ ...output, body: output.body.replaceAll(/\[A-\d+\]/gu, "[A-999]"), cited: ["A-999"] }),
    field: "/body",
    words: ["body: the message cites [A-999]", "the articles found for the ticket are A-"],
  },
  {
    title: "another customer's name in the greeting",
    mission: SUPPORT,
    caseId: "TK-1001",
    task: "T8",
    agent: supportResolutionAgent,
    skill: "draft_resolution_message",
    spoil: (output) => ({ ...output, body: output.body.replace("Maren Holt", "Joris Peeters") }),
    field: "/body",
    words: ['body: the message greets "Joris Peeters"', "TK-1001", "Maren Holt"],
  },
  {
    title: "a sum that nobody granted",
    mission: SUPPORT,
    caseId: "TK-1001",
    task: "T8",
    agent: supportResolutionAgent,
    skill: "draft_resolution_message",
    spoil: (output) => ({ ...output, body: `${output.body}\n\nWe will pay you 250.00 back.` }),
    field: "/body",
    words: ['body: the message says "250.00"', "neither in ticket TK-1001 nor in the steps of A-"],
  },
];

/** The call moved to the same day's late evening. */
function atNight(output: { onboarding_call: { starts_at: string; duration_minutes: number } }) {
  const { starts_at: start, duration_minutes: minutes } = output.onboarding_call;
  const moved = new Date(`${start.slice(0, 10)}T22:00:00.000Z`);
  return { starts_at: moved.toISOString(), ends_at: new Date(moved.getTime() + minutes * 60_000).toISOString() };
}

describe("I6: a planted fault is found before the result exists for anybody", () => {
  test.each(faults.map((fault) => [`${fault.mission} ${fault.task}: ${fault.title}`, fault] as const))(
    "%s",
    async (_, fault) => {
      const { agent, heard } = withFaults(fault.agent, [{ skill: fault.skill, spoil: fault.spoil }]);
      const bench = await benches.open({ agents: [agent] });

      const { run_id: run } = await bench.orchestrator.start(fault.mission, { caseRef: fault.caseId });
      await answerAll(bench, run);

      const refusals = await bench.events(run, "check_refused");
      expect(refusals.length).toBeGreaterThan(0);
      const said = refusals.find(({ data }) => fault.words.every((word) => String(data["reason"]).includes(word)));
      expect(said?.data).toMatchObject({ field: expect.stringMatching(new RegExp(`${fault.field}$`, "u")) });
      expect(said?.taskId).toBe(fault.task);

      const second = heard.find(({ skill, attempt }) => skill === fault.skill && attempt === 2);
      expect(second?.feedback).toEqual(feedbackOf(refusals));

      const status = await bench.orchestrator.status(run);
      expect(status.status).toBe("completed");
      const attempts = Object.entries(status.tasks).map(([id, task]) => [id, task.attempts, task.status]);
      expect(attempts).toEqual(attempts.map(([id]) => [id, id === fault.task ? 2 : 1, "done"]));
    },
  );

  test("nobody is asked about it, and nothing of it is done outside: what is asked and done is the honest result", async () => {
    const spoil: Spoil = (output) => ({ ...output, to: "jonas.keller@harbourline.example" });
    const { agent } = withFaults(salesAnalysisAgent, [{ skill: "draft_outreach_email", spoil }]);
    const bench = await benches.open({ agents: [agent] });

    const { run_id: run } = await bench.orchestrator.start(SALES, { caseRef: "D-1001" });
    const asked = await answerAll(bench, run);
    const { effects } = await bench.orchestrator.report(run);

    expect(asked.map(({ shown }) => shown.proposed[0]?.args["to"])).toEqual(["mara.voss@harbourline.example"]);
    expect(effects.map(({ tool, status, args }) => [tool, status, args])).toEqual([
      ["put_in_outbox", "done", expect.objectContaining({ to: "mara.voss@harbourline.example" })],
    ]);
  });
});

describe("I6: what is right passes untouched", () => {
  test.each([
    [ONBOARDING, 17],
    [SALES, 30],
    [SUPPORT, 30],
  ])(
    "every sample case of %s: no check and no review refuses anything, and what cannot be known is asked",
    async (mission, atLeast) => {
      const bench = await benches.open();
      const cases = await bench.orchestrator.cases(mission);
      expect(cases.length).toBeGreaterThanOrEqual(atLeast);

      const runs = await Promise.all(
        cases.map(({ case_id: caseRef }) => bench.orchestrator.start(mission, { caseRef })),
      );
      for (const { run_id: run } of runs) await answerAll(bench, run);

      let completed = 0;
      for (const { run_id: run, title } of runs) {
        const { status, tasks, approvals } = await bench.orchestrator.status(run);
        const events = await bench.events(run);
        expect(
          events.filter(({ type }) => type === "check_refused" || type === "review_sent_back"),
          title,
        ).toEqual([]);
        expect(Math.max(...Object.values(tasks).map(({ attempts }) => attempts)), title).toBe(1);
        if (status === "completed") completed += 1;
        else expect([status, kindsOpen(approvals)], title).toEqual(["waiting", ["question"]]);
      }
      expect(completed).toBeGreaterThan(cases.length / 2);
    },
    60_000,
  );
});

function kindsOpen(approvals: readonly ApprovalView[]): readonly string[] {
  return approvals.filter(({ status }) => status === "pending").map(({ kind }) => kind);
}
