import { describe, expect, test } from "vitest";
import { OrchestratorError } from "../../../core/errors.js";
import type { Problem } from "../../../core/problem.js";
import { callCli } from "./fake-host.js";
import { approvalView, finalReport, question, runSummary, statusView, taskView } from "./samples.js";

describe("what a person looks at", () => {
  test("plain `mission` shows what waits for a person and what runs, titles first", async () => {
    const { code, out } = await callCli([], {
      runs: async () => [runSummary()],
      approvals: async () => [approvalView()],
    });

    expect(code).toBe(0);
    expect(out).toMatch(
      /Waits for you\nTitle .*\nHollis & Reed +T2 +task result +approver +due in 4 h +ap111111 +May the documents/u,
    );
    expect(out).toMatch(
      /Runs\nTitle .*\nHollis & Reed +Reduce Customer Onboarding Time +waiting, 1 question +1\/3 +1 h ago +run1/u,
    );
  });

  test("plain `mission` with nothing to do says what to type", async () => {
    const { out } = await callCli(["--store", "sqlite:x.db"], { runs: async () => [], approvals: async () => [] });

    expect(out).toContain("Nothing runs, and nothing waits for you");
    expect(out).toContain("mission list --store sqlite:x.db");
  });

  test("`status --json` prints exactly the document of the orchestrator", async () => {
    const view = statusView({ status: "waiting", approvals: [approvalView()] });

    const { code, json, err } = await callCli(["status", "run1", "--json"], { status: async () => view });

    expect(code).toBe(0);
    expect(json).toEqual(view);
    expect(err).toBe("");
  });

  test("`status` shows tasks, open questions with the command that answers, KPIs and limits", async () => {
    const tasks = {
      T1: taskView({ title: "Collect customer information", degraded: true }),
      T2: taskView({ status: "failed", error: "The scan cannot be read.", error_code: "permanent", summary: null }),
      T3: taskView({ status: "running", progress: 0.4, finished_at: null }),
    };
    const view = statusView({
      status: "waiting",
      failure: "T2 failed.",
      tasks,
      approvals: [approvalView(), approvalView({ status: "approved", summary: "An old one" })],
    });

    const { out } = await callCli(["status", "run1"], { status: async () => view });

    expect(out).toMatch(
      /Collect customer information +T1 +done \(lesser way\) +Document Verification Agent +1 +1\.5 s +5 documents match/u,
    );
    expect(out).toMatch(/T2 +failed .*The scan cannot be read\. \[permanent\]/u);
    expect(out).toMatch(/T3 +running .*40 % done/u);
    expect(out).toContain("T2 failed.");
    expect(out).toContain("mission decide ap111111 --approve | --edit <file> | --reject");
    expect(out).not.toContain("An old one");
    expect(out).toMatch(/Onboarding time +5 days +2 days +1\.17 days \(simulated\) +128 %/u);
    expect(out).toMatch(/Csat .*pending/u);
    expect(out).toContain("max steps <= 5, is 3: kept");
  });

  test("`verify` prints every problem by file and place, and fails when one is an error", async () => {
    const problems: Problem[] = [
      {
        severity: "error",
        code: "cycle",
        file: "missions/x.json",
        pointer: "/tasks/1/depends_on",
        message: "T1 needs T2, T2 needs T1.",
      },
      {
        severity: "warning",
        code: "measure_missing",
        file: "missions/x.json",
        pointer: "/kpis/0",
        message: "Nothing measures it.",
        column: 4,
      },
    ];

    const text = await callCli(["verify", "x"], { verify: async () => problems });
    const machine = await callCli(["verify", "x", "--json"], { verify: async () => problems });
    const sound = await callCli(["verify", "x"], { verify: async () => problems.slice(1) });

    expect(text.code).toBe(1);
    expect(text.out).toContain("missions/x.json#/tasks/1/depends_on");
    expect(text.out).toContain("missions/x.json#/kpis/0, column 4");
    expect(text.out).toContain("1 error, 1 warning");
    expect(machine).toMatchObject({ code: 1, json: { ok: false, problems } });
    expect(sound.code).toBe(0);
  });

  test("`status` tells spans of time in the words of the report", async () => {
    const hours = (count: number) => count * 3_600_000;
    const lead_time = {
      ...{ total_ms: hours(29), work_ms: 2_000, waiting_for_people_ms: hours(1.5), waiting_for_others_ms: 0 },
      basis: "measured" as const,
    };
    const { out } = await callCli(["status", "run1"], { status: async () => statusView({ lead_time }) });

    expect(out).toContain("lead time 1 d 5 h: 2 s work, 1 h 30 min waiting for people, 0 ms waiting for others");
  });

  test("`show` prints goal, KPIs, tasks, every field that is not the default, and cases", async () => {
    const cases = async () => [{ case_id: "C-1", title: "Hollis & Reed", about: "A clean one" }];

    const { out } = await callCli(["show", "customer-onboarding"], { cases });

    for (const part of [
      "Onboarding time (onboarding_time_days): from 5 days to 2 days, lower is better, baseline of the dataset",
      "when: case.country != 'XX'",
      "writes: customer",
      "retry: 5 attempts, the first after 2 s",
      "deadline_minutes: 10",
      "on_failure: T9 stands in",
      "approval: unless output.ok",
      "approvals go to approver, due within 4.0 h".replace("4.0", "4"),
      "Data Collection Agent (A1): read_record",
      "mission run customer-onboarding --case C-1",
    ]) {
      expect(out).toContain(part);
    }
    expect(out).toMatch(/Hollis & Reed +C-1 +A clean one/u);
    expect(out).not.toContain("join:");
  });

  test("`runs --status` refuses a status that does not exist and names those that do", async () => {
    const asked: unknown[] = [];
    const runs = async (filter: unknown) => {
      asked.push(filter);
      return [];
    };

    const good = await callCli(["runs", "--status", "waiting", "failed"], { runs });
    const bad = await callCli(["runs", "--status", "sleeping"], { runs });

    expect(good.code).toBe(0);
    expect(asked).toEqual([{ status: ["waiting", "failed"] }]);
    expect(bad.code).toBe(2);
    expect(bad.err).toContain("queued, running, waiting, completed, failed, cancelled");
  });

  test("`approvals --all` says who decided what", async () => {
    const all = [approvalView({ status: "rejected", decided_by: "ada" }), question(undefined)];

    const { out } = await callCli(["approvals", "--all"], { approvals: async () => all });

    expect(out).toContain("rejected by ada");
    expect(out).toContain("When does the passport expire?");
  });

  test("`report` prints Markdown, or with --format json the report itself", async () => {
    const report = async () => finalReport();

    const text = await callCli(["report", "run1"], { report });
    const machine = await callCli(["report", "run1", "--format", "json"], { report });

    expect(text.out).toMatch(/^# Hollis & Reed\n/u);
    expect(machine.json).toEqual(finalReport());
  });
});

describe("what a wrong call gets", () => {
  const missing = async () => {
    throw new OrchestratorError("run_not_found", 'No run begins with "zz".', { details: { nearest: [] } });
  };

  test("an unknown id is one clear line without a stack, and exit code 2", async () => {
    const { code, out, err } = await callCli(["status", "zz"], { status: missing });

    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toBe('No run begins with "zz".\n');
  });

  test("under --json an error is the one document on the output", async () => {
    const { code, json, err } = await callCli(["status", "zz", "--json"], { status: missing });

    expect(code).toBe(2);
    expect(json).toEqual({
      error: { code: "run_not_found", message: 'No run begins with "zz".', details: { nearest: [] } },
    });
    expect(err).toBe("");
  });

  test.each([
    ["ambiguous_id", 2],
    ["mission_not_found", 2],
    ["case_invalid", 2],
    ["file_malformed", 2],
    ["stale_digest", 2],
    ["store_foreign", 2],
    ["store_locked", 1],
    ["store_full", 1],
    ["mission_changed", 1],
    ["run_busy", 3],
  ] as const)("the error %s ends with exit code %i", async (code, exitCode) => {
    const called = await callCli(["status", "x"], {
      status: async () => {
        throw new OrchestratorError(code, "It did not work.");
      },
    });

    expect(called.code).toBe(exitCode);
  });

  test("an unexpected error shows its message and no stack", async () => {
    const called = await callCli(["status", "x"], {
      status: async () => {
        throw new TypeError("undefined is not a function");
      },
    });

    expect(called.code).toBe(1);
    expect(called.err).toBe("This should not have happened: undefined is not a function\n");
  });

  test("an unknown command is answered with the nearest one", async () => {
    const text = await callCli(["aprovals"]);
    const machine = await callCli(["aprovals", "--json"]);

    expect(text.code).toBe(2);
    expect(text.err).toContain('there is no command "aprovals". Did you mean "approvals"?');
    expect(machine.json).toMatchObject({ error: { code: "usage", message: expect.stringContaining("approvals") } });
  });

  test("an unknown option and a missing argument are misuse", async () => {
    const option = await callCli(["run", "x", "--al-cases"]);
    const argument = await callCli(["status"]);

    expect(option.code).toBe(2);
    expect(option.err).toContain("--all-cases");
    expect(argument.code).toBe(2);
    expect(argument.err).toContain("missing required argument 'run'");
  });

  test("help and version are no errors", async () => {
    const help = await callCli(["--help"]);
    const version = await callCli(["--version"]);

    expect(help.code).toBe(0);
    for (const name of [
      "list",
      "show",
      "verify",
      "run",
      "runs",
      "status",
      "approvals",
      "decide",
      "resume",
      "cancel",
      "report",
    ]) {
      expect(help.out).toMatch(new RegExp(`^ +${name}\\b`, "mu"));
    }
    expect(version).toMatchObject({ code: 0, out: "9.9.9\n" });
  });
});
