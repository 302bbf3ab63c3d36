import type { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { lstat, mkdir, open, readdir, readlink, realpath, rename, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { namesIn } from "./jailed-path.js";

/** What may lie in a jailed folder. */
export interface JailLimits {
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
  readonly maxFiles: number;
  readonly maxDepth: number;
}

/** A file of the folder, by its path in it. */
export interface JailedFile {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_CREAT, O_EXCL, O_WRONLY } = constants;
/** After it the moment, in milliseconds, at which it was made. */
const PARTIAL = /^\.partial-(\d{13})-[0-9a-f-]{36}$/u;
/** After that long nobody is at work on a file that is not whole: its process was killed. */
const LEFT_BEHIND_MS = 600_000;
/** Linux tells here where each open file lies, whatever the path by which it was opened leads to by now. */
const OPENED = "/proc/self/fd";

/**
 * One folder, and nothing outside of it: no path leads out, no link is followed, only regular files with one name are
 * opened. Where what was opened lies is asked of the kernel, so that a folder which is exchanged for a link meanwhile gives
 * an error and no content; where the kernel does not tell (only Linux does), it is compared with what lies at the path
 * afterwards, which somebody who exchanges them back and forth may still outrun. Refusals are plain `Error`s; nothing was changed then, unless they say
 * `notDone: false`. What was changed is on disk.
 */
export class Jail {
  readonly #given: string;
  readonly #limits: JailLimits;
  /** Writes go one after the other, so that two of them cannot share what is left of a limit. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(root: string, limits: JailLimits) {
    this.#given = root;
    this.#limits = limits;
  }

  /** The bytes of a file. */
  async read(path: string): Promise<Buffer> {
    const place = await this.#placeOf(path);
    const handle = await open(place.full, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(inWords(path));
    try {
      const opened = await this.#assertSame(handle, place, path);
      if (opened.size > this.#limits.maxFileBytes) throw tooLarge(path, opened.size, this.#limits.maxFileBytes);
      const { buffer, bytesRead } = await handle.read({
        buffer: new Uint8Array(this.#limits.maxFileBytes + 1),
        length: this.#limits.maxFileBytes + 1,
        position: 0,
      });
      if (bytesRead > this.#limits.maxFileBytes) throw tooLarge(path, bytesRead, this.#limits.maxFileBytes);
      return globalThis.Buffer.from(buffer.subarray(0, bytesRead));
    } finally {
      await handle.close();
    }
  }

  /** True when a regular file lies there. Throws for anything else that does. */
  async has(path: string): Promise<boolean> {
    const place = await this.#placeOf(path, "may_be_absent");
    return place !== undefined && (await this.#fileAt(place.full, path)) !== undefined;
  }

  /** All files below a folder (`""` is the root) by path, at most `maxFiles`; links, special and hidden files are left out. */
  async list(folder: string): Promise<{ readonly files: readonly JailedFile[]; readonly isCut: boolean }> {
    const root = await this.#root();
    const names = folder === "" ? [] : namesIn(folder, this.#limits.maxDepth);
    const start = await this.#folderOf(root, names);
    if (start === undefined) throw new Error(`"${folder}" is no folder here.`);
    return this.#walk(root, names);
  }

  /** Looks at everything below; what was left behind there is taken away when it is a write that looks. */
  async #walk(root: string, names: readonly string[], isWriting = false) {
    const files: JailedFile[] = [];
    const open: (readonly string[])[] = [names];
    for (let at = open.shift(); at !== undefined; at = open.shift()) {
      const here = await this.#folderOf(root, at);
      if (here === undefined) continue;
      for (const name of (await readdir(here)).sort()) {
        if (isWriting && isLeftBehind(name)) await unlink(join(here, name)).catch(() => undefined);
        const found = isHidden(name) ? undefined : await lstat(join(here, name)).catch(() => undefined);
        const path = [...at, name].join("/");
        if (found?.isDirectory() && at.length + 1 < this.#limits.maxDepth) open.push([...at, name]);
        if (!found?.isFile() || found.nlink > 1) continue;
        if (files.length === this.#limits.maxFiles) return { files, isCut: true };
        files.push({ path, bytes: found.size, modifiedAt: found.mtime });
      }
    }
    return { files, isCut: false };
  }

  /**
   * Puts the bytes there, whole or not at all; folders are made as needed. Answers whether the file is new. What a killed
   * process left behind in any folder is taken away.
   */
  async write(path: string, bytes: Buffer, mayReplace: boolean): Promise<{ readonly isNew: boolean }> {
    return this.#inTurn(async () => {
      if (bytes.length > this.#limits.maxFileBytes) throw tooLarge(path, bytes.length, this.#limits.maxFileBytes);
      const before = (await this.has(path)) ? await this.read(path) : undefined;
      if (before?.equals(bytes)) return { isNew: false };
      if (before && !mayReplace) throw new Error(`"${path}" is there already with other content.`);
      await this.#assertRoom(bytes.length - (before?.length ?? 0), before === undefined);
      const place = await this.#placeOf(path, "make");
      await this.#put(place, path, bytes);
      return { isNew: before === undefined };
    });
  }

  /** Takes the file away; false when there was none. */
  async remove(path: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const place = await this.#placeOf(path, "may_be_absent");
      if (!place || !(await this.#fileAt(place.full, path))) return false;
      const handle = await open(place.full, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(inWords(path));
      try {
        await this.#takeAway(place, path, await this.#assertSame(handle, place, path));
      } finally {
        await handle.close();
      }
      return true;
    });
  }

  /** First under a name that nothing else has: where the folder is another by now, nothing there is deleted in its stead. */
  async #takeAway(place: Place, path: string, opened: Stats): Promise<void> {
    const last = join(place.folder, partialName());
    await rename(place.full, last).catch(inWords(path));
    await begun(async () => {
      const there = await lstat(last).catch(() => undefined);
      if (!there || !isSame(there, opened)) {
        await rename(last, place.full).catch(() => undefined);
        throw moved(path);
      }
      await unlink(last);
      await settle(place.folder);
    });
  }

  /** First under a name of its own, then in its place: nobody ever reads half of it. */
  async #put(place: Place, path: string, bytes: Buffer): Promise<void> {
    const partial = { ...place, full: join(place.folder, partialName()) };
    const handle = await open(partial.full, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600).catch(inWords(path));
    try {
      const opened = await this.#assertSame(handle, partial, path);
      await handle.writeFile(bytes);
      await handle.sync();
      await this.#assertUnmoved(place, path);
      await rename(partial.full, place.full);
      await begun(async () => {
        if (!isSame(await lstat(place.full), opened)) throw moved(path);
        await settle(place.folder);
      });
    } catch (error) {
      await rm(partial.full, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
  }

  async #assertRoom(more: number, isNew: boolean): Promise<void> {
    const { maxTotalBytes, maxFiles } = this.#limits;
    const { files } = await this.#walk(await this.#root(), [], true);
    const total = files.reduce((sum, file) => sum + file.bytes, 0);
    if (total + more > maxTotalBytes)
      throw new Error(`The folder holds ${total} of at most ${maxTotalBytes} bytes: ${more} more do not fit.`);
    if (isNew && files.length >= maxFiles) throw new Error(`The folder holds ${files.length} files, the most it may.`);
  }

  async #root(): Promise<string> {
    const root = await realpath(this.#given).catch(() => {
      throw new Error("The folder is not there.");
    });
    if (!(await lstat(root)).isDirectory()) throw new Error("The folder is none.");
    return root;
  }

  async #placeOf(path: string, how: "make" | "must_be" | undefined): Promise<Place>;
  async #placeOf(path: string, how?: undefined): Promise<Place>;
  async #placeOf(path: string, how: "may_be_absent"): Promise<Place | undefined>;
  async #placeOf(path: string, how: "make" | "must_be" | "may_be_absent" = "must_be"): Promise<Place | undefined> {
    const names = namesIn(path, this.#limits.maxDepth);
    const root = await this.#root();
    const folder = await this.#folderOf(root, names.slice(0, -1), how === "make");
    if (folder !== undefined) return { root, folder, full: join(folder, names.at(-1) ?? "") };
    if (how === "may_be_absent") return undefined;
    throw absent(path);
  }

  /** The folder of these names, each looked at itself and none of them a link; nothing when one is not there. */
  async #folderOf(root: string, names: readonly string[], mayMake = false): Promise<string | undefined> {
    let folder = root;
    for (const name of names) {
      folder = join(folder, name);
      if (mayMake) await mkdir(folder, { mode: 0o700 }).catch(unlessThere);
      const found = await lstat(folder).catch(() => undefined);
      if (found === undefined) return undefined;
      if (!found.isDirectory()) throw new Error(`"${names.join("/")}" does not lie in a plain folder.`);
    }
    if ((await realpath(folder).catch(() => "")) !== folder) throw moved(names.join("/"));
    return folder;
  }

  /** What lies there, if it is a regular file with one name; a second name may be outside. */
  async #fileAt(full: string, path: string): Promise<Stats | undefined> {
    const found = await lstat(full).catch(() => undefined);
    if (found === undefined) return undefined;
    assertPlain(found, path);
    return found;
  }

  async #assertUnmoved({ folder }: Place, path: string): Promise<void> {
    if ((await realpath(folder).catch(() => "")) !== folder) throw moved(path);
  }

  /** What was opened is a plain file, and the one that lies at the path inside. */
  async #assertSame(handle: FileHandle, place: Place, path: string): Promise<Stats> {
    const opened = await handle.stat();
    assertPlain(opened, path);
    const liesAt = await readlink(`${OPENED}/${handle.fd}`).catch(() => undefined);
    if (liesAt !== undefined && liesAt !== place.full) throw moved(path);
    await this.#assertUnmoved(place, path);
    const there = await lstat(place.full).catch(() => undefined);
    if (!there || !isSame(there, opened)) throw moved(path);
    return opened;
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const done = this.#turn.then(work, work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

interface Place {
  readonly root: string;
  readonly folder: string;
  readonly full: string;
}

/** What comes after the step that others see: an error of it does not say that nothing was changed. */
async function begun(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw Object.assign(error instanceof Error ? error : new Error(String(error)), { notDone: false });
  }
}

/** Puts the names in a folder on disk. */
async function settle(folder: string): Promise<void> {
  const handle = await open(folder, O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function assertPlain(found: Stats, path: string): void {
  if (!found.isFile()) throw new Error(`"${path}" is not a regular file.`);
  if (found.nlink > 1) throw new Error(`"${path}" has another name, which may lie outside.`);
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

function partialName(): string {
  return `.partial-${Date.now()}-${randomUUID()}`;
}

function isLeftBehind(name: string): boolean {
  const [, madeAt] = PARTIAL.exec(name) ?? [];
  return madeAt !== undefined && Date.now() - Number(madeAt) > LEFT_BEHIND_MS;
}

function isHidden(name: string): boolean {
  return name.startsWith(".");
}

function absent(path: string): Error {
  return new Error(`There is no file "${path}" in the folder.`);
}

function moved(path: string): Error {
  return new Error(`"${path}" was moved while it was opened, or leads out of the folder.`);
}

function tooLarge(path: string, bytes: number, most: number): Error {
  return new Error(`"${path}" has ${bytes} bytes, but ${most} is the most.`);
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

function inWords(path: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    if (error.code === "ENOENT") throw absent(path);
    if (error.code === "ELOOP" || error.code === "EMLINK" || error.code === "ENXIO" || error.code === "EISDIR")
      throw new Error(`"${path}" is not a regular file.`);
    throw new Error(`"${path}" cannot be opened: ${error.code ?? "for no known reason"}.`);
  };
}
