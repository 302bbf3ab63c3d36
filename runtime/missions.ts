import type { AssembledMission } from "../core/assemble-mission.js";
import { assembleMission } from "../core/assemble-mission.js";
import type { AgentDefinition } from "../core/define-agent.js";
import type { JsonObject } from "../core/digest.js";
import { OrchestratorError } from "../core/errors.js";
import { lookUp } from "../core/lookup.js";
import { placeOf } from "../core/merge-documents.js";
import type { Mission, MissionFile } from "../core/mission.js";
import { MissionFileSchema } from "../core/mission.js";
import { missionVersion } from "../core/mission-version.js";
import type { Place, Problem } from "../core/problem.js";
import { formatProblem, hasErrors } from "../core/problem.js";
import { shapeOf } from "../core/shape.js";
import type { ToolDefinition } from "../core/tool.js";
import { verifyMission } from "../core/verify.js";
import { loadCases } from "./cases.js";
import type { DatasetSource, MissionSource } from "./mission-sources.js";
import {
  readDataset,
  readGivenMissions,
  readMissionSource,
  readMissionSources,
  toMissionSource,
} from "./mission-sources.js";

export interface LoadOptions {
  /** Holds the dataset's files, `missions/` and the sample cases. */
  readonly dataFolder: string;
  /** Besides those of the data folder: one file, a folder of them, or a list of files and documents at hand. */
  readonly missions?: string | readonly (string | JsonObject)[];
  readonly agents: readonly AgentDefinition[];
  readonly tools: readonly ToolDefinition[];
  /** True for a tool that policy forbids whatever its arguments. */
  readonly isForbidden?: (tool: ToolDefinition) => boolean;
}

/** A mission that could be put together. It may still have problems: one with errors must not run. */
export interface LoadedMission {
  readonly mission: Mission;
  /** Digest of the mission with its contracts. */
  readonly version: string;
  readonly file: string;
  /** How many sample cases there are. */
  readonly cases: number;
  /** Everything that `verify` found. */
  readonly problems: readonly Problem[];
}

/** One mission of a catalogue, whether it could be put together or not. */
export interface CatalogueEntry {
  readonly missionId: string;
  readonly slug: string;
  readonly name: string;
  readonly file: string;
  readonly problems: readonly Problem[];
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
  const entries = withoutNamesakes(await Promise.all(sources.map((source) => toEntry(source, dataset, options))));
  const find = (wanted: string) => findMission(wanted, entries);
  return {
    list: () => entries,
    find,
    open: async (wanted) => (wanted.endsWith(".json") ? loadMission(wanted, options) : find(wanted)),
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

/** Throws `mission_invalid` with every problem when the mission may not run. */
export function assertRunnable({ mission, problems }: LoadedMission): void {
  if (hasErrors(problems)) throw invalid(mission.slug, problems);
}

async function toEntry(source: MissionSource, dataset: DatasetSource, options: LoadOptions): Promise<CatalogueEntry> {
  const text = (field: string) => {
    const value = source.document?.[field];
    return typeof value === "string" ? value : "";
  };
  const entry = { missionId: text("mission_id"), slug: text("slug"), name: text("mission_name"), file: source.file };
  const place = (pointer: string) => placeOf(source.origins ?? new Map(), pointer);
  if (!source.document) return { ...entry, problems: source.problems };
  const shaped = shapeOf(MissionFileSchema, source.document, place);
  if (!shaped.ok) return { ...entry, problems: [...source.problems, ...shaped.problems] };

  const { datasetTasks } = source;
  const assembled = assembleMission(shaped.value, options.agents, { datasetTasks, rosterNames: dataset.rosterNames });
  const locate = locatorOf(shaped.value, assembled, place);
  const samples = await readSamples(assembled.mission, options.dataFolder, locate);
  const [sampleCase] = samples.cases;
  const { agents, tools, isForbidden } = options;
  const found = verifyMission(assembled.mission, {
    agents,
    tools,
    locate,
    ...(isForbidden && { isForbidden }),
    ...(sampleCase && { sampleCase }),
  });
  const ofFile = assembled.problems.map((problem) => ({ ...problem, ...place(problem.pointer) }));
  const problems = [...source.problems, ...ofFile, ...samples.problems, ...found];
  const version = missionVersion(assembled.mission);
  const loaded = { mission: assembled.mission, version, file: source.file, cases: samples.cases.length, problems };
  return { ...entry, problems, loaded };
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

/** A second mission of the same id or slug gets a problem: it could never be found by its name. */
function withoutNamesakes(entries: readonly CatalogueEntry[]): readonly CatalogueEntry[] {
  return entries.map((entry, index) => {
    const earlier = entries.slice(0, index);
    const clashes = (["missionId", "slug"] as const).flatMap((field): readonly Problem[] => {
      const namesake = earlier.find((other) => entry[field] !== "" && other[field] === entry[field]);
      if (!namesake) return [];
      const pointer = field === "slug" ? "/slug" : "/mission_id";
      const message = `"${entry[field]}" names the mission of ${namesake.file} already.`;
      return [{ severity: "error", code: "duplicate_id", file: entry.file, pointer, message }];
    });
    if (clashes.length === 0) return entry;
    const problems = [...entry.problems, ...clashes];
    return { ...entry, problems, ...(entry.loaded && { loaded: { ...entry.loaded, problems } }) };
  });
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
