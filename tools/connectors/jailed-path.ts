import { Buffer } from "node:buffer";

const MAX_PATH_BYTES = 1_024;
const MAX_NAME_BYTES = 255;
/** Control characters, invisible ones (joiners, marks of direction), halves of characters, and line separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * A path inside of a jailed folder as its names. Throws a plain `Error` that says what is wrong with it: the rules are of
 * the text alone, so that what reads like an inside path is one on every system, whatever lies on the disk.
 */
export function namesIn(path: string, maxDepth: number): readonly string[] {
  if (UNSEEN.test(path)) throw new Error("The path has a character that cannot be seen.");
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw new Error(`The path is longer than ${MAX_PATH_BYTES} bytes.`);
  if (path.startsWith("/") || path.includes("\\") || path.includes(":"))
    throw new Error(`"${path}" must be relative to the folder, its names divided by "/".`);
  // Look-alikes: what another program may read as the same text must not mean another place.
  if (path.normalize("NFC") !== path) throw new Error(`"${path}" must be written in Unicode's composed form (NFC).`);
  if (shapeOf(path.normalize("NFKC")) !== shapeOf(path))
    throw new Error(`"${path}" has characters that look like "." or "/".`);
  const names = path.split("/");
  if (names.length > maxDepth) throw new Error(`"${path}" lies deeper than ${maxDepth} folders.`);
  for (const name of names) assertName(name, path);
  return names;
}

function assertName(name: string, path: string): void {
  if (name === "" || name === "." || name === "..") throw new Error(`"${path}" may hold no empty name, "." or "..".`);
  if (name.startsWith(".")) throw new Error(`"${path}" names something hidden, which cannot be reached.`);
  if (name !== name.trim() || name.endsWith("."))
    throw new Error(`"${path}" has a name with a space or dot at its end.`);
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new Error(`"${path}" has a name longer than ${MAX_NAME_BYTES} bytes.`);
}

/** Dots, slashes and the like alone, in order. */
function shapeOf(path: string): string {
  return path.replace(/[^./\\:]/gu, "");
}
