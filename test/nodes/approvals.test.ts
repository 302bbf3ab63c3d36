import { Command, INTERRUPT, isInterrupted } from "@langchain/langgraph";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DecisionType } from "../../core/approval.js";
import type { Json, JsonObject } from "../../core/digest.js";
import type { Orchestrator } from "../../runtime/orchestrator.js";
import type { Desk } from "../support/approvals.js";
import { createDesk, createStillClock, until } from "../support/approvals.js";
import { actsIn } from "../support/approvals-agents.js";
import { HELD } from "../support/approvals-orders.js";

/** What the interrupt shows. */
interface Payload {
  readonly question: string;
  readonly problem?: string;
  readonly answer_with: string;
  readonly actionRequests: readonly { readonly name: string; readonly args: JsonObject }[];
  readonly reviewConfigs: readonly { readonly allowedDecisions: readonly DecisionType[] }[];
  readonly requests: readonly {
    readonly id: string;
    readonly digest: string;
    readonly task: string;
    readonly assigned_to: string;
    readonly subject: Json;
    readonly consequences: JsonObject;
  }[];
}

let desk: Desk;
const clock = createStillClock();

beforeEach(() => {
  desk = createDesk();
});

afterEach(() => desk.drop());

function asked(id: string) {
  return { task_id: id, skill: "draft", requires_human_approval: true };
}

/** A graph of these tasks as Studio and scripts invoke it, begun on a thread of its own. */
async function begun(tasks: Parameters<Desk["mission"]>[1], parts: Parameters<Desk["mission"]>[2] = {}) {
  const mission = desk.mission("thread", tasks, parts);
  const orchestrator = await desk.open({ clock });
  const graph = await orchestrator.graph(mission);
  const thread = { configurable: { thread_id: "thread" }, context: { approver: "ann" } };
  const shown = (state: unknown): Payload | undefined =>
    isInterrupted<Payload>(state) ? state[INTERRUPT][0]?.value : undefined;
  const answer = async (resume: unknown) => shown(await graph.invoke(new Command({ resume }), thread));
  const first = shown(await graph.invoke({ case: { case_id: "C1" } }, thread));
  if (!first) throw new Error("Nothing was asked.");
  const goOn = async () => shown(await graph.invoke(null, thread));
  return { orchestrator, first, answer, goOn };
}

function tasksOf(payload: Payload | undefined): readonly string[] | undefined {
  return payload?.requests.map(({ task }) => task).sort();
}

function idOf(payload: Payload, task: string): string {
  return payload.requests.find((request) => request.task === task)?.id ?? "";
}

async function decisions(orchestrator: Orchestrator): Promise<readonly string[]> {
  const { decisions: list } = await orchestrator.report("thread");
  return list.map(({ task_id: task, decision, by }) => `${task} ${decision} by ${by}`).sort();
}

describe("I4: what Studio and scripts are shown", () => {
  test("a question in one sentence, each request whole, and what to paste; pasted, it answers", async () => {
    const { first, answer, orchestrator } = await begun([asked("A"), asked("B")]);

    const after = await answer(JSON.parse(first.answer_with));

    expect(first.question).toBe("2 requests wait for an answer: Do A, Do B.");
    expect(tasksOf(first)).toEqual(["A", "B"]);
    expect(first.requests[0]?.consequences).toMatchObject({ approve: expect.any(String), reject: expect.any(String) });
    expect(after).toBeUndefined();
    expect(await decisions(orchestrator)).toEqual(["A approved by ann", "B approved by ann"]);
  });

  test("pasted as text it answers too", async () => {
    const { first, answer } = await begun([asked("A")]);

    expect(first.question).toBe('Is the result of "Do A" for C1 right?');
    expect(await answer(first.answer_with)).toBeUndefined();
  });

  test("LangChain's requests: what is changed in their arguments is the edit", async () => {
    const { first, answer, orchestrator } = await begun([{ ...asked("A"), skill: "write_letter" }]);
    const [action] = first.actionRequests;

    const args = { ...action?.args, text: "Dear Countess" };
    await answer({ decisions: [{ type: "edit", editedAction: { name: action?.name, args } }] });

    expect(first.reviewConfigs[0]?.allowedDecisions).toEqual(["approve", "edit", "reject"]);
    expect(actsIn(desk.folder)).toEqual(["ada@example.com: Dear Countess"]);
    expect(await decisions(orchestrator)).toEqual(["A edited by ann"]);
  });
});

