import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const MAIN = join(import.meta.dirname, "../../../apps/cli/main.ts");
const MANY = join(import.meta.dirname, "../../support/cli-child.ts");
const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

/** What a process of the command line came to. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts the command line as its own process, in a folder of its own, with its input closed. */
export function startCli(
  args: readonly string[],
  folder: string,
  settings: NodeJS.ProcessEnv = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  return startProcess(MAIN, args, folder, settings);
}

function startProcess(script: string, args: readonly string[], folder: string, settings: NodeJS.ProcessEnv = {}) {
  const { MISSION_STORE: _, ...inherited } = process.env;
  const env = { ...inherited, ...settings };
  const child = spawn(process.execPath, ["--import", TSX, script, ...args], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.setEncoding("utf8").on("data", (text: string) => out.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => err.push(text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out: out.join(""), err: err.join("") }));
  });
  return { child, ended };
}

/** Runs the command line to its end. */
export function runCli(args: readonly string[], folder: string): Promise<Ended> {
  return startCli(args, folder).ended;
}

/** As `runCli` with `--json`: also the document. */
export async function runJson(args: readonly string[], folder: string): Promise<Ended & { readonly json: unknown }> {
  const ended = await runCli([...args, "--json"], folder);
  return { ...ended, json: JSON.parse(ended.out) };
}

/** Many calls, made one after the other in one process: for what is only looked at, or need not be a process of its own. */
export async function callMany(calls: readonly (readonly string[])[], folder: string): Promise<readonly Ended[]> {
  const { out, err, code } = await startProcess(MANY, [JSON.stringify(calls)], folder).ended;
  if (code !== 0) throw new Error(err);
  return JSON.parse(out) as readonly Ended[]; // safe: what cli-child.ts prints
}

/** The documents of many calls with `--json`, made one after the other in one process. */
export async function runMany(calls: readonly (readonly string[])[], folder: string): Promise<readonly unknown[]> {
  const ended = await callMany(
    calls.map((args) => [...args, "--json"]),
    folder,
  );
  return ended.map(({ out }): unknown => JSON.parse(out));
}
