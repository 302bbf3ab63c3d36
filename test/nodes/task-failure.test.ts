import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Feedback } from "../../core/define-agent.js";
import { giveUp, valueFrom } from "../../core/define-agent.js";
import type { EventRecord } from "../../core/records.js";
import type { Act } from "../support/failures.js";
import { actor, createGate, createTrials, endsOf } from "../support/failures.js";

const trials = createTrials();
afterAll(() => trials.drop());

const QUICK = { attempts: 3, first_delay_seconds: 0.01 };
const work: Act = async () => ({ made: true });

/** Gives up this often, then works. */
function failing(kind: "transient" | "permanent", times: number): Act {
  return async ({ attempt }) => {
    if (attempt <= times) throw giveUp(kind, `Try ${attempt} broke.`);
    return { made: true };
  };
}

function dataOf(events: readonly EventRecord[]) {
  return events.map(({ data }) => data);
}

describe("I6: each class of failure goes its own way", () => {
  test("what is transient is tried again by the same agent, after waits that double and vary by half", async () => {
    const trial = await trials.start([actor("A70", { work: failing("transient", 3) })], {
      tasks: [{ task_id: "T1", retry: { attempts: 4, first_delay_seconds: 0.02 } }],
    });

    expect(endsOf(trial.status)).toEqual({ T1: "done:4" });
    const attempts = dataOf(await trial.events(trial.run, "task_attempt"));
    expect(attempts.map(({ cause, code, reason, attempt }) => [cause, code, reason, attempt])).toEqual([
      ["retry", "transient", "Try 1 broke.", 2],
      ["retry", "transient", "Try 2 broke.", 3],
      ["retry", "transient", "Try 3 broke.", 4],
    ]);
    for (const [index, { delay_ms: delay }] of attempts.entries()) {
      expect(delay).toBeGreaterThanOrEqual(10 * 2 ** index);
      expect(delay).toBeLessThanOrEqual(30 * 2 ** index);
    }
  });

  test("what stays transient fails after as many tries as its policy says", async () => {
    const tries: number[] = [];
    const act: Act = async ({ attempt }) => {
      tries.push(attempt);
      throw giveUp("transient", "The line is dead.");
    };
    const trial = await trials.start([actor("A70", { work: act })], {
      tasks: [{ task_id: "T1", retry: QUICK, on_failure: "stop" }],
    });

    expect(tries).toEqual([1, 2, 3]);
    expect(endsOf(trial.status)).toEqual({ T1: "failed:3:transient" });
    expect(trial.status).toMatchObject({ status: "failed", failure: '"Do T1" failed (transient): The line is dead.' });
  });

  test("what is permanent is not tried again", async () => {
    const trial = await trials.start([actor("A70", { work: failing("permanent", 1) })], {
      tasks: [{ task_id: "T1", retry: QUICK, on_failure: "stop" }],
    });

    expect(endsOf(trial.status)).toEqual({ T1: "failed:1:permanent" });
  });

  test("inputs outside the skill's contract never reach it, and the failure names the field", async () => {
    let calls = 0;
    const act: Act = async () => ({ calls: ++calls });
    const input = z.looseObject({ amount: z.number() });
    const trial = await trials.start([actor("A70", { give: work, work: { input, run: act } })], {
      cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1", amount: "ten" }] },
      tasks: [{ task_id: "T1", inputs: { amount: "case.amount" }, retry: QUICK, on_failure: "stop" }],
    });

    expect(endsOf(trial.status)).toEqual({ T1: "failed:1:contract" });
    expect(trial.status.tasks["T1"]?.error).toContain("/amount: ");
    expect(calls).toBe(0);
  });

  test("a result outside its contract goes back with the field, at most max_review_rounds times", async () => {
    const heard: (readonly Feedback[])[] = [];
    const act: Act = async ({ feedback }) => {
      heard.push(feedback);
      return { amount: "ten" };
    };
    const trial = await trials.start(
      [actor("A70", { work: { output: z.looseObject({ amount: z.number() }), run: act } })],
      {
        max_review_rounds: 2,
        tasks: [{ task_id: "T1", on_failure: "stop" }],
      },
    );

    expect(endsOf(trial.status)).toEqual({ T1: "failed:3:contract" });
    const refusals = dataOf(await trial.events(trial.run, "check_refused"));
    expect(refusals.map(({ field }) => field)).toEqual(["/amount", "/amount"]);
    expect(heard.map((feedback) => feedback.map(({ from, field, reason }) => [from, field, reason]))).toEqual([
      [],
      [["contract", "/amount", refusals[0]?.["reason"]]],
      [
        ["contract", "/amount", refusals[0]?.["reason"]],
        ["contract", "/amount", refusals[1]?.["reason"]],
      ],
    ]);
  });

  test("a refusal of the gate that the skill cannot go without is a failure by policy", async () => {
    const act: Act = async (context) => ({
      read: valueFrom(await context.call("read_record", { path: "rules.json" })),
    });
    const trial = await trials.start([actor("A70", { work: act })], {
      tasks: [{ task_id: "T1", retry: QUICK, on_failure: "stop" }],
    });

    expect(endsOf(trial.status)).toEqual({ T1: "failed:1:policy" });
    expect(trial.status.tasks["T1"]?.error).toContain("does not hold read_record");
    expect(dataOf(await trial.events(trial.run, "tool_refused"))).toMatchObject([{ tool: "read_record" }]);
  });

  test("a bug that only a person can mend leaves its stack in an event too", async () => {
    const act: Act = async () => {
      throw new TypeError("undefined is not a customer");
    };
    const trial = await trials.start([actor("A70", { work: act })], { tasks: [{ task_id: "T1" }] });

    expect([trial.status.status, endsOf(trial.status)]).toEqual(["waiting", { T1: "waiting_for_person:1:bug" }]);
    const [failed] = dataOf(await trial.events(trial.run, "attempt_failed"));
    expect(failed).toMatchObject({ code: "bug", stack: expect.stringContaining("task-failure.test.ts") });
  });

  test("a bug is not tried again, and its stack stands in the event and nowhere else", async () => {
    const act: Act = async () => {
      throw new TypeError("undefined is not a customer");
    };
    const trial = await trials.start([actor("A70", { work: act })], {
      tasks: [{ task_id: "T1", retry: QUICK, on_failure: "stop" }],
    });

    expect(endsOf(trial.status)).toEqual({ T1: "failed:1:bug" });
    const [failed] = dataOf(await trial.events(trial.run, "task_failed"));
    expect(failed?.["stack"]).toMatch(/TypeError: undefined is not a customer\n\s+at .*task-failure\.test\.ts/u);
    expect(trial.status.tasks["T1"]?.error).toContain("broke: TypeError: undefined is not a customer");
    expect(JSON.stringify(await trial.orchestrator.report(trial.run))).not.toContain("task-failure.test.ts");
  });
});