describe("I6: an answer that cannot be read", () => {
  test.each<[string, unknown]>([
    ["a word", "sure"],
    ["a bare approve, when two are open", "approve"],
    ["true", true],
    ["a number", 1],
    ["an empty object", {}],
    ["broken JSON", "{"],
    ["too few", { decisions: [{ type: "approve" }] }],
    ["no decision", { decisions: [] }],
    ["an unknown type", { decisions: [{ type: "accept" }, { type: "accept" }] }],
    ["an unknown id", { decisions: [{ id: "nobody", type: "approve" }] }],
    ["a decision that is not allowed", { decisions: [{ type: "answer", answer: 1 }, { type: "edit" }] }],
    [
      "an edit outside the contract",
      {
        decisions: [
          { type: "edit", edited: 1 },
          { type: "edit", edited: [] },
        ],
      },
    ],
  ])("%s raises the same interrupt again with a problem, and nothing is lost", async (_name, unreadable) => {
    const { first, answer, orchestrator } = await begun([asked("A"), asked("B")]);

    const again = await answer(unreadable);
    const after = await answer(JSON.parse(again?.answer_with ?? "{}"));

    expect(again?.problem).toMatch(/^[A-Z0-9"].{20,}/u);
    expect(again?.requests).toEqual(first.requests);
    expect(after).toBeUndefined();
    expect(await decisions(orchestrator)).toEqual(["A approved by ann", "B approved by ann"]);
  });

  test("is told once, however many there were, and the next one is read by itself", async () => {
    const { answer, orchestrator, first } = await begun([asked("A")]);

    for (const unreadable of ["what?", 5, [], "approve it", { decisions: [{ type: "approve", digest: "old" }] }]) {
      expect((await answer(unreadable))?.problem).toBeDefined();
    }
    const after = await answer({ decisions: [{ id: first.requests[0]?.id, type: "reject", final: true }] });

    expect(after).toBeUndefined();
    expect(await decisions(orchestrator)).toEqual(["A rejected by ann"]);
  });

  test("is never read again, when it would fit what is open by then", async () => {
    const { first, answer, orchestrator } = await begun([asked("A"), asked("B")]);

    const refused = await answer("approve");
    await orchestrator.decide(idOf(first, "A"), { decision: { type: "approve" }, by: "bob" });
    await answer({ decisions: [{ id: idOf(first, "B"), type: "reject", final: true }] });

    expect(refused?.problem).toContain("2 requests are open");
    expect(await decisions(orchestrator)).toEqual(["A approved by bob", "B rejected by ann"]);
  });

  test("does not keep the readable part from being done, and the rest is asked with its problem", async () => {
    const { first, answer, orchestrator } = await begun([asked("A"), asked("B")]);

    const next = await answer({
      decisions: [
        { id: idOf(first, "A"), type: "approve" },
        { id: idOf(first, "B"), digest: "something else", type: "approve" },
      ],
    });

    expect(tasksOf(next)).toEqual(["B"]);
    expect(next?.problem).toContain("Do B: What you decided about is not what is asked now.");
    expect((await orchestrator.status("thread")).tasks["A"]?.status).toBe("done");
  });
});

describe("I4, I6: rows decided elsewhere", () => {
  test("let the run go on, whoever invokes it next", async () => {
    const { first, goOn, orchestrator } = await begun([asked("A"), asked("B")]);

    const outcome = await orchestrator.decide(idOf(first, "A"), { decision: { type: "approve" }, by: "bob" });
    const next = await goOn();

    expect(outcome).toMatchObject({ continued: "elsewhere", note: expect.stringContaining("thread") });
    expect(tasksOf(next)).toEqual(["B"]);
    expect((await orchestrator.status("thread")).tasks["A"]?.status).toBe("done");
  });

  test("win over a later answer, which is told who decided; positions still mean what was shown", async () => {
    const { first, answer, orchestrator } = await begun([asked("A"), asked("B"), asked("C")]);
    const byPosition = first.requests.map(({ task }) =>
      task === "B" ? { type: "approve", digest: "something else" } : { type: "reject", final: true },
    );

    await orchestrator.decide(idOf(first, "A"), { decision: { type: "approve" }, by: "bob" });
    const next = await answer({ decisions: byPosition });
    await answer("approve");

    expect(tasksOf(next)).toEqual(["B"]);
    expect(next?.problem).toMatch(/Do A \(\w+\) was decided by bob already: approved\. Nothing was changed\./u);
    expect(await decisions(orchestrator)).toEqual(["A approved by bob", "B approved by ann", "C rejected by ann"]);
  });

  test.each([0, 1, 2, 3, 5, 8, 13, 21, 34])(
    "two who answer the same thread, the second %i turns later: one acts, once",
    async (turns) => {
      const { first, answer, orchestrator } = await begun([{ ...asked("A"), skill: "write_letter" }]);

      const one = answer(first.answer_with);
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      const outcomes = await Promise.allSettled([one, answer(first.answer_with)]);

      const refusals = outcomes.filter((outcome) => outcome.status === "rejected").map(({ reason }) => reason.code);
      expect(["run_busy", "stale_owner", undefined]).toContain(refusals[0]);
      expect(refusals.length).toBeLessThan(2);
      expect(actsIn(desk.folder)).toEqual(["ada@example.com: Dear Ada"]);
      expect(await decisions(orchestrator)).toEqual(["A approved by ann"]);
      expect((await orchestrator.status("thread")).status).toBe("completed");
    },
  );

  test("a call that is refused leaves the run to whoever works on it", async () => {
    const gate = desk.gate("held");
    const cases = { id: "case_id", title: "case.case_id", items: [{ case_id: "C1", gate: gate.path }] };
    const mission = desk.mission("held", [HELD, { task_id: "B", skill: "gather", depends_on: ["H"] }], { cases });
    const orchestrator = await desk.open();
    const graph = await orchestrator.graph(mission);
    const thread = { configurable: { thread_id: "held" } };
    const working = graph.invoke({}, thread);
    await until(async () => (await orchestrator.runs())[0]?.status === "running");

    const same = graph.invoke({}, thread);
    const others = graph.invoke({ case: { case_id: "C2", gate: "" } }, thread);
    const refused = await Promise.allSettled([same, others]);
    gate.release();

    expect(refused).toMatchObject([{ reason: { code: "run_busy" } }, { reason: { code: "run_busy" } }]);
    expect(await working).toMatchObject({ status: "completed" });
  });
});

describe("I4: a request that expires while the thread rests", () => {
  test("grants nothing; the same is asked of the next in line, and an answer to the old one is told so", async () => {
    const approvals = { role: "clerk", due_minutes: 60, escalate_to: ["manager"] };
    const { first, answer, orchestrator } = await begun([asked("A")], { approvals });

    clock.advance(61);
    const again = await answer(first.answer_with);
    const after = await answer(again?.answer_with);

    expect(first.requests[0]?.assigned_to).toBe("clerk");
    expect(again?.problem).toContain("is expired");
    expect(again?.requests[0]).toMatchObject({ assigned_to: "manager", subject: first.requests[0]?.subject });
    expect(again?.requests[0]?.id).not.toBe(first.requests[0]?.id);
    expect(after).toBeUndefined();
    expect(await decisions(orchestrator)).toEqual(["A approved by ann"]);
  });
});
