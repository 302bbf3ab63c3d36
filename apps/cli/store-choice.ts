import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
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
 * Chooses a file that does not exist yet, so that the sample runs start from nothing: the one named when it is new.
 * When nobody named one, whatever opens the usual store in this folder reads the new file from then on.
 */
export async function chooseFreshStore(
  folder: string,
  named: { readonly typed?: string; readonly environment?: string } = {},
): Promise<FreshStore> {
  await mkdir(join(folder, STORE_FOLDER), { recursive: true });
  const wanted = named.typed ?? named.environment;
  if (wanted !== undefined) return freshUnder(folder, wanted, named.typed === undefined);
  const before = storeFileIn(folder);
  if (before === STORE_FILE && !isTaken(folder, STORE_FILE)) {
    return { url: storeUrlOf(STORE_FILE), note: "Plain commands in this folder read it.", isPlain: true };
  }
  const file = freeName(folder);
  await writeFile(join(folder, POINTER), `${file}\n`);
  const back = before === STORE_FILE ? `delete ${POINTER}` : `write ${before} into ${POINTER}`;
  const note = `Commands, code and Studio in this folder read it from now on. Earlier runs are still in ${STORE_FOLDER}/${before}; to go back, ${back}.`;
  return { url: storeUrlOf(file), note, isPlain: true };
}

function freshUnder(folder: string, named: string, isPlain: boolean): FreshStore {
  const isFree = named.startsWith(SQLITE) && !existsSync(resolve(folder, named.slice(SQLITE.length)));
  if (isFree) return { url: named, note: "", isPlain };
  return {
    url: storeUrlOf(freeName(folder)),
    note: `${named} holds runs already and is left as it is.`,
    isPlain: false,
  };
}

function freeName(folder: string): string {
  let number = 1;
  while (isTaken(folder, `demo-${number}.db`)) number++;
  return `demo-${number}.db`;
}

function isTaken(folder: string, name: string): boolean {
  return existsSync(join(folder, STORE_FOLDER, name));
}
