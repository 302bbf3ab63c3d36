import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

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
}

/** Chooses a new file, so that the sample runs start from nothing, and makes plain commands in this folder read it. */
export async function chooseFreshStore(folder: string): Promise<FreshStore> {
  await mkdir(join(folder, FOLDER), { recursive: true });
  const taken = (name: string) => existsSync(join(folder, FOLDER, name));
  const before = (await pointedAt(folder)) ?? DEFAULT_FILE;
  if (before === DEFAULT_FILE && !taken(DEFAULT_FILE)) {
    return { url: urlOf(DEFAULT_FILE), note: "Plain commands in this folder read it." };
  }
  let number = 1;
  while (taken(`demo-${number}.db`)) number++;
  await writeFile(join(folder, FOLDER, POINTER), `demo-${number}.db\n`);
  const back = before === DEFAULT_FILE ? `delete ${FOLDER}/${POINTER}` : `write ${before} into ${FOLDER}/${POINTER}`;
  return {
    url: urlOf(`demo-${number}.db`),
    note: `Plain commands in this folder read it from now on. Your runs are still in ${FOLDER}/${before}; to go back, ${back}.`,
  };
}

async function pointedAt(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, FOLDER, POINTER), "utf8").catch(() => "");
  const name = text.trim();
  return /^[\w.-]+\.db$/u.test(name) && existsSync(join(folder, FOLDER, name)) ? name : undefined;
}

function urlOf(name: string): string {
  return `sqlite:${FOLDER}/${name}`;
}
