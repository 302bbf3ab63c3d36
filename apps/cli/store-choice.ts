import { existsSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { ErrorCode } from "../../core/errors.js";
import { OrchestratorError } from "../../core/errors.js";
import { STORE_FILE, STORE_FOLDER, STORE_POINTER, storeFileIn, storeUrlOf } from "../../runtime/config.js";

const SQLITE = "sqlite:";
const POINTER = `${STORE_FOLDER}/${STORE_POINTER}`;

/** A store that does not exist yet, and what to tell about it. */
export interface FreshStore {
  readonly url: string;
  readonly note: string;
  /** True when commands find it without being told. */
  readonly isPlain: boolean;
}

/**
 * Chooses a file that does not exist yet and creates it empty, so that no other call can choose it too: the one named
 * when it is new. When nobody named one, whatever opens the usual store in this folder reads the new file from then on.
 */
export async function chooseFreshStore(
  folder: string,
  named: { readonly typed?: string; readonly environment?: string } = {},
): Promise<FreshStore> {
  try {
    await mkdir(join(folder, STORE_FOLDER), { recursive: true });
    const wanted = named.typed ?? named.environment;
    return wanted === undefined ? await freshIn(folder) : await freshUnder(folder, wanted, named.typed === undefined);
  } catch (error) {
    throw toChoiceError(error, join(folder, STORE_FOLDER));
  }
}

/** An error of the file system as the named error that says what to do; other errors stay as they are. */
export function toChoiceError(error: unknown, place: string): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  const [named, message] = explain(code, place);
  return new OrchestratorError(named, message, { cause: error });
}

function explain(code: string, place: string): [ErrorCode, string] {
  if (code === "ENOSPC" || code === "EDQUOT") {
    return ["store_full", `The disk of ${place} is full. Free space and try again; no run was begun.`];
  }
  if (code === "EROFS" || code === "EACCES" || code === "EPERM") {
    return [
      "store_read_only",
      `${place} is read-only for this user. Allow writing to it, or call from another folder.`,
    ];
  }
  return [
    "store_failed",
    `${place} cannot hold a store (${code}). Check that it is a folder that this user may write to.`,
  ];
}

async function freshIn(folder: string): Promise<FreshStore> {
  const before = storeFileIn(folder);
  if (before === STORE_FILE && (await claim(fileIn(folder, STORE_FILE)))) {
    return { url: storeUrlOf(STORE_FILE), note: "Plain commands in this folder read it.", isPlain: true };
  }
  const file = await claimFree(folder);
  if (statSync(fileIn(folder, before)).size === 0) {
    // Claimed by a call that is about to open it: what points to it is left to that call.
    const note = `Another call took ${STORE_FOLDER}/${before} just now; plain commands read that one.`;
    return { url: storeUrlOf(file), note, isPlain: false };
  }
  await writeFile(join(folder, POINTER), `${file}\n`);
  const back = before === STORE_FILE ? `delete ${POINTER}` : `write ${before} into ${POINTER}`;
  const note = `Commands, code and Studio in this folder read it from now on. Earlier runs are still in ${STORE_FOLDER}/${before}; to go back, ${back}.`;
  return { url: storeUrlOf(file), note, isPlain: true };
}

async function freshUnder(folder: string, named: string, isPlain: boolean): Promise<FreshStore> {
  const file = named.startsWith(SQLITE) ? resolve(folder, named.slice(SQLITE.length)) : undefined;
  // A folder that is not there, and a name that is no file's, are told by whoever opens the store.
  const isForOpening = file !== undefined && (/[?#]/u.test(file) || !existsSync(dirname(file)));
  if (isForOpening || (file !== undefined && (await claim(file)))) return { url: named, note: "", isPlain };
  return {
    url: storeUrlOf(await claimFree(folder)),
    note: `${named} holds runs already and is left as it is.`,
    isPlain: false,
  };
}

async function claimFree(folder: string): Promise<string> {
  let number = 1;
  while (!(await claim(fileIn(folder, `demo-${number}.db`)))) number++;
  return `demo-${number}.db`;
}

/** Creates the file, empty; false when it was there. */
async function claim(file: string): Promise<boolean> {
  try {
    await writeFile(file, "", { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw toChoiceError(error, dirname(file));
  }
}

function fileIn(folder: string, name: string): string {
  return join(folder, STORE_FOLDER, name);
}

/** The code of an error of the system. */
function codeOf(error: unknown): string | undefined {
  const isCoded = error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
  return isCoded ? String(error.code) : undefined;
}
