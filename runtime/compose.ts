import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { resolveReceivedAt } from "../core/case.js";
import type { AgentDefinition, Playbook } from "../core/define-agent.js";
import type { JsonObject } from "../core/digest.js";
import { OrchestratorError } from "../core/errors.js";
import type { Mission } from "../core/mission.js";
import { missionVersion } from "../core/mission-version.js";
import type { Clock } from "../core/ports.js";
import type { Problem } from "../core/problem.js";
import type { Dispatch } from "../core/records.js";
import type { Article } from "../core/services.js";
import type { NodeDeps, Playbooks } from "../core/session.js";
import type { ToolDefinition } from "../core/tool.js";
import { nameFaultOf } from "../core/verify-names.js";
import { dataCollectionAgent } from "../nodes/agents/data-collection-agent.js";
import { documentVerificationAgent } from "../nodes/agents/document-verification-agent.js";
import { generalist } from "../nodes/agents/generalist.js";
import { salesAnalysisAgent } from "../nodes/agents/sales-analysis-agent.js";
import { schedulingAgent } from "../nodes/agents/scheduling-agent.js";
import { supportResolutionAgent } from "../nodes/agents/support-resolution-agent.js";
import { workbench } from "../nodes/agents/workbench.js";
import { Slots } from "../nodes/slots.js";
import { Waves } from "../nodes/wave.js";
import { createGate } from "../tools/gate.js";
import { tools as ourTools } from "../tools/registry.js";
import { findCase } from "./cases.js";
import { readConfig } from "./config.js";
import { EventHub } from "./event-hub.js";
import { createDocuments, createRecords } from "./files.js";
import { parseJsonFile } from "./json-file.js";
import { AGENTS, listOrFolder, TOOLS } from "./list-or-folder.js";
import type { Catalogue, LoadedMission, LoadOptions } from "./missions.js";
import { assertRunnable, loadMissions, loadMission as loadMissionWith, readMission } from "./missions.js";
import type { PreparedCase } from "./new-run.js";
import { Orchestrator } from "./orchestrator.js";
import { SessionRegistry } from "./sessions.js";
import type { OpenStore, StoreOptions } from "./store/store.js";
import { openStore } from "./store/store.js";

const ArticlesSchema = z.array(z.looseObject({ article_id: z.string(), title: z.string(), body: z.string() }));

/** Agents of our own, in the order of the dataset; the generalist stands behind them. */
const OUR_AGENTS: readonly AgentDefinition[] = [
  dataCollectionAgent,
  documentVerificationAgent,
  schedulingAgent,
  salesAnalysisAgent,
  supportResolutionAgent,
  workbench,
  generalist,
];

/** What may be told when opening; everything has a default. */
export interface OpenOptions {
  /** `sqlite:<path>`; default `MISSION_STORE`, else the file of `.missions` that the command line reads too. */
  readonly store?: string;
  /** A folder with missions, the dataset's files and sample cases; default our own. */
  readonly data?: string;
  /** Missions besides those of the data folder: one file, a folder of them, or a list of files and documents at hand. */
  readonly missions?: string | readonly (string | JsonObject)[];
  /** Agents and tools besides ours: a list, or a folder of modules that export them. An agent with the id of one of ours takes its place. */
  readonly agents?: string | readonly AgentDefinition[];
  readonly tools?: string | readonly ToolDefinition[];
  readonly dispatch?: Dispatch;
  readonly clock?: Clock;
  readonly leaseMs?: number;
  readonly storeOptions?: Omit<StoreOptions, "clock" | "onEvent">;
}

/** The real object tree: everything that graphs and orchestrator stand on. */
export interface Composition {
  readonly store: OpenStore;
  readonly catalogue: Catalogue;
  readonly deps: NodeDeps & { readonly slots: Slots; readonly waves: Waves };
  readonly sessions: SessionRegistry;
  readonly hub: EventHub;
  readonly clock: Clock;
  readonly localUser: string;
  readonly leaseMs: number;
  readonly versionOf: (mission: Mission) => string;
  readonly prepareCase: (mission: Mission, caseInput: unknown, startedAt: Date) => Promise<PreparedCase>;
  readonly dataFolder: string;
}

/** Opens the store, loads the missions and puts everything together. */
export async function compose(options: OpenOptions = {}): Promise<Composition> {
  const config = readConfig();
  const loading = await loadOptions(options);
  const { dataFolder, agents, tools } = loading;
  const clock = options.clock ?? { now: () => new Date() };
  const hub = new EventHub();
  const catalogue = await loadMissions(loading);
  const store = await openStore(options.store ?? config.storeUrl, {
    ...options.storeOptions,
    clock,
    onEvent: (event) => hub.stored(event),
  });
  await fillArticles(store, dataFolder);

  const versionOf = memoised(missionVersion);
  const prepareCase = async (mission: Mission, caseInput: unknown, startedAt: Date): Promise<PreparedCase> => {
    const found = await findCase(mission, caseInput, dataFolder);
    return { caseId: found.id, title: found.title, caseData: resolveReceivedAt(found.data, startedAt) };
  };
  const leaseMs = options.leaseMs ?? config.leaseMs;
  const sessions = new SessionRegistry({
    store,
    clock,
    hub,
    owner: config.owner,
    leaseMs,
    defaultDispatch: options.dispatch ?? "dataflow",
    localUser: config.localUser,
    versionOf,
    prepareCase,
  });
  const toolbox = createGate({
    tools,
    store,
    clock,
    services: {
      knowledge: store.articles,
      calendar: store.calendar,
      messages: store.messages,
      documents: createDocuments(dataFolder),
      records: createRecords(dataFolder),
    },
  });
  const deps = { sessions, playbooks: createPlaybooks(agents), toolbox, clock, slots: new Slots(), waves: new Waves() };
  return {
    store,
    catalogue,
    deps,
    sessions,
    hub,
    clock,
    localUser: config.localUser,
    leaseMs,
    versionOf,
    prepareCase,
    dataFolder,
  };
}

