import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const CHECKOUT = join(import.meta.dirname, "../..");

/** What a process ran: files of ours from the checkout on, and packages by name. */
export interface Loaded {
  readonly ours: readonly string[];
  readonly packages: readonly string[];
}

/** Every module that Node ran, imported or required, by V8's own count: of a process whose NODE_V8_COVERAGE named the folder. */
export function loadedBy(trace: string): Loaded {
  const urls = readdirSync(trace).flatMap((name) => {
    const found: { result: { url: string }[] } = JSON.parse(readFileSync(join(trace, name), "utf8"));
    return found.result.map(({ url }) => url);
  });
  const files = urls.filter((url) => url.startsWith("file:")).map((url) => fileURLToPath(url.split("?")[0] ?? url));
  const loaded = [...new Set(files.map((file) => relative(CHECKOUT, file)))];
  return {
    ours: loaded.filter((file) => !file.includes("node_modules/")),
    packages: [
      ...new Set(loaded.flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/u.exec(file)?.[1] ?? [])),
    ].sort(),
  };
}
