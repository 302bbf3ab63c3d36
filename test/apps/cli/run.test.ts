import { describe, expect, test } from "vitest";
import { OrchestratorError } from "../../../core/errors.js";
import type { OrchestratorApi, StartOptions } from "../../../core/views.js";
import { callCli, event, eventsOf, FakePerson, waitingRuns } from "./fake-host.js";
import { approvalView, NOW, outcome, question, statusView, taskView } from "./samples.js";

function starting(
  status: "completed" | "failed" | "cancelled" | "waiting" | "running",
): Partial<OrchestratorApi> & { readonly started: [string, StartOptions | undefined][] } {
  const started: [string, StartOptions | undefined][] = [];
  return {
    started,
    async start(mission, { onRun, ...options } = {}) {
      started.push([mission, options]);
      onRun?.("run1");
      return outcome({ status });
    },
  };
}

describe("`mission run`", () => {
  test.each([
    ["completed", 0],
    ["failed", 1],
    ["cancelled", 1],
    ["waiting", 3],
    ["running", 3],
  ] as const)("a run that is %s at the end gives exit code %i", async (status, code) => {
    const called = await callCli(["run", "customer-onboarding", "--json"], starting(status));

    expect(called.code).toBe(code);
    expect(called.json).toMatchObject({ run_id: "run1", status });
  });

  test.each([
    [true, "mission watch run1"],
    [false, "mission resume run1"],
  ])("the next step of a run that goes on elsewhere (%s) is %s", async (is_elsewhere, hint) => {
    const { out } = await callCli(["run", "m"], { start: async () => outcome({ status: "running", is_elsewhere }) });

    expect(out).toContain(hint);
  });

  test("options become what the orchestrator is told", async () => {
    const api = starting("completed");

    await callCli(
      ["run", "m", "--case", "C-7", "--again", "--reason", "wrong address", "--stepwise", "--store", "sqlite:a.db"],
      api,
    );
    const { stores } = await callCli(["run", "m", "--store", "sqlite:a.db"], api);

    expect(api.started).toEqual([
      ["m", { caseRef: "C-7", again: true, reason: "wrong address", dispatch: "stepwise" }],
      ["m", {}],
    ]);
    expect(stores).toEqual(["sqlite:a.db"]);
  });

  test("all cases are started and the worst outcome decides the exit code", async () => {
    const statuses: Record<string, "completed" | "failed" | "waiting"> = {
      "C-1": "completed",
      "C-2": "waiting",
      "C-3": "failed",
    };
    const api: Partial<OrchestratorApi> = {
      cases: async () => Object.keys(statuses).map((id) => ({ case_id: id, title: id, about: null })),
      start: async (_mission, options) => {
        const id = String(options?.caseRef);
        return outcome({ run_id: id, title: id, status: statuses[id] ?? "failed" });
      },
    };

    const { code, json } = await callCli(["run", "m", "--all-cases", "--json"], api);

    expect(code).toBe(1);
    expect(json).toMatchObject([{ run_id: "C-1" }, { run_id: "C-2" }, { run_id: "C-3" }]);
  });

  test("options that contradict each other are misuse", async () => {
    const both = await callCli(["run", "m", "--case", "C-1", "--all-cases"]);
    const reason = await callCli(["run", "m", "--reason", "because"]);

    expect([both.code, reason.code]).toEqual([2, 2]);
  });

  test("with --approve-as whatever asks is approved in that name, one after the other", async () => {
    const api = waitingRuns([approvalView({ approval_id: "a1" }), approvalView({ approval_id: "a2" })]);

    const { code, json } = await callCli(["run", "m", "--approve-as", "kim", "--json"], api);

    expect(code).toBe(0);
    expect(api.decided).toEqual([
      { id: "a1", decision: { type: "approve" }, by: "kim" },
      { id: "a2", decision: { type: "approve" }, by: "kim" },
    ]);
    expect(json).toMatchObject({ status: "completed" });
  });

  test("a name can approve but not know an answer: a question stays open, and so does the run", async () => {
    const api = waitingRuns([question({ type: "string" })]);

    const { code, json } = await callCli(["run", "m", "--approve-as", "kim", "--json"], api);

    expect(code).toBe(3);
    expect(api.decided).toEqual([]);
    expect(json).toMatchObject({ status: "waiting", approvals: [{ kind: "question" }] });
  });

  test("in a terminal the person is asked, may skip, and what is skipped stays open", async () => {
    const api = waitingRuns([approvalView({ approval_id: "a1" }), approvalView({ approval_id: "a2" })]);
    const person = new FakePerson(["later", { type: "reject", comment: "wrong name" }]);

    const { code } = await callCli(["run", "m"], api, { isTerminal: true, person: async () => person });

    expect(code).toBe(3);
    expect(person.shown.map(({ position }) => position)).toEqual(["Question 1 of 2", "Question 2 of 2"]);
    expect(api.decided).toEqual([{ id: "a2", decision: { type: "reject", comment: "wrong name" }, by: undefined }]);
  });

  test("nobody is asked under --json", async () => {
    const api = waitingRuns([approvalView()]);

    const { code } = await callCli(["run", "m", "--json"], api, {
      isTerminal: true,
      person: async () => new FakePerson([{ type: "approve" }]),
    });

    expect(code).toBe(3);
    expect(api.decided).toEqual([]);
  });

  test("who is told that somebody was faster sees what they decided, and the run goes on", async () => {
    const api = waitingRuns([approvalView()]);
    let isFirst = true;
    const decide: OrchestratorApi["decide"] = async (id, options) => {
      await api.decide(id, { ...options, by: "ada" });
      if (!isFirst) throw new Error("asked twice");
      isFirst = false;
      throw new OrchestratorError("already_decided", "ada approved it at 10:00.");
    };

    const { code, out } = await callCli(
      ["run", "m"],
      { ...api, decide },
      { isTerminal: true, person: async () => new FakePerson([{ type: "approve" }]) },
    );

    expect(code).toBe(0);
    expect(out).toContain("ada approved it at 10:00.");
  });

  test("each change is one line while it works; under --json these lines leave the document alone", async () => {
    const events = () =>
      eventsOf([
        event({ type: "task_started", task_id: "T2", data: { agent: "A1" } }),
        event({ type: "tool_called", task_id: "T2", data: { tool: "read_document" } }),
        event({ type: "task_done", task_id: "T2", data: { summary: "5 documents match" } }),
        event({ type: "approval_decided", task_id: "T2", data: { status: "approved", by: "ada" } }),
      ]);
    const api = { ...starting("completed"), events };

    const text = await callCli(["run", "m"], api);
    const machine = await callCli(["run", "m", "--json"], api);

    const lines = [
      "▸ Verify documents  Data Collection Agent",
      "✓ Verify documents  5 documents match",
      "✓ Verify documents approved by ada",
    ];
    expect(text.out.split("\n").slice(0, 3)).toEqual(lines);
    expect(machine.err.trimEnd().split("\n")).toEqual(lines);
    expect(machine.json).toMatchObject({ run_id: "run1" });
  });

  test("what happened before the command was typed is not told again", async () => {
    const events = () =>
      eventsOf([
        event({ task_id: "T1", at: "2026-03-01T10:00:00.000Z", data: { summary: "yesterday" } }),
        event({ task_id: "T2", data: { summary: "today" } }),
      ]);

    const { out } = await callCli(["run", "m"], { ...starting("completed"), events });

    expect(out).toContain("today");
    expect(out).not.toContain("yesterday");
  });

  test("other runs on the same store, even of the same mission, stay off the screen", async () => {
    const asked: (string | undefined)[] = [];
    const events: OrchestratorApi["events"] = (run) => {
      asked.push(run);
      return eventsOf([
        event({ run_id: "other", task_id: "T2", data: { summary: "not ours" } }),
        event({ run_id: "run1", task_id: "T2", data: { summary: "ours" } }),
      ]);
    };
    const cases = async () => ["C-1", "C-2"].map((id) => ({ case_id: id, title: id, about: null }));

    const one = await callCli(["run", "m"], { ...starting("completed"), events });
    const all = await callCli(["run", "m", "--all-cases"], { ...starting("completed"), events, cases });

    expect(asked).toEqual(["run1", undefined]);
    for (const { out } of [one, all]) {
      expect(out).toContain("ours");
      expect(out).not.toContain("not ours");
    }
  });

  test("how far a task is comes at most once a second, with the tasks done of all", async () => {
    const at = (ms: number) => new Date(NOW.getTime() + ms).toISOString();
    const far = (ms: number, ratio: number, note: string) =>
      event({ type: "task_progress", task_id: "T2", at: at(ms), data: { ratio, note } });
    const events = () =>
      eventsOf([
        event({ type: "task_done", task_id: "T1", at: at(0) }),
        far(10, 0.1, "1 of 10"),
        far(900, 0.2, "2 of 10"),
        far(1_010, 0.3, "3 of 10"),
        event({ type: "task_done", task_id: "T2", at: at(1_020) }),
        event({ type: "run_completed", at: at(1_030) }),
      ]);
    const later = { ...taskView(), finished_at: at(1_020) };
    const status = async () =>
      statusView({ tasks: { T1: { ...later, title: "Collect" }, T2: { ...later, title: "Check" } } });

    const { out } = await callCli(["run", "m"], { ...starting("completed"), events, status });

    expect(out.split("\n").slice(0, 5)).toEqual([
      "✓ Collect",
      "· Check 10 %, 1 of 2 tasks done  1 of 10",
      "· Check 30 %, 1 of 2 tasks done  3 of 10",
      "✓ Check",
      "✓ completed, 2 of 2 tasks done",
    ]);
  });

  test("a limit says which, a cancelled or failed run says why, in the words that the log has", async () => {
    const events = () =>
      eventsOf([
        event({ type: "limit_breached", data: { limit: "max_steps", op: "<=", value: 5, actual: 7 } }),
        event({ type: "run_cancelled", data: { title: "x", reason: "Cancelled by ada." } }),
        event({ type: "run_failed", data: { title: "x", reason: '"Check" failed (bug)' } }),
      ]);

    const { out } = await callCli(["run", "m"], { ...starting("failed"), events });

    expect(out.split("\n").slice(0, 3)).toEqual([
      "✗ limit exceeded: max_steps is 7, not <= 5",
      "✗ cancelled  Cancelled by ada.",
      '✗ failed  "Check" failed (bug)',
    ]);
  });

  test("an agent goes by its name also where the mission is a file that no list has", async () => {
    const events = () => eventsOf([event({ type: "task_started", task_id: "T2", data: { agent: "A2" } })]);
    const mission: OrchestratorApi["mission"] = async () => {
      throw new OrchestratorError("mission_not_found", "There is no mission M901.");
    };

    const { out } = await callCli(["run", "m.json"], { ...starting("completed"), events, mission });

    expect(out).toContain("▸ Verify documents  Document Verification Agent\n");
  });

  test("Ctrl-C before a run could begin ends with 3 and says so", async () => {
    let interrupt = () => {};
    const onInterrupt = (callback: () => void) => {
      interrupt = callback;
      return () => undefined;
    };
    const start = async () => {
      interrupt();
      throw new Error("This process is shutting down.");
    };

    const text = await callCli(["run", "m"], { start }, { onInterrupt });
    const machine = await callCli(["run", "m", "--json"], { start }, { onInterrupt });

    expect([text.code, machine.code]).toEqual([3, 3]);
    expect(text.err).toContain("Stopped before it ended");
    expect(text.err).not.toContain("should not have happened");
    expect(machine.json).toMatchObject({ error: { code: "stopped" } });
  });

  test("Ctrl-C drains the orchestrator, says so, and ends with exit code 3", async () => {
    let interrupt = () => {};
    let drained = 0;
    const api: Partial<OrchestratorApi> = {
      drain: async () => void drained++,
      start: async () => {
        interrupt();
        interrupt();
        return outcome({ status: "running" });
      },
    };
    const onInterrupt = (callback: () => void) => {
      interrupt = callback;
      return () => undefined;
    };

    const { code, err } = await callCli(["run", "m"], api, { onInterrupt });

    expect(code).toBe(3);
    expect(drained).toBe(1);
    expect(err).toContain("Stopping");
  });
});

