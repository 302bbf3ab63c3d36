import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const CHILD = join(import.meta.dirname, "kill-child.ts");

/** What such a process says, one line each; only the fields of that line are there. */
export interface Said {
  readonly ready?: true;
  readonly runId?: string;
  readonly held?: string;
  readonly aborted?: string;
  readonly atMs?: number;
  readonly outcome?: unknown;
}

/** A process that works on the world's store or switches on it. */
export interface KillProcess {
  /** The first line that fits, said or still to come; rejects when the process ends without. */
  said(fits: (line: Said) => boolean): Promise<Said>;
  signal(name: "SIGKILL"): void;
  readonly ended: Promise<unknown>;
}

/** A folder with a store and the outside's own list of acts in it. */
export interface KillWorld {
  readonly folder: string;
  readonly url: string;
  start(command: "start" | "resume" | "kill", ...rest: readonly string[]): KillProcess;
  /** What really happened, in order. */
  acts(): readonly string[];
  letGo(): void;
  /** Lets the act end that waits for the switch. */
  hasSwitched(): void;
  drop(): Promise<void>;
}

export function createKillWorld(): KillWorld {
  const folder = mkdtempSync(join(tmpdir(), "mission-kill-"));
  mkdirSync(join(folder, "data"));
  const url = `sqlite:${join(folder, "missions.db")}`;
  const running: KillProcess[] = [];
  return {
    folder,
    url,
    start(...command) {
      const child = startChild([folder, url, ...command]);
      running.push(child);
      return child;
    },
    acts() {
      const path = join(folder, "acts");
      return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
    },
    letGo: () => writeFileSync(join(folder, "let-go"), ""),
    hasSwitched: () => writeFileSync(join(folder, "switched"), ""),
    async drop() {
      for (const child of running) child.signal("SIGKILL");
      await Promise.all(running.map(({ ended }) => ended));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startChild(args: readonly string[]): KillProcess {
  const child = spawn(process.execPath, ["--import", "tsx", CHILD, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  const lines: Said[] = [];
  const waiting = new Set<() => void>();
  let isOver = false;
  const tell = (): void => {
    for (const look of [...waiting]) look();
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(JSON.parse(line)); // written by kill-child.ts
    tell();
  });
  void ended.then(() => {
    isOver = true;
    tell();
  });
  return {
    ended,
    signal: (name) => void child.kill(name),
    said: (fits) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find(fits);
          if (!found && !isOver) return;
          waiting.delete(look);
          if (found) resolve(found);
          else reject(new Error(`The process ended without saying it; it said ${JSON.stringify(lines)}.`));
        };
        waiting.add(look);
        look();
      }),
  };
}
