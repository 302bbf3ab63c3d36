import type { JsonObject } from "../core/digest.js";
import { digestOf } from "../core/digest.js";
import { firstRow } from "../core/first-row.js";
import type { Mission } from "../core/mission.js";
import type { Store, Unit } from "../core/ports.js";
import type { RunRecord } from "../core/records.js";
import { titleTold } from "./personal.js";
import type { RunRows } from "./run-rows.js";

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
  /** Who works on it from the first: then it begins as running, under this owner's lease. */
  readonly heldBy?: { readonly owner: string; readonly leaseMs: number };
};

/** A run that is about to exist: what makes it so, in one unit, and the rows that are then there. */
export interface NewRun {
  readonly unit: Unit;
  readonly rows: RunRows;
}

/** Mission version, row, tasks, first event and, for who works on it from the first, the lease. */
export function newRun(store: Store, mission: Mission, prepared: PreparedCase, start: RunStart): NewRun {
  const { startedAt, version, heldBy } = start;
  const run = rowOf(mission, prepared, start);
  const tasks = mission.tasks.map((task) => firstRow(run.runId, task.id));
  const unit: Unit = {
    statements: [
      ...store.missions.put({
        version,
        missionId: mission.id,
        slug: mission.slug,
        document: documentOf(mission),
        createdAt: startedAt,
      }),
      ...store.runs.create(run, {
        asOnlyOpen: start.asOnlyOpen ?? false,
        ...(heldBy && { leaseMs: heldBy.leaseMs }),
      }),
      ...store.tasks.put(tasks),
    ],
    events: [
      {
        runId: run.runId,
        type: "run_started",
        key: "run_started",
        data: {
          title: titleTold(mission, run),
          mission: mission.slug,
          mission_version: version,
          case_id: prepared.caseId,
          case_digest: run.caseDigest,
          ...(start.reason !== undefined && { reason: start.reason }),
        },
      },
    ],
  };
  return { unit, rows: { run, tasks, results: [], turns: [], requests: [] } };
}

function rowOf(mission: Mission, prepared: PreparedCase, start: RunStart): RunRecord {
  const { runId, startedAt, version, heldBy } = start;
  return {
    runId,
    missionId: mission.id,
    missionSlug: mission.slug,
    missionName: mission.name,
    missionVersion: version,
    caseId: prepared.caseId,
    caseData: prepared.caseData,
    caseDigest: digestOf(prepared.caseData),
    title: prepared.title,
    status: heldBy ? "running" : "queued",
    host: start.host,
    dispatch: start.dispatch,
    fence: heldBy ? 1 : 0,
    ...(heldBy && { owner: heldBy.owner }),
    reviewRound: 0,
    headSeq: 0,
    headHash: "",
    startedAt,
    ...(start.approver !== undefined && { approver: start.approver }),
  };
}

const documents = new WeakMap<Mission, JsonObject>();

/** The mission as it is stored; made once for each mission, however many runs it begins. */
function documentOf(mission: Mission): JsonObject {
  const known = documents.get(mission);
  if (known) return known;
  const document = JSON.parse(JSON.stringify(mission)) as JsonObject; // safe: a Mission is plain JSON by its definition
  documents.set(mission, document);
  return document;
}
