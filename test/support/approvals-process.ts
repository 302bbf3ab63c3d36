import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Desk } from "./approvals.js";
import type { Command } from "./approvals-child.js";

/** What a command of another process came to. */
export interface Told {
  /** What the call returned. */
  readonly value?: unknown;
  /** Code and message of the error that it threw. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** A process of its own that works on the desk's store and does what it is told. */
export interface DeskProcess {
  readonly pid: number;
  /** Resolves with what became of the command; commands run side by side. */
  tell(command: Command): Promise<Told>;
  signal(name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void;
  end(): Promise<void>;
}

/** Starts a process on the desk's store; it is ready when this resolves. */
export async function startDeskProcess(desk: Desk, env: Readonly<Record<string, string>> = {}): Promise<DeskProcess> {
  const script = join(import.meta.dirname, "approvals-child.ts");
  const child = spawn(process.execPath, ["--import", "tsx", script, desk.folder, desk.url], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const ended = once(child, "close");
  const waiting = new Map<number, (told: Told) => void>();
  let count = 0;
  const ready = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { id, ...told } = JSON.parse(line) as { id: number } & Told; // safe: written by approvals-child.ts
      if (id === 0) resolve();
      waiting.get(id)?.(told);
    });
    void ended.then(() => reject(new Error("The process ended before it was ready.")));
  });
  await ready;
  return {
    pid: child.pid ?? 0,
    tell(command) {
      count += 1;
      const id = count;
      const told = new Promise<Told>((resolve) => waiting.set(id, resolve));
      child.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
      return told;
    },
    signal(name) {
      child.kill(name);
    },
    async end() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGCONT");
        child.kill("SIGKILL");
      }
      await ended;
    },
  };
}