describe("`mission resume` and `mission cancel`", () => {
  test("resume goes on with one run, found by the beginning of its id", async () => {
    const asked: (string | undefined)[] = [];
    const api: Partial<OrchestratorApi> = {
      status: async () => statusView({ run_id: "run1-in-full" }),
      resume: async (run) => {
        asked.push(run);
        return [outcome({ run_id: "run1-in-full" })];
      },
    };

    const { code, json } = await callCli(["resume", "run1", "--json"], api);

    expect(code).toBe(0);
    expect(asked).toEqual(["run1-in-full"]);
    expect(json).toMatchObject([{ status: "completed" }]);
  });

  test("resume with nothing to do says so and succeeds", async () => {
    const { code, out } = await callCli(["resume"], { resume: async () => [] });

    expect(code).toBe(0);
    expect(out).toContain("Nothing to resume");
  });

  test("cancel ends a run, or says that its owner will", async () => {
    const ended = await callCli(["cancel", "run1", "--by", "ada"], {
      cancel: async () => outcome({ status: "cancelled" }),
    });
    const later = await callCli(["cancel", "run1"], {
      cancel: async () => outcome({ status: "running", is_elsewhere: true }),
    });
    const held = await callCli(["cancel", "run1"], {
      cancel: async () => outcome({ status: "waiting", note: "It is cancelled once the switch is off." }),
    });

    expect(ended.code).toBe(0);
    expect(ended.out).toContain("cancelled");
    expect(later.code).toBe(3);
    expect(later.out).toContain("next safe point");
    expect(held.code).toBe(3);
    expect(held.out).toContain("once the switch is off");
    expect(held.out).not.toContain("next safe point");
    expect(held.out).toContain("mission status run1");
  });
});
