import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Decision } from "../../core/approval.js";
import type { JsonObject } from "../../core/digest.js";
import type { Clock } from "../../core/ports.js";
import type { ApprovalView, FinalReport, StatusView } from "../../core/views.js";
import type { OpenOptions } from "../../runtime/compose.js";
import { composeOrchestrator } from "../../runtime/compose.js";
import type { Orchestrator } from "../../runtime/orchestrator.js";
import { deskAgents, deskTools } from "./approvals-agents.js";
import type { MissionParts, TaskParts } from "./missions.js";
import { missionDocument } from "./missions.js";

const LOOK_MS = 10;
const OUR_DATA = join(import.meta.dirname, "../../data");

/** A folder with a store and missions in it, and the processes' orchestrators on it; gone after `drop`. */
export interface Desk {
  readonly folder: string;
  readonly url: string;
  /** An orchestrator of this process; every call opens another one. */
  open(options?: Omit<OpenOptions, "store">): Promise<Orchestrator>;
  /** Writes a mission of these tasks and returns its slug; orchestrators that are opened later know it. */
  mission(name: string, tasks: readonly TaskParts[], parts?: Partial<MissionParts>): string;
  /** A file that a held task waits for; `release` writes it. */
  gate(name: string): { readonly path: string; release(): void };
  drop(): Promise<void>;
}

/** Makes a fresh desk. */
export function createDesk(): Desk {
  const folder = mkdtempSync(join(tmpdir(), "mission-approvals-"));
  const url = `sqlite:${join(folder, "missions.db")}`;
  const missions = join(folder, "data", "missions");
  mkdirSync(missions, { recursive: true });
  for (const file of readdirSync(OUR_DATA).filter((name) => name.endsWith(".json"))) {
    symlinkSync(join(OUR_DATA, file), join(folder, "data", file));
  }
  const opened: Orchestrator[] = [];
  return {
    folder,
    url,
    async open(options = {}) {
      const orchestrator = await openDesk(folder, url, options);
      opened.push(orchestrator);
      return orchestrator;
    },
    mission(name, tasks, parts = {}) {
      const slug = `mission-${name}`;
      const document = missionDocument({
        mission_id: `M-${name}`,
        slug,
        agents: ["A90"],
        capabilities: Object.fromEntries(tasks.map(({ task_id: id }) => [id, ["A90"]])),
        ...parts,
        tasks,
      });
      writeFileSync(join(missions, `${slug}.json`), JSON.stringify(document));
      return slug;
    },
    gate(name) {
      const path = join(folder, `gate-${name}`);
      return { path, release: () => writeFileSync(path, "") };
    },
    async drop() {
      await Promise.allSettled(opened.map((orchestrator) => orchestrator.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An orchestrator with the desk's agents and tools on a store: what the test's process and its children both open. */
export function openDesk(folder: string, url: string, options: Omit<OpenOptions, "store"> = {}): Promise<Orchestrator> {
  const data = join(folder, "data");
  return composeOrchestrator({ agents: deskAgents(), tools: deskTools(folder), data, ...options, store: url });
}

/** A clock that stands still until the test moves it. */
export function createStillClock(start = new Date()): Clock & { advance(minutes: number): void } {
  let now = start.getTime();
  return {
    now: () => new Date(now),
    advance(minutes) {
      now += minutes * 60_000;
    },
  };
}

/** Looks until it finds something; the test's own time limit ends a look in vain. */
export async function until<Value>(
  look: () => Promise<Value | undefined | false> | Value | undefined | false,
): Promise<Value> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** The one request that waits in the run. */
export async function onlyRequest(orchestrator: Orchestrator, run: string): Promise<ApprovalView> {
  const [request, ...others] = await orchestrator.approvals({ run });
  if (!request || others.length > 0) throw new Error(`${1 + others.length} requests wait, not one.`);
  return request;
}

/** Starts a run on a case of its own and answers the one request that it ends with. */
export async function startAndDecide(orchestrator: Orchestrator, mission: string, decision: Decision, by = "ann") {
  const { run_id: runId } = await orchestrator.start(mission, { caseRef: { case_id: crypto.randomUUID() } });
  const request = await onlyRequest(orchestrator, runId);
  const outcome = await orchestrator.decide(request.approval_id, { decision, by });
  return { runId, request, outcome };
}

/** Everything of a run's end that must not depend on who decided in which order: no ids, no moments. */
function endOf(status: StatusView, report: Pick<FinalReport, "decisions" | "effects">): JsonObject {
  const tasks = Object.entries(status.tasks).map(([id, task]) => [
    id,
    [task.status, task.attempts, task.result_digest, task.error_code, task.error],
  ]);
  const decisions = report.decisions.map(({ task_id, kind, decision, by, comment }) =>
    [task_id, kind, decision, by, comment].join(" | "),
  );
  const effects = report.effects.map(({ tool, status: state, args }) => `${tool} ${state} ${JSON.stringify(args)}`);
  return {
    status: status.status,
    tasks: Object.fromEntries(tasks),
    blackboard: status.blackboard,
    decisions: decisions.sort(),
    effects: effects.sort(),
  };
}

/** The end of a run, read from the store. */
export async function endOfRun(orchestrator: Orchestrator, run: string): Promise<JsonObject> {
  return endOf(await orchestrator.status(run), await orchestrator.report(run));
}

/** Every way to answer these in turns of one or more: all ordered partitions (1, 3, 13, 75 for one to four). */
export function allOrders<Item>(items: readonly Item[]): readonly (readonly (readonly Item[])[])[] {
  if (items.length === 0) return [[]];
  const orders: (readonly (readonly Item[])[])[] = [];
  for (let mask = 1; mask < 2 ** items.length; mask += 1) {
    const first = items.filter((_, index) => mask & (2 ** index));
    const rest = items.filter((_, index) => !(mask & (2 ** index)));
    for (const others of allOrders(rest)) orders.push([first, ...others]);
  }
  return orders;
}
