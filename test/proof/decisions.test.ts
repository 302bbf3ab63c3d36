import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Decision } from "../../core/approval.js";
import { digestOf } from "../../core/digest.js";
import type { ApprovalView } from "../../core/views.js";
import type { Orchestrator } from "../../runtime/orchestrator.js";
import type { Desk } from "../support/approvals.js";
import { createDesk, onlyRequest, startAndDecide } from "../support/approvals.js";
import { actsIn } from "../support/approvals-agents.js";
import type { TaskParts } from "../support/missions.js";

const POLITE = {
  check_id: "polite",
  that: "output.text.startsWith('Dear')",
  field: "/text",
  reason: "The text begins with {{ output.text }}, not with Dear.",
};
const NEVER = { check_id: "never", that: "false", field: "/text", reason: "It is never good." };

const TASKS: Readonly<Record<string, TaskParts>> = {
  result: { task_id: "T", skill: "draft", requires_human_approval: true },
  checked: {
    task_id: "T",
    skill: "give",
    inputs: { text: { value: "Dear all" } },
    checks: [POLITE],
    requires_human_approval: true,
  },
  letter: { task_id: "T", skill: "write_letter", checks: [POLITE], requires_human_approval: true },
  call: { task_id: "T", skill: "post", requires_human_approval: true },
  question: { task_id: "T", skill: "enquire" },
  nobody: { task_id: "T", skill: "surrender" },
  escalation: { task_id: "T", skill: "give", inputs: { text: { value: "Hello" } }, checks: [NEVER] },
  "escalated-letter": { task_id: "T", skill: "write_letter", checks: [NEVER], requires_human_approval: true },
  doubt: { task_id: "T", skill: "ship" },
};

let desk: Desk;
let orchestrator: Orchestrator;

beforeAll(async () => {
  desk = createDesk();
  for (const [name, task] of Object.entries(TASKS)) desk.mission(name, [task], { max_review_rounds: 1 });
  orchestrator = await desk.open();
});

afterAll(() => desk.drop());

const mission = (name: keyof typeof TASKS) => `mission-${name}`;

/** Starts a run and answers what it asks, one after the other. */
async function answer(name: keyof typeof TASKS, ...decisions: readonly Decision[]) {
  const [first, ...others] = decisions;
  if (!first) throw new Error("Nothing to answer with.");
  const before = actsIn(desk.folder).length;
  const { runId, request } = await startAndDecide(orchestrator, mission(name), first);
  const requests: ApprovalView[] = [request];
  for (const decision of others) {
    const next = await onlyRequest(orchestrator, runId);
    requests.push(next);
    await orchestrator.decide(next.approval_id, { decision, by: "ann" });
  }
  const status = await orchestrator.status(runId);
  const isOver = status.finished_at !== null;
  return {
    runId,
    requests,
    status,
    task: status.tasks["T"],
    acts: actsIn(desk.folder).slice(before),
    report: isOver ? await orchestrator.report(runId) : undefined,
  };
}

/** Runs a mission to its first request, without answering. */
async function ask(name: keyof typeof TASKS): Promise<ApprovalView> {
  const { run_id: runId } = await orchestrator.start(mission(name), { caseRef: { case_id: crypto.randomUUID() } });
  return onlyRequest(orchestrator, runId);
}

const edit = (edited: Decision["edited"] & object): Decision => ({ type: "edit", edited });

