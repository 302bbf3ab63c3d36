import { existsSync } from "node:fs";
import { createRequire, register } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { OrchestratorError } from "../core/errors.js";
import { sayLoadError } from "./load-error.js";
import { readOwnPackage } from "./own-package.js";
import { shown } from "./shown.js";

const LOAD_LIMIT_MS = 30_000;
const TYPESCRIPT = /\.[mc]?ts$/u;
const PACKAGE = "mission-orchestrator";
/** True in a checkout: whoever runs us there brought a loader for TypeScript along. */
const IS_SOURCE = TYPESCRIPT.test(import.meta.filename);
/** Leads the package's own name to the copy that is running, so that there is never a second one beside it. */
const NAME_HOOK = `
  let entry;
  export function initialize(data) { entry = data; }
  export function resolve(name, context, next) { return next(name === "${PACKAGE}" ? entry : name, context); }
`;

/** What a module exports, by name. */
export type Exports = Readonly<Record<string, unknown>>;

/**
 * Imports a module that somebody else wrote, in JavaScript or TypeScript; `import … from "mission-orchestrator"` in it
 * gives this very copy. Exported promises are waited for. `config_invalid` names the file, its own words and the line when it cannot be loaded, or when it
 * has not loaded in time.
 */
export async function loadModule(path: string, what: string, limitMs: number = LOAD_LIMIT_MS): Promise<Exports> {
  const file = resolve(path);
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooLate(file, limitMs)), limitMs);
  });
  try {
    await prepareFor(file);
    return await Promise.race([settledExports(pathToFileURL(file).href), limit]);
  } catch (cause) {
    if (cause instanceof OrchestratorError) throw cause;
    const message = `${shown(file)} cannot be loaded as ${what}: ${sayLoadError(cause, file)}`;
    throw new OrchestratorError("config_invalid", message, { cause });
  } finally {
    clearTimeout(timer);
  }
}

async function settledExports(url: string): Promise<Exports> {
  const module: object = await import(url);
  const settled = Object.entries(module).map(async ([name, value]) => [name, await value] as const);
  return Object.fromEntries(await Promise.all(settled));
}

function tooLate(file: string, limitMs: number): OrchestratorError {
  return new OrchestratorError(
    "config_invalid",
    `${shown(file)} has not loaded within ${limitMs / 1000} seconds: an "await" outside its functions, or a promise that it exports, does not end.`,
  );
}

let isNameHooked = false;
let typescript: Promise<void> | undefined;

async function prepareFor(file: string): Promise<void> {
  if (!IS_SOURCE && TYPESCRIPT.test(file)) {
    typescript ??= acceptTypeScript();
    await typescript;
  }
  if (isNameHooked || resolvesToUs(file)) return;
  isNameHooked = true;
  register(`data:text/javascript,${encodeURIComponent(NAME_HOOK)}`, { data: pathToFileURL(ownEntry()).href });
}

async function acceptTypeScript(): Promise<void> {
  const { register: registerLoader } = await import("tsx/esm/api");
  registerLoader();
}

/** What the package's own name stands for: the sources in a checkout, else the build. */
function ownEntry(): string {
  return join(readOwnPackage().folder, IS_SOURCE ? "index.ts" : "dist/index.js");
}

/** The usual case: the package is installed where the module lies, and it is this copy. */
function resolvesToUs(file: string): boolean {
  try {
    const found = createRequire(file).resolve(PACKAGE);
    return found === ownEntry() && existsSync(found);
  } catch {
    return false;
  }
}