describe("I6: a deadline ends an attempt", () => {
  test("its signal fires, and it counts as transient", async () => {
    const causes: unknown[] = [];
    const act: Act = async ({ signal, sleep, attempt }) => {
      if (attempt === 2) return { made: true };
      await sleep(60_000).catch((error: unknown) => causes.push([signal.aborted, error instanceof Error]));
      throw new Error("too late to matter");
    };
    const trial = await trials.start([actor("A70", { work: act })], {
      tasks: [{ task_id: "T1", retry: QUICK, deadline_minutes: 0.001 }],
    });

    expect(causes).toEqual([[true, true]]);
    expect(endsOf(trial.status)).toEqual({ T1: "done:2" });
    expect(dataOf(await trial.events(trial.run, "task_attempt"))).toMatchObject([{ code: "deadline_exceeded" }]);
  });

  test("a skill that ignores its signal is left behind, and what it does later comes to nothing", async () => {
    const gate = createGate();
    const late: unknown[] = [];
    const act: Act = async (context) => {
      await gate.opened;
      const message = { to: "ann@example.com", subject: "Late", body: "Too late." };
      await context.call("put_in_outbox", message).then(
        () => late.push("sent"),
        () => late.push("refused"),
      );
      return { made: true };
    };
    const playbook = { tools: ["put_in_outbox"], run: act };
    const agent = { ...actor("A70", { work: playbook }), tools: ["put_in_outbox"] };
    const trial = await trials.start([agent], {
      tasks: [{ task_id: "T1", retry: { attempts: 1 }, deadline_minutes: 0.001, on_failure: "stop" }],
    });
    gate.open();
    await new Promise((resolve) => setImmediate(resolve));

    expect(endsOf(trial.status)).toEqual({ T1: "failed:1:deadline_exceeded" });
    expect(late).toEqual(["refused"]);
    expect(await trial.store.effects.of(trial.run)).toEqual([]);
  });
});

