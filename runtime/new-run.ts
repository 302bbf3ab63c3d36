import type { JsonObject } from "../core/digest.js";
import { digestOf } from "../core/digest.js";
import type { Mission } from "../core/mission.js";
import type { Store, Unit } from "../core/ports.js";
import type { RunRecord, TaskRecord } from "../core/records.js";

/** A case ready to run: moments resolved once, so that every rerun sees the same. */
export interface PreparedCase {
  readonly caseId: string;
  readonly title: string;
  readonly caseData: JsonObject;
}

/** What a new run begins with besides its mission and case. */
export type RunStart = Pick<RunRecord, "runId" | "startedAt" | "host" | "dispatch"> & {
  readonly version: string;
  readonly approver?: string;
  /** Refused as `run_exists` when the case has another open run of the mission. */
  readonly asOnlyOpen?: boolean;
  readonly reason?: string;
};

/** Everything that makes a run exist, in one unit: its mission version, its row, its tasks, its first event. */
export function newRunUnit(store: Store, mission: Mission, prepared: PreparedCase, start: RunStart): Unit {
  const { runId, startedAt, version } = start;
  const run: Omit<RunRecord, "headSeq" | "headHash"> = {
    runId,
    missionId: mission.id,
    missionSlug: mission.slug,
    missionName: mission.name,
    missionVersion: version,
    caseId: prepared.caseId,
    caseData: prepared.caseData,
    caseDigest: digestOf(prepared.caseData),
    title: prepared.title,
    status: "queued",
    host: start.host,
    dispatch: start.dispatch,
    fence: 0,
    reviewRound: 0,
    startedAt,
    ...(start.approver !== undefined && { approver: start.approver }),
  };
  const document = JSON.parse(JSON.stringify(mission)) as JsonObject; // safe: a Mission is plain JSON by its definition
  return {
    statements: [
      ...store.missions.put({ version, missionId: mission.id, slug: mission.slug, document, createdAt: startedAt }),
      ...store.runs.create(run, { asOnlyOpen: start.asOnlyOpen ?? false }),
      ...store.tasks.put(mission.tasks.map((task) => firstRow(runId, task.id))),
    ],
    events: [
      {
        runId,
        type: "run_started",
        key: "run_started",
        data: {
          title: prepared.title,
          mission: mission.slug,
          mission_version: version,
          case_id: prepared.caseId,
          case_digest: run.caseDigest,
          ...(start.reason !== undefined && { reason: start.reason }),
        },
      },
    ],
  };
}

function firstRow(runId: string, taskId: string): TaskRecord {
  return {
    runId,
    taskId,
    status: "todo",
    attempt: 1,
    tried: [],
    failures: 0,
    refusals: 0,
    costMicroUsd: 0,
    degraded: false,
    feedback: [],
  };
}
