import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { usage } from "./failures.js";
import type { Io } from "./io.js";
import { forTerminal } from "./paint.js";

const REASONS: Readonly<Record<string, string>> = {
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is a file",
  EEXIST: "a part of its path is a file",
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
  ENAMETOOLONG: "its name is too long",
};

/**
 * Writes what a command made into a file, in place of one that is there; missing folders are made. As on a terminal,
 * nothing in the data steers whoever shows the file. Lines end as told. Returns its
 * full path.
 */
export async function writeOut({ host }: Io, file: string, text: string, lineEnd = "\n"): Promise<string> {
  const path = resolve(host.folder, file);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, forTerminal(text).replaceAll("\n", lineEnd));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw usage(`"${file}" cannot be written: ${REASONS[code] ?? String(error)}. Give another place with --out.`);
  }
  return path;
}
