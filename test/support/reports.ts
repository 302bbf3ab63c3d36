import type { FinalReport } from "../../core/views.js";

type Task = FinalReport["tasks"][number];
const MINUTE_MS = 60_000;

/** Keys whose values are of a closed list, or moments: no words of anybody. */
const CLOSED = /^(?:status|direction|basis|op|decision|kind|at|.*_at|result_digest)$/u;

/** The report with every text that somebody could have written made from `words`. */
export function withWords(report: FinalReport, words: (was: string, key: string) => string): FinalReport {
  const change = (value: unknown, key: string): unknown => {
    if (typeof value === "string") return CLOSED.test(key) ? value : words(value, key);
    if (Array.isArray(value)) return value.map((each) => change(each, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, change(each, name)]));
  };
  return change(report, "") as FinalReport; // safe: only texts were changed, none of them of a closed list
}

/** A report of a failed run of so many tasks, planned and run in four lanes, with decisions, acts, KPIs and limits in plenty. */
export function largeReport(report: FinalReport, tasks: number, others: number): FinalReport {
  const begun = Date.parse("2026-03-02T08:00:00.000Z");
  const at = (minutes: number) => new Date(begun + minutes * MINUTE_MS).toISOString();
  const plan = Array.from({ length: tasks }, (_, index) => {
    const start = Math.floor(index / 4) * 10 + (index % 4);
    return {
      id: `T${index + 1}`,
      title: `Sort folder ${index + 1}`,
      start,
      finish: start + 6 + ((index * 7) % 5),
      lane: index % 4,
    };
  });
  const many = <Item>(make: (index: number) => Item) => Array.from({ length: others }, (_, index) => make(index));
  const critical = plan.filter(({ lane }) => lane === 3).map(({ id }) => id);
  const end = Math.max(...plan.map(({ finish }) => finish));
  return {
    ...report,
    status: "failed",
    failure: "The index of the archive is damaged.",
    tasks: plan.map((task, index) => toTask(report, task, index, at)),
    forecast: {
      makespan_minutes: end,
      critical_path: critical,
      cost_usd: 1.25,
      assumptions: ["Every folder is asked about once."],
      tasks: plan.map(({ id, title, start, finish, lane }) => ({
        task_id: id,
        title,
        agent_id: "A1",
        start_minutes: start,
        finish_minutes: finish,
        is_critical: lane === 3,
        waits_minutes: 0,
        slack_minutes: lane === 3 ? 0 : 1,
      })),
    },
    actual_path: critical,
    lead_time: {
      total_ms: end * MINUTE_MS,
      work_ms: end * 0.6 * MINUTE_MS,
      waiting_for_people_ms: end * 0.3 * MINUTE_MS,
      waiting_for_others_ms: end * 0.1 * MINUTE_MS,
      basis: "simulated",
    },
    value: { minutes_by_hand: 95, rate_usd_per_hour: 42 },
    decisions: many((index) => ({
      task_id: `T${index + 1}`,
      kind: "task_result",
      question: `Is folder ${index + 1} complete?`,
      decision: (["approved", "edited", "rejected", "answered"] as const)[index % 4] ?? "approved",
      by: index % 2 === 0 ? "Ada" : "Ben",
      authenticated: index % 3 === 0,
      at: at(index * 2 + 4),
      asked_at: at(index * 2 + 1),
      comment: index % 2 === 0 ? "Page four is missing; see the cellar." : null,
      approval_id: `ap${index}`,
    })),
    effects: many((index) => ({
      effect_id: `e${index}`,
      task_id: `T${index + 1}`,
      agent_id: "A1",
      tool: "put_in_outbox",
      status: (["not_undone", "claimed", "not_done"] as const)[index % 3] ?? "claimed",
      args: {
        to: `reader${index}@archive.example`,
        subject: "What is missing",
        body: "Dear reader,\nthe list is enclosed.",
      },
      approval_id: index % 2 === 0 ? `ap${index}` : null,
      at: at(index * 2 + 5),
    })),
    kpis: many((index) => ({
      kpi_id: `folders_${index}_hours`,
      unit: "hours",
      direction: index % 2 === 0 ? "lower" : "higher",
      baseline: 10 + index,
      target: index % 2 === 0 ? 2 : 40,
      actual: index % 3 === 0 ? null : 5 + index,
      basis: index % 3 === 0 ? "pending" : "measured",
      attainment: index % 3 === 0 ? null : 0.4,
      source: "last year's books",
    })),
    limits: many((index) => ({
      limit_id: `max_${index}`,
      op: "<=",
      value: 5,
      actual: index,
      status: index <= 5 ? "kept" : "breached",
    })),
    degraded: many((index) => `T${index} Sort folder ${index}, by Generalist`),
    rests_on: many((index) => `source ${index}`),
    started_at: at(0),
    finished_at: at(end * 1.2),
  };
}

function toTask(
  report: FinalReport,
  { id, title, start, finish }: { id: string; title: string; start: number; finish: number },
  index: number,
  at: (minutes: number) => string,
): Task {
  const [first] = report.tasks;
  if (!first) throw new Error("The report to begin with has no task.");
  const status = index % 40 === 20 ? "failed" : index % 40 === 39 ? "skipped" : "done";
  return {
    ...first,
    task_id: id,
    title,
    status,
    attempts: index % 9 === 5 ? 3 : 1,
    degraded: index % 11 === 7,
    started_at: status === "skipped" ? null : at(start * 1.1),
    finished_at: status === "skipped" ? null : at(finish * 1.2),
    summary: status === "done" ? `${index % 7} pages are missing` : null,
    error: status === "failed" ? "The index is damaged." : null,
  };
}
