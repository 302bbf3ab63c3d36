import { afterAll, describe, expect, test } from "vitest";
import type { Decision } from "../../core/approval.js";
import type { AgentDefinition } from "../../core/define-agent.js";
import type { ApprovalView } from "../../core/views.js";
import { documentVerificationAgent } from "../../nodes/agents/document-verification-agent.js";
import { salesAnalysisAgent } from "../../nodes/agents/sales-analysis-agent.js";
import { supportResolutionAgent } from "../../nodes/agents/support-resolution-agent.js";
import type { Bench, Plant } from "../support/planted-faults.js";
import { answerAll, createBenches, withFaults } from "../support/planted-faults.js";

const benches = createBenches();
afterAll(() => benches.drop());

interface ReviewFault {
  readonly title: string;
  readonly mission: string;
  readonly caseId: string;
  readonly agent: AgentDefinition;
  readonly plants: readonly Plant[];
  /** The task that goes back, and those that used its result. */
  readonly sentBack: readonly string[];
  readonly words: readonly string[];
  readonly effects: readonly (readonly [string, string])[];
  /** Everything that people were asked, in order. */
  readonly asked: readonly string[];
}

const leavesOneOut: Plant = {
  skill: "verify_documents",
  unchecked: true,
  spoil: (output) => ({ ...output, documents: output.documents.slice(1) }),
};

const faults: readonly ReviewFault[] = [
  {
    title: "a document that nobody verified",
    mission: "customer-onboarding",
    caseId: "C-1001",
    agent: documentVerificationAgent,
    plants: [leavesOneOut],
    sentBack: ["T2", "T3"],
    words: ["T2 lists", "electricity-bill.txt", "the case has", "sample/documents/C-1001/passport.txt"],
    effects: [["book_calendar_entry", "done"]],
    asked: ["task_result T2", "task_result T2"],
  },
  {
    title: "a mail that answers a lesser risk",
    mission: "sales-pipeline",
    caseId: "D-1003",
    agent: salesAnalysisAgent,
    plants: [{ skill: "draft_outreach_email", spoil: (output) => ({ ...output, answers_risk: "no_next_step" }) }],
    sentBack: ["T5"],
    words: ["The mail answers no_next_step", "the worst risk of D-1003 is"],
    effects: [
      ["put_in_outbox", "done"],
      ["put_in_outbox", "done"],
    ],
    asked: ["task_result T5", "task_result T5", "tool_call T5"],
  },
  {
    title: "an article that slipped in between two tasks",
    mission: "support-resolution",
    caseId: "TK-1001",
    agent: supportResolutionAgent,
    plants: [
      {
        skill: "retrieve_troubleshooting_steps",
        attempts: 9,
        spoil: (output) => ({ ...output, articles: [...output.articles, { article_id: "A-999", title: "Ghosts" }] }),
      },
      {
        skill: "draft_resolution_message",
        spoil: (output) => ({
          ...output,
          body: `${output.body}\n\nSee also [A-999].`,
          cited: [...output.cited, "A-999"],
        }),
      },
    ],
    sentBack: ["T8"],
    words: ["may cite only the articles that T7 found", "A-999"],
    effects: [
      ["put_in_outbox", "done"],
      ["put_in_outbox", "done"],
    ],
    asked: ["task_result T8", "task_result T8", "tool_call T8"],
  },
];

