import type { ExecutionLog } from "../../core/execution-log.js";
import { ExecutionLogsSchema } from "../../core/execution-log.js";
import { toExecutionLog } from "../../runtime/execution-log.js";
import { replayLogs } from "../../runtime/replay.js";
import { missionOf } from "../../runtime/run-views.js";
import type { Engine } from "./engine.js";

/** The log of a run as it comes out of a file, and how to replay it under the mission that the run began with. */
export async function logOf(engine: Engine, runId: string) {
  const { store, deps } = engine.parts;
  const run = await store.runs.find(runId);
  if (!run) throw new Error(`No run ${runId}.`);
  const mission = await missionOf(store, run);
  const log = ExecutionLogsSchema.parse(JSON.parse(JSON.stringify([await toExecutionLog(store, run, mission)])))[0];
  if (!log) throw new Error("No log.");
  const loaded = { mission, version: run.missionVersion, file: "", cases: 0, problems: [] };
  const entry = { missionId: mission.id, slug: mission.slug, name: mission.name, file: "", problems: [], loaded };
  const catalogue = { ...engine.parts.catalogue, list: () => [entry] };
  return { log, replay: (one: ExecutionLog) => replayLogs({ catalogue, deps }, [one]) };
}
