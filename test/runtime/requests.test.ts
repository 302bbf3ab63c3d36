import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RequestDraft } from "../../core/approval.js";
import { digestOf } from "../../core/digest.js";
import type { RunSession } from "../../core/session.js";
import type { ApprovalView } from "../../core/views.js";
import { compose } from "../../runtime/compose.js";
import { alreadyDecided, expired } from "../../runtime/requests.js";
import type { Desk } from "../support/approvals.js";
import { createDesk, createStillClock, onlyRequest, until } from "../support/approvals.js";
import { deskAgents, deskTools } from "../support/approvals-agents.js";
import { HELD } from "../support/approvals-orders.js";
import { approvalRecord, runRecord } from "../support/records.js";
import { openFreshStore } from "../support/store.js";

const APPROVALS = { role: "clerk", due_minutes: 60, escalate_to: ["manager", "director"] };
const LATER_MINUTES = 61;

let desk: Desk;
let clock: ReturnType<typeof createStillClock>;

beforeEach(() => {
  desk = createDesk();
  clock = createStillClock();
});

afterEach(() => desk.drop());

function asked(id: string) {
  return { task_id: id, skill: "draft", requires_human_approval: true };
}

describe("I4, I6: expiry never grants", () => {
  test("a request past its due time goes to the next in line, then stays with the last, until somebody decides", async () => {
    const mission = desk.mission("due", [asked("A"), { task_id: "B", skill: "gather", depends_on: ["A"] }], {
      approvals: APPROVALS,
    });
    const orchestrator = await desk.open({ clock });
    const { run_id: run } = await orchestrator.start(mission);

    const requests: ApprovalView[] = [];
    for (let round = 0; round < 4; round += 1) {
      requests.push(await onlyRequest(orchestrator, run));
      clock.advance(LATER_MINUTES);
    }
    const last = await onlyRequest(orchestrator, run);
    const waiting = await orchestrator.status(run);
    const late = orchestrator.decide(requests[0]?.approval_id ?? "", { decision: { type: "approve" }, by: "ann" });
    await expect(late).rejects.toMatchObject({ code: "approval_expired", message: expect.stringContaining("expired") });
    const outcome = await orchestrator.decide(last.approval_id, { decision: { type: "approve" }, by: "ann" });

    expect(requests.map(({ assigned_to: role }) => role)).toEqual(["clerk", "manager", "director", "director"]);
    expect(new Set(requests.map(({ digest }) => digest)).size).toBe(1);
    expect(new Set(requests.map(({ approval_id: id }) => id)).size).toBe(4);
    expect(Date.parse(last.due_at) - clock.now().getTime()).toBe(3_600_000);
    expect(waiting.tasks).toMatchObject({ A: { status: "waiting_for_person" }, B: { status: "todo" } });
    expect(outcome.run_status).toBe("completed");
    expect((await orchestrator.report(run)).decisions).toMatchObject([{ decision: "approved", by: "ann" }]);
  });

  test("while the run works on, the task waits for the one that was raised anew", async () => {
    const gate = desk.gate("held");
    const mission = desk.mission("due", [HELD, asked("A")], {
      approvals: APPROVALS,
      cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1", gate: gate.path }] },
    });
    const orchestrator = await desk.open({ clock });
    const working = orchestrator.start(mission);
    const [first] = await until(async () => {
      const open = await orchestrator.approvals();
      return open.length === 1 && open;
    });

    clock.advance(LATER_MINUTES);
    const second = await onlyRequest(orchestrator, first?.run_id ?? "");
    await orchestrator.decide(second.approval_id, { decision: { type: "approve" }, by: "ann", continue: false });
    await until(async () => (await orchestrator.status(second.run_id)).tasks["A"]?.status === "done");
    gate.release();

    expect(second).toMatchObject({ assigned_to: "manager", digest: first?.digest });
    expect((await working).status).toBe("completed");
  });

  test("a decision that came first stands, and nothing is raised anew", async () => {
    const { store, drop } = await openFreshStore();
    try {
      const request = approvalRecord("approval-1", "run-1");
      await store.commit({ statements: [...store.runs.create(runRecord("run-1")), ...store.approvals.put(request)] });
      const decision = { type: "approve" as const };
      await store.commit({
        statements: store.approvals.decide("approval-1", request.digest, decision, "ann", false, clock.now()),
      });

      const expiring = store.commit(expired(store.approvals, request, clock.now()));

      await expect(expiring).rejects.toMatchObject({ code: "already_decided" });
      expect(await store.approvals.list()).toMatchObject([{ approvalId: "approval-1", status: "approved" }]);
    } finally {
      await drop();
    }
  });

  test("two processes that find it past due raise it once", async () => {
    const mission = desk.mission("due", [asked("A")], { approvals: APPROVALS });
    const [one, two] = await Promise.all([desk.open({ clock }), desk.open({ clock })]);
    const { run_id: run } = await one.start(mission);
    clock.advance(LATER_MINUTES);

    const listed = await Promise.all([one.approvals({ run }), two.approvals({ run }), one.approvals({ run })]);

    expect(new Set(listed.flat().map(({ approval_id: id }) => id)).size).toBe(1);
    expect(await one.approvals({ run, all: true })).toHaveLength(2);
  });
});

