import type { ForecastView, ScheduledTaskView } from "./views.js";

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
/** A day in the reader's own time without a change of clocks: a plan counts from the beginning, not from a date. */
const BEGINNING = Date.UTC(2000, 0, 1);

/** A forecast as a Mermaid Gantt chart, a section for each agent; times count from the beginning of the run. */
export function ganttMermaid(
  title: string,
  forecast: ForecastView,
  nameOf: (agentId: string | null) => string,
): string {
  const sections = new Map<string, ScheduledTaskView[]>();
  for (const task of forecast.tasks) {
    const name = nameOf(task.agent_id);
    const list = sections.get(name) ?? [];
    sections.set(name, list);
    list.push(task);
  }
  const isLong = forecast.makespan_minutes > DAY_MINUTES;
  return [
    "gantt",
    `  title ${plain(title)}`,
    "  dateFormat YYYY-MM-DD HH:mm:ss.SSS",
    `  axisFormat ${isLong ? "day %-j, %H:%M" : "%H:%M"}`,
    "  todayMarker off",
    ...[...sections].flatMap(([name, tasks]) => [`  section ${plain(name)}`, ...tasks.flatMap(bars)]),
  ].join("\n");
}

function bars(task: ScheduledTaskView): string[] {
  const { task_id: id, title, start_minutes: start, finish_minutes: finish, waits_minutes: waits } = task;
  const mark = task.is_critical ? "crit, " : "";
  const name = `${plain(id)} ${plain(title)}`;
  const bar = (words: string, marks: string, from: number, to: number) =>
    `    ${words} :${marks}${moment(from)}, ${moment(to)}`;
  return [
    bar(name, mark, start, finish - waits),
    ...(waits > 0 ? [bar(`${name}, waits for a person`, `${mark}active, `, finish - waits, finish)] : []),
  ];
}

function moment(minutes: number): string {
  return new Date(BEGINNING + minutes * MINUTE_MS).toISOString().replace("T", " ").replace("Z", "");
}

/** What would end the line, or begin the part behind the name. */
function plain(text: string): string {
  return text.replaceAll(/[:;#%\s]+/gu, " ").trim();
}