describe("I4: what is decided about a result is what becomes of it", () => {
  test("an approved result stands as it was shown", async () => {
    const { task, requests, report } = await answer("result", { type: "approve" });

    expect(task).toMatchObject({ status: "done", attempts: 1, result_digest: digestOf(requests[0]?.shown.subject) });
    expect(report?.decisions).toMatchObject([{ task_id: "T", kind: "task_result", decision: "approved", by: "ann" }]);
  });

  test("an edited result stands in its place", async () => {
    const edited = { text: "By hand", heard: [] };

    const { task, report } = await answer("result", edit(edited));

    expect(task).toMatchObject({ status: "done", attempts: 1, result_digest: digestOf(edited) });
    expect(report?.decisions).toMatchObject([{ decision: "edited", by: "ann" }]);
  });

  test("a rejected one is done again with the comment word for word, as often as the mission allows, then fails with it", async () => {
    const first: Decision = { type: "reject", comment: "Shorter — and no “we”." };
    const second: Decision = { type: "reject", comment: "Still too long." };

    const { requests, task, status } = await answer("result", first, second);

    expect(requests[1]?.shown.subject).toEqual({ text: "draft", heard: ["Shorter — and no “we”."] });
    expect(task).toMatchObject({ status: "failed", attempts: 2, error_code: "rejected", error: "Still too long." });
    expect(status.status).toBe("failed");
  });

  test("a rejected one fails at once when that is final", async () => {
    const { task } = await answer("result", { type: "reject", comment: "Stop it.", final: true });

    expect(task).toMatchObject({ status: "failed", attempts: 1, error: "Stop it." });
  });

  test("an edit passes the checks again: what they refuse is asked once more with their reasons", async () => {
    const { requests, task } = await answer("checked", edit({ text: "Hi all" }), { type: "approve" });

    expect(requests[1]).toMatchObject({ kind: "escalation", shown: { subject: { text: "Hi all" } } });
    expect(requests[1]?.shown.reasons).toEqual(["/text: The text begins with Hi all, not with Dear."]);
    expect(task).toMatchObject({ status: "done", attempts: 1, result_digest: digestOf({ text: "Hi all" }) });
  });

  test("an edit that the checks refuse can be corrected, or given up", async () => {
    const corrected = await answer("checked", edit({ text: "Hi all" }), edit({ text: "Dear you" }));
    const givenUp = await answer("checked", edit({ text: "Hi all" }), { type: "reject", comment: "Let it be." });

    expect(corrected.task).toMatchObject({ status: "done", result_digest: digestOf({ text: "Dear you" }) });
    expect(givenUp.task).toMatchObject({ status: "failed", error: "Let it be." });
    expect(givenUp.status.status).toBe("failed");
  });

  test("an edit outside the contract is refused, and the request stays open", async () => {
    const request = await ask("result");

    const deciding = orchestrator.decide(request.approval_id, { decision: edit({ text: 5 }), by: "ann" });

    await expect(deciding).rejects.toMatchObject({
      code: "decision_invalid",
      message: expect.stringContaining("/text"),
    });
    expect((await orchestrator.approval(request.approval_id)).status).toBe("pending");
  });
});

describe("I4: one act, one question", () => {
  test("approving a letter posts exactly that letter, once, and nobody is asked again", async () => {
    const { requests, acts, report } = await answer("letter", { type: "approve" });

    expect(requests[0]?.shown.proposed).toMatchObject([
      { tool: "post_letter", args: { to: "ada@example.com", text: "Dear Ada" } },
    ]);
    expect(requests[0]?.shown.consequences.approve).toContain("post_letter");
    expect(acts).toEqual(["ada@example.com: Dear Ada"]);
    expect(report?.status).toBe("completed");
    expect(report?.effects).toMatchObject([{ status: "done", approval_id: requests[0]?.approval_id }]);
  });

  test("editing a letter posts what the editor wrote, in the editor's name", async () => {
    const edited = { to: "ada@example.com", text: "Dear Countess" };

    const { requests, acts, report } = await answer("letter", edit(edited));

    expect(acts).toEqual(["ada@example.com: Dear Countess"]);
    expect(report?.effects).toMatchObject([{ args: edited, approval_id: requests[0]?.approval_id }]);
    expect(report?.decisions).toHaveLength(1);
  });

  test("an edit that the checks refuse posts what was decided last, without a third question", async () => {
    const edited = { to: "ada@example.com", text: "Hi" };
    const corrected = { to: "ada@example.com", text: "Dear A." };

    const accepted = await answer("letter", edit(edited), { type: "approve" });
    const mended = await answer("letter", edit(edited), edit(corrected));

    expect(accepted.acts).toEqual(["ada@example.com: Hi"]);
    expect(accepted.status.status).toBe("completed");
    expect(mended.acts).toEqual(["ada@example.com: Dear A."]);
    expect(mended.status.status).toBe("completed");
    expect(mended.report?.effects).toMatchObject([{ approval_id: mended.requests[1]?.approval_id }]);
  });

  test("a letter that was accepted against the checks is not asked about a second time", async () => {
    const accepted = await answer("escalated-letter", { type: "approve" });
    const corrected = await answer("escalated-letter", edit({ to: "ada@example.com", text: "By hand" }));

    expect(accepted.requests[0]).toMatchObject({ kind: "escalation" });
    expect(accepted.status.status).toBe("completed");
    expect(accepted.acts).toEqual(["ada@example.com: Dear Ada"]);
    expect(corrected.acts).toEqual(["ada@example.com: By hand"]);
  });

  test("rejecting a letter posts nothing", async () => {
    const { acts, status } = await answer("letter", { type: "reject", final: true });

    expect(acts).toEqual([]);
    expect(status.status).toBe("failed");
  });
});

