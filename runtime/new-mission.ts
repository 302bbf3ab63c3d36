import { existsSync, statSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { OrchestratorError } from "../core/errors.js";
import { isReservedSlug } from "../core/verify-names.js";
import { readConfig } from "./config.js";
import type { MissionConfig } from "./mission-config.js";
import { findConfigFile, loadConfig } from "./mission-config.js";
import { readMissionHeaders } from "./mission-headers.js";
import { packageFile, packageWants } from "./new-package.js";
import type { OwnPackage } from "./own-package.js";
import { readOwnPackage } from "./own-package.js";
import { shown } from "./shown.js";
import type { NewFile } from "./templates.js";
import { readTemplate } from "./templates.js";

const SLUG = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/u;
const MAX_SLUG = 40;
const FIRST_ID = 101;
const CONFIG = "mission.config.ts";

/** What was written for a new mission, and what only its author can do. Paths are relative to the folder. */
export interface NewMission {
  readonly slug: string;
  readonly mission_id: string;
  /** Absolute. */
  readonly folder: string;
  readonly files: readonly string[];
  /** What must be added to files that were there, one sentence each. */
  readonly by_hand: readonly string[];
  /** Commands to go on with, in order. */
  readonly next: readonly string[];
}

/**
 * Writes a mission with an agent, a tool, two sample cases and a test into a folder, and what surrounds missions where it
 * is missing. Nothing is overwritten: `usage` names every file that stands in the way, and then nothing is written.
 */
export async function newMission(slug: string, folder: string): Promise<NewMission> {
  const own = readOwnPackage();
  checkSlug(slug);
  checkFolder(folder, own, slug);
  const configFile = findConfigFile(folder);
  const config = configFile === undefined ? undefined : await loadConfig(folder);
  const missionId = await freeId(slug, folder, config);
  const names = { slug, missionId };
  const places = placesOf(folder, config);
  const mission = (await readTemplate("mission", names)).map((file) => moved(file, places));
  assertFree(mission, folder);

  const surroundings = [...(await readTemplate("project", names)), packageFile(own)];
  const missing = surroundings.filter(
    ({ path }) => !existsSync(join(folder, path)) && !(path === CONFIG && configFile),
  );
  const files = [...mission, ...missing].sort((a, b) => a.path.localeCompare(b.path));
  const wants = packageWants(own, folder, slug, files);
  await writeAll(files, folder);
  return {
    slug,
    mission_id: missionId,
    folder,
    files: files.map(({ path }) => path),
    by_hand: [...unknownPlaces(places, mission), ...wants.byHand],
    next: wants.next,
  };
}

function checkSlug(slug: string): void {
  const fault = !SLUG.test(slug)
    ? "a name has lower-case letters, digits and single hyphens only, and begins with a letter"
    : slug.length > MAX_SLUG
      ? `a name has at most ${MAX_SLUG} characters`
      : isReservedSlug(slug)
        ? "this word has a meaning of its own in graphs or in the language"
        : undefined;
  if (fault === undefined) return;
  const likely = slug
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, "-")
    .replaceAll(/^[^a-z]+|-+$/gu, "")
    .slice(0, MAX_SLUG);
  const example = SLUG.test(likely) && likely !== slug && !isReservedSlug(likely) ? likely : "invoice-disputes";
  throw usage(`"${slug}" cannot name a mission: ${fault}. For example: ${example}`);
}

function checkFolder(folder: string, own: OwnPackage, slug: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found && !found.isDirectory()) throw usage(`${shown(folder)} is a file. Give a folder with --folder.`);
  if (resolve(folder) !== own.folder) return;
  throw usage(
    `This folder holds ${own.name} itself. Write into a folder of your own, for example with --folder ../${slug}`,
  );
}