describe("I6: what one agent cannot do goes to the next", () => {
  test("the next capable agent takes over with the reason, and tries by its own count", async () => {
    const heard: (readonly Feedback[])[] = [];
    const second: Act = async ({ feedback, attempt }) => {
      heard.push(feedback);
      if (attempt < 4) throw giveUp("transient", "Not yet.");
      return { made: true };
    };
    const agents = [actor("A70", { work: failing("permanent", 9) }), actor("A71", { work: second })];
    const trial = await trials.start(agents, { tasks: [{ task_id: "T1", retry: QUICK }] });

    expect(endsOf(trial.status)).toEqual({ T1: "done:4" });
    expect(trial.status.tasks["T1"]).toMatchObject({ agent_id: "A71", degraded: false });
    expect(heard[0]).toEqual([{ from: "agent-a70", reason: "Try 1 broke." }]);
    expect(dataOf(await trial.events(trial.run, "agent_changed"))).toMatchObject([
      { from: "A70", agent: "A71", reason: "Try 1 broke." },
    ]);
  });

  const contract = { type: "object", required: ["owed"], properties: { owed: { type: "number" } } };

  test("the generalist stands last: a person's answer becomes the result, checked against the contract, degraded wherever it shows", async () => {
    const trial = await trials.start([actor("A70", { work: failing("permanent", 9) })], {
      agents: ["A70", "A0"],
      capabilities: { T1: ["A70"] },
      tasks: [
        { task_id: "T1", output: contract },
        { task_id: "T2", skill: "work", depends_on: ["T1"], when: "T1.owed > 90.0" },
      ],
    });
    const [request] = await trial.orchestrator.approvals({ run: trial.run });
    const answer = (value: object) =>
      trial.orchestrator.decide(request?.approval_id ?? "", {
        decision: { type: "answer", answer: { ...value } },
        by: "ann",
      });

    expect(request).toMatchObject({
      kind: "question",
      allowed: ["answer", "reject"],
      shown: { schema: contract, degraded: true },
    });
    await expect(answer({ owed: "much" })).rejects.toMatchObject({ code: "decision_invalid" });
    await answer({ owed: 12 });

    const status = await trial.orchestrator.status(trial.run);
    expect(status.status).toBe("completed");
    expect(endsOf(status)).toEqual({ T1: "done:3", T2: "skipped" });
    expect(status.tasks["T1"]).toMatchObject({ agent_id: "A0", degraded: true });
    expect((await trial.orchestrator.report(trial.run)).degraded).toEqual([expect.stringContaining("Do T1")]);
    expect(dataOf(await trial.events(trial.run, "task_done"))).toMatchObject([{ degraded: true }]);
    expect((await trial.store.results.of(trial.run))[0]?.output).toEqual({ owed: 12 });
  });

  test("when no agent is left the task asks for its result, and the answer is held against the contract", async () => {
    const trial = await trials.start([actor("A70", { work: failing("permanent", 9) })], {
      tasks: [{ task_id: "T1", output: contract }],
    });
    const [request] = await trial.orchestrator.approvals({ run: trial.run });
    const answer = (value: object) =>
      trial.orchestrator.decide(request?.approval_id ?? "", {
        decision: { type: "answer", answer: { ...value } },
        by: "ann",
      });

    expect(request?.summary).toBe('No agent is left for "Do T1". What is its result?');
    expect(request?.shown.reasons).toContain("Try 1 broke.");
    await expect(answer({ owed: "much" })).rejects.toMatchObject({ code: "decision_invalid" });
    await answer({ owed: 12 });

    const status = await trial.orchestrator.status(trial.run);
    expect([status.status, endsOf(status)]).toEqual(["completed", { T1: "done" }]);
    expect(status.tasks["T1"]?.degraded).toBe(true);
    expect((await trial.store.results.of(trial.run))[0]?.output).toEqual({ owed: 12 });
  });

  test("a no to that question fails the task with the comment", async () => {
    const trial = await trials.start([actor("A70", { work: failing("permanent", 9) })], { tasks: [{ task_id: "T1" }] });
    const [request] = await trial.orchestrator.approvals({ run: trial.run });

    await trial.orchestrator.decide(request?.approval_id ?? "", {
      decision: { type: "reject", comment: "Nobody knows." },
    });

    const status = await trial.orchestrator.status(trial.run);
    expect([status.status, endsOf(status)]).toEqual(["failed", { T1: "failed:1:rejected" }]);
    expect(status.tasks["T1"]?.error).toBe("Nobody knows.");
  });
});

