import type { AssembledMission } from "../core/assemble-mission.js";
import { assembleMission } from "../core/assemble-mission.js";
import type { JsonObject } from "../core/digest.js";
import { OrchestratorError } from "../core/errors.js";
import { lookUp } from "../core/lookup.js";
import type { Mission, MissionFile } from "../core/mission.js";
import { missionVersion } from "../core/mission-version.js";
import type { Policies } from "../core/policy.js";
import type { Place, Problem } from "../core/problem.js";
import { formatProblem, hasErrors } from "../core/problem.js";
import { verifyMission } from "../core/verify.js";
import type { MissionSummary } from "../core/views.js";
import { loadCases } from "./cases.js";
import { assertId } from "./given.js";
import type { Library, Shelf } from "./library.js";
import type { HeaderOptions, MissionOutline } from "./mission-headers.js";
import { outlineOf, placeIn, withoutNamesakes } from "./mission-headers.js";
import type { DatasetSource, MissionSource } from "./mission-sources.js";
import {
  readDataset,
  readGivenMissions,
  readMissionSource,
  readMissionSources,
  toMissionSource,
} from "./mission-sources.js";
import { readMissionPolicies } from "./policy/mission-policies.js";

/** Where missions are read from, and what they are put together from and proved with. */
export interface LoadOptions extends HeaderOptions {
  /** Agents and tools; `all` is only taken from it where what was given does not do. */
  readonly library: Pick<Library, "given" | "givesRosterOf" | "all">;
  /** Without them nothing is said about policy. */
  readonly policies?: Policies;
}

/** A mission that could be put together. It may still have problems: one with errors must not run. */
export interface LoadedMission {
  readonly mission: Mission;
  /** Digest of the mission with its contracts. */
  readonly version: string;
  readonly file: string;
  /** How many sample cases there are. */
  readonly cases: number;
  /** Everything that `verify` found, but for what policy makes of it. */
  readonly problems: readonly Problem[];
  /** What policy makes of it. Loads the policies, so it is asked for by who verifies or starts, not by who lists. */
  readonly policyProblems?: () => Promise<readonly Problem[]>;
}

/** One mission of a catalogue, whether it could be put together or not. */
export interface CatalogueEntry extends Omit<MissionOutline, "parsed"> {
  /** Absent when its document does not have the shape of a mission. */
  readonly loaded?: LoadedMission;
}

/** The missions of a data folder. A broken one does not hide the others. */
export interface Catalogue {
  list(): readonly CatalogueEntry[];
  /** By id, slug or a unique beginning of either. `mission_not_found`, `ambiguous_id`, or `mission_invalid` when it cannot be put together. */
  find(wanted: string): LoadedMission;
  /** As `find`, or the mission of a file when `wanted` ends in `.json`. */
  open(wanted: string): Promise<LoadedMission>;
  /** What belongs to no single mission, such as a row of the dataset for a mission that does not exist. */
  readonly problems: readonly Problem[];
}

/** Reads, merges and proves every mission of a data folder. `file_not_found` when there is no such folder. */
export async function loadMissions(options: LoadOptions): Promise<Catalogue> {
  const dataset = await readDataset(options.dataFolder);
  const given = await readGivenMissions(options.missions ?? [], dataset);
  const sources = [...(await readMissionSources(options.dataFolder, dataset)), ...given];
  const read = await Promise.all(sources.map((source) => toEntry(source, dataset, options)));
  const entries = withoutNamesakes(read).map(
    (entry): CatalogueEntry =>
      entry.loaded ? { ...entry, loaded: { ...entry.loaded, problems: entry.problems } } : entry,
  );
  const find = (wanted: string) => {
    assertId("mission", wanted);
    return findMission(wanted, entries);
  };
  return {
    list: () => entries,
    find,
    open: async (wanted) => {
      assertId("mission", wanted);
      return wanted.endsWith(".json") ? loadMission(wanted, options) : find(wanted);
    },
    problems: dataset.problems,
  };
}