describe("I9: what only several tasks together show goes back with everything that used it", () => {
  test.each(faults.map((fault) => [`${fault.mission}: ${fault.title}`, fault] as const))("%s", async (_, fault) => {
    const { agent, heard } = withFaults(fault.agent, fault.plants);
    const bench = await benches.open({ agents: [agent] });

    const { run_id: run } = await bench.orchestrator.start(fault.mission, { caseRef: fault.caseId });
    const asked = await answerAll(bench, run, approveWhat("task_result", "tool_call"));

    const status = await bench.orchestrator.status(run);
    expect(status.status).toBe("completed");
    const [back, ...more] = await bench.events(run, "review_sent_back");
    expect(more).toEqual([]);
    expect(back?.data).toMatchObject({ round: 1, tasks: fault.sentBack });
    for (const word of fault.words) expect(back?.data["reason"]).toContain(word);

    const [sentBack = ""] = fault.sentBack;
    const own = heard.filter(({ skill }) => skill === fault.plants.at(-1)?.skill);
    expect(own.map(({ feedback }) => feedback)).toEqual([[], [{ from: "reviewer", reason: back?.data["reason"] }]]);
    const attempts = Object.entries(status.tasks).map(([id, task]) => [id, task.attempts]);
    expect(attempts).toEqual(attempts.map(([id]) => [id, fault.sentBack.includes(String(id)) ? 2 : 1]));
    expect(await standingAttempts(bench, run)).toEqual(Object.fromEntries(attempts));
    expect((await firstResult(bench, run, sentBack))?.superseded).toBe(true);
    expect((await bench.store.effects.of(run)).map(({ tool, status: state }) => [tool, state])).toEqual(fault.effects);
    expect(asked.map(({ kind, task_id: task }) => `${kind} ${task}`)).toEqual(fault.asked);
  });

  test("a second message on top of one that stands is a person's to refuse, and then the first stays the only one", async () => {
    const fault = faults.find(({ mission }) => mission === "support-resolution");
    if (!fault) throw new Error("The fault is gone.");
    const { agent } = withFaults(fault.agent, fault.plants);
    const bench = await benches.open({ agents: [agent] });

    const { run_id: run } = await bench.orchestrator.start(fault.mission, { caseRef: fault.caseId });
    const asked = await answerAll(bench, run, ({ kind }) =>
      kind === "tool_call" ? { type: "reject", comment: "One letter is enough." } : { type: "approve" },
    );

    expect(asked.at(-1)?.shown.evidence[0]?.title).toBe("Done before, and asked for now");
    const { status, tasks } = await bench.orchestrator.status(run);
    expect([status, tasks["T8"]?.status, tasks["T8"]?.error_code]).toEqual(["failed", "failed", "rejected"]);
    expect(tasks["T8"]?.error).toBe("One letter is enough.");
    expect((await bench.orchestrator.report(run)).effects).toHaveLength(1);
  });
});