describe("I1: one task's failure concerns those who need it", () => {
  const agent = actor("A70", { work, fail: failing("permanent", 9) });

  test("stop: dependents are blocked, unrelated tasks go on, the run fails", async () => {
    const failedFirst = createGate();
    const fail: Act = async () => {
      setImmediate(failedFirst.open);
      throw giveUp("permanent", "It broke.");
    };
    const unrelated: Act = async () => {
      await failedFirst.opened;
      return { made: true };
    };
    const trial = await trials.start([actor("A70", { work, fail, unrelated })], {
      tasks: [
        { task_id: "T1", skill: "fail", on_failure: "stop" },
        { task_id: "T2", depends_on: ["T1"] },
        { task_id: "T3", skill: "unrelated" },
        { task_id: "T4", depends_on: ["T3"] },
        { task_id: "T5", depends_on: ["T2", "T4"] },
      ],
    });

    expect(trial.status.status).toBe("failed");
    expect(endsOf(trial.status)).toEqual({
      T1: "failed:1:permanent",
      T2: "blocked:1:dependency_failed",
      T3: "done",
      T4: "done",
      T5: "blocked:1:dependency_failed",
    });
  });

  test("continue: dependents see the input as absent, and the run completes", async () => {
    const seen: unknown[] = [];
    const look: Act = async (_context, inputs) => {
      seen.push(inputs);
      return {};
    };
    const trial = await trials.start([actor("A70", { work, look, fail: failing("permanent", 9) })], {
      tasks: [
        { task_id: "T1", skill: "fail", on_failure: "continue" },
        { task_id: "T2" },
        { task_id: "T3", skill: "look", depends_on: ["T1", "T2"], inputs: { first: "T1?", second: "T2" } },
      ],
    });

    expect([trial.status.status, endsOf(trial.status)]).toEqual([
      "completed",
      { T1: "failed:1:permanent", T2: "done", T3: "done" },
    ]);
    expect(seen).toEqual([{ second: { made: true } }]);
  });

  test("ask: the question is open, and the dependents wait with it", async () => {
    const trial = await trials.start([agent], {
      tasks: [{ task_id: "T1", skill: "fail" }, { task_id: "T2", depends_on: ["T1"] }, { task_id: "T3" }],
    });

    expect([trial.status.status, endsOf(trial.status)]).toEqual([
      "waiting",
      { T1: "waiting_for_person:1:permanent", T2: "todo", T3: "done" },
    ]);
  });

  test.each([
    [
      "another task runs only then, and its result stands for it",
      "fail",
      { T1: "failed:1:permanent", T2: "done", T3: "done" },
      "T2",
    ],
    ["another task is skipped when it was not needed", "work", { T1: "done", T2: "skipped", T3: "done" }, "T1"],
  ])("%s", async (_, skill, ends, stands) => {
    const seen: unknown[] = [];
    const look: Act = async (_context, inputs) => {
      seen.push(inputs);
      return {};
    };
    const name: Act = async ({ taskId }) => ({ by: taskId });
    const trial = await trials.start(
      [actor("A70", { work: name, stand_in: name, look, fail: failing("permanent", 9) })],
      {
        tasks: [
          { task_id: "T1", skill, on_failure: { task: "T2" } },
          { task_id: "T2", skill: "stand_in" },
          { task_id: "T3", skill: "look", depends_on: ["T1"], inputs: { by: "T1.by" } },
        ],
      },
    );

    expect([trial.status.status, endsOf(trial.status)]).toEqual(["completed", ends]);
    expect(seen).toEqual([{ by: stands }]);
  });
});
