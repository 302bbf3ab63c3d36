import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The program of a helper, as it lies beside the build or, in a checkout, beside the sources. */
export interface HelperEntry {
  readonly file: string;
  /** TypeScript: it needs tsx. */
  readonly isSource: boolean;
}

/** Finds `tools/connectors/<name>`. The build moves code between its files but keeps the programs at their places. */
export function helperEntry(name: string): HelperEntry {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, "tools", "connectors", name);
    if (existsSync(`${path}.js`)) return { file: `${path}.js`, isSource: false };
    if (existsSync(`${path}.ts`)) return { file: `${path}.ts`, isSource: true };
  }
  throw new Error(`The program ${name} is missing in this installation.`);
}
