import { describe, expect, test } from "vitest";
import type { Host } from "../../../apps/cli/io.js";
import { createIo } from "../../../apps/cli/io.js";
import { WatchScreen } from "../../../apps/cli/watch-screen.js";
import { widthOf } from "../../../apps/cli/width.js";
import type { MissionEvent } from "../../../core/event.js";
import type { ProgressView, TaskProgressView } from "../../../core/progress.js";
import type { OrchestratorApi } from "../../../core/views.js";
import { callCli, event } from "./fake-host.js";
import { NOW, statusView } from "./samples.js";

function task(parts: Partial<TaskProgressView> = {}): TaskProgressView {
  return {
    task_id: "T1",
    title: "Collect customer information",
    status: "todo",
    agent_name: null,
    attempt: 1,
    started_at: null,
    finished_at: null,
    estimated_minutes: 5,
    done_ratio: 0,
    waits_for: null,
    outcome: null,
    ...parts,
  };
}

function progress(parts: Partial<ProgressView> = {}): ProgressView {
  return {
    run_id: "run1",
    title: "Hollis & Reed",
    mission: "Reduce Customer Onboarding Time",
    status: "running",
    failure: null,
    done_ratio: 0.3,
    done_by: "estimates",
    cost_usd: 0.02,
    started_at: secondsAgo(42),
    finished_at: null,
    is_held: true,
    tasks: [task()],
    ...parts,
  };
}

function secondsAgo(seconds: number): string {
  return new Date(NOW.getTime() - seconds * 1_000).toISOString();
}

const over = (parts: Partial<ProgressView> = {}) =>
  progress({ status: "completed", finished_at: secondsAgo(0), ...parts });
const person = {
  kind: "person",
  role: "approver",
  due_at: secondsAgo(-7_200),
  approval_id: "ap11111122223333",
  question: "Right?",
  allowed: ["approve", "reject"],
} as const;

/** Gives the views in turn, the last one for ever, and rings for each. */
function watching(
  views: readonly ProgressView[],
  events: readonly MissionEvent[] = [event({})],
): Partial<OrchestratorApi> {
  let next = 0;
  const insight = { progress: async () => views[Math.min(next++, views.length - 1)] };
  return {
    insight: insight as unknown as OrchestratorApi["insight"], // safe: nothing else of it is called
    status: async () => statusView({ status: views.at(-1)?.status ?? "completed" }),
    async *events(_, { signal } = {}) {
      for (const _view of views) yield* events;
      if (!signal?.aborted) await new Promise((resolve) => signal?.addEventListener("abort", resolve, { once: true }));
    },
  };
}

const terminal = { isTerminal: true, columns: 130, rows: 24 };

/** What stands on the screen at last: the part behind the last move of the cursor. */
function lastScreen(out: string): string {
  return out.slice(out.lastIndexOf("A\r") + 2);
}

