import { readFile, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { splitExpectation } from "../core/case-expectation.js";
import { isJsonObject } from "../core/define-agent.js";
import type { JsonObject } from "../core/digest.js";
import type { Documents, Records } from "../core/services.js";
import { readJsonFile } from "./json-file.js";

const MAX_BYTES = 1_000_000;
const TEXT = /\.(txt|md|csv|eml)$/u;

/** Text files of the data folder, and nothing outside it. */
export function createDocuments(dataFolder: string): Documents {
  return {
    async read(path) {
      const file = await inside(dataFolder, path);
      if (file === undefined) return { kind: "missing" };
      if (!TEXT.test(file)) return { kind: "scan" };
      const { size } = await stat(file);
      if (size > MAX_BYTES) throw new Error(`${path} has ${size} bytes; a document may have ${MAX_BYTES}.`);
      const text = await readFile(file, "utf8");
      return text.includes("\u0000") ? { kind: "scan" } : { kind: "text", text };
    },
  };
}

/** JSON files of the data folder, and nothing outside it. */
export function createRecords(dataFolder: string): Records {
  return {
    async read(path) {
      const file = await inside(dataFolder, path);
      if (file === undefined) return undefined;
      const found = await readJsonFile(file);
      const bare = Array.isArray(found) ? found.map(withoutExpectation) : withoutExpectation(found);
      return bare as JsonObject | readonly JsonObject[]; // safe: callers' output schemas parse what they use
    },
  };
}

/** What a test expects of a case is for no agent to see. */
function withoutExpectation(value: unknown): unknown {
  return isJsonObject(value) ? splitExpectation(value).caseData : value;
}

/** The real path when it exists; throws when it leaves the folder, also by a link. */
async function inside(folder: string, path: string): Promise<string | undefined> {
  const root = await realpath(folder);
  if (isAbsolute(path) || leaves(root, join(root, path))) throw new Error(`"${path}" leads out of the data folder.`);
  const real = await realpath(join(root, path)).catch(() => undefined);
  if (real !== undefined && leaves(root, real)) throw new Error(`"${path}" leads out of the data folder.`);
  return real;
}

function leaves(root: string, path: string): boolean {
  const way = relative(root, path);
  return way.startsWith("..") || isAbsolute(way);
}
