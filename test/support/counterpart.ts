import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

interface Line {
  readonly word: string;
  readonly value: string | number;
}

/** A process of a test that says words line by line. */
export interface Talker {
  readonly process: ChildProcess;
  /** Resolves once it has said the word so often, once unless told, with what it said with it then. */
  said(word: string, times?: number): Promise<string | number>;
  /** Everything that it said with the word. */
  all(word: string): readonly (string | number)[];
  /** Kills it, and resolves once everything that it said was heard. */
  heardOut(): Promise<void>;
}

/** Processes of the scripts beside this file; all that were started end with `kill`. */
export function createProcesses() {
  const children = new Set<ChildProcess>();
  return {
    start(script: string, ...args: readonly string[]): Talker {
      const child = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, script), ...args], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      children.add(child);
      return {
        process: child,
        ...listen(child.stdout),
        async heardOut() {
          const closed = once(child, "close");
          child.kill("SIGKILL");
          await closed;
        },
      };
    },
    kill() {
      for (const child of children) child.kill("SIGKILL");
      children.clear();
    },
  };
}

function listen(stdout: Readable): Pick<Talker, "said" | "all"> {
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: stdout }).on("line", (line) => {
    // safe: the scripts say lines of this form only
    lines.push(JSON.parse(line) as Line);
    for (const look of waiting) look();
  });
  return {
    said(word, times = 1) {
      return new Promise((resolve) => {
        const look = () => {
          const found = lines.filter((line) => line.word === word)[times - 1];
          if (found) resolve(found.value);
        };
        waiting.add(look);
        look();
      });
    },
    all: (word) => lines.filter((line) => line.word === word).map(({ value }) => value),
  };
}