/** One mission from a file or a document at hand, merged with the dataset's part of its id. `mission_invalid` when it has not the shape of one. */
export async function loadMission(source: string | JsonObject, options: LoadOptions): Promise<LoadedMission> {
  return loadedOf(await readMission(source, options));
}

/** As `loadMission`, but what has not the shape of a mission is an entry whose problems say why. */
export async function readMission(source: string | JsonObject, options: LoadOptions): Promise<CatalogueEntry> {
  const dataset = await readDataset(options.dataFolder);
  const read = typeof source === "string" ? await readMissionSource(source, dataset) : toMissionSource(source, dataset);
  return toEntry(read, dataset, options);
}

/** One line about a mission, whether it could be put together or not. */
export function toMissionSummary({ missionId, slug, name, file, loaded, problems }: CatalogueEntry): MissionSummary {
  return {
    mission_id: missionId,
    slug,
    name,
    description: loaded?.mission.description ?? "",
    tasks: loaded?.mission.tasks.length ?? 0,
    cases: loaded?.cases ?? 0,
    kpis: loaded?.mission.kpis.map((kpi) => kpi.id) ?? [],
    file,
    problems: problems.filter((problem) => problem.severity === "error").length,
  };
}

/** Everything that is wrong with a mission, policy included. */
export async function allProblems(entry: CatalogueEntry | LoadedMission): Promise<readonly Problem[]> {
  const loaded = "loaded" in entry ? entry.loaded : "mission" in entry ? entry : undefined;
  return loaded ? [...loaded.problems, ...((await loaded.policyProblems?.()) ?? [])] : entry.problems;
}

/** The mission, or `mission_invalid` with every problem when it may not run; policy is asked last. */
export async function runnable(loaded: LoadedMission): Promise<LoadedMission> {
  assertRunnable(loaded);
  assertRunnable({ ...loaded, problems: (await loaded.policyProblems?.()) ?? [] });
  return loaded;
}

/** As `runnable`, without asking policy. */
export function assertRunnable({ mission, problems }: LoadedMission): void {
  if (hasErrors(problems)) throw invalid(mission.slug, problems);
}

async function toEntry(source: MissionSource, dataset: DatasetSource, options: LoadOptions): Promise<CatalogueEntry> {
  const { parsed, ...entry } = outlineOf(source);
  if (!parsed) return entry;
  const loaded = await toLoaded(source, parsed, dataset, options);
  return { ...entry, problems: loaded.problems, loaded };
}

/** By the given agents and tools alone where these do; what is wrong is told by all, since messages name what is near. */
async function toLoaded(
  source: MissionSource,
  file: MissionFile,
  dataset: DatasetSource,
  options: LoadOptions,
): Promise<LoadedMission> {
  const { library } = options;
  const alone = library.givesRosterOf(file) && (await proved(source, file, dataset, options, library.given));
  return alone && !hasErrors(alone.problems) ? alone : proved(source, file, dataset, options, await library.all());
}

async function proved(
  source: MissionSource,
  file: MissionFile,
  { rosterNames }: DatasetSource,
  { dataFolder, policies }: LoadOptions,
  shelf: Shelf,
): Promise<LoadedMission> {
  const place = (pointer: string) => placeIn(source, pointer);
  const own = await readMissionPolicies(file.policies, dataFolder, place);
  const { datasetTasks } = source;
  const assembled = assembleMission(file, shelf.agents, { datasetTasks, rosterNames, policies: own.texts });
  const { mission } = assembled;
  const locate = locatorOf(file, assembled, place);
  const samples = await readSamples(mission, dataFolder, locate);
  const [sampleCase] = samples.cases;
  const found = verifyMission(mission, {
    ...shelf,
    locate,
    ...(sampleCase && { sampleCase }),
  });
  const ofFile = assembled.problems.map((problem) => ({ ...problem, ...place(problem.pointer) }));
  return {
    mission,
    version: missionVersion(mission),
    file: source.file,
    cases: samples.cases.length,
    problems: [...source.problems, ...ofFile, ...own.problems, ...samples.problems, ...found],
    policyProblems: async () => {
      if (!policies) return [];
      const { policyProblems } = await import("./policy/policy-problems.js");
      return policyProblems(mission, { policies, shelf, locate });
    },
  };
}

