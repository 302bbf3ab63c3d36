import type { ChildProcessByStdio } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { OpenStore, StoreOptions } from "../../runtime/store/store.js";
import { openStore } from "../../runtime/store/store.js";

/** A store on a fresh file, gone after `drop`. */
export interface FreshStore {
  readonly store: OpenStore;
  readonly url: string;
  readonly path: string;
  drop(): Promise<void>;
}

/** Opens a store on a new file in a folder of its own. */
export async function openFreshStore(options: StoreOptions = {}): Promise<FreshStore> {
  const folder = mkdtempSync(join(tmpdir(), "mission-store-"));
  const path = join(folder, "missions.db");
  const url = `sqlite:${path}`;
  const store = await openStore(url, options);
  return {
    store,
    url,
    path,
    async drop() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A process that runs a command of `store-child.ts`. */
export interface StoreProcess {
  readonly child: ChildProcessByStdio<null, Readable, null>;
  /** The next value that it says; throws when it ends without. */
  next(): Promise<unknown>;
  /** Its exit code or signal. */
  readonly ended: Promise<number | string | null>;
}

/** Starts a process of its own on the store. */
export function startStoreProcess(command: string, url: string, args: object): StoreProcess {
  const script = join(import.meta.dirname, "store-child.ts");
  const child = spawn(process.execPath, ["--import", "tsx", script, command, url, JSON.stringify(args)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async next() {
      const line = await lines.next();
      if (line.done) throw new Error(`The process for "${command}" ended without an answer.`);
      return JSON.parse(line.value);
    },
    ended: once(child, "close").then(([code, signal]) => code ?? signal),
  };
}