describe("I3, I4: what is decided about a call is what becomes of it", () => {
  test("an approved call is made with its arguments, once, and its result is not asked about again", async () => {
    const { requests, acts, report } = await answer("call", { type: "approve" });

    expect(requests[0]).toMatchObject({ kind: "tool_call", shown: { tool: "post_letter" } });
    expect(acts).toEqual(["bob@example.com: Dear Bob"]);
    expect(report).toMatchObject({ status: "completed", effects: [{ approval_id: requests[0]?.approval_id }] });
  });

  test("an edited call is made with the new arguments, and the agent is told", async () => {
    const { acts, task } = await answer("call", edit({ to: "bob@example.com", text: "Dear Sir" }));

    expect(acts).toEqual(["bob@example.com: Dear Sir"]);
    expect(task?.result_digest).toBe(digestOf({ outcome: '{"posted":true}', edited: true }));
  });

  test("a rejected call is not made; the agent reads the comment and goes another way", async () => {
    const { acts, task, status } = await answer(
      "call",
      { type: "reject", comment: "Bob has moved." },
      { type: "approve" },
    );

    expect(acts).toEqual([]);
    expect(status.status).toBe("completed");
    expect(task?.result_digest).toBe(digestOf({ outcome: "went another way: Bob has moved.", edited: false }));
  });

  test("an answered call is not made; the answer is what the agent gets", async () => {
    const { acts, task } = await answer("call", { type: "answer", answer: { posted: false } });

    expect(acts).toEqual([]);
    expect(task?.result_digest).toBe(digestOf({ outcome: '{"posted":false}', edited: false }));
  });

  test("arguments that do not fit are refused, and the request stays open", async () => {
    const request = await ask("call");

    const deciding = orchestrator.decide(request.approval_id, { decision: edit({ to: "bob@example.com" }), by: "ann" });

    await expect(deciding).rejects.toMatchObject({ code: "decision_invalid" });
    expect((await orchestrator.approval(request.approval_id)).status).toBe("pending");
  });

  test.each<[string, Decision]>([
    ["/edited/to", edit({ to: "\ud800" })],
    ["/edited/n is Infinity", edit({ n: Number("1e999") })],
    ["__proto__", edit(JSON.parse('{"__proto__":{}}'))],
    ["200", edit(JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`))],
    ["/comment", { type: "approve", comment: "\ud800" }],
  ])("what cannot be stored is refused with its place (%s), and the request stays open", async (place, decision) => {
    const request = await ask("call");

    const deciding = orchestrator.decide(request.approval_id, { decision, by: "ann" });

    const message = expect.stringContaining(place);
    await expect(deciding).rejects.toMatchObject({ code: "decision_invalid", message });
    expect((await orchestrator.approval(request.approval_id)).status).toBe("pending");
  });
});

describe("I6: what is asked besides", () => {
  test("an answer that fits its question is what the task works with", async () => {
    const { task } = await answer("question", { type: "answer", answer: "red" });

    expect(task).toMatchObject({ status: "done", result_digest: digestOf({ colour: "red" }) });
  });

  test("an answer that does not fit is refused with what is allowed", async () => {
    const request = await ask("question");

    const deciding = orchestrator.decide(request.approval_id, {
      decision: { type: "answer", answer: "green" },
      by: "ann",
    });

    await expect(deciding).rejects.toMatchObject({
      code: "decision_invalid",
      message: expect.stringContaining("blue"),
    });
    expect((await orchestrator.approval(request.approval_id)).status).toBe("pending");
  });

  test("a rejected question fails the task with the comment", async () => {
    const { task } = await answer("question", { type: "reject", comment: "Nobody knows." });

    expect(task).toMatchObject({ status: "failed", error_code: "rejected", error: "Nobody knows." });
  });

  test("where no agent is left the answer is the result", async () => {
    const { requests, task } = await answer("nobody", { type: "answer", answer: { text: "I did it myself." } });

    expect(requests[0]?.shown.reasons).toContain("This is beyond me.");
    expect(task).toMatchObject({ status: "done", result_digest: digestOf({ text: "I did it myself." }) });
  });

  test("a result that the checks keep refusing is accepted, corrected, or fails the run", async () => {
    const accepted = await answer("escalation", { type: "approve" });
    const corrected = await answer("escalation", edit({ text: "By hand" }));
    const refused = await answer("escalation", { type: "reject", comment: "Enough." });

    expect(accepted.requests[0]?.shown.reasons).toEqual(["/text: It is never good."]);
    expect(accepted.task).toMatchObject({ status: "done", result_digest: digestOf({ text: "Hello" }) });
    expect(corrected.task).toMatchObject({ status: "done", result_digest: digestOf({ text: "By hand" }) });
    expect(refused.status).toMatchObject({ status: "failed" });
    expect(refused.task).toMatchObject({ status: "failed", error: "Enough." });
  });
});

describe("I2: an act in doubt", () => {
  test("that happened is not done again; its result is given", async () => {
    const { requests, acts, task } = await answer("doubt", { type: "approve", answer: { number: "parcel-1" } });

    expect(requests[0]).toMatchObject({ kind: "in_doubt", shown: { tool: "ship_parcel" } });
    expect(acts).toHaveLength(1);
    expect(task?.result_digest).toBe(digestOf({ reply: { number: "parcel-1" } }));
  });

  test("that did not happen is done again, once", async () => {
    const { acts, task, report } = await answer("doubt", { type: "reject" });

    expect(acts).toHaveLength(2);
    expect(task?.result_digest).toBe(digestOf({ reply: { number: "parcel-2" } }));
    expect(report?.effects).toMatchObject([{ tool: "ship_parcel", status: "done" }]);
  });

  test.each<readonly [string, Decision, string]>([
    ["does not fit", { type: "approve", answer: { no: 1 } }, "does not fit"],
    ["is missing", { type: "approve" }, "the task goes on with what it answered"],
  ])("whose result %s is refused, and stays open", async (_, decision, words) => {
    const doubt = await ask("doubt");

    const deciding = orchestrator.decide(doubt.approval_id, { decision, by: "ann" });

    await expect(deciding).rejects.toMatchObject({ code: "decision_invalid", message: expect.stringContaining(words) });
    expect(doubt.shown.schema).not.toHaveProperty("$schema");
    expect((await orchestrator.approval(doubt.approval_id)).status).toBe("pending");
  });
});

describe("I4: refused decisions change nothing", () => {
  test("a decision on another digest than the shown one", async () => {
    const request = await ask("result");

    const deciding = orchestrator.decide(request.approval_id, {
      decision: { type: "approve" },
      by: "ann",
      digest: digestOf("something else"),
    });

    await expect(deciding).rejects.toMatchObject({ code: "stale_digest" });
    expect((await orchestrator.status(request.run_id)).tasks["T"]?.status).toBe("waiting_for_person");
  });

  test.each<[keyof typeof TASKS, Decision]>([
    ["result", { type: "answer", answer: "yes" }],
    ["question", { type: "approve" }],
    ["question", { type: "edit", edited: "red" }],
    ["doubt", { type: "edit", edited: {} }],
    ["escalation", { type: "answer", answer: 1 }],
    ["result", { type: "edit" }],
    ["question", { type: "answer" }],
  ])("a decision that the kind does not know, or that lacks its content: %s, %j", async (name, decision) => {
    const request = await ask(name);

    const deciding = orchestrator.decide(request.approval_id, { decision, by: "ann" });

    await expect(deciding).rejects.toMatchObject({
      code: expect.stringMatching(/^decision_(?:not_allowed|invalid)$/u),
    });
    expect((await orchestrator.approval(request.approval_id)).status).toBe("pending");
  });
});

describe("I9: who is asked sees what each decision leads to", () => {
  test.each<[keyof typeof TASKS, string, readonly string[]]>([
    ["result", "task_result", ["approve", "edit", "reject"]],
    ["call", "tool_call", ["approve", "edit", "reject", "answer"]],
    ["question", "question", ["answer", "reject"]],
    ["escalation", "escalation", ["approve", "edit", "reject"]],
    ["doubt", "in_doubt", ["approve", "reject"]],
  ])("%s", async (name, kind, allowed) => {
    const { kind: shownKind, allowed: listed, shown } = await ask(name);

    expect(shownKind).toBe(kind);
    expect(listed).toEqual(allowed);
    expect(shown.allowed).toEqual(allowed);
    expect(Object.keys(shown.consequences).sort()).toEqual([...allowed].sort());
    for (const words of Object.values(shown.consequences)) expect(words).toMatch(/^[A-Z].{10,}\.$/u);
  });
});
