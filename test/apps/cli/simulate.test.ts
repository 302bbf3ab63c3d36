import { describe, expect, test } from "vitest";
import type { SimulateOptions } from "../../../core/simulation.js";
import type { SimulationView } from "../../../core/simulation-view.js";
import type { OrchestratorApi } from "../../../core/views.js";
import { callCli } from "./fake-host.js";

const task = { agent_id: "A1", estimate_minutes: 10, planned_start_ms: 0, planned_finish_ms: 600 };
const VIEW: SimulationView = {
  mission_id: "M1",
  mission: "Bake bread",
  status: "completed",
  failure: null,
  time_scale: 0.001,
  agents: 2,
  makespan_ms: 630,
  makespan_minutes: 10.5,
  planned_makespan_ms: 600,
  planned_makespan_minutes: 10,
  planned_path: ["T2", "T1"],
  critical_path_ms: 540,
  critical_path_minutes: 9,
  critical_path: ["T1"],
  ratio: 1.167,
  tasks: [
    { ...task, task_id: "T1", title: "Knead", start_ms: 20, finish_ms: 625, is_critical: true },
    { ...task, task_id: "T2", title: "Heat", agent_id: null, start_ms: null, finish_ms: null, is_critical: false },
  ],
  utilisation: [{ agent_id: "A1", agent_name: "Baker", tasks: 1, busy_ms: 605, share: 0.96 }],
  utilisation_of_all: 0.48,
  assumptions: ["Approvals are granted as soon as the task's own time is over."],
  problems: 1,
};

function simulating(
  view: SimulationView,
  onCall: (mission: string, options: SimulateOptions) => unknown = () => undefined,
) {
  const simulate: OrchestratorApi["insight"]["simulate"] = async (mission, options) => {
    await onCall(mission, options);
    return view;
  };
  return { insight: { simulate } as OrchestratorApi["insight"] }; // safe: nothing else of it is called
}

describe("`mission simulate`", () => {
  test("shows plan and run side by side, the ratio, who was at work, and what was taken for granted", async () => {
    let asked: unknown;
    const api = simulating(VIEW, (mission, { timeScale, agents }) => {
      asked = { mission, timeScale, agents };
    });

    const { code, out } = await callCli(["simulate", "bread", "--time-scale", "0.001", "--agents", "2"], api);

    expect([code, asked]).toEqual([0, { mission: "bread", timeScale: 0.001, agents: 2 }]);
    expect(out).toMatch(/Knead +T1 +10 min +0 +10 min +20 s +10\.42 min +●/u);
    expect(out).toContain("Planned          10 min, here 600 ms\nPlanned path     T2 → T1 (● in the table)\n");
    expect(out).toContain("Critical path    9 min, here 540 ms: T1 (without a limit)\n");
    expect(out).toContain("Makespan ÷ critical path  1.167\nMakespan ÷ planned        1.050\n");
    expect(out).toMatch(/Baker +1 +605 ms +96 %\nall places +48 %/u);
    expect(out).toContain("Approvals are granted");
    expect(out).toContain('For real it cannot run yet, for 1 error: see "mission verify bread".');
  });

  test("without a limit plan and critical path are one, and one ratio is enough", async () => {
    const { out } = await callCli(["simulate", "bread", "--time-scale", "1"], simulating({ ...VIEW, agents: null }));

    expect(out).toContain("Critical path    9 min, here 540 ms: T1\n");
    expect(out).not.toMatch(/Planned path|÷ planned/u);
  });

  test("as JSON it is one document, and the progress is not in it", async () => {
    const api = simulating(VIEW, (_, { onProgress }) =>
      onProgress?.({ done: 1, total: 2, at_work: ["Heat"], elapsed_ms: 300, expected_ms: 600 }),
    );

    const { json, err } = await callCli(["simulate", "bread", "--time-scale", "1", "--json"], api, {
      isTerminal: true,
    });

    expect([json, err]).toEqual([VIEW, ""]);
  });

  test("in a terminal one line changes in place and is gone at the end", async () => {
    let now = 0;
    const api = simulating(VIEW, (_, { onProgress }) => {
      for (const done of [0, 1]) {
        now += 1_000;
        onProgress?.({ done, total: 2, at_work: ["Heat"], elapsed_ms: 300 * done, expected_ms: 600 });
      }
    });

    const { out } = await callCli(["simulate", "bread", "--time-scale", "1"], api, {
      isTerminal: true,
      now: () => new Date(now),
    });

    const clear = "\r\u001b[2K";
    expect(out.split("Bake bread")[0]).toBe(
      `${clear}0 of 2 tasks done, 0 ms of about 600 ms, at work: Heat${clear}1 of 2 tasks done, 300 ms of about 600 ms, at work: Heat${clear}`,
    );
  });

  test("Ctrl-C stops it with 3, a failed one ends with 1", async () => {
    let interrupt = () => undefined as undefined;
    let isStopped = false;
    const stopped: SimulationView = { ...VIEW, status: "stopped", ratio: null };
    const api = simulating(stopped, (_, { signal }) => {
      interrupt();
      isStopped = signal?.aborted === true;
    });
    const onInterrupt = (callback: () => void) => {
      const before = interrupt;
      interrupt = () => void [before(), callback()];
      return () => undefined;
    };

    const ended = await callCli(["simulate", "bread", "--time-scale", "1"], api, { onInterrupt });
    expect([ended.code, isStopped]).toEqual([3, true]);
    expect(ended.out).toContain("stopped before its end");
    expect(ended.out).toContain("Makespan ÷ critical path  none: it did not end");

    const failed = simulating({ ...VIEW, status: "failed", failure: "It broke." });
    expect((await callCli(["simulate", "bread", "--time-scale", "1"], failed)).code).toBe(1);
  });

  test.each([
    [["--time-scale", "fast"], '--time-scale takes a number, not "fast".'],
    [["--time-scale", "1", "--agents", ""], '--agents takes a number, not "".'],
    [[], "required option '--time-scale <x>' not specified"],
  ])("%j is a wrong call", async (flags, words) => {
    const { code, err } = await callCli(["simulate", "bread", ...flags], simulating(VIEW));

    expect(code).toBe(2);
    expect(err).toContain(words);
  });

  test("its help says what it does in the place of results", async () => {
    const { out } = await callCli(["simulate", "--help"]);

    expect(out).toContain("a route takes the way that is longest");
  });
});
