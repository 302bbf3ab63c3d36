import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { OrchestratorError } from "../../core/errors.js";
import { readOwnPackage } from "../own-package.js";
import { shown } from "../shown.js";
import type { Origin, OwnedText } from "./parsed-policies.js";

const ENDING = ".cedar";

/** The package's own policies: they hold for every mission, whatever data folder is used. */
export function readShippedPolicies(): Promise<readonly OwnedText[]> {
  return readFolder(join(readOwnPackage().folder, "data", "policies"), "package");
}

/**
 * The policies of whoever runs the system: every `.cedar` file of a folder, by name. `file_not_found` when there is no
 * such folder, or one of its files cannot be read: without it something might go through that it forbids.
 */
export function readAdministratorsPolicies(folder: string): Promise<readonly OwnedText[]> {
  return readFolder(folder, "administrator");
}

async function readFolder(folder: string, origin: Origin): Promise<readonly OwnedText[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    const message = `There is no folder ${shown(folder)} to take policies from (${causeOf(cause)}). Create it, or mend "policies".`;
    throw new OrchestratorError("file_not_found", message, { cause });
  });
  return Promise.all(
    names
      .filter((name) => name.endsWith(ENDING))
      .sort()
      .map(async (name) => {
        const file = join(folder, name);
        const source = origin === "package" ? `data/policies/${name}` : shown(file);
        return { origin, source, text: await readText(file, source) };
      }),
  );
}

function readText(file: string, source: string): Promise<string> {
  return readFile(file, "utf8").catch((cause: unknown) => {
    const message = `The policies in ${source} cannot be read (${causeOf(cause)}). Make the file readable, or take it out of the folder.`;
    throw new OrchestratorError("file_not_found", message, { cause });
  });
}

function causeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
}
