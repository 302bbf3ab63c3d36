import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { CheckView } from "../core/doctor.js";
import { broken, ok, warning } from "../core/doctor.js";
import { hasCode } from "../core/errors.js";
import { storePathOf } from "./store/store-path.js";

const GB = 1024 ** 3;
const LITTLE_DISK_GB = 1;
const NO_DISK_GB = 0.05;
const MAX_TITLES = 3;

/** Everything about the store of a URL. Creates nothing; needs a driver that loads. */
export async function checkStore(url: string): Promise<readonly CheckView[]> {
  let path: string;
  try {
    path = resolve(storePathOf(url));
  } catch (error) {
    return [broken("Store", messageOf(error), "Correct --store, MISSION_STORE or mission.config.ts.")];
  }
  if (!existsSync(path)) return checkPlace(path);
  if (!statSync(path).isFile()) {
    return [broken("Store", `${path} is no file`, "Name a file with --store, or move what lies there.")];
  }
  if (!isWritable(path) || !isWritable(dirname(path))) {
    const what = `${path} or its folder is read-only for this user`;
    return [broken("Store", what, "Allow writing to both, or choose another file with --store.")];
  }
  return [...(await checkFile(path)), checkDisk(dirname(path))];
}

function checkPlace(path: string): readonly CheckView[] {
  const folder = nearestFolder(path);
  if (!isWritable(folder)) {
    const what = `${path} does not exist, and ${folder} is read-only for this user`;
    return [broken("Store", what, "Allow writing to the folder, or choose another file with --store.")];
  }
  const isMade = folder === dirname(path) || dirname(path) === resolve(folder, ".missions");
  if (!isMade) {
    const what = `The folder ${dirname(path)} of the store does not exist`;
    return [broken("Store", what, "Create it, or choose another file with --store.")];
  }
  return [ok("Store", `none yet; the first command that needs it makes ${path}`), checkDisk(folder)];
}

async function checkFile(path: string): Promise<readonly CheckView[]> {
  try {
    const { inspectStore } = await import("./store/inspect.js");
    const { schema, journalMode, damage, lockedBy, runs, left } = inspectStore(path);
    if (damage !== "") return [broken("Store", `${path} is damaged: ${damage}`, COPY)];
    const size = statSync(path).size === 0 ? "empty" : `schema ${schema.found}, ${runs} run${runs === 1 ? "" : "s"}`;
    const isOld = schema.found > 0 && schema.found < schema.newest;
    return [
      isOld
        ? warning(
            "Store",
            `${path}: ${size}`,
            `The next command brings it to schema ${schema.newest}; copy it first to go back.`,
          )
        : ok("Store", `${path}: ${size}`),
      ...(schema.found > 0 && journalMode !== "wal"
        ? [warning("Journal", `It is "${journalMode}" and not "wal"`, "The next command that opens the store sets it.")]
        : []),
      ...(lockedBy === undefined ? [] : [warning("Lock", lockedBy, "Wait for that process, or stop it.")]),
      ...(left.length === 0 ? [] : [leftCheck(left)]),
    ];
  } catch (error) {
    return [broken("Store", messageOf(error), mendOf(error))];
  }
}

const COPY = "Put a copy from before the damage in its place; `sqlite3 <file> .recover` may save what came after.";

function mendOf(error: unknown): string {
  if (hasCode(error, "store_foreign")) return "Choose another file with --store, or move this one away.";
  if (hasCode(error, "store_newer")) return "Update mission-orchestrator, or choose another file with --store.";
  if (hasCode(error, "store_locked")) return "Try again when that process is done, or stop it.";
  return COPY;
}

function leftCheck(left: readonly string[]): CheckView {
  const more = left.length > MAX_TITLES ? ` and ${left.length - MAX_TITLES} more` : "";
  const what = `No process works on ${left.slice(0, MAX_TITLES).join(", ")}${more}, though not ended`;
  return warning("Left runs", what, "mission resume goes on with them.");
}

function checkDisk(folder: string): CheckView {
  const { bavail, bsize } = statfsSync(folder);
  const freeGb = (bavail * bsize) / GB;
  const what = `${freeGb < 10 ? freeGb.toFixed(1) : Math.round(freeGb)} GB free`;
  if (freeGb < NO_DISK_GB) return broken("Disk", what, "Free space: nothing can be recorded any more.");
  return freeGb < LITTLE_DISK_GB ? warning("Disk", what, "Free space before it is used up.") : ok("Disk", what);
}

function nearestFolder(path: string): string {
  let folder = dirname(path);
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
