import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { z } from "zod";
import { defineAgent, definePlaybook, valueFrom } from "../core/define-agent.js";
import type { Json, JsonObject } from "../core/digest.js";
import type { Composition, OpenOptions } from "../runtime/compose.js";
import { compose, loadMission } from "../runtime/compose.js";
import type { LoadedMission } from "../runtime/missions.js";
import { assertRunnable } from "../runtime/missions.js";
import { Orchestrator } from "../runtime/orchestrator.js";
import { defineTool } from "../tools/define-tool.js";

/** One task of the yardstick: what it waits for, how long it takes, how much it returns, whether a person is asked first. */
export interface BenchTask {
  readonly id: string;
  readonly deps: readonly string[];
  readonly ms: number;
  readonly bytes: number;
  readonly approval?: boolean;
}

/** A mission of the yardstick. */
export interface BenchMission {
  readonly id: string;
  readonly tasks: readonly BenchTask[];
}

/** The whole work of a task; the yardstick counts how often it is done. */
export type TaskBody = (
  task: Pick<BenchTask, "id" | "ms" | "bytes">,
) => Promise<{ id: string; ok: boolean; text: string }>;

/** What the measured engine runs, and who hears of it. */
export interface EngineParts {
  readonly taskBody: TaskBody;
  /** Told of every commit. */
  readonly afterCommit?: () => void;
}

/** Results by task. */
export type Outputs = Readonly<Record<string, Json>>;

/** Room for every task of the widest mission at once, in each of many runs: the yardstick measures the engine, not its limits. */
const MAX_PARALLEL = 1_000;
const AGENT_ID = "A900";
const NOTE =
  "Orchestrator.start, decide: SQLite at synchronous=FULL, journal, chained events, results by digest, leases and contracts on; " +
  "an approved task is asked about by a tool of effect irreversible, and its body is that tool's act";

/** The engine that users get, as the yardstick's adapter wants it (`bench/README.md`). */
export function createEngine({ taskBody, afterCommit }: EngineParts) {
  return {
    name: "ours",
    note: NOTE,
    approval: true,
    open: (place: { readonly dir: string }) => openSession(place.dir, taskBody, afterCommit),
  };
}

async function openSession(dir: string, taskBody: TaskBody, afterCommit: (() => void) | undefined) {
  const file = join(dir, "missions.db");
  const options = optionsFor(dir, taskBody);
  const parts = await compose({
    ...options,
    store: `sqlite:${file}`,
    storeOptions: { ...(afterCommit && { afterCommit }) },
  });
  const prepared = new Map<string, LoadedMission>();
  const orchestrator = new Orchestrator({ ...parts, catalogue: withPrepared(parts, prepared) });
  const resultsOf = async (runId: string): Promise<Outputs> => {
    const results = await parts.store.results.of(runId);
    return Object.fromEntries(results.map(({ taskId, output }) => [taskId, output]));
  };
  const start = (slug: string, caseId: string) => orchestrator.start(slug, { caseRef: { case_id: caseId } });

  return {
    /** Parsed, proved, digested, drawn as a graph and compiled. */
    async prepare(mission: BenchMission): Promise<string> {
      const loaded = await loadMission(documentOf(mission), options);
      assertRunnable(loaded);
      prepared.set(loaded.mission.slug, loaded);
      await orchestrator.graph(loaded.mission.slug);
      return loaded.mission.slug;
    },
    async run(slug: string, caseId: string): Promise<Outputs> {
      const { run_id } = await start(slug, caseId);
      return resultsOf(run_id);
    },
    async pause(slug: string, caseId: string): Promise<void> {
      await start(slug, caseId);
    },
    /** Decides whatever is asked about the case, as a person would, and returns the results once the run has ended. */
    async resume(slug: string, caseId: string): Promise<Outputs> {
      const missionId = prepared.get(slug)?.mission.id ?? "";
      const [run] = await parts.store.runs.list({ missionId, caseId });
      if (!run) throw new Error(`No run of ${slug} on case ${caseId} was paused here.`);
      for (const { approval_id } of await orchestrator.approvals({ run: run.runId }))
        await orchestrator.decide(approval_id, { decision: { type: "approve" }, by: "yardstick" });
      return resultsOf(run.runId);
    },
    async bytes(): Promise<number> {
      await parts.store.flush();
      emptyLog(file);
      return sizeOf(file) + sizeOf(`${file}-wal`);
    },
    close: () => orchestrator.close(),
  };
}

