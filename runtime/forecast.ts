import { assertPlannable } from "../core/assert-plannable.js";
import type { PastRun } from "../core/calibration.js";
import { calibrationOf, errorsOf, summaryOf } from "../core/calibration.js";
import type { CostedRun } from "../core/cost-errors.js";
import { costErrorsOf, usualCostUsd } from "../core/cost-errors.js";
import { OrchestratorError } from "../core/errors.js";
import { expectedCostMicroUsd } from "../core/expected-cost.js";
import type { ForecastOptions } from "../core/forecast.js";
import { forecastOf } from "../core/forecast.js";
import { ganttMermaid } from "../core/gantt-mermaid.js";
import { approvalDelayMinutes, businessTimeOf } from "../core/kpi.js";
import type { TimedRun } from "../core/lead-time.js";
import { TIME_MARKS, workMsByTask } from "../core/lead-time.js";
import type { Mission } from "../core/mission.js";
import { costUsd } from "../core/money.js";
import type { ForecastErrorsView, PlanOptions, PlanView } from "../core/plan-view.js";
import type { ApprovalRecord, RunRecord, TaskRecord } from "../core/records.js";
import { isDecided } from "../core/run.js";
import type { CaseRecord } from "./cases.js";
import { findCase, loadCases } from "./cases.js";
import type { Composition } from "./compose.js";
import { versionsOf } from "./run-views.js";

const MINUTE_MS = 60_000;
/** Enough to find twenty of either kind, and those before them that they were forecast by. */
const LOOKED_AT = 200;
/** A run that ended well. */
interface EndedRun extends PastRun, CostedRun {
  readonly isSimulated: boolean;
}

/** The mission's schedule and forecast, corrected by its past runs where they are enough, with how good such forecasts were. */
export async function planOf(parts: Composition, wanted: string, options: PlanOptions = {}): Promise<PlanView> {
  const { agents } = options;
  if (agents !== undefined && !(Number.isInteger(agents) && agents > 0))
    throw new OrchestratorError("usage", `The number of agents is ${agents}, but it must be a whole number from 1.`);
  const { mission, problems } = await parts.catalogue.open(wanted);
  assertPlannable(mission.slug, problems);
  const [runs, sample] = [await pastRuns(parts, mission.id), await sampleCase(parts, mission, options.caseRef)];
  const measured = runs.filter(({ isSimulated }) => !isSimulated);
  const calibration = calibrationOf(measured);
  const approvalWait = waitOf(calibration.approvalWaitMinutes, calibration.approvals, sample);
  const common: ForecastOptions = {
    approvalWaitMinutes: approvalWait.minutes,
    costMicroUsdOf: (task) => expectedCostMicroUsd(task, parts.deps),
    ...(agents !== undefined && { slots: agents }),
  };
  const forecast = forecastOf(mission, { ...common, minutesOf: calibration.minutesOf });
  const costByTools = (past: Mission) => forecastOf(past, common).cost_usd;
  const names = new Map(mission.agents.map(({ id, name }) => [id, name]));
  return {
    mission_id: mission.id,
    mission: mission.name,
    case_id: sample?.id ?? null,
    places: agents ?? mission.maxParallel,
    forecast,
    agent_names: Object.fromEntries(names),
    has_estimates: mission.tasks.some(({ estimatedMinutes }) => estimatedMinutes > 0),
    estimates_makespan_minutes: forecastOf(mission, common).makespan_minutes,
    calibration: calibration.ratios.filter(({ task_id }) => mission.tasks.some(({ id }) => id === task_id)),
    approval_wait: approvalWait,
    cost: costOf(measured, forecast.cost_usd),
    deadline:
      mission.deadlineMinutes === undefined
        ? null
        : { minutes: mission.deadlineMinutes, is_kept: forecast.makespan_minutes <= mission.deadlineMinutes },
    gantt: ganttMermaid(mission.name, forecast, (id) => (id === null ? "nobody yet" : (names.get(id) ?? id))),
    errors: errorsView(measured, costByTools),
    simulated_errors: errorsView(
      runs.filter(({ isSimulated }) => isSimulated),
      costByTools,
    ),
    problems: problems.filter(({ severity }) => severity === "error").length,
  };
}

