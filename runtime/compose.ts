import { statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { resolveReceivedAt } from "../core/case.js";
import type { JsonObject } from "../core/digest.js";
import type { Mission } from "../core/mission.js";
import { missionVersion } from "../core/mission-version.js";
import type { PolicyCheckView } from "../core/policy-view.js";
import type { Clock } from "../core/ports.js";
import type { Problem } from "../core/problem.js";
import type { Dispatch } from "../core/records.js";
import type { Article } from "../core/services.js";
import type { NodeDeps } from "../core/session.js";
import { Slots } from "../nodes/slots.js";
import { Waves } from "../nodes/wave.js";
import { createGate } from "../tools/gate.js";
import type { ToolServices } from "../tools/gate-call.js";
import { findCase } from "./cases.js";
import { readConfig } from "./config.js";
import { EventHub } from "./event-hub.js";
import { createDocuments, createRecords } from "./files.js";
import { parseJsonFile } from "./json-file.js";
import { KillWatch } from "./kill-watch.js";
import type { Library, ToolFor } from "./library.js";
import { openLibrary } from "./library.js";
import type { MissionConfig } from "./mission-config.js";
import { loadConfig } from "./mission-config.js";
import type { Catalogue, LoadedMission } from "./missions.js";
import { allProblems, loadMissions, loadMission as loadMissionWith, readMission, runnable } from "./missions.js";
import type { PreparedCase } from "./new-run.js";
import { Orchestrator } from "./orchestrator.js";
import { createPolicies } from "./policy/policies.js";
import type { PolicyCheck } from "./policy-check.js";
import { SessionRegistry } from "./sessions.js";
import type { OpenStore, StoreOptions } from "./store/store.js";
import { openStore } from "./store/store.js";

const ArticlesSchema = z.array(z.looseObject({ article_id: z.string(), title: z.string(), body: z.string() }));

/** What may be told when opening; everything has a default. Paths are relative to the working folder. */
export interface OpenOptions extends MissionConfig {
  readonly dispatch?: Dispatch;
  readonly clock?: Clock;
  readonly leaseMs?: number;
  readonly storeOptions?: Omit<StoreOptions, "clock" | "onEvent">;
}

/** The real object tree: everything that graphs and orchestrator stand on. */
export interface Composition {
  readonly store: OpenStore;
  /** The kill switch as this process knows it. */
  readonly stops: KillWatch;
  readonly library: Pick<Library, "all" | "loadFor" | "find" | "tool" | "close">;
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
  /** The same missions, agents and tools on another store: for what must leave no trace. */
  readonly scratch: (store: string, toolFor?: ToolFor) => Promise<Composition>;
}

/** Opens the store, loads the missions and puts everything together. */
export async function compose(options: OpenOptions = {}, toolFor?: ToolFor): Promise<Composition> {
  const config = readConfig();
  const library = await openLibrary(options, toolFor);
  const loading = loadOptions(options, library);
  const { dataFolder } = loading;
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
  const prepareCase = caseReader(dataFolder);
  const leaseMs = options.leaseMs ?? config.leaseMs;
  const stops = new KillWatch(store.kills);
  const sessions = new SessionRegistry({
    store,
    clock,
    hub,
    owner: config.owner,
    ...{ leaseMs, stops },
    defaultDispatch: options.dispatch ?? "dataflow",
    localUser: config.localUser,
    ...{ versionOf, prepareCase },
    prepareMission: (mission) => library.loadFor(mission),
    contracts: library,
  });
  const services = servicesOf(store, dataFolder);
  const toolbox = createGate({ tools: library, store, policies: loading.policies, clock, services, leaseMs });
  const deps = { sessions, playbooks: library, toolbox, clock, slots: new Slots(), waves: new Waves() };
  return {
    store,
    stops,
    library,
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
    scratch: (url, other) => compose({ ...options, store: url }, other),
  };
}

/** What tools reach: the store's own tables, and the files of the data folder. */
function servicesOf(store: OpenStore, dataFolder: string): ToolServices {
  return {
    knowledge: store.articles,
    calendar: store.calendar,
    messages: store.messages,
    documents: createDocuments(dataFolder),
    records: createRecords(dataFolder),
  };
}

/** A case ready to run, whatever it is named by: moments resolved once. */
function caseReader(dataFolder: string): Composition["prepareCase"] {
  return async (mission, caseInput, startedAt) => {
    const found = await findCase(mission, caseInput, dataFolder);
    return { caseId: found.id, title: found.title, caseData: resolveReceivedAt(found.data, startedAt) };
  };
}

/** The orchestrator that CLI, HTTP and library call. Close it when done. */
export async function composeOrchestrator(options: OpenOptions = {}): Promise<Orchestrator> {
  return new Orchestrator(await compose(options));
}

/** What a mission is put together from and proved with. */
export type MissionOptions = Pick<OpenOptions, "data" | "agents" | "tools" | "policies">;

/** One mission from a file or a document at hand, as `openOrchestrator` with the same options would take it. */
export async function loadMission(source: string | JsonObject, options: MissionOptions = {}): Promise<LoadedMission> {
  return loadMissionWith(source, loadOptions(options, await openLibrary(options)));
}

/** Every problem of a mission at once, by file and JSON pointer; empty when it is sound. Runs nothing. */
export async function verifyMission(
  source: string | JsonObject,
  options: MissionOptions = {},
): Promise<readonly Problem[]> {
  return allProblems(await readMission(source, loadOptions(options, await openLibrary(options))));
}

/** How a call would be ruled on by the policies of a configuration. Opens no store and calls nothing. */
export async function checkPolicyOf(options: MissionConfig, check: PolicyCheck): Promise<PolicyCheckView> {
  const library = await openLibrary(options);
  const loading = loadOptions(options, library);
  const mission = check.mission === undefined ? undefined : await (await loadMissions(loading)).open(check.mission);
  const { checkPolicy } = await import("./policy-check.js");
  return checkPolicy(check, { shelf: await library.all(), policies: loading.policies, mission: mission?.mission });
}

function loadOptions(options: Pick<OpenOptions, "data" | "missions" | "policies">, library: Library) {
  return {
    dataFolder: options.data ?? readConfig().dataFolder,
    library,
    policies: createPolicies(async () => (await library.all()).tools, options.policies),
    ...(options.missions !== undefined && { missions: options.missions }),
  };
}

let forStudio: Promise<Composition> | undefined;

/**
 * Mission and deps for an entry of Studio, by the `mission.config.ts` of the working folder. All entries of a process
 * share one store: a second handle would freeze it.
 */
export async function composeForStudio(slug: string): Promise<{ mission: Mission; deps: Composition["deps"] }> {
  forStudio ??= composeConfigured().catch((error: unknown) => {
    forStudio = undefined;
    throw error;
  });
  const { catalogue, deps } = await forStudio;
  const { mission } = await runnable(catalogue.find(slug));
  return { mission, deps };
}

async function composeConfigured(): Promise<Composition> {
  return compose({ ...(await loadConfig()), dispatch: "stepwise" });
}

async function fillArticles(store: OpenStore, dataFolder: string): Promise<void> {
  const path = join(dataFolder, "sample", "articles.json");
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return;
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
