import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "../../core/digest.js";
import { isDecided, isTerminal } from "../../core/run.js";
import type { ToolDefinition } from "../../core/tool.js";
import type { Composition } from "../../runtime/compose.js";
import { compose } from "../../runtime/compose.js";
import { Orchestrator } from "../../runtime/orchestrator.js";
import { closeSqlite, openSqlite } from "../../runtime/store/sqlite.js";
import { bookCalendarEntry } from "../../tools/book-calendar-entry.js";
import { putInOutbox } from "../../tools/put-in-outbox.js";
import { actingElsewhere } from "./counterpart-acts.js";
import type { AtAct } from "./crash-outside.js";
import { ASKING_MISSION, courier, OUTSIDE_MISSION, Outside, outsideTools } from "./crash-outside.js";
import type { Scenario } from "./crash-scenarios.js";
import { TROUBLED_MISSION } from "./crash-troubles.js";
import { SAGA_MISSION, sagaTools, travelDesk } from "./saga-desk.js";

const BEGAN_AT = Date.parse("2026-03-03T10:00:00.000Z");
/** More questions than any scenario asks; whoever uses them up goes round in circles. */
const MAX_DECISIONS = 40;

/** One process's view of a folder that holds a store and an outside. */
export interface CrashWorld {
  readonly parts: Composition;
  readonly orchestrator: Orchestrator;
  readonly outside: Outside;
  close(): Promise<void>;
}

export interface CrashWorldOptions {
  readonly folder: string;
  readonly scenario: Scenario;
  /** When the process begins, in milliseconds after the run did: time that passes while nobody works does not count. */
  readonly beginsAtMs?: number;
  readonly afterCommit?: () => void;
  readonly atAct?: AtAct;
  /** True where hundreds of runs would wait for the disk. */
  readonly isHasty?: boolean;
}

/** A folder for files that only this test needs. */
export function scratchFolder(): string {
  return mkdtempSync(join(tmpdir(), "mission-crash-"));
}

/** Opens store, outside and orchestrator of a folder, as a process that starts does. */
export async function openCrashWorld(options: CrashWorldOptions): Promise<CrashWorld> {
  const { folder, scenario, beginsAtMs = 0, afterCommit, atAct = () => undefined, isHasty = false } = options;
  const outsidePath = join(folder, "outside.txt");
  const outside = new Outside(outsidePath);
  const startedAt = performance.now();
  const passed = () => (scenario.isTimed ? performance.now() - startedAt : 0);
  const parts = await compose({
    store: `sqlite:${join(folder, "missions.db")}`,
    clock: { now: () => new Date(BEGAN_AT + beginsAtMs + passed()) },
    missions: [OUTSIDE_MISSION, ASKING_MISSION, TROUBLED_MISSION, SAGA_MISSION] as JsonObject[], // safe: the documents are plain JSON
    agents: [courier, travelDesk],
    tools: [
      ...outsideTools(outside, scenario.outside, atAct),
      ...[...ownTools(scenario, outsidePath), ...deskTools(scenario, outsidePath)].map((tool) => watched(tool, atAct)),
    ],
    ...(afterCommit && { storeOptions: { afterCommit } }),
  });
  if (isHasty) neverSync(folder);
  const orchestrator = new Orchestrator(parts);
  return { parts, orchestrator, outside, close: () => orchestrator.close() };
}

/** What a killed process wrote is with the operating system: only a power cut, which no test here makes, needs the disk. */
function neverSync(folder: string): void {
  const file = openSqlite(join(folder, "missions.db"));
  file.handle.exec("pragma synchronous = off");
  closeSqlite(file);
}

/** What the missions act with: in our own tables, or at the counterpart where there is one. */
function ownTools({ counterpart, isForgetful = false }: Scenario, world: string): readonly ToolDefinition[] {
  // Safe: a tool of a known input is a tool.
  const tools = [putInOutbox, bookCalendarEntry] as unknown as readonly ToolDefinition[];
  if (counterpart === undefined) return tools;
  const where = { url: `${counterpart}/${encodeURIComponent(world)}`, isForgetful };
  return tools.map((tool) => actingElsewhere(tool, where));
}

function deskTools({ counterpart, outside, isKeyless = false }: Scenario, world: string): readonly ToolDefinition[] {
  if (counterpart === undefined) return [];
  return sagaTools({ url: `${counterpart}/${encodeURIComponent(world)}`, outside, isKeyless });
}

/** A tool with the moments before and after its act and its undo. It takes the place of the original. */
function watched(tool: ToolDefinition, atAct: AtAct): ToolDefinition {
  const { compensate } = tool;
  return {
    ...tool,
    async run(args, context) {
      atAct("before", tool.name, "");
      const value = await tool.run(args, context);
      atAct("after", tool.name, "");
      return value;
    },
    ...(compensate && {
      async compensate(args, result, context) {
        atAct("before", `undo_${tool.name}`, "");
        await compensate(args, result, context);
        atAct("after", `undo_${tool.name}`, "");
      },
    }),
  };
}

/**
 * What the people around a run do, whatever process died before: somebody resumes what was left, starts the run when
 * nobody had, and answers what is asked. Fails when the run neither ends nor asks anybody.
 */
export async function driveToEnd({ parts, orchestrator, outside }: CrashWorld, scenario: Scenario): Promise<void> {
  await orchestrator.resume();
  const { mission, caseRef } = scenario;
  if ((await parts.store.runs.list()).length === 0)
    await orchestrator.start(mission, caseRef === undefined ? {} : { caseRef });
  for (let decisions = 0; decisions < MAX_DECISIONS; decisions += 1) {
    const [run, ...others] = await parts.store.runs.list();
    if (!run || others.length > 0) throw new Error(`There are ${others.length + (run ? 1 : 0)} runs instead of one.`);
    if (isTerminal(run.status)) return;
    if (run.cancelRequestedBy !== undefined && !run.ending)
      throw new Error("The run was cancelled, but nobody took that up.");
    const requests = await parts.store.approvals.list({ runId: run.runId });
    const request = requests.find(({ status }) => status === "pending");
    const isLeft = requests.some(({ status, appliedAt }) => isDecided(status) && appliedAt === undefined);
    if (!request || isLeft || run.status !== "waiting") {
      throw new Error(
        `The run is ${run.status} and waits for ${request?.shown.question ?? "nobody"}${isLeft ? "; a decision was not taken up" : ""}.`,
      );
    }
    const decision = scenario.decide(request, outside);
    if (decision === "cancel") await orchestrator.cancel(run.runId, { by: "Pat" });
    else await orchestrator.decide(request.approvalId, { decision, by: "Pat" });
  }
  throw new Error(`The run has not ended after ${MAX_DECISIONS} decisions.`);
}

/** Does the work for every item, so many at once. */
export async function inPool<Item, Value>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, index: number) => Promise<Value>,
): Promise<Value[]> {
  const values: Value[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) values[index] = await work(item, index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return values;
}
