import type { Buffer } from "node:buffer";
import { extname } from "node:path";

/** Extensions whose files are text: UTF-8 without NUL. */
const TEXT = [".csv", ".htm", ".html", ".ics", ".json", ".log", ".md", ".tsv", ".txt", ".xml", ".yaml", ".yml"];
/** Extensions whose files begin with one of these bytes, in hex. */
const MAGIC: Readonly<Record<string, readonly string[]>> = {
  ".gif": ["474946383761", "474946383961"],
  ".jpeg": ["ffd8ff"],
  ".jpg": ["ffd8ff"],
  ".pdf": ["255044462d"],
  ".png": ["89504e470d0a1a0a"],
  ".zip": ["504b0304", "504b0506"],
};

/** Every extension that a folder can allow. */
export const KNOWN_EXTENSIONS: readonly string[] = [...TEXT, ...Object.keys(MAGIC)].sort();

/** The lower-case extension of a path, with its dot; empty when it has none. */
export function extensionOf(path: string): string {
  return extname(path).toLowerCase();
}

/** Throws a plain `Error` unless the bytes are what the path's extension says, and that is allowed. */
export function assertType(path: string, bytes: Buffer, allowed: readonly string[]): void {
  assertExtension(path, allowed);
  const extension = extensionOf(path);
  const magic = MAGIC[extension];
  const isRight = magic
    ? magic.some((hex) => bytes.subarray(0, hex.length / 2).toString("hex") === hex)
    : isText(bytes);
  if (!isRight) throw new Error(`"${path}" does not hold what ${extension} says.`);
}

/** Throws a plain `Error` for an extension that the folder does not allow. */
export function assertExtension(path: string, allowed: readonly string[]): void {
  if (allowed.includes(extensionOf(path))) return;
  throw new Error(`"${path}" is of a type that is not allowed here; allowed are ${allowed.join(", ")}.`);
}

/** True for bytes that are UTF-8 text without NUL. */
function isText(bytes: Buffer): boolean {
  if (bytes.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