describe("I4: what is asked now withdraws what was asked before", () => {
  const draft = (subject: string): RequestDraft => ({
    taskId: "A",
    attempt: 1,
    kind: "task_result",
    subject: "result",
    shown: { question: "Is it right?", subject, proposed: [], evidence: [], reasons: [], degraded: false },
  });

  let types: string[] = [];

  async function openSession(): Promise<RunSession> {
    const slug = desk.mission("drafts", [asked("A")]);
    const data = `${desk.folder}/data`;
    const parts = await compose({ agents: deskAgents(), tools: deskTools(desk.folder), data, store: desk.url });
    const { mission } = parts.catalogue.find(slug);
    const invocation = { configurable: { thread_id: "run-1" }, context: {} };
    types = [];
    parts.hub.listen(({ type }) => types.push(type));
    const { session } = await parts.deps.sessions.enter(mission, invocation, { caseInput: undefined });
    return session;
  }

  test("another content for the same subject; the same content is asked once", async () => {
    const session = await openSession();

    const first = await session.ask(draft("one"));
    const same = await session.ask(draft("one"));
    const second = await session.ask(draft("two"));
    await session.refresh();

    expect(same.approvalId).toBe(first.approvalId);
    expect(second.approvalId).not.toBe(first.approvalId);
    expect(session.requests().map(({ status, shown }) => [shown.subject, status])).toEqual([
      ["one", "withdrawn"],
      ["two", "pending"],
    ]);
    expect(session.request("A", 1, "task_result", "result")?.approvalId).toBe(second.approvalId);
    expect(first.digest).toBe(digestOf(first.shown));
  });

  test("a withdrawn request can be decided by nobody", async () => {
    const session = await openSession();
    const orchestrator = await desk.open();
    const first = await session.ask(draft("one"));
    await session.ask(draft("two"));

    const deciding = orchestrator.decide(first.approvalId, { decision: { type: "approve" }, by: "ann" });

    await expect(deciding).rejects.toMatchObject({
      code: "approval_expired",
      message: expect.stringContaining("withdrawn"),
    });
  });

  test.each([
    ["another content is asked", (session: RunSession) => session.ask(draft("two"))],
    [
      "the task begins anew",
      (session: RunSession) => session.commit({ tasks: [{ ...session.task("A"), attempt: 2, status: "running" }] }),
    ],
    ["the run ends", (session: RunSession) => session.finish("failed", {}, "Broke.", new Date("2026-03-01T09:00:00Z"))],
  ])(
    "a decision that came first stands when %s: it counts as heeded, and nothing tells of a withdrawal",
    async (_when, act) => {
      const session = await openSession();
      const orchestrator = await desk.open();
      const first = await session.ask(draft("one"));
      await orchestrator.decide(first.approvalId, { decision: { type: "approve" }, by: "ann" });

      await act(session);
      await session.settled();
      await session.refresh();

      const row = session.requests().find(({ approvalId }) => approvalId === first.approvalId);
      expect(row).toMatchObject({ status: "approved", appliedAt: expect.any(Date) });
      expect(types).toContain("approval_decided");
      expect(types).not.toContain("approval_withdrawn");
    },
  );

  test("a new attempt under new code; what was decided before stays decided", async () => {
    const mission = desk.mission("code", [asked("A"), asked("B")]);
    const before = await desk.open();
    const { run_id: run, approvals } = await before.start(mission);
    await before.close();
    const idOf = (task: string) => approvals.find(({ task_id: id }) => id === task)?.approval_id ?? "";

    const after = await desk.open({ agents: deskAgents("2") });
    await after.decide(idOf("A"), { decision: { type: "approve" }, by: "ann" });
    const now = await onlyRequest(after, run);
    const deciding = after.decide(idOf("B"), { decision: { type: "approve" }, by: "ann" });
    await expect(deciding).rejects.toMatchObject({ code: "approval_expired" });
    const { run_status: status } = await after.decide(now.approval_id, { decision: { type: "approve" }, by: "ann" });

    expect(now).toMatchObject({ task_id: "B" });
    expect(now.approval_id).not.toBe(idOf("B"));
    expect(status).toBe("completed");
    expect((await after.status(run)).tasks).toMatchObject({ A: { attempts: 1 }, B: { attempts: 2 } });
  });
});

describe("what the second decider is told", () => {
  test("who decided what, and when", () => {
    const decidedAt = new Date("2026-03-01T09:00:00Z");
    const error = alreadyDecided(approvalRecord("a", "r", { status: "rejected", decidedBy: "ann", decidedAt }));

    expect(error).toMatchObject({
      code: "already_decided",
      message: "ann decided this already at 2026-03-01T09:00:00.000Z: rejected. Nothing was changed.",
      details: { status: "rejected", decided_by: "ann", decided_at: "2026-03-01T09:00:00.000Z" },
    });
  });

  test.each(["expired", "withdrawn"] as const)("that it is %s, and where to look", (status) => {
    const error = alreadyDecided(approvalRecord("a", "r", { status }));

    expect(error).toMatchObject({ code: "approval_expired", message: expect.stringContaining(`is ${status}. See`) });
  });
});
