import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import type { Dataset, DatasetMission } from "../core/dataset.js";
import { DATASET_SCHEMAS, datasetDocuments } from "../core/dataset.js";
import { isJsonObject } from "../core/define-agent.js";
import type { JsonObject } from "../core/digest.js";
import { OrchestratorError } from "../core/errors.js";
import type { SourcedDocument } from "../core/merge-documents.js";
import { mergeDocuments } from "../core/merge-documents.js";
import type { Place, Problem } from "../core/problem.js";
import { shapeOf } from "../core/shape.js";
import { readJsonFile } from "./json-file.js";
import { shown } from "./shown.js";

/** A mission's document as put together from its files, not parsed yet; `document` is absent when there is none to parse. */
export interface MissionSource extends Partial<SourcedDocument> {
  /** The file that a person would edit. */
  readonly file: string;
  readonly problems: readonly Problem[];
  readonly datasetTasks: readonly string[];
}

/** The dataset of a data folder: each mission's part, and the roster's names and descriptions. */
export interface DatasetSource {
  readonly missions: ReadonlyMap<string, DatasetMission>;
  readonly rosterNames: ReadonlyMap<string, { readonly name: string; readonly description: string }>;
  /** About the files themselves, or rows that belong to no mission. */
  readonly problems: readonly Problem[];
}

const MISSIONS_FOLDER = "missions";

/** Reads the dataset's files; those that are missing count as empty, those that are broken are problems. */
export async function readDataset(dataFolder: string): Promise<DatasetSource> {
  const there = await readdir(dataFolder).catch(() => undefined);
  if (!there) {
    throw new OrchestratorError(
      "file_not_found",
      `There is no data folder at ${shown(dataFolder)}. Give the folder that holds the missions.`,
    );
  }
  const problems: Problem[] = [];
  const read = async (name: keyof typeof DATASET_SCHEMAS) => {
    if (!there.includes(name)) return undefined;
    const outcome = await readOrProblem(join(dataFolder, name));
    if ("problem" in outcome) {
      if (outcome.problem.code !== "file_missing") problems.push(outcome.problem);
      return undefined;
    }
    const schema: z.ZodType = DATASET_SCHEMAS[name];
    const shaped = shapeOf(schema, outcome.value, (pointer) => ({ file: name, pointer }));
    if (!shaped.ok) problems.push(...inFolder(dataFolder, shaped.problems));
    return shaped.ok ? { [name]: shaped.value } : undefined;
  };
  // Safe: the keys are the names of the schemas.
  const names = Object.keys(DATASET_SCHEMAS) as (keyof typeof DATASET_SCHEMAS)[];
  const dataset: Dataset = Object.assign({}, ...(await Promise.all(names.map(read))));
  const { documents, problems: unfit } = datasetDocuments(dataset);
  const missions = [...documents].map(([id, mission]) => [id, inFolderMission(dataFolder, mission)] as const);
  return {
    missions: new Map(missions),
    rosterNames: new Map((dataset["specialized_agents.json"] ?? []).map(({ agent_id, ...named }) => [agent_id, named])),
    problems: [...problems, ...inFolder(dataFolder, unfit)],
  };
}

/** Every mission of a data folder: the dataset's with what our files add, then our own, by file name. */
export async function readMissionSources(
  dataFolder: string,
  dataset: DatasetSource,
): Promise<readonly MissionSource[]> {
  const files = await missionFiles(join(dataFolder, MISSIONS_FOLDER));
  const ours = await Promise.all(files.map((file) => readMissionSource(file, dataset)));
  const served = new Set(ours.map(({ document }) => document?.["mission_id"]));
  const bare = [...dataset.missions]
    .filter(([id]) => !served.has(id))
    .map(([, mission]) => bareSource(mission, dataset));
  return [...bare, ...ours];
}

/** Missions besides those of the data folder: one file, a folder of them, or a list of files and documents at hand. */
export async function readGivenMissions(
  given: string | readonly (string | JsonObject)[],
  dataset: DatasetSource,
): Promise<readonly MissionSource[]> {
  const list = typeof given !== "string" ? given : (await isFolder(given)) ? await missionFiles(given) : [given];
  return Promise.all(
    list.map((each) => (typeof each === "string" ? readMissionSource(each, dataset) : toMissionSource(each, dataset))),
  );
}

/** One mission's file, merged with the dataset's part of the same id. A malformed file is a problem, not an error. */
export async function readMissionSource(file: string, dataset: DatasetSource): Promise<MissionSource> {
  const outcome = await readOrProblem(file);
  if ("problem" in outcome) return { file: shown(file), problems: [outcome.problem], datasetTasks: [] };
  return toMissionSource(outcome.value, dataset, shown(file));
}

/** As `readMissionSource`, for a document at hand. */
export function toMissionSource(value: unknown, dataset: DatasetSource, file?: string): MissionSource {
  const place: Place = file === undefined ? { pointer: "" } : { file, pointer: "" };
  const shownAs = file ?? "the mission";
  if (!isJsonObject(value)) {
    const problem: Problem = {
      severity: "error",
      code: "file_shape",
      ...place,
      message: "a mission is a JSON object.",
    };
    return { file: shownAs, problems: [problem], datasetTasks: [] };
  }
  const ours: SourcedDocument = { document: value, origins: new Map([["", place]]) };
  const base = dataset.missions.get(String(value["mission_id"]));
  if (!base) return { ...ours, file: shownAs, problems: [], datasetTasks: [] };
  const merged = mergeDocuments(base, ours);
  return {
    ...merged,
    file: shownAs,
    problems: [...fileProblems(dataset), ...base.problems, ...merged.problems],
    datasetTasks: taskIds(base),
  };
}

function bareSource(mission: DatasetMission, dataset: DatasetSource): MissionSource {
  const file = mission.origins.get("")?.file ?? "";
  const problems = [...fileProblems(dataset), ...mission.problems];
  return { document: mission.document, origins: mission.origins, file, problems, datasetTasks: taskIds(mission) };
}

/** A broken file of the dataset concerns each of its missions. */
function fileProblems(dataset: DatasetSource): readonly Problem[] {
  return dataset.problems.filter(({ code }) => code === "file_malformed" || code === "file_shape");
}

function taskIds({ document }: SourcedDocument): readonly string[] {
  const tasks = document["tasks"];
  return Array.isArray(tasks) ? tasks.map((task: unknown) => String(isJsonObject(task) ? task["task_id"] : "")) : [];
}

async function missionFiles(folder: string): Promise<readonly string[]> {
  if (!(await isFolder(folder))) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".json"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function readOrProblem(path: string): Promise<{ value: unknown } | { problem: Problem }> {
  try {
    return { value: await readJsonFile(path) };
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    const code = error.code === "file_not_found" ? "file_missing" : "file_malformed";
    return { problem: { severity: "error", code, file: shown(path), pointer: "", message: error.message } };
  }
}

function inFolder(folder: string, problems: readonly Problem[]): readonly Problem[] {
  return problems.map((problem) =>
    problem.file === undefined ? problem : { ...problem, file: shown(join(folder, problem.file)) },
  );
}

function inFolderMission(folder: string, mission: DatasetMission): DatasetMission {
  const origins = [...mission.origins].map(([pointer, place]) => {
    return [pointer, place.file === undefined ? place : { ...place, file: shown(join(folder, place.file)) }] as const;
  });
  return { document: mission.document, origins: new Map(origins), problems: inFolder(folder, mission.problems) };
}
