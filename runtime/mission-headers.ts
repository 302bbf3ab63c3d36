import { join } from "node:path";
import type { JsonObject } from "../core/digest.js";
import { OrchestratorError } from "../core/errors.js";
import { placeOf } from "../core/merge-documents.js";
import type { MissionFile } from "../core/mission.js";
import { MissionFileSchema } from "../core/mission.js";
import type { MissionHeader } from "../core/mission-header.js";
import type { Place, Problem } from "../core/problem.js";
import { hasErrors } from "../core/problem.js";
import { shapeOf } from "../core/shape.js";
import { readJsonFile } from "./json-file.js";
import type { MissionSource } from "./mission-sources.js";
import { readDataset, readGivenMissions, readMissionSources } from "./mission-sources.js";
import { shown } from "./shown.js";

/** Where missions are read from. */
export interface HeaderOptions {
  /** Holds the dataset's files, `missions/` and the sample cases. */
  readonly dataFolder: string;
  /** Besides those of the data folder: one file, a folder of them, or a list of files and documents at hand. */
  readonly missions?: string | readonly (string | JsonObject)[];
}

/** A mission's names and what is wrong with its file; `parsed` is absent when it has not the shape of a mission. */
export interface MissionOutline {
  readonly missionId: string;
  readonly slug: string;
  readonly name: string;
  readonly file: string;
  readonly problems: readonly Problem[];
  readonly parsed?: MissionFile;
}

/**
 * What the files say about each mission, without agents, tools or store: quick, and no proof that it can run. A broken
 * file does not hide the others. `file_not_found` when there is no such folder.
 */
export async function readMissionHeaders({ dataFolder, missions }: HeaderOptions): Promise<readonly MissionHeader[]> {
  const dataset = await readDataset(dataFolder);
  const given = await readGivenMissions(missions ?? [], dataset);
  const sources = [...(await readMissionSources(dataFolder, dataset)), ...given];
  return Promise.all(withoutNamesakes(sources.map(outlineOf)).map((outline) => toHeader(outline, dataFolder)));
}

/** A source parsed by the shape of a mission. */
export function outlineOf(source: MissionSource): MissionOutline {
  const { document, file, problems } = source;
  const text = (field: string) => {
    const value = document?.[field];
    return typeof value === "string" ? value : "";
  };
  const names = { missionId: text("mission_id"), slug: text("slug"), name: text("mission_name"), file };
  if (!document) return { ...names, problems };
  const shaped = shapeOf(MissionFileSchema, document, (pointer) => placeIn(source, pointer));
  if (!shaped.ok) return { ...names, problems: [...problems, ...shaped.problems] };
  return { ...names, problems, parsed: shaped.value };
}

/** Where a part of a mission's document was written. */
export function placeIn({ origins }: MissionSource, pointer: string): Place {
  return placeOf(origins ?? new Map(), pointer);
}

/** A second mission of the same id or slug gets a problem: it could never be found by its name. */
export function withoutNamesakes<Entry extends Omit<MissionOutline, "parsed">>(
  entries: readonly Entry[],
): readonly Entry[] {
  return entries.map((entry, index) => {
    const earlier = entries.slice(0, index);
    const clashes = (["missionId", "slug"] as const).flatMap((field): readonly Problem[] => {
      const namesake = earlier.find((other) => entry[field] !== "" && other[field] === entry[field]);
      if (!namesake) return [];
      const pointer = field === "slug" ? "/slug" : "/mission_id";
      const message = `"${entry[field]}" names the mission of ${namesake.file} already.`;
      return [{ severity: "error", code: "duplicate_id", file: entry.file, pointer, message }];
    });
    return clashes.length === 0 ? entry : { ...entry, problems: [...entry.problems, ...clashes] };
  });
}

async function toHeader(outline: MissionOutline, dataFolder: string): Promise<MissionHeader> {
  const { missionId, slug, name, file, problems, parsed } = outline;
  const cases = parsed ? await countCases(parsed, dataFolder) : 0;
  return {
    mission_id: missionId,
    slug,
    name,
    description: parsed?.description ?? "",
    tasks: parsed?.tasks.length ?? 0,
    cases: cases ?? 0,
    kpis: parsed?.kpis.map(({ kpi_id }) => kpi_id) ?? [],
    file,
    is_readable: parsed !== undefined && cases !== undefined && !hasErrors(problems),
  };
}

/** Undefined when the file of cases cannot be read, or holds no list. */
async function countCases({ cases }: MissionFile, dataFolder: string): Promise<number | undefined> {
  const own = cases.items?.length ?? 0;
  if (cases.file === undefined) return own;
  const path = join(dataFolder, cases.file);
  try {
    const read = await readJsonFile(path, shown(path));
    return Array.isArray(read) ? own + read.length : undefined;
  } catch (error) {
    if (error instanceof OrchestratorError) return undefined;
    throw error;
  }
}