describe("`watch` in a terminal", () => {
  test("has a head with status, share done, cost and time, and a line for each task", async () => {
    const tasks = [
      task({ status: "running", agent_name: "Data Collection Agent", started_at: secondsAgo(42), done_ratio: 0.5 }),
      task({ title: "Verify", status: "waiting_for_person", agent_name: "Verifier", waits_for: person }),
      task({ title: "Schedule", waits_for: { kind: "tasks", titles: ["Verify"] } }),
      task({ title: "Send", waits_for: { kind: "retry", at: secondsAgo(-4), reason: "The line is busy." } }),
      task({ title: "File", waits_for: { kind: "slot" } }),
    ];
    const { out } = await callCli(["watch", "run1"], watching([progress({ tasks }), over({ tasks })]), terminal);
    const [first = ""] = out.split("\u001b[J");

    expect(first).toMatch(/^Hollis & Reed {2}running {2}30 % done {2}\$0\.02 {2}0:42/u);
    expect(first).toMatch(/▸ Collect customer information {2}Data Collection Agent {2}0:42 \/ 5 min {2}50 % done/u);
    expect(first).toMatch(/\? Verify .*waits for approver, due in 2 h: mission decide ap1111112222 --approve/u);
    expect(first).toMatch(/· Schedule .*5 min, waits for Verify/u);
    expect(first).toMatch(/↻ Send .*is tried again in 4 s {2}The line is busy\./u);
    expect(first).toMatch(/· File .*waits for its turn/u);
  });

  test("says in words when a task takes longer than estimated", async () => {
    const tasks = [task({ status: "running", started_at: secondsAgo(370) })];
    const { out } = await callCli(["watch", "run1"], watching([over({ tasks })]), terminal);

    expect(out).toContain("6:10 / 5 min, over its estimate");
  });

  test("changes in place and ends with the outcome and what to type for the report", async () => {
    const { code, out } = await callCli(["watch", "run1"], watching([progress(), progress(), over()]), terminal);

    expect(code).toBe(0);
    expect(out).toContain("\u001b[3A\r");
    expect(lastScreen(out)).toMatch(/^Hollis & Reed {2}completed/u);
    expect(out).toMatch(/mission report run1\n$/u);
  });

  test("fails with a run that failed, and shows why", async () => {
    const failed = over({ status: "failed", failure: "Verify could not be done." });
    const { code, out } = await callCli(["watch", "run1"], watching([failed]), terminal);

    expect(code).toBe(1);
    expect(out).toContain("Verify could not be done.");
  });

  test("never has more lines than the terminal, nor wider ones, and counts what it leaves out", async () => {
    const many = Array.from({ length: 3_000 }, (_, index) =>
      task({ title: `手順 ${index} 🚀 with a long title that goes on and on`, status: index < 100 ? "done" : "todo" }),
    );
    const moving = task({ title: "Moving", status: "running", started_at: secondsAgo(3) });
    const tasks = [...many, moving, task({ title: "Asked", waits_for: person, status: "waiting_for_person" })];
    const { out } = await callCli(["watch", "run1"], watching([progress({ tasks }), over({ tasks })]), {
      ...terminal,
      columns: 60,
      rows: 10,
    });
    const lines = (out.split("\u001b[J")[0] ?? "").replaceAll("\u001b[K", "").trimEnd().split("\n");

    expect(lines).toHaveLength(9);
    expect(Math.max(...lines.map(widthOf))).toBeLessThan(60);
    expect(lines.join("\n")).toMatch(/Moving/u);
    expect(lines.join("\n")).toMatch(/Asked/u);
    expect(lines.at(-1)).toMatch(/^and 2996 more tasks: 96 done, 2900 to do$/u);
  });

  test("draws on a clean screen when the terminal was resized, in place when it was not", () => {
    const out: string[] = [];
    const host = {
      isTerminal: true,
      columns: 100,
      rows: 24,
      now: () => NOW,
      out: (text: string) => void out.push(text),
    };
    const screen = new WatchScreen(createIo(host as unknown as Host, {})); // safe: drawing asks for no more
    for (const columns of [100, 100, 60]) {
      host.columns = columns;
      screen.draw(progress());
    }

    const cleared = "\u001b[2J\u001b[H";
    expect(out.map((frame) => [frame.startsWith(cleared), frame.startsWith("\u001b[3A\r")])).toEqual([
      [false, false],
      [false, true],
      [true, false],
    ]);
  });

  test("lets no title steer the terminal", async () => {
    const { out } = await callCli(["watch", "run1"], watching([over({ title: "a\u001b[31mb", tasks: [] })]), terminal);

    expect(out).not.toContain("\u001b[31m");
  });

  test("says what to do when no process works on the run", async () => {
    const { out } = await callCli(["watch", "run1"], watching([progress({ is_held: false }), over()]), terminal);

    expect(out).toContain("No process works on it. To go on: mission resume run1");
  });

  test("is left with Ctrl-C: exit code 3, the run goes on, and nothing is drained", async () => {
    let interrupt: () => void = () => undefined;
    const host = {
      ...terminal,
      onInterrupt: (callback: () => void) => {
        interrupt = callback;
        return () => undefined;
      },
      out: (text: string) => {
        shown.push(text);
        interrupt();
      },
    };
    const shown: string[] = [];
    const api = watching([progress({ status: "waiting" })]);
    const { code, err } = await callCli(["watch", "run1"], api, host);

    expect(code).toBe(3);
    expect(shown.join("")).toContain("The run goes on without being watched. Again: mission watch run1");
    expect(err).toBe("");
  });
});

describe("`watch` without a terminal", () => {
  test("says once how the run stands, then a line for each change, then the outcome", async () => {
    const news = [event({ type: "task_done", task_id: "T1", data: { summary: "5 documents match" } })];
    const { code, out } = await callCli(["watch", "run1"], watching([progress(), over()], news));

    expect(code).toBe(0);
    expect(out.match(/^Hollis & Reed {2}running/gmu)).toHaveLength(1);
    expect(out).toMatch(/✓ Collect customer information {2}5 documents match/u);
    expect(out).toMatch(/mission report run1\n$/u);
    expect(out).not.toContain("\u001b[");
  });

  test("ends quietly once nobody reads it any more, with exit code 0, though the run goes on", async () => {
    const told: string[] = [];
    const host = { out: (text: string) => void told.push(text), isHeard: () => told.length === 0 };
    const { code, err } = await callCli(["watch", "run1"], watching([progress({ status: "waiting" })]), host);

    expect(told.join("")).toContain("Hollis & Reed");
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });

  test("ends as soon as it is known that the reader has left, without another look at the run", async () => {
    let isHeard = true;
    let looks = 0;
    const host = {
      isHeard: () => isHeard,
      onUnheard: (callback: () => void) => {
        setImmediate(() => {
          isHeard = false;
          callback();
        });
        return () => undefined;
      },
    };
    const api = watching([progress({ status: "waiting" })], []);
    const { insight } = api;
    if (!insight) throw new Error("There is nothing to look at.");
    const counted = { ...insight, progress: (run: string) => insight.progress(run).finally(() => looks++) };
    const { code } = await callCli(["watch", "run1"], { ...api, insight: counted }, host);

    expect({ code, looks }).toEqual({ code: 0, looks: 1 });
  });

  test("prints a run that has ended once", async () => {
    const { code, out } = await callCli(["watch", "run1"], watching([over()], []));

    expect(code).toBe(0);
    expect(out.match(/Hollis & Reed {2}completed/gu)).toHaveLength(2);
  });

  test("under --json the lines go to the error output, and one document is the status at the end", async () => {
    const { code, json, err } = await callCli(["watch", "run1", "--json"], watching([progress(), over()], []));

    expect(code).toBe(0);
    expect(json).toEqual(statusView({ status: "completed" }));
    expect(err).toContain("Hollis & Reed");
  });
});

describe("how wide a text is on a screen", () => {
  test.each([
    ["abc", 3],
    ["手順", 4],
    ["한글", 4],
    ["🚀", 2],
    ["e\u0301", 1],
    ["", 0],
  ])("%j takes %i columns", (text, columns) => {
    expect(widthOf(text)).toBe(columns);
  });
});
