import { existsSync, readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readSecretsWith } from "../core/secret.js";

/** The folder that keeps what nobody gave another place. */
export const STORE_FOLDER = ".missions";
/** The store's file when nothing names another. */
export const STORE_FILE = "missions.db";
/** A file in the store's folder: it names the store's file, when that is not the usual one. */
export const STORE_POINTER = "current";
const DEFAULT_LEASE_MS = 15_000;

// Where this file is loaded, `secret("NAME")` reads the environment; at `reveal`, not before.
readSecretsWith((name) => process.env[name]);

/** Settings of a process. Everything has a default, so nothing needs to be set. */
export interface Config {
  /** Where everything durable lives; `MISSION_STORE`, else what this folder's `.missions/current` names, else the usual file. */
  readonly storeUrl: string;
  /** True when the environment named the store. */
  readonly isStoreNamed: boolean;
  /** Missions, dataset, sample cases. */
  readonly dataFolder: string;
  /** How long a silent process keeps its runs; `MISSION_LEASE_MS`. */
  readonly leaseMs: number;
  /** Names this process among all that work on runs. */
  readonly owner: string;
  readonly localUser: string;
  /** True when the environment names a model or its key; neither is kept here. */
  readonly isModelNamed: boolean;
  /** The command that opens what a person edits; `VISUAL`, else `EDITOR`. */
  readonly editor?: string;
}

/** With `readCaller` and the reader of secrets above, the only reader of the environment. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const named = env["MISSION_STORE"];
  const lease = Number(env["MISSION_LEASE_MS"]);
  const editor = env["VISUAL"] || env["EDITOR"];
  return {
    storeUrl: named || storeUrlOf(storeFileIn(process.cwd())),
    isStoreNamed: Boolean(named),
    dataFolder: packageData(),
    leaseMs: Number.isFinite(lease) && lease > 0 ? lease : DEFAULT_LEASE_MS,
    owner: `${process.pid}@${hostname()}:${crypto.randomUUID().slice(0, 8)}`,
    localUser: userName(),
    isModelNamed: Boolean(env["MODEL_BASE_URL"] || env["OPENAI_API_KEY"]),
    ...(editor && { editor }),
  };
}

/** Who started this process, as far as the environment tells. */
export interface Caller {
  /** The npm script that led here, `npx` for that command; undefined when it was none. */
  readonly npmScript: string | undefined;
  readonly isNpx: boolean;
  /** The folders in which commands are found by their names. */
  readonly path: string;
}

export function readCaller(env: NodeJS.ProcessEnv = process.env): Caller {
  const { npm_lifecycle_event: npmScript, npm_command: npmCommand, PATH: path = "" } = env;
  return { npmScript, isNpx: npmCommand === "exec", path };
}

/** The file in `.missions` that command line, code and Studio read in this folder; a pointer to no such file is passed over. */
export function storeFileIn(folder: string): string {
  const pointer = join(folder, STORE_FOLDER, STORE_POINTER);
  const name = existsSync(pointer) ? readFileSync(pointer, "utf8").trim() : "";
  return /^[\w.-]+\.db$/u.test(name) && existsSync(join(folder, STORE_FOLDER, name)) ? name : STORE_FILE;
}

/** The store in a file of `.missions`, relative to the working folder. */
export function storeUrlOf(file: string): string {
  return `sqlite:${STORE_FOLDER}/${file}`;
}

/** The package's own data folder, found beside the sources and beside the build alike. */
function packageData(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, "data", "business_missions.json"))) return join(folder, "data");
  }
  return resolve("data");
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}
