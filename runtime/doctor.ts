import { createServer } from "node:net";
import type { CheckView, DoctorView } from "../core/doctor.js";
import { broken, checkNode, ok, warning } from "../core/doctor.js";
import { hasErrors } from "../core/problem.js";
import { secretStates } from "../core/secret.js";
import type { Config } from "./config.js";
import { readConfig } from "./config.js";
import { checkStore } from "./doctor-store.js";
import type { MissionConfig } from "./mission-config.js";
import { loadConfig } from "./mission-config.js";
import { readMissionHeaders } from "./mission-headers.js";

const STUDIO_PORT = 2024;
const BUILD = "Run npm rebuild better-sqlite3; without a prebuilt driver it needs python3, make and g++.";

export interface DoctorOptions {
  /** The store named on the command line. */
  readonly store?: string;
  /** Where commands are called: its `mission.config.ts` counts. */
  readonly folder: string;
  /** Loads the driver and gives SQLite's version; a test can let it fail. */
  readonly loadDriver?: () => Promise<string>;
}

/** Looks at all that commands rely on. Never throws, and changes and creates nothing. */
export async function examine({ store, folder, loadDriver = sqliteVersion }: DoctorOptions): Promise<DoctorView> {
  const config = readConfig();
  const { given, check } = await checkConfigFile(folder);
  const driver = await checkDriver(loadDriver);
  const url = store ?? (config.isStoreNamed ? config.storeUrl : (given.store ?? config.storeUrl));
  const hasDriver = driver.status === "ok";
  const checks = [
    checkNode(process.versions.node),
    driver,
    ...(hasDriver ? await guarded("Store", () => checkStore(url)) : [notChecked("Store")]),
    ...(check ? [check] : []),
    ...(hasDriver ? await guarded("Missions", () => checkMissions(config, given)) : [notChecked("Missions")]),
    checkModel(config),
    ...checkSecrets(),
    ...(await checkPorts()),
    ok(
      "Editor",
      config.editor === undefined ? "the system's own; VISUAL or EDITOR names another" : `"${config.editor}"`,
    ),
  ];
  return { is_well: checks.every(({ status }) => status !== "broken"), checks };
}

async function sqliteVersion(): Promise<string> {
  const { default: BetterSqlite3 } = await import("better-sqlite3");
  const handle = new BetterSqlite3(":memory:");
  const version = String(handle.prepare("select sqlite_version()").pluck().get());
  handle.close();
  return version;
}

async function checkDriver(load: () => Promise<string>): Promise<CheckView> {
  try {
    return ok("SQLite driver", `better-sqlite3 with SQLite ${await load()}`);
  } catch (error) {
    return broken("SQLite driver", `It cannot be loaded: ${firstLine(error)}`, BUILD);
  }
}

async function checkConfigFile(folder: string): Promise<{ given: MissionConfig; check?: CheckView }> {
  try {
    return { given: await loadConfig(folder) };
  } catch (error) {
    return { given: {}, check: broken("mission.config.ts", firstLine(error), "Correct the file, or delete it.") };
  }
}

async function checkMissions(config: Config, given: MissionConfig): Promise<readonly CheckView[]> {
  const { verifyMission } = await import("./compose.js");
  const { missions, agents, tools } = given;
  const dataFolder = given.data ?? config.dataFolder;
  const headers = await readMissionHeaders({ dataFolder, ...(missions !== undefined && { missions }) });
  const loading = { data: dataFolder, ...(agents !== undefined && { agents }), ...(tools !== undefined && { tools }) };
  const bad: string[] = [];
  for (const { file, slug, is_readable } of headers) {
    const isSound = is_readable && (!file.endsWith(".json") || !hasErrors(await verifyMission(file, loading)));
    if (!isSound) bad.push(slug || file);
  }
  const what = `${headers.length} in ${dataFolder}`;
  if (bad.length === 0) return [ok("Missions", what)];
  const mend = `mission verify ${bad[0]} shows every problem.`;
  return [warning("Missions", `${what}; not runnable: ${bad.join(", ")}`, mend)];
}

/** No value of the environment is printed: keys are secrets, and addresses may hold some. */
function checkModel({ isModelNamed }: Config): CheckView {
  if (!isModelNamed) return ok("Model", "no model is set: agents work by their playbooks");
  const what = "The environment names a model, and this release does not use one: agents work by their playbooks";
  return warning("Model", what, "Nothing needs doing; unset MODEL_BASE_URL and OPENAI_API_KEY to be rid of this line.");
}

/** Those that the configuration, its agents and its tools name: missions were looked at before, so all are loaded. */
function checkSecrets(): readonly CheckView[] {
  return secretStates().map(({ name, state }) => {
    if (state === "set") return ok(`Secret ${name}`, "set");
    const what = state === "missing" ? "missing: what needs it fails when it is used" : "too short to be kept secret";
    return warning(`Secret ${name}`, what, `Set the environment variable ${name}.`);
  });
}

async function checkPorts(): Promise<readonly CheckView[]> {
  const loopback = await portFault(0);
  if (loopback !== undefined) {
    return [
      broken("Ports", `No port of 127.0.0.1 can be opened (${loopback})`, "Allow programs to listen on the loopback."),
    ];
  }
  const studio = await portFault(STUDIO_PORT);
  if (studio === undefined) return [ok("Ports", `the loopback opens, and Studio's ${STUDIO_PORT} is free`)];
  const what = `${STUDIO_PORT}, which Studio uses, is taken (${studio})`;
  return [warning("Ports", what, "If Studio runs, all is well. Else: npm run studio -- --port 2025.")];
}

/** Why the port cannot be listened on; nothing when it can. */
function portFault(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(undefined)));
  });
}

async function guarded(name: string, check: () => Promise<readonly CheckView[]>): Promise<readonly CheckView[]> {
  try {
    return await check();
  } catch (error) {
    return [broken(name, firstLine(error), "Mend what the message names, and call doctor again.")];
  }
}

function notChecked(name: string): CheckView {
  return warning(name, "not looked at: it needs the SQLite driver", "Mend the driver first.");
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n")[0] ?? "";
}
