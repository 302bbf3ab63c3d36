import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const VersionsSchema = z.record(z.string(), z.string());
const PackageSchema = z.object({
  name: z.string(),
  version: z.string(),
  dependencies: VersionsSchema,
  devDependencies: VersionsSchema,
  peerDependencies: VersionsSchema,
});

/** What this package says about itself, and the folder that it lies in; the same beside the sources and beside the build. */
export interface OwnPackage extends z.output<typeof PackageSchema> {
  readonly folder: string;
  /** True in a checkout, built or not, which nobody can install from by name. */
  readonly isCheckout: boolean;
}

/** What no package from a registry has: the sources that the build is made from. */
const SOURCES = ["index.ts", ".git"];

/** Reads our own package.json; `here` is a file of the package. */
export function readOwnPackage(here: string = fileURLToPath(import.meta.url)): OwnPackage {
  let folder = dirname(here);
  while (!existsSync(join(folder, "package.json"))) {
    if (folder === dirname(folder)) throw new Error(`No package.json lies above ${here}: the package is not whole.`);
    folder = dirname(folder);
  }
  const read: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return { ...PackageSchema.parse(read), folder, isCheckout: SOURCES.some((name) => existsSync(join(folder, name))) };
}