describe("I6: what stays wrong after max_review_rounds is a person's to accept, correct or end", () => {
  const accept: Decision = { type: "approve" };
  const end: Decision = { type: "reject", comment: "Not like this." };
  const wrongName: Plant = {
    skill: "draft_resolution_message",
    attempts: 9,
    spoil: (output) => ({ ...output, body: output.body.replace("Maren Holt", "Joris Peeters") }),
  };

  async function untilEscalation(agent: AgentDefinition, plant: Plant, mission: string, caseId: string) {
    const bench = await benches.open({ agents: [withFaults(agent, [plant]).agent] });
    const { run_id: run } = await bench.orchestrator.start(mission, { caseRef: caseId });
    await answerAll(bench, run, ({ kind }) => {
      if (kind === "task_result") return accept;
      // The verification asks a person when the same reason comes back: it has read the documents twice.
      return kind === "question" ? { type: "answer", answer: { set_aside: [], because: "No idea." } } : undefined;
    });
    const [request, ...others] = await bench.orchestrator.approvals({ run });
    if (!request) throw new Error("Nobody is asked.");
    expect(others).toEqual([]);
    expect([request.kind, request.allowed]).toEqual(["escalation", ["approve", "edit", "reject"]]);
    const decide = (decision: Decision) =>
      bench.orchestrator
        .decide(request.approval_id, { decision, by: "ann" })
        .then(() => bench.orchestrator.status(run));
    return { bench, run, request, decide };
  }

  const inTask = () => untilEscalation(supportResolutionAgent, wrongName, "support-resolution", "TK-1001");
  const inReview = () =>
    untilEscalation(documentVerificationAgent, { ...leavesOneOut, attempts: 9 }, "customer-onboarding", "C-1001");

  test("a check that still refuses shows its reasons; accepted as it is, it is approved with the act that it was shown with", async () => {
    const { bench, run, request, decide } = await inTask();

    expect(await bench.events(run, "check_refused")).toHaveLength(4);
    expect(request.shown.reasons).toEqual([
      expect.stringContaining('/body: body: the message greets "Joris Peeters"'),
      expect.stringContaining("does not name the customer of ticket TK-1001"),
    ]);
    const { status, tasks } = await decide(accept);

    expect([status, tasks["T8"]?.status, tasks["T8"]?.attempts]).toEqual(["completed", "done", 3]);
    const { effects, decisions } = await bench.orchestrator.report(run);
    expect(effects).toEqual([
      expect.objectContaining({ args: expect.objectContaining({ body: expect.stringContaining("Joris Peeters") }) }),
    ]);
    expect(decisions.map(({ kind, decision, by }) => [kind, decision, by])).toEqual([
      ["escalation", "approved", "ann"],
    ]);
  });

  test("a check that still refuses: a person's correction stands in that person's name, and is what is done", async () => {
    const { bench, run, request, decide } = await inTask();
    // safe: the subject of this request is the mail that the skill made
    const mail = request.shown.subject as { body: string };

    const { status, tasks } = await decide({
      type: "edit",
      edited: { ...mail, body: mail.body.replace("Joris Peeters", "Maren Holt") },
    });

    expect([status, tasks["T8"]?.status]).toEqual(["completed", "done"]);
    expect((await bench.orchestrator.report(run)).effects).toEqual([
      expect.objectContaining({
        status: "done",
        args: expect.objectContaining({ body: expect.stringContaining("Hello Maren Holt,") }),
      }),
    ]);
  });

  test("a check that still refuses: a no fails the task with the comment, and nothing is done", async () => {
    const { bench, run, decide } = await inTask();

    const { status, tasks } = await decide(end);

    expect([status, tasks["T8"]?.error_code, tasks["T8"]?.error]).toEqual([
      "failed",
      "escalation_rejected",
      "Not like this.",
    ]);
    expect((await bench.orchestrator.report(run)).effects).toEqual([]);
  });

  test("a review that still refuses: accepted as it is, the run completes with the last result", async () => {
    const { bench, run, request, decide } = await inReview();

    expect((await bench.events(run, "review_sent_back")).map(({ data }) => data["round"])).toEqual([1, 2]);
    expect(request).toMatchObject({ task_id: "T2", shown: { reasons: [expect.stringContaining("T2 lists")] } });
    const { status, tasks } = await decide(accept);

    expect([status, tasks["T2"]?.attempts, tasks["T3"]?.attempts]).toEqual(["completed", 4, 3]);
    expect((await bench.orchestrator.report(run)).effects.map(({ tool }) => tool)).toEqual(["book_calendar_entry"]);
  });

  test("a review that still refuses: a correction takes the result's place, and what used it is done again", async () => {
    const { bench, run, request, decide } = await inReview();
    // safe: the subject of this request is what the skill made
    const result = request.shown.subject as { documents: { kind: string; file: string; state: string }[] };
    const passport = { kind: "identity_document", file: "sample/documents/C-1001/passport.txt", state: "read" };

    const { status, tasks } = await decide({
      type: "edit",
      edited: { ...result, documents: [{ ...passport, transcript: [] }, ...result.documents] },
    });

    expect([status, tasks["T2"]?.attempts, tasks["T3"]?.attempts]).toEqual(["completed", 5, 4]);
    expect((await bench.orchestrator.report(run)).effects.map(({ tool }) => tool)).toEqual(["book_calendar_entry"]);
    expect((await bench.store.results.of(run)).find(({ taskId }) => taskId === "T2")).toMatchObject({
      attempt: 5,
      output: { documents: [passport, {}, {}] },
    });
  });

  test("a review that still refuses: a no fails the run with the comment", async () => {
    const { decide } = await inReview();

    const { status, tasks, failure } = await decide(end);

    expect([status, tasks["T2"]?.error_code]).toEqual(["failed", "escalation_rejected"]);
    expect(failure).toContain("Not like this.");
  });

  test("a review that still refuses: a correction outside the contract is refused, and nothing changes", async () => {
    const { decide } = await inReview();

    await expect(decide({ type: "edit", edited: { verdict: "two", nonsense: true } })).rejects.toMatchObject({
      code: "decision_invalid",
    });
  });
});

function approveWhat(...kinds: readonly string[]) {
  return ({ kind }: ApprovalView): Decision | undefined => (kinds.includes(kind) ? { type: "approve" } : undefined);
}

async function standingAttempts({ store }: Bench, run: string) {
  return Object.fromEntries((await store.results.of(run)).map(({ taskId, attempt }) => [taskId, attempt]));
}

async function firstResult({ store, events }: Bench, run: string, task: string) {
  const done = (await events(run, "task_done")).find(({ taskId }) => taskId === task);
  return store.results.get(run, String(done?.data["result_digest"]));
}