/** The orchestrator that CLI, HTTP and library call. Close it when done. */
export async function composeOrchestrator(options: OpenOptions = {}): Promise<Orchestrator> {
  return new Orchestrator(await compose(options));
}

/** What a mission is put together from and proved with. */
export type MissionOptions = Pick<OpenOptions, "data" | "agents" | "tools">;

/** One mission from a file or a document at hand, as `openOrchestrator` with the same options would take it. */
export async function loadMission(source: string | JsonObject, options: MissionOptions = {}): Promise<LoadedMission> {
  return loadMissionWith(source, await loadOptions(options));
}

/** Every problem of a mission at once, by file and JSON pointer; empty when it is sound. Runs nothing. */
export async function verifyMission(
  source: string | JsonObject,
  options: MissionOptions = {},
): Promise<readonly Problem[]> {
  return (await readMission(source, await loadOptions(options))).problems;
}

async function loadOptions(options: Omit<OpenOptions, "store">): Promise<LoadOptions> {
  const [agents, tools] = await Promise.all([
    listOrFolder(options.agents ?? [], AGENTS),
    listOrFolder(options.tools ?? [], TOOLS),
  ]);
  assertOneOfEach(
    "tools",
    tools.map(({ name }) => ({ name, shownAs: name })),
  );
  return {
    dataFolder: options.data ?? readConfig().dataFolder,
    agents: withOurs(agents),
    tools: [...ourTools, ...tools],
    ...(options.missions !== undefined && { missions: options.missions }),
  };
}

/** Ours and the given ones, the generalist last; a given agent with the id of one of ours stands in its place. */
function withOurs(given: readonly AgentDefinition[]): readonly AgentDefinition[] {
  const fault = given.map(nameFaultOf).find((found) => found !== undefined);
  if (fault !== undefined) throw new OrchestratorError("config_invalid", `"agents" cannot be used: ${fault}`);
  assertOneOfEach(
    "agents",
    given.map((agent) => ({ name: agent.agentId, shownAs: shownAgent(agent) })),
  );
  const ours = OUR_AGENTS.map((own) => given.find(({ agentId }) => agentId === own.agentId) ?? own);
  const others = given.filter((agent) => !ours.includes(agent));
  const all = [...ours.slice(0, -1), ...others, ...ours.slice(-1)];
  assertOneOfEach(
    "agents",
    all.map((agent) => ({ name: agent.slug, shownAs: shownAgent(agent) })),
  );
  return all;
}

function shownAgent({ agentId, slug }: AgentDefinition): string {
  return `${agentId} (${slug})`;
}

/** Of two with one name the second would hide the first. */
function assertOneOfEach(option: string, all: readonly { readonly name: string; readonly shownAs: string }[]): void {
  const known = new Map<string, string>();
  for (const { name, shownAs } of all) {
    const namesake = known.get(name);
    if (namesake !== undefined)
      throw new OrchestratorError(
        "config_invalid",
        `"${option}" cannot be used: ${namesake} and ${shownAs} share the name "${name}"; each needs its own.`,
      );
    known.set(name, shownAs);
  }
}

let forStudio: Promise<Composition> | undefined;

/** Mission and deps for an entry of Studio. All entries of a process share one store: a second handle would freeze it. */
export async function composeForStudio(slug: string): Promise<{ mission: Mission; deps: Composition["deps"] }> {
  forStudio ??= compose({ dispatch: "stepwise" }).catch((error: unknown) => {
    forStudio = undefined;
    throw error;
  });
  const { catalogue, deps } = await forStudio;
  const loaded = catalogue.find(slug);
  assertRunnable(loaded);
  return { mission: loaded.mission, deps };
}

function createPlaybooks(agents: readonly AgentDefinition[]): Playbooks {
  const byId = new Map(agents.map((agent) => [agent.agentId, agent]));
  return {
    agents: () => agents,
    find(agentId, skill): Playbook | undefined {
      const skills = byId.get(agentId)?.skills;
      return skills?.[skill] ?? skills?.["*"];
    },
  };
}

async function fillArticles(store: OpenStore, dataFolder: string): Promise<void> {
  const path = join(dataFolder, "sample", "articles.json");
  if ((await readFile(path).catch(() => undefined)) === undefined) return;
  const articles = await parseJsonFile(path, ArticlesSchema);
  await store.articles.replaceAll(
    articles.map((entry): Article => ({ articleId: entry.article_id, title: entry.title, body: entry.body })),
  );
}

function memoised<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, Value>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}
