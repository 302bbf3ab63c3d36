import { relative } from "node:path";
import type { Kpi, Mission, Task } from "../../core/mission.js";
import type { CaseView, MissionView } from "../../core/views.js";
import { figureText, inWords, kpiName, spanText, usd } from "../../core/words.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { table } from "./table.js";
import { taskSettings } from "./task-settings.js";
import { count, wrap } from "./text.js";

/** `mission show`: a mission as it would run now: goal, KPIs, tasks with every field that is not the default, cases. */
export async function show(io: Io, mission: string): Promise<number> {
  const orchestrator = await io.open();
  const [view, cases] = [await orchestrator.mission(mission), await orchestrator.cases(mission)];
  io.print({ ...view, cases }, () => missionText(io, view, cases));
  return EXIT.done;
}

function missionText(io: Io, { mission, version, file }: MissionView, cases: readonly CaseView[]): string {
  const { paint } = io;
  const names = new Map(mission.agents.map(({ id, name }) => [id, name]));
  const part = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", paint.bold(title), ...lines];
  return [
    paint.bold(mission.name),
    paint.dim(`${mission.id}, ${mission.slug}, version ${version.slice(0, 12)}, ${nearName(file, io.host.folder)}`),
    ...wrap(mission.description, io.host.columns),
    ...part("KPIs", [
      ...mission.kpis.map(kpiLine),
      ...mission.limits.map(
        (limit) =>
          `${inWords(limit.id)} ${limit.op} ${figureText(limit.value)}${limit.known === "later" ? ", known later" : ""}`,
      ),
    ]),
    ...part("Tasks", [taskTable(io, mission, names), ...mission.tasks.flatMap((task) => settingLines(io, task))]),
    ...part(
      "Agents",
      mission.agents.map(
        (agent) => `${agent.name} (${agent.id}): ${agent.tools.length === 0 ? "no tools" : agent.tools.join(", ")}`,
      ),
    ),
    ...part(
      "Blackboard",
      Object.entries(mission.blackboard).map(([key, { merge }]) => `${key}, ${merge}`),
    ),
    ...part(
      "Review",
      mission.review.map((rule) => `${rule.id}: ${rule.that}; else back to ${rule.sendBack}`),
    ),
    ...part(
      "Constraints",
      (mission.constraints ?? []).map(
        ({ id, holds, tasks }) => `${id}: ${holds}; before the acts of ${tasks.join(", ")}`,
      ),
    ),
    ...part("Rules", ruleLines(mission)),
    ...part(`Cases (${cases.length})`, cases.length === 0 ? [] : [caseTable(io, cases)]),
    "",
    paint.dim(io.hint(`run ${mission.slug}${cases[0] ? ` --case ${cases[0].case_id}` : ""}`)),
  ].join("\n");
}

/** The file from the folder we are in, when it lies there. */
function nearName(file: string, folder: string): string {
  const way = relative(folder, file);
  return way.startsWith("..") || way === "" ? file : way;
}

function kpiLine({ id, unit, direction, baseline, target, source, known }: Kpi): string {
  const figure = (value: number | undefined) => (value === undefined ? "none" : `${figureText(value)} ${unit}`);
  const origin = source === undefined ? "" : `, baseline of ${source}`;
  return `${kpiName({ kpi_id: id, unit })} (${id}): from ${figure(baseline)} to ${figure(target)}, ${direction} is better${known === "later" ? ", known later" : ""}${origin}`;
}

function taskTable(io: Io, mission: Mission, names: ReadonlyMap<string, string>): string {
  const rows = mission.tasks.map((task) => [
    task.title,
    task.id,
    task.dependsOn.join(", "),
    spanText(task.estimatedMinutes * 60_000),
    task.requiresHumanApproval ? io.paint.yellow("asks a person") : "",
    task.skill,
    task.agents.map((id) => names.get(id) ?? id).join(", then "),
  ]);
  return table(io, ["Task", "Id", "Needs", "Estimate", "Approval", "Skill", "Done by"], rows);
}

function settingLines({ paint }: Io, task: Task): string[] {
  const settings = taskSettings(task);
  return settings.length === 0
    ? []
    : ["", `${task.id} ${task.title}`, ...settings.map(([name, value]) => `  ${paint.dim(`${name}:`)} ${value}`)];
}

function ruleLines({ approvals, budgetUsd, maxParallel, maxReviewRounds, deadlineMinutes, value }: Mission): string[] {
  const escalation = approvals.escalateTo.length === 0 ? "" : `, then ${approvals.escalateTo.join(", then ")}`;
  return [
    `approvals go to ${approvals.role}, due within ${spanText(approvals.dueMinutes * 60_000)}${escalation}`,
    `budget ${usd(budgetUsd)}, ${count(maxParallel, "task")} at once, ${count(maxReviewRounds, "review round")} at most`,
    ...(deadlineMinutes === undefined ? [] : [`to be done within ${spanText(deadlineMinutes * 60_000)}`]),
    ...(value === undefined ? [] : [`by hand: ${value.minutesByHand} min at ${usd(value.rateUsdPerHour)} an hour`]),
  ];
}

function caseTable(io: Io, cases: readonly CaseView[]): string {
  return table(
    io,
    ["Title", "Case", "What it shows"],
    cases.map(({ title, case_id, about }) => [title, case_id, about ?? ""]),
  );
}
