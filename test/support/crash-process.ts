import { spawn } from "node:child_process";
import { once } from "node:events";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { build } from "tsdown";
import type { EventType } from "../../core/event.js";

/** What a process of `crash-child.ts` does, and where it kills itself. */
export interface ChildTask {
  readonly command: "drive" | "start" | "decide";
  readonly folder: string;
  /** By its name. */
  readonly scenario: string;
  /** Where the counterpart of the booking saga listens. */
  readonly counterpart?: string;
  /** From 1: the process dies after that many commits of its own. */
  readonly killAtCommit?: number;
  /** From 1: the process dies at that many moments around acts; each act has one before and one after. */
  readonly killAtAct?: number;
  /** The process dies when an event of this type is on disk. */
  readonly killAtEvent?: EventType;
}

/** A process that can be killed, and how it ended. */
export interface CrashProcess {
  kill(): void;
  /** `SIGKILL`, or its exit code. */
  readonly ended: Promise<number | string | null>;
}

/**
 * Puts `crash-child.ts` into one file in the folder, beside the project's packages and data, and returns its path: a
 * process starts four times as fast from it as from the sources, and dozens of them are killed.
 */
export async function bundleChild(folder: string): Promise<string> {
  const root = join(import.meta.dirname, "../..");
  const entry = { child: join(import.meta.dirname, "crash-child.ts") };
  await build({
    config: false,
    cwd: root,
    entry,
    outDir: folder,
    clean: false,
    dts: false,
    logLevel: "error",
    platform: "node",
    target: "node20",
  });
  for (const name of ["node_modules", "data", "package.json"]) symlinkSync(join(root, name), join(folder, name));
  return join(folder, "child.mjs");
}

/** Starts a process of its own on the task's folder. */
export function startChild(script: string, task: ChildTask): CrashProcess {
  const child = spawn(process.execPath, [script, JSON.stringify(task)], { stdio: "inherit" });
  return {
    kill: () => child.kill("SIGKILL"),
    ended: once(child, "close").then(([code, signal]) => code ?? signal),
  };
}
