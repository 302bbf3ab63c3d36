import { existsSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const DEFAULT_STORE = "sqlite:.missions/missions.db";
const DEFAULT_LEASE_MS = 15_000;

/** Settings of a process. Everything has a default, so nothing needs to be set. */
export interface Config {
  /** Where everything durable lives; `MISSION_STORE`. */
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
  /** The command that opens what a person edits; `VISUAL`, else `EDITOR`. */
  readonly editor?: string;
}

/** The only reader of the environment. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const named = env["MISSION_STORE"];
  const lease = Number(env["MISSION_LEASE_MS"]);
  const editor = env["VISUAL"] || env["EDITOR"];
  return {
    storeUrl: named || DEFAULT_STORE,
    isStoreNamed: Boolean(named),
    dataFolder: packageData(),
    leaseMs: Number.isFinite(lease) && lease > 0 ? lease : DEFAULT_LEASE_MS,
    owner: `${process.pid}@${hostname()}:${crypto.randomUUID().slice(0, 8)}`,
    localUser: userName(),
    ...(editor && { editor }),
  };
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
