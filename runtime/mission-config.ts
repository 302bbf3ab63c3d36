import { existsSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import type { AgentDefinition } from "../core/define-agent.js";
import type { JsonObject } from "../core/digest.js";
import { OrchestratorError } from "../core/errors.js";
import { didYouMean } from "../core/lookup.js";
import type { ToolDefinition } from "../core/tool.js";
import { readConfig } from "./config.js";
import type { Exports } from "./load-module.js";
import { shown } from "./shown.js";

/** What a folder's `mission.config.ts` may say; everything has a default. Paths are relative to the file. */
export interface MissionConfig {
  /** Where runs are kept, `sqlite:<path>`; `--store` and `MISSION_STORE` go before it. */
  readonly store?: string;
  /** A folder with `missions/`, sample cases and records; default the samples of the package. */
  readonly data?: string;
  /** Missions besides those of the data folder: one file, a folder of them, or a list of files and documents at hand. */
  readonly missions?: string | readonly (string | JsonObject)[];
  /** Agents and tools besides ours: a list, or a folder of modules that export them. An agent with the id of one of ours takes its place. */
  readonly agents?: string | readonly AgentDefinition[];
  readonly tools?: string | readonly ToolDefinition[];
  /** A folder of `.cedar` files that hold for every mission; only they turn what is asked into what is done without asking. */
  readonly policies?: string;
}

const BASE = "mission.config";
const ENDINGS = ["ts", "mts", "js", "mjs"];
const OTHER_ENDINGS = ["json", "cts", "cjs", "yaml", "yml"];
/** What each setting may be besides a text. */
const SETTINGS: Readonly<Record<keyof MissionConfig, string | undefined>> = {
  store: undefined,
  data: undefined,
  missions: "files and missions",
  agents: "what defineAgent returns",
  tools: "what defineTool returns",
  policies: undefined,
};

/** Declares what `mission.config.ts` exports by default; gives it back as it is, with its types checked. */
export function defineConfig(config: MissionConfig): MissionConfig {
  return config;
}

/** The configuration file of a folder, if it has one. `config_invalid` when it has several, or one that cannot be read. */
export function findConfigFile(folder: string): string | undefined {
  const named = (endings: readonly string[]) =>
    endings.map((ending) => join(folder, `${BASE}.${ending}`)).filter((file) => existsSync(file));
  const [file, second] = named(ENDINGS);
  if (file !== undefined && second !== undefined)
    throw invalid(`${shown(file)} and ${shown(second)} stand side by side, and only one can count. Delete one.`);
  const [other] = named(OTHER_ENDINGS);
  if (file === undefined && other !== undefined)
    throw invalid(`${shown(other)} is not read. Name it ${BASE}.ts and let it say "export default { … }".`);
  return file;
}

/**
 * The options for `openOrchestrator` that a folder's `mission.config.ts` gives, paths made absolute; none when there is
 * no such file. The environment's store goes before the file's. `config_invalid` says what is wrong with it.
 */
export async function loadConfig(folder: string = process.cwd()): Promise<MissionConfig> {
  const file = findConfigFile(resolve(folder));
  if (file === undefined) return {};
  const { loadModule } = await import("./load-module.js");
  const config = exportOf(await loadModule(file, "the configuration"), file);
  checkSettings(config, file);
  const { store, ...rest } = inFolder(config, resolve(folder));
  checkFolders(rest, file);
  return store === undefined || readConfig().isStoreNamed ? rest : { ...rest, store };
}

function exportOf(module: Exports, file: string): object {
  const exported = unwrapped(module["default"]);
  if (typeof exported === "object" && exported !== null && !Array.isArray(exported)) return exported;
  const found = Object.hasOwn(module, "default")
    ? `its default export is ${kindOf(exported)}`
    : "it has no default export";
  throw invalid(`${shown(file)}: ${found}. Write: export default { data: "data", agents: "agents", tools: "tools" };`);
}

/** A module that was made CommonJS has its default one step deeper. */
function unwrapped(exported: unknown): unknown {
  const isWrapped = typeof exported === "object" && exported !== null && "__esModule" in exported;
  return isWrapped && "default" in exported ? exported.default : exported;
}

function checkSettings(config: object, file: string): asserts config is MissionConfig {
  for (const [key, value] of Object.entries(config)) {
    if (!Object.hasOwn(SETTINGS, key)) {
      const known = Object.keys(SETTINGS);
      throw invalid(
        `${shown(file)}: there is no setting "${key}".${didYouMean(key, known)} There are: ${known.join(", ")}.`,
      );
    }
    const list = SETTINGS[key as keyof MissionConfig]; // safe: it is one of the keys
    if (value === undefined || (typeof value === "string" && value.trim() !== "")) continue;
    if (list !== undefined && Array.isArray(value)) continue;
    const allowed = list === undefined ? "a text" : `the path of a folder, or a list of ${list}`;
    throw invalid(`${shown(file)}: "${key}" must be ${allowed}; it is ${kindOf(value)}.`);
  }
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === "") return "empty";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** The same settings, with paths from the file's folder on. */
function inFolder({ store, data, missions, agents, tools, policies }: MissionConfig, folder: string): MissionConfig {
  const at = <Value>(value: Value): Value | string => (typeof value === "string" ? resolve(folder, value) : value);
  const path = store?.startsWith("sqlite:") ? store.slice("sqlite:".length) : undefined;
  return {
    ...(store !== undefined && {
      store: path === undefined || isAbsolute(path) ? store : `sqlite:${join(folder, path)}`,
    }),
    ...(data !== undefined && { data: at(data) }),
    ...(missions !== undefined && { missions: typeof missions === "string" ? at(missions) : missions.map(at) }),
    ...(agents !== undefined && { agents: at(agents) }),
    ...(tools !== undefined && { tools: at(tools) }),
    ...(policies !== undefined && { policies: at(policies) }),
  };
}

/** A path that leads nowhere is named together with the setting that gave it. */
function checkFolders(config: Omit<MissionConfig, "store">, file: string): void {
  for (const [key, value] of Object.entries(config)) {
    const paths: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const path of paths.filter((each) => typeof each === "string")) {
      const found = statSync(path, { throwIfNoEntry: false });
      const isFit = key === "missions" ? found !== undefined : found?.isDirectory() === true;
      if (isFit) continue;
      const what = found ? "is a file, but a folder is needed" : "is not there. Create it, or mend the path";
      throw invalid(`${shown(file)}: "${key}" names ${shown(path)}, which ${what}.`);
    }
  }
}

function invalid(message: string): OrchestratorError {
  return new OrchestratorError("config_invalid", message);
}