/** A mission without cases can be planned; a case that was asked for must be there. */
async function sampleCase(
  { dataFolder }: Composition,
  mission: Mission,
  wanted: string | undefined,
): Promise<CaseRecord | undefined> {
  if (wanted !== undefined) return findCase(mission, wanted, dataFolder);
  const [first] = await loadCases(mission, dataFolder).catch(() => []);
  return first;
}

function waitOf(known: number | undefined, count: number, sample: CaseRecord | undefined): PlanView["approval_wait"] {
  if (known !== undefined) {
    const words = `the median of ${count} answered ${count === 1 ? "question" : "questions"} of past runs`;
    return { minutes: known, from: "history", words };
  }
  const delay = sample ? approvalDelayMinutes(sample.data) : 0;
  if (sample && delay > 0) return { minutes: delay, from: "case", words: `the assumption of case ${sample.id}` };
  return { minutes: 0, from: "nothing", words: "no wait: nobody was asked yet, and the case assumes none" };
}

function costOf(measured: readonly CostedRun[], byTools: number): PlanView["cost"] {
  const usual = usualCostUsd(measured);
  if (usual) return { usd: usual.usd, from: "history", words: `the median of the last ${usual.runs} runs` };
  return {
    usd: byTools,
    from: "tools",
    words: "one call of each tool that its tasks name, at what it may cost at most",
  };
}

function errorsView(runs: readonly EndedRun[], costByTools: (mission: Mission) => number): ForecastErrorsView {
  const errors = errorsOf(runs);
  return {
    runs: errors,
    by_estimates: summaryOf(errors.map(({ error }) => error)),
    calibrated: summaryOf(errors.map(({ calibrated_error: error }) => error)),
    cost: costErrorsOf(runs, costByTools),
  };
}

/** The mission's newest completed runs, newest first, under the definitions that each began with. */
async function pastRuns({ store }: Composition, missionId: string): Promise<readonly EndedRun[]> {
  const runs = await store.runs.list({ missionId, status: ["completed"], limit: LOOKED_AT });
  const versions = versionsOf(store);
  const past: EndedRun[] = [];
  for (const run of runs) {
    const mission = await versions(run.missionVersion);
    if (!mission || !run.finishedAt) continue;
    const { runId } = run;
    const [tasks, requests, marks] = await Promise.all([
      store.tasks.of(runId),
      store.approvals.list({ runId }),
      store.events.moments(runId, TIME_MARKS),
    ]);
    past.push(toPastRun(run, run.finishedAt, mission, tasks, requests, marks));
  }
  return past;
}

function toPastRun(
  run: RunRecord,
  finishedAt: Date,
  mission: Mission,
  tasks: readonly TaskRecord[],
  requests: readonly ApprovalRecord[],
  marks: TimedRun["marks"],
): EndedRun {
  const { startedAt } = run;
  const business = businessTimeOf(mission, run, tasks, requests);
  return {
    runId: run.runId,
    title: run.title,
    finishedAt: finishedAt.toISOString(),
    mission,
    isSimulated: business !== undefined,
    actualMinutes: minutesBetween(startedAt, (business ?? { finishedAt }).finishedAt),
    expectedWaitMinutes: approvalDelayMinutes(run.caseData),
    // What happens in no time on the business clock teaches nothing about the time that it takes.
    ...(business
      ? { workMinutes: new Map(), approvalWaits: [] }
      : {
          workMinutes: workMinutes({ receivedAt: undefined, startedAt, finishedAt, marks, requests }, tasks),
          approvalWaits: waits(requests),
        }),
    costUsd: costUsd(tasks),
  };
}

/** Of each task that was done, without its waiting for people, another try or a process. */
function workMinutes(run: TimedRun, tasks: readonly TaskRecord[]): ReadonlyMap<string, number> {
  const worked = workMsByTask(run);
  const done = tasks.filter(({ status }) => status === "done");
  return new Map(done.map(({ taskId }) => [taskId, (worked.get(taskId) ?? 0) / MINUTE_MS]));
}

function waits(requests: readonly ApprovalRecord[]): number[] {
  return requests.flatMap(({ status, createdAt, decidedAt }) =>
    isDecided(status) && decidedAt ? [minutesBetween(createdAt, decidedAt)] : [],
  );
}

function minutesBetween(from: Date, to: Date): number {
  return (to.getTime() - from.getTime()) / MINUTE_MS;
}
