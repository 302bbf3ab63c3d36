import { describe, expect, test } from "vitest";
import { gantt } from "../../core/report-gantt.js";
import { finalReport } from "../apps/cli/samples.js";
import { largeReport } from "../support/reports.js";

const small = largeReport(finalReport(), 4, 1);
const all = new Set(small.tasks.map(({ task_id }) => task_id));

describe("the run drawn against its plan (I9)", () => {
  test("plan and run share a scale where they can be compared", () => {
    const markup = String(gantt(small, all));

    expect(markup).toContain("Plan and run, in minutes");
    expect(markup).not.toContain("a scale of its own");
    expect(markup.match(/class="lane"/gu)).toHaveLength(4);
  });

  test("a run of seconds against a plan of minutes has a scale of its own, and says so", () => {
    const begun = Date.parse(small.started_at);
    const at = (ms: number) => new Date(begun + ms).toISOString();
    const tasks = small.tasks.map((task, index) => ({
      ...task,
      started_at: at(index * 500),
      finished_at: at(index * 500 + 900),
    }));

    const quick = { ...small, tasks, finished_at: at(2_400) };
    const markup = String(gantt(quick, all));
    const measured = String(gantt({ ...quick, lead_time: { ...small.lead_time!, basis: "measured" } }, all));

    expect(markup).toContain("Plan, in minutes");
    expect(markup).toContain("Run, in seconds");
    expect(markup).toContain("The plan spans 12 min, the run 2.4 s of real time, since its work and the people");
    expect(markup).toContain(">Took (real)</th>");
    expect(measured).toContain("The plan spans 12 min, the run 2.4 s: each has a scale of its own");
    expect(measured).toContain(">Took</th>");
    expect(markup.match(/class="lane"/gu)).toHaveLength(8);
  });

  test("only the critical path is marked, by sign and weight", () => {
    const markup = String(gantt(small, all));

    expect(markup.match(/<tr class="critical">/gu)).toHaveLength(1);
    expect(markup).toMatch(/<tr class="critical"><th scope="row"><span class="sign"[^>]*>◆<\/span> <bdi>T4<\/bdi>/u);
    expect(markup.match(/stroke-width="1.8"/gu)).toHaveLength(1);
  });

  test("waiting for people is hatched where it was, and only within the time of its task", () => {
    const early = small.decisions.map((decision) => ({ ...decision, asked_at: "2020-01-01T00:00:00.000Z" }));

    expect(String(gantt(small, all))).toMatch(/ran from 0 ms to [^;]*; waited for people for 3 min/u);
    expect(String(gantt({ ...small, decisions: early }, all))).toContain("waited for people for 4 min");
  });

  test("a question that nobody answered is hatched until the run's end", () => {
    const [first, ...others] = small.tasks;
    const asked = { task_id: first!.task_id, kind: "task_result" as const, question: "?", asked_at: small.started_at };
    const tasks = [{ ...first!, started_at: small.started_at, finished_at: small.finished_at }, ...others];
    const cut = { ...small, status: "cancelled" as const, tasks, decisions: [], open_questions: [asked] };

    expect(String(gantt(cut, all))).toContain("waited for people for ");
    expect(String(gantt({ ...cut, open_questions: [] }, all))).not.toContain("waited for people for ");
  });

  test("a report of an older version is drawn without a plan, and none of its tasks as if it did not matter", () => {
    const { forecast: _, actual_path: __, ...older } = small;
    const markup = String(gantt(older, all));

    expect(markup).toContain("Run, in minutes");
    expect(markup).not.toContain("Planned");
    expect(markup).not.toMatch(/◆|#a6a6a6/u);
  });

  test("nothing is drawn of a run in which nothing was planned and nothing began", () => {
    const { forecast: _, ...older } = small;
    const tasks = small.tasks.map((task) => ({ ...task, started_at: null, finished_at: null }));

    expect(gantt({ ...older, tasks }, all)).toBeUndefined();
  });
});
