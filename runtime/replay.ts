import type { ExecutionLog } from "../core/execution-log.js";
import type { FoldedRun } from "../core/fold-log.js";
import { foldLog } from "../core/fold-log.js";
import type { TimedRun } from "../core/lead-time.js";
import { didYouMean } from "../core/lookup.js";
import type { Mission } from "../core/mission.js";
import { toPlan } from "../core/plan.js";
import type { Problem } from "../core/problem.js";
import type { EffectRecord, TaskRecord } from "../core/records.js";
import type { Replay, ReplayView } from "../core/replay-view.js";
import { isTerminal } from "../core/run.js";
import { eventThatTells } from "../core/told-status.js";
import { forecaster } from "../nodes/forecaster.js";
import type { ReportedRun } from "../nodes/report.js";
import { toReport } from "../nodes/report.js";
import type { Composition } from "./compose.js";
import { toStatus } from "./run-views.js";

/**
 * Status and report that the run of each log had when the log ends, by the functions that show a real run. Reads no
 * store, changes nothing. When any log contradicts itself or its mission there are only problems, all at once.
 */
export async function replayLogs(
  { catalogue, deps }: Pick<Composition, "catalogue" | "deps">,
  logs: readonly ExecutionLog[],
): Promise<Replay> {
  const problems = [...twice(logs)];
  const folds: Folded[] = [];
  for (const [index, log] of logs.entries()) {
    const entry = catalogue.list().find(({ missionId }) => missionId === log.mission_id);
    if (!entry?.loaded) {
      problems.push({ ...fault(`/${index}/mission_id`), message: unknownMission(log, catalogue, entry !== undefined) });
      continue;
    }
    const { mission, version } = entry.loaded;
    const { folded, problems: found } = foldLog(log, mission, version);
    problems.push(...found.map((problem) => ({ ...problem, pointer: `/${index}${problem.pointer}` })));
    const isOther = log.mission_version !== undefined && log.mission_version !== version;
    folds.push({ log, folded, mission, note: isOther ? otherVersion(log, version) : null });
  }
  if (problems.length > 0) return { replayed: [], problems };
  return { replayed: await Promise.all(folds.map((fold) => toReplayView(fold, deps))), problems };
}

interface Folded {
  readonly log: ExecutionLog;
  readonly folded: FoldedRun;
  readonly mission: Mission;
  readonly note: string | null;
}

async function toReplayView(fold: Folded, deps: Composition["deps"]): Promise<ReplayView> {
  const { log, folded, mission, note } = fold;
  const { run } = folded;
  const rows = {
    tasks: { of: async () => [...folded.tasks.values()] },
    results: { of: async () => [...folded.results.values()] },
    observations: { of: async () => [...folded.observations] },
    approvals: { list: async () => [...folded.approvals.values()] },
  };
  const end = isTerminal(run.status)
    ? { status: run.status, failure: run.failure, at: run.finishedAt ?? run.startedAt }
    : undefined;
  const forecast = forecaster(mission, deps);
  const report = end ? await toReport(reported(fold), toPlan(mission.tasks), end, forecast) : null;
  const ended = report ? { ...run, report: JSON.parse(JSON.stringify(report)) } : run;
  const status = await toStatus(rows, ended, mission);
  return { log_id: log.log_id, about: log.about ?? null, note, status, report };
}

/** The folded rows as the report reads those of a run at work. */
function reported({ folded, mission, log }: Folded): ReportedRun {
  const task = (taskId: string): TaskRecord => {
    const row = folded.tasks.get(taskId);
    if (!row) throw new Error(`Log of ${folded.run.runId} has no task ${taskId}.`);
    return row;
  };
  return {
    mission,
    run: folded.run,
    task,
    tasks: () => mission.tasks.map(({ id }) => task(id)),
    output: (taskId) => (task(taskId).status === "done" ? folded.results.get(taskId)?.output : undefined),
    requests: () => [...folded.approvals.values()],
    evidence: async () => ({
      effects: [...folded.effects.values()].sort(byClaim),
      observations: folded.reported,
      timeMarks: timeMarksOf(log),
      chainHead: folded.run.headHash,
    }),
  };
}

/** When tasks were at work, and when the run waited. */
function timeMarksOf({ started_at, entries }: ExecutionLog): TimedRun["marks"] {
  const marks = entries.flatMap((entry): TimedRun["marks"] => {
    const at = new Date(entry.at);
    if (entry.event === "run" && entry.status === "waiting") return [{ type: "run_waiting", at }];
    if (entry.event === "run" && entry.status === "running") return [{ type: "run_resumed", at }];
    const type = entry.event === "task" ? eventThatTells(entry.status) : undefined;
    return type !== undefined && entry.event === "task" ? [{ type, taskId: entry.task_id, at }] : [];
  });
  return [{ type: "run_started", at: new Date(started_at) }, ...marks];
}

/** As the store gives them. */
function byClaim(a: EffectRecord, b: EffectRecord): number {
  return a.claimedAt.getTime() - b.claimedAt.getTime() || (a.effectId < b.effectId ? -1 : 1);
}

function twice(logs: readonly ExecutionLog[]): readonly Problem[] {
  return logs.flatMap(({ log_id }, index) => {
    const first = logs.findIndex((other) => other.log_id === log_id);
    return first === index
      ? []
      : [{ ...fault(`/${index}/log_id`), message: `log ${first} has the id "${log_id}" already; each needs its own.` }];
  });
}

function fault(pointer: string): Omit<Problem, "message"> {
  return { severity: "error", code: "log_contradiction", pointer };
}

function unknownMission(log: ExecutionLog, catalogue: Composition["catalogue"], isThere: boolean): string {
  if (isThere) return `mission ${log.mission_id} cannot be read; "mission verify" says why.`;
  const ids = catalogue.list().map(({ missionId }) => missionId);
  return `there is no mission "${log.mission_id}".${didYouMean(log.mission_id, ids)}`;
}

function otherVersion({ mission_version }: ExecutionLog, version: string): string {
  const isAlike = mission_version?.slice(0, 12) === version.slice(0, 12);
  const [then, now] = [mission_version, version].map((each) => (isAlike ? each : each?.slice(0, 12)));
  return `The run began with version ${then} of its mission; it is shown by version ${now}, which is here now.`;
}