/** From the mission's pointers to the file's: tasks stand in the file in another order, and defaults stand nowhere. */
function locatorOf(file: MissionFile, { mission, fileIndexes }: AssembledMission, place: (pointer: string) => Place) {
  return (pointer: string): Place => {
    const [, section = "", key = ""] = pointer.split("/");
    if (section === "agents" && file.agents === undefined) return place("");
    if (section === "capabilities" && !Object.hasOwn(file.capabilities ?? {}, key)) {
      const index = mission.tasks.findIndex(({ id }) => id === key);
      return place(`/tasks/${fileIndexes[index] ?? 0}/skill`);
    }
    return place(
      section === "tasks"
        ? pointer.replace(/^\/tasks\/(\d+)/u, (_, index) => `/tasks/${fileIndexes[Number(index)] ?? index}`)
        : pointer,
    );
  };
}

async function readSamples(mission: Mission, dataFolder: string, locate: (pointer: string) => Place) {
  const problems: Problem[] = [];
  try {
    const cases = await loadCases(mission, dataFolder);
    if (cases.length > 0 || mission.cases.file === undefined) return { cases: cases.map(({ data }) => data), problems };
    problems.push({
      severity: "warning",
      code: "cases_unreadable",
      ...locate("/cases/file"),
      message: "the file holds no case.",
    });
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    const pointer = mission.cases.file === undefined ? "/cases" : "/cases/file";
    problems.push({ severity: "error", code: "cases_unreadable", ...locate(pointer), message: error.message });
  }
  return { cases: [], problems };
}

function findMission(wanted: string, entries: readonly CatalogueEntry[]): LoadedMission {
  const named = entries.filter(({ slug, missionId }) => slug !== "" || missionId !== "");
  const found = lookUp(wanted, named, ({ slug, missionId }) => [slug, missionId].filter((name) => name !== ""));
  if (found.kind === "found") return loadedOf(found.item);
  if (found.kind === "ambiguous") {
    throw new OrchestratorError(
      "ambiguous_id",
      `"${wanted}" begins several missions: ${found.candidates.join(", ")}. Give more of the name.`,
      {
        details: { candidates: found.candidates },
      },
    );
  }
  const near = found.nearest.length > 0 ? found.nearest : named.map(({ slug, missionId }) => slug || missionId);
  throw new OrchestratorError(
    "mission_not_found",
    `No mission is called "${wanted}". There are: ${near.join(", ") || "none"}.`,
    {
      details: { nearest: near },
    },
  );
}

function loadedOf(entry: CatalogueEntry): LoadedMission {
  if (entry.loaded) return entry.loaded;
  const malformed = entry.problems.find(({ code }) => code === "file_malformed" || code === "file_missing");
  if (malformed && entry.missionId === "") {
    const code = malformed.code === "file_malformed" ? "file_malformed" : "file_not_found";
    throw new OrchestratorError(code, malformed.message, { details: entry.problems });
  }
  throw invalid(entry.slug || entry.missionId || entry.file, entry.problems);
}

function invalid(name: string, problems: readonly Problem[]): OrchestratorError {
  const lines = problems
    .filter(({ severity }) => severity === "error")
    .map((problem) => `\n  ${formatProblem(problem)}`);
  return new OrchestratorError("mission_invalid", `Mission ${name} cannot run:${lines.join("")}`, {
    details: problems,
  });
}
