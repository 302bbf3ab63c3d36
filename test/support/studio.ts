import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "@langchain/langgraph-sdk";

const CHECKOUT = resolve(import.meta.dirname, "../..");
const SOURCES = [
  "core",
  "data",
  "graphs",
  "nodes",
  "runtime",
  "tools",
  "langgraph.json",
  "package.json",
  "tsconfig.json",
];
const START_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 5_000;

/** The development server that Studio talks to, on a copy of the checkout and a store of its own. */
export interface StudioServer {
  readonly client: Client;
  /** Of the runs' rows, for `openStore`. */
  readonly storeUrl: string;
  /** Everything the server printed so far. */
  log(): string;
  stop(): Promise<void>;
}

/** Starts what `npm run studio` starts, without a browser; resolves once it answers. */
export async function startStudio(): Promise<StudioServer> {
  const folder = mkdtempSync(join(tmpdir(), "mission-studio-"));
  for (const name of SOURCES) cpSync(join(CHECKOUT, name), join(folder, name), { recursive: true });
  symlinkSync(join(CHECKOUT, "node_modules"), join(folder, "node_modules"));
  const drop = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  const server = await serveGraphs(folder).catch((error: unknown) => {
    drop();
    throw error;
  });
  return { ...server, stop: () => server.stop().finally(drop) };
}

/** Starts the development server on a folder with a `langgraph.json`; it keeps its runs in a store there. */
export async function serveGraphs(folder: string): Promise<StudioServer> {
  const storeUrl = `sqlite:${join(folder, "missions.db")}`;
  const logFile = join(folder, "server.log");
  const output = openSync(logFile, "w");
  const port = await freePort();
  const command = join(CHECKOUT, "node_modules", ".bin", "langgraphjs");
  const args = ["dev", "--no-browser", "--no-reload", "--host", "127.0.0.1", "--port", String(port)];
  const child = spawn(command, args, {
    cwd: folder,
    detached: true,
    stdio: ["ignore", output, output],
    env: { ...process.env, MISSION_STORE: storeUrl, LANGGRAPH_CLI_NO_ANALYTICS: "1", LANGSMITH_TRACING: "false" },
  });
  const log = () => readFileSync(logFile, "utf8");
  const apiUrl = `http://127.0.0.1:${port}`;
  try {
    await untilAnswering(apiUrl, child);
  } catch (error) {
    const printed = log();
    await endGroup(child);
    throw new Error(`The server did not start:\n${printed}`, { cause: error });
  }
  return { client: new Client({ apiUrl, apiKey: null }), storeUrl, log, stop: () => endGroup(child) };
}

async function untilAnswering(url: string, child: ChildProcess): Promise<void> {
  const until = Date.now() + START_LIMIT_MS;
  for (;;) {
    const isUp = await fetch(`${url}/ok`, { signal: AbortSignal.timeout(2_000) }).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isUp) return;
    if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}.`);
    if (Date.now() > until) throw new Error(`It did not answer within ${START_LIMIT_MS} ms.`);
    await sleep(200);
  }
}

/** Ends the process and those that it started: it was made the leader of a group of its own. */
async function endGroup(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  const closed = child.exitCode === null && child.signalCode === null ? once(child, "close") : Promise.resolve();
  signalGroup(pid, "SIGTERM");
  await Promise.race([closed, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
  signalGroup(pid, "SIGKILL");
  await closed;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // nobody of the group is left
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === "string") throw new Error("No port is free.");
  return address.port;
}
