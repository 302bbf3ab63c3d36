import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { asPath, placeIn, shown } from "./shown.js";

const CHECK_LIMIT_MS = 5_000;
/** Where a stack is ours and no longer theirs: this file's neighbour, under a name that begins so in the build, too. */
const LOADER = join(import.meta.dirname, "load-module");
/** What Node 20 says here speaks of cycles and helps nobody. */
const NO_MODULE = 'the package.json of its folder must say "type": "module", for its imports to work.';

/** Why a module of somebody else could not be loaded: its own words, and the line where there is one. */
export function sayLoadError(error: unknown, file: string): string {
  if (!(error instanceof Error)) return `it threw ${JSON.stringify(error) ?? String(error)}. Mend the module.`;
  const missing = sayMissing(error);
  if (missing !== undefined) return missing;
  if ("code" in error && String(error.code).startsWith("ERR_REQUIRE_")) return NO_MODULE;
  const syntax = /^(?<path>.+):(?<line>\d+):(?<column>\d+): ERROR: (?<words>.+)$/mu.exec(error.message)?.groups;
  if (syntax) return `${syntax["words"]} (${shown(syntax["path"] ?? file)}, line ${syntax["line"]}). Mend the module.`;
  const place =
    placeIn(error.stack ?? "", LOADER) ??
    (error instanceof SyntaxError ? placeIn(complaintOf(file), LOADER) : undefined);
  const words = error.message.replaceAll(/\s+/gu, " ").trim().replace(/\.+$/u, "") || error.name;
  return `${words}${place === undefined ? "" : ` (${place})`}. Mend the module.`;
}

/** An import that leads nowhere: a package that is not installed, or a file that is not there. */
function sayMissing(error: Error): string | undefined {
  if (!("code" in error)) return undefined;
  if (error.code === "MODULE_NOT_FOUND") {
    const [name] = /'[^']+'/u.exec(error.message) ?? ["what it imports"];
    return `it is read as CommonJS, which does not find ${name}: ${NO_MODULE}`;
  }
  if (error.code !== "ERR_MODULE_NOT_FOUND") return undefined;
  const groups = /^Cannot find (?<kind>package|module) '(?<name>[^']+)' imported from (?<from>.+)$/u.exec(
    error.message,
  )?.groups;
  if (!groups) return undefined;
  const { kind, name = "", from = "" } = groups;
  const importer = shown(asPath(from));
  return kind === "package"
    ? `${importer} imports the package "${name}", which is not installed here. Install it: npm install ${name}`
    : `${importer} imports ${shown(asPath(name))}, which is not there. Mend the path.`;
}

/** What Node says about a file of JavaScript whose syntax is wrong: an error that is caught does not tell the line. */
function complaintOf(file: string): string {
  return spawnSync(process.execPath, ["--check", file], { encoding: "utf8", timeout: CHECK_LIMIT_MS }).stderr;
}