/** The next free id. Refuses the name of a mission that is there. */
async function freeId(slug: string, folder: string, config: MissionConfig | undefined): Promise<string> {
  const plain = join(folder, "data");
  const dataFolder = config ? (config.data ?? readConfig().dataFolder) : existsSync(plain) ? plain : undefined;
  const given = { ...(config?.missions !== undefined && { missions: config.missions }) };
  const headers = dataFolder === undefined ? [] : await readMissionHeaders({ dataFolder, ...given });
  const namesake = headers.find((header) => header.slug === slug || header.mission_id === slug);
  if (namesake) throw usage(`"${slug}" is the name of a mission already: ${namesake.file}. Choose another.`);
  const taken = new Set(headers.map(({ mission_id: id }) => id));
  let number = FIRST_ID;
  while (taken.has(`M${number}`)) number++;
  return `M${number}`;
}

/** Where one kind of file goes: `from` in the template, `to` in the folder. */
interface Place {
  readonly setting: "missions" | "agents" | "tools";
  readonly from: string;
  readonly to: string;
  /** False when the folder's own configuration does not look there. */
  readonly isKnown: boolean;
}

/** The folders that the configuration names; those of the template where there is none yet. */
function placesOf(folder: string, config: MissionConfig | undefined): readonly Place[] {
  const place = (setting: Place["setting"], from: string, known: unknown): Place => {
    if (!config) return { setting, from, to: from, isKnown: true };
    const isKnown = typeof known === "string";
    return { setting, from, to: isKnown ? relative(folder, known) || "." : setting, isKnown };
  };
  const { data, missions, agents, tools } = config ?? {};
  const ofMissions = data === undefined ? folderOnly(missions) : join(data, "missions");
  return [
    place("missions", "data/missions", ofMissions),
    place("agents", "agents", agents),
    place("tools", "tools", tools),
  ];
}

/** `missions` may also name one file, beside which nothing is looked for. */
function folderOnly(path: MissionConfig["missions"]): string | undefined {
  return typeof path === "string" && statSync(path).isDirectory() ? path : undefined;
}

/** The file where it belongs; what an agent imports of its tool leads there too. */
function moved({ path, text }: NewFile, places: readonly Place[]): NewFile {
  const place = places.find(({ from }) => path.startsWith(`${from}/`));
  if (!place) return { path, text };
  const toTools = relative(place.to, places.find(({ setting }) => setting === "tools")?.to ?? "tools");
  return {
    path: join(place.to, path.slice(place.from.length + 1)),
    text: text.replaceAll('"../tools/', `"${toTools.replaceAll("\\", "/")}/`),
  };
}

function unknownPlaces(places: readonly Place[], files: readonly NewFile[]): readonly string[] {
  return places
    .filter(({ isKnown }) => !isKnown)
    .map(({ setting, to }) => {
      const file = files.find(({ path }) => path.startsWith(`${to}/`))?.path ?? to;
      return `${CONFIG}: add ${file} to "${setting}", or name its folder: ${setting}: "${to}"`;
    });
}

function assertFree(files: readonly NewFile[], folder: string): void {
  const inTheWay = files.map(({ path }) => path).filter((path) => existsSync(join(folder, path)));
  if (inTheWay.length === 0) return;
  throw new OrchestratorError(
    "usage",
    `Nothing was written: ${inTheWay.join(", ")} ${inTheWay.length === 1 ? "is" : "are"} there already. Choose another name, or move ${inTheWay.length === 1 ? "it" : "them"} away.`,
    { details: { in_the_way: inTheWay } },
  );
}

/** All or none: what was written before a failure is taken away again. */
async function writeAll(files: readonly NewFile[], folder: string): Promise<void> {
  const written: string[] = [];
  try {
    for (const { path, text } of files) {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text, { flag: "wx" });
      written.push(file);
    }
  } catch (cause) {
    for (const file of written) await rm(file, { force: true });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw usage(`Nothing was written, because not all of it could be: ${why}.`, cause);
  }
}

function usage(message: string, cause?: unknown): OrchestratorError {
  return new OrchestratorError("usage", message, cause === undefined ? {} : { cause });
}
