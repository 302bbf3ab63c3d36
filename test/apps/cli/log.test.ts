import { describe, expect, test } from "vitest";
import type { EffectDetailView } from "../../../core/effect-views.js";
import type { LogEntryView, RunLogView } from "../../../core/story.js";
import type { OrchestratorApi } from "../../../core/views.js";
import { callCli } from "./fake-host.js";
import { finalReport } from "./samples.js";

function entry(parts: Partial<LogEntryView>): LogEntryView {
  return {
    at: "2026-03-02T09:00:05.000Z",
    seq: 1,
    task_id: "T1",
    who: "Data Collection Agent",
    what: "began it",
    input: null,
    result: null,
    cost_usd: null,
    duration_ms: null,
    line: "Data Collection Agent began it.",
    event: { key: "k", type: "task_started", data: {}, previous_hash: "", hash: "h" },
    ...parts,
  };
}

function logOf(entries: readonly LogEntryView[]): RunLogView {
  const run = { run_id: "run1", title: "Hollis & Reed", mission_id: "M001", mission: "Onboard", mission_version: "v" };
  return { ...run, status: "completed", task_id: null, head_seq: 1, head_hash: "h", entries };
}

/** An insight of which only the given method works. */
function insightOf(method: object): Partial<OrchestratorApi> {
  return { insight: method as OrchestratorApi["insight"] }; // safe: nothing else of it is called
}

describe("`log`", () => {
  test("reads as a story: a line for each event, its time first, a head for each day", async () => {
    const log = logOf([entry({}), entry({ at: "2026-03-05T09:00:06.000Z", line: "lead approved it." })]);
    const { code, out } = await callCli(["log", "run1"], insightOf({ log: async () => log }));

    expect(code).toBe(0);
    expect(out).toMatch(/^Hollis & Reed {2}completed\n/u);
    expect(out).toMatch(/\n\n2026-03-02\n\d\d:\d\d:05 {2}Data Collection Agent began it\.\n/u);
    expect(out).toMatch(/\n\n2026-03-05\n\d\d:\d\d:06 {2}lead approved it\.\n$/u);
  });

  test("wraps in a terminal under the sentence, not under the time", async () => {
    const log = logOf([entry({ line: `Data Collection Agent said ${"word ".repeat(30)}` })]);
    const { out } = await callCli(["log", "run1"], insightOf({ log: async () => log }), {
      isTerminal: true,
      columns: 60,
    });

    const lines = out.trimEnd().split("\n").slice(4);
    expect(lines.every((line) => line.length <= 60)).toBe(true);
    expect(lines.slice(1).every((line) => line.startsWith(`${" ".repeat(10)}word`))).toBe(true);
  });

  test("gives the export under --json, of one task when asked", async () => {
    const asked: unknown[] = [];
    const log = logOf([entry({})]);
    const insight = insightOf({
      log: async (...args: unknown[]) => {
        asked.push(args);
        return log;
      },
    });
    const { json } = await callCli(["log", "run1", "--task", "T1", "--json"], insight);

    expect(json).toEqual(log);
    expect(asked).toEqual([["run1", { task: "T1" }]]);
  });

  test("lets nothing in the data steer the terminal", async () => {
    const log = logOf([entry({ line: "Agent said \u001b[2Jhello\u0007\nand more." })]);
    const { out } = await callCli(["log", "run1"], insightOf({ log: async () => log }), { isTerminal: true });

    expect(out).not.toContain("\u001b");
    expect(out).not.toContain("\u0007");
    expect(out).toContain("and more.");
  });
});

describe("`effects`", () => {
  const [base] = finalReport().effects;
  const effect: EffectDetailView = {
    ...(base ?? ({} as never)), // safe: the sample has one
    idempotency_key: "0123456789abcdef",
    task_title: "Schedule onboarding call",
    agent_name: "Scheduling Agent",
    approved_by: "lead",
    is_undo_asked: false,
    claimed_at: "2026-03-02T09:45:00.000Z",
    settled_at: "2026-03-02T09:45:00.000Z",
    result: null,
    cost_usd: 0,
    duration_ms: 5,
  };

  test("says what, for which task, by whom, allowed by whom, with what, and what came of it", async () => {
    const doubt: EffectDetailView = {
      ...effect,
      status: "claimed",
      approved_by: null,
      cost_usd: null,
      settled_at: null,
    };
    const asked: EffectDetailView = { ...effect, is_undo_asked: true };
    const { code, out } = await callCli(
      ["effects", "run1"],
      insightOf({ effects: async () => [effect, doubt, asked] }),
    );

    expect(code).toBe(0);
    expect(out).toMatch(
      /book calendar entry +Schedule onboarding call \(T3\) +done +2026-03-02 .*Scheduling Agent +lead +\$0\.00 +title: "Call \| Hollis" +0123456789ab/u,
    );
    expect(out).toMatch(/begun, outcome not known .*by policy +not known/u);
    expect(out).toMatch(/\(T3\) +done; undo asked +2026-03-02/u);
  });

  test("says so when there are none, and gives an empty list under --json", async () => {
    expect((await callCli(["effects", "run1"], insightOf({ effects: async () => [] }))).out).toContain(
      "changed nothing",
    );
    expect((await callCli(["effects", "run1", "--json"], insightOf({ effects: async () => [] }))).json).toEqual([]);
  });
});
