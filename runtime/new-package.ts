import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { isJsonObject } from "../core/define-agent.js";
import type { JsonObject } from "../core/digest.js";
import type { OwnPackage } from "./own-package.js";
import { parseJson } from "./parse-json.js";
import { shown } from "./shown.js";
import type { NewFile } from "./templates.js";

const FILE = "package.json";
const TOOLS = ["@types/node", "tsx", "typescript"];
const IGNORES_STORE = /^\/?\.missions\/?\s*$/mu;
const SCRIPTS: Readonly<Record<string, string>> = {
  test: "node --import tsx --test test/*.test.ts",
  check: "tsc",
  mission: "mission",
};

/** The package.json of a folder of missions: this package, and the four that there must be one copy of, named exactly. */
export function packageFile(own: OwnPackage): NewFile {
  const document = {
    private: true,
    type: "module",
    scripts: SCRIPTS,
    dependencies: dependenciesOn(own),
    devDependencies: toolVersions(own),
  };
  return { path: FILE, text: `${JSON.stringify(document, undefined, 2)}\n` };
}

/** What a folder's files lack once the new ones stand there too, in words, and the commands to go on with. */
export function packageWants(own: OwnPackage, folder: string, slug: string, files: readonly NewFile[]) {
  const read = (path: string) => files.find((file) => file.path === path)?.text ?? readIfThere(join(folder, path));
  const found = parsePackage(read(FILE), join(folder, FILE));
  const all = { ...objectAt(found, "devDependencies"), ...objectAt(found, "dependencies") };
  const scripts = objectAt(found, "scripts");
  const pins = Object.entries({ ...dependenciesOn(own), ...toolVersions(own) }).filter(([name, version]) =>
    Object.hasOwn(own.peerDependencies, name) ? all[name] !== version : all[name] === undefined,
  );
  const isOurs = Object.entries(SCRIPTS).every(([name, script]) => scripts[name] === script);
  const byHand = [
    ...(found["type"] === "module" ? [] : [`${FILE}: "type": "module"`]),
    ...(pins.length === 0 ? [] : [`${FILE}: ${pins.map(([name, version]) => `"${name}": "${version}"`).join(", ")}`]),
    ...Object.entries(SCRIPTS)
      .filter(([name]) => scripts[name] === undefined)
      .map(([name, script]) => `${FILE}, "scripts": "${name}": "${script}"`),
    ...(IGNORES_STORE.test(read(".gitignore")) ? [] : [".gitignore: .missions/"]),
  ];
  const away = relative(process.cwd(), folder);
  const isInstalled = pins.length === 0 && existsSync(join(folder, "node_modules", own.name));
  const install = own.isCheckout && !existsSync(join(folder, tarballOf(own))) ? [`npm pack ${own.folder}`] : [];
  const next = [
    ...(away === "" ? [] : [`cd ${away}`]),
    ...(isInstalled ? [] : [...install, "npm install"]),
    isOurs ? "npm test" : `node --import tsx --test test/${slug}.test.ts`,
    scripts["mission"] === SCRIPTS["mission"] ? `npm run -s mission -- run ${slug}` : `npx mission run ${slug}`,
  ];
  return { byHand, next };
}

/** What `npm pack` calls this package. */
function tarballOf({ name, version }: OwnPackage): string {
  return `${name}-${version}.tgz`;
}

function dependenciesOn(own: OwnPackage): Readonly<Record<string, string>> {
  return { ...own.peerDependencies, [own.name]: own.isCheckout ? `file:${tarballOf(own)}` : own.version };
}

function toolVersions({ dependencies, devDependencies }: OwnPackage): Readonly<Record<string, string>> {
  const versions = { ...devDependencies, ...dependencies };
  return Object.fromEntries(TOOLS.map((name) => [name, versions[name] ?? "*"]));
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function parsePackage(text: string, path: string): JsonObject {
  const found = text === "" ? {} : parseJson(text, shown(path));
  return isJsonObject(found) ? found : {};
}

function objectAt(found: JsonObject, key: string): JsonObject {
  const value = found[key];
  return isJsonObject(value) ? value : {};
}
