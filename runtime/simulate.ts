import { ulid } from "ulid";
import { z } from "zod";
import { assertPlannable } from "../core/assert-plannable.js";
import type { Playbook } from "../core/define-agent.js";
import { definePlaybook } from "../core/define-agent.js";
import { OrchestratorError } from "../core/errors.js";
import { forecastOf } from "../core/forecast.js";
import type { Mission } from "../core/mission.js";
import type { RunRecord, TaskRecord } from "../core/records.js";
import type { Playbooks } from "../core/session.js";
import type { SimulateOptions, SimulationSettings } from "../core/simulation.js";
import { assertSettings, scaledMs, simulatedCase, TAKE_TIME, toSimulated } from "../core/simulation.js";
import type { SimulationView } from "../core/simulation-view.js";
import { toSimulationView } from "../core/simulation-view.js";
import type { Composition } from "./compose.js";
import { decided } from "./requests.js";
import { withScratchStore } from "./scratch-store.js";
import { Worker } from "./worker.js";

const GRANTER = { name: "simulation", authenticated: false };

/**
 * Runs the mission on the real engine, in a store of its own that is removed afterwards. Agents only take their
 * estimated time × scale, and what is asked is granted at once: no tool is called, no person is asked, nothing is kept.
 */
export async function simulate(parts: Composition, wanted: string, options: SimulateOptions): Promise<SimulationView> {
  assertSettings(options);
  const { mission, problems } = await parts.catalogue.open(wanted);
  assertPlannable(mission.slug, problems);
  for (const { estimatedMinutes } of mission.tasks) scaledMs(estimatedMinutes, options.timeScale);
  return withScratchStore("simulation", async (store) => {
    const scratch = await parts.scratch(store);
    try {
      await warmUp(scratch, mission);
      const rows = await run(scratch, mission, options);
      return toSimulationView(mission, options, {
        ...rows,
        problems: problems.filter(({ severity }) => severity === "error").length,
      });
    } finally {
      await scratch.store.close();
    }
  });
}

/** One task in no time: what is loaded and compiled once for each process is no part of a mission's time. */
async function warmUp(scratch: Composition, mission: Mission): Promise<void> {
  const [first] = mission.tasks;
  if (!first) return;
  const { join: _, route: __, ...task } = first;
  const requiresHumanApproval = mission.tasks.some((one) => one.requiresHumanApproval);
  const tasks = [{ ...task, dependsOn: [], onFailure: "stop" as const, estimatedMinutes: 0, requiresHumanApproval }];
  await run(scratch, { ...mission, tasks }, { timeScale: 1 });
}

async function run(
  scratch: Composition,
  mission: Mission,
  options: SimulateOptions,
): Promise<{ run: RunRecord; tasks: readonly TaskRecord[]; endedAt: Date }> {
  const simulated = toSimulated(mission, options);
  const parts = { ...scratch, deps: { ...scratch.deps, playbooks: playbooksOf(mission, options) } };
  const worker = new Worker(parts);
  worker.graph(simulated);
  const { store, clock } = parts;
  const startedAt = clock.now();
  const runId = ulid(startedAt.getTime());
  const prepared = await parts.prepareCase(simulated, simulatedCase(mission), startedAt);
  const version = parts.versionOf(simulated);
  await worker.begin(simulated, prepared, { runId, version, startedAt, dispatch: "dataflow" });

  const stop = (): void => {
    void worker.drain();
    void parts.sessions.stopAll(new OrchestratorError("closed", "The simulation was stopped."));
  };
  const unfollow = follow(parts, mission, options, startedAt);
  const granter = grantAll(parts);
  options.signal?.addEventListener("abort", stop, { once: true });
  try {
    while (!options.signal?.aborted) {
      const { status } = await worker.work(runId);
      // A yes may come just as the run is being left.
      if (status !== "waiting" || !(await granter.settled())) break;
    }
  } finally {
    options.signal?.removeEventListener("abort", stop);
    unfollow();
    await granter.end();
  }
  const ended = await store.runs.find(runId);
  if (!ended) throw new Error(`The simulated run ${runId} is gone.`);
  return { run: ended, tasks: await store.tasks.of(runId), endedAt: ended.finishedAt ?? clock.now() };
}

/** Says yes to every request as soon as it stands in the store, by the unit that `decide` writes. */
function grantAll({ hub, store, clock }: Composition) {
  let granting: Promise<void>[] = [];
  const grant = async (approvalId: string): Promise<void> => {
    const request = await store.approvals.find(approvalId);
    if (request?.status !== "pending") return;
    await store.commit(decided(store.approvals, request, request.digest, { type: "approve" }, GRANTER, clock.now()));
  };
  const unlisten = hub.listen(({ type, data }) => {
    const { approval_id: id } = data;
    if (type !== "approval_requested" || typeof id !== "string") return;
    const granted = grant(id);
    granted.catch(() => undefined); // Told by `settled`, for the run then waits.
    granting.push(granted);
  });
  return {
    /** True when something was granted since the last call. */
    async settled(): Promise<boolean> {
      const all = granting;
      granting = [];
      await Promise.all(all);
      return all.length > 0;
    },
    async end(): Promise<void> {
      unlisten();
      await Promise.allSettled(granting);
    },
  };
}

/** Every task is done by taking its time. */
function playbooksOf(mission: Mission, { timeScale }: SimulationSettings): Playbooks {
  const waits = new Map(mission.tasks.map(({ id, estimatedMinutes }) => [id, scaledMs(estimatedMinutes, timeScale)]));
  const takeTime: Playbook = definePlaybook<z.ZodType, z.ZodType>({
    skill: TAKE_TIME,
    version: "1",
    input: z.looseObject({}),
    output: z.looseObject({}),
    tools: [],
    summary: () => "took its time",
    run: async (context) => {
      const ms = waits.get(context.taskId) ?? 0;
      if (ms > 0) await context.sleep(ms);
      return {};
    },
  });
  return { find: () => takeTime };
}

function follow(
  { hub }: Composition,
  mission: Mission,
  { timeScale, agents, onProgress }: SimulateOptions,
  startedAt: Date,
): () => void {
  if (!onProgress) return () => undefined;
  const expected = forecastOf(mission, { slots: agents ?? Number.POSITIVE_INFINITY }).makespan_minutes;
  const titles = new Map(mission.tasks.map(({ id, title }) => [id, title]));
  const atWork = new Set<string>();
  let done = 0;
  return hub.listen(({ type, task_id: task, at }) => {
    if (task === undefined) return;
    if (type === "task_started") atWork.add(task);
    else if (atWork.delete(task)) done += 1;
    else if (type === "task_skipped") done += 1;
    else return;
    onProgress({
      done,
      total: titles.size,
      at_work: [...atWork].map((id) => titles.get(id) ?? id),
      elapsed_ms: Date.parse(at) - startedAt.getTime(),
      expected_ms: Math.round(scaledMs(expected, timeScale)),
    });
  });
}