/** Nothing of our own data: only what the yardstick gives. */
function optionsFor(dir: string, taskBody: TaskBody): Pick<OpenOptions, "data" | "agents" | "tools"> {
  const data = join(dir, "data");
  mkdirSync(data, { recursive: true });
  const act = actOf(taskBody);
  return { data, agents: [agentOf(taskBody, act.name)], tools: [act] };
}

const TaskSchema = z.strictObject({ id: z.string(), ms: z.number(), bytes: z.number() });
const InputSchema = z.strictObject({ task: TaskSchema });
const OutputSchema = z.strictObject({ id: z.string(), ok: z.boolean(), text: z.string() });

/** A task's body as an act that a person must allow first. */
function actOf(taskBody: TaskBody) {
  return defineTool({
    name: "do_task",
    description: "Does the body of one task of the yardstick, once a person has said yes.",
    input: InputSchema,
    output: OutputSchema,
    effect: "irreversible",
    timeoutMs: 60_000,
    maxCostMicroUsd: 0,
    dedupeKey: ({ task }) => task.id,
    dedupeScope: "run",
    run: ({ task }) => taskBody(task),
  });
}

function agentOf(taskBody: TaskBody, act: string) {
  const skill = { version: "1", input: InputSchema, output: OutputSchema };
  return defineAgent({
    agentId: AGENT_ID,
    slug: "worker",
    name: "Worker",
    description: "Does the tasks of the yardstick.",
    tools: [act],
    maxParallel: MAX_PARALLEL,
    skills: {
      work: definePlaybook({
        ...skill,
        skill: "work",
        tools: [],
        run: (_context, { task }) => taskBody(task),
      }),
      ask_then_work: definePlaybook({
        ...skill,
        skill: "ask_then_work",
        tools: [act],
        run: async (context, { task }) => valueFrom(await context.call<ReturnType<typeof actOf>>("do_task", { task })),
      }),
    },
  });
}

/** The mission as a person would write it. */
function documentOf({ id, tasks }: BenchMission): JsonObject {
  return {
    mission_id: id,
    slug: id.toLowerCase(),
    mission_name: `Yardstick ${id}`,
    description: "A mission of the yardstick.",
    cases: { id: "case_id", title: "case.case_id" },
    tasks: tasks.map(({ id: task_id, deps, ms, bytes, approval }, index) => ({
      task_id,
      task: `Do ${task_id}`,
      skill: approval ? "ask_then_work" : "work",
      order: index + 1,
      depends_on: [...deps],
      inputs: { task: { value: { id: task_id, ms, bytes } } },
      estimated_duration_minutes: ms / 60_000,
      requires_human_approval: approval ?? false,
    })),
    agents: [AGENT_ID],
    max_parallel: MAX_PARALLEL,
  };
}

/** The catalogue with the missions that were prepared since it was read. */
function withPrepared({ catalogue }: Composition, prepared: ReadonlyMap<string, LoadedMission>) {
  return { ...catalogue, open: async (wanted: string) => prepared.get(wanted) ?? catalogue.open(wanted) };
}

/** Moves the write-ahead log into the file, so that its size says what is kept. */
function emptyLog(file: string): void {
  const handle = new BetterSqlite3(file);
  handle.pragma("wal_checkpoint(TRUNCATE)");
  handle.close();
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
