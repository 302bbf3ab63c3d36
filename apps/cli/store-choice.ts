import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

const SQLITE = "sqlite:";
const FOLDER = ".missions";
const DEFAULT_FILE = "missions.db";
/** Names the file that plain commands in this folder read, when that is not the default one. */
const POINTER = "current";

/** The store that commands in a folder use when nobody names one. */
export async function currentStore(folder: string): Promise<string> {
  return urlOf((await pointedAt(folder)) ?? DEFAULT_FILE);
}

/** A store that does not exist yet, and what to tell about it. */
export interface FreshStore {
  readonly url: string;
  readonly note: string;
  /** True when plain commands find it without being told. */
  readonly isPlain: boolean;
}

/**
 * Chooses a file that does not exist yet, so that the sample runs start from nothing: the one named when it is new.
 * When nobody named one, plain commands in this folder read the new file from then on.
 */
export async function chooseFreshStore(
  folder: string,
  named: { readonly typed?: string; readonly environment?: string } = {},
): Promise<FreshStore> {
  await mkdir(join(folder, FOLDER), { recursive: true });
  const wanted = named.typed ?? named.environment;
  if (wanted !== undefined) return freshUnder(folder, wanted, named.typed === undefined);
  const before = (await pointedAt(folder)) ?? DEFAULT_FILE;
  if (before === DEFAULT_FILE && !isTaken(folder, DEFAULT_FILE)) {
    return { url: urlOf(DEFAULT_FILE), note: "Plain commands in this folder read it.", isPlain: true };
  }
  const file = freeName(folder);
  await writeFile(join(folder, FOLDER, POINTER), `${file}\n`);
  const back = before === DEFAULT_FILE ? `delete ${FOLDER}/${POINTER}` : `write ${before} into ${FOLDER}/${POINTER}`;
  const note = `Plain commands in this folder read it from now on. Earlier runs are still in ${FOLDER}/${before}; to go back, ${back}.`;
  return { url: urlOf(file), note, isPlain: true };
}

function freshUnder(folder: string, named: string, isPlain: boolean): FreshStore {
  const isFree = named.startsWith(SQLITE) && !existsSync(resolve(folder, named.slice(SQLITE.length)));
  if (isFree) return { url: named, note: "", isPlain };
  return { url: urlOf(freeName(folder)), note: `${named} holds runs already and is left as it is.`, isPlain: false };
}

function freeName(folder: string): string {
  let number = 1;
  while (isTaken(folder, `demo-${number}.db`)) number++;
  return `demo-${number}.db`;
}

function isTaken(folder: string, name: string): boolean {
  return existsSync(join(folder, FOLDER, name));
}

async function pointedAt(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, FOLDER, POINTER), "utf8").catch(() => "");
  const name = text.trim();
  return /^[\w.-]+\.db$/u.test(name) && existsSync(join(folder, FOLDER, name)) ? name : undefined;
}

function urlOf(name: string): string {
  return `${SQLITE}${FOLDER}/${name}`;
}
