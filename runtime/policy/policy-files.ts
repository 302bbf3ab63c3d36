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

/** The policies of whoever runs the system: every `.cedar` file of a folder, by name. `file_not_found` when there is no such folder. */
export async function readAdministratorsPolicies(folder: string): Promise<readonly OwnedText[]> {
  return readFolder(folder, "administrator").catch((cause: unknown) => {
    throw new OrchestratorError(
      "file_not_found",
      `There is no folder ${shown(folder)} to take policies from. Create it, or mend "policies".`,
      { cause },
    );
  });
}

async function readFolder(folder: string, origin: Origin): Promise<readonly OwnedText[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ENDING)).sort();
  return Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      const source = origin === "package" ? `data/policies/${name}` : shown(file);
      return { origin, source, text: await readFile(file, "utf8") };
    }),
  );
}
