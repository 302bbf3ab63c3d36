import { join } from "node:path";
import { assertCase, caseIdOf, caseTitleOf } from "../core/case.js";
import { splitExpectation } from "../core/case-expectation.js";
import type { JsonObject } from "../core/digest.js";
import { OrchestratorError } from "../core/errors.js";
import { lookUp } from "../core/lookup.js";
import type { Mission } from "../core/mission.js";
import { readJsonFile } from "./json-file.js";
import { shown } from "./shown.js";

/** One case, as written: `received_at` may still be a duration before the start (see `resolveReceivedAt`). */
export interface CaseRecord {
  readonly id: string;
  readonly title: string;
  readonly data: JsonObject;
  /** What `mission test` expects of its run, unparsed; no part of `data`. */
  readonly expect?: unknown;
}

/** The mission's sample cases, in the order of their file. `case_invalid` when one does not fit or two share an id. */
export async function loadCases(
  mission: Pick<Mission, "cases" | "slug">,
  dataFolder: string,
): Promise<readonly CaseRecord[]> {
  const { file, items } = mission.cases;
  const path = file === undefined ? undefined : join(dataFolder, file);
  const read = path === undefined ? [] : await readJsonFile(path);
  if (!Array.isArray(read))
    throw new OrchestratorError("case_invalid", `${shown(path ?? "")} must hold a list of cases.`);
  const cases = [...(items ?? []), ...read].map((data: unknown) => toCase(mission, data));
  const ids = new Set<string>();
  for (const { id } of cases) {
    if (ids.has(id))
      throw new OrchestratorError(
        "case_invalid",
        `Two sample cases of ${mission.slug} have the id "${id}"; each needs its own.`,
      );
    ids.add(id);
  }
  return cases;
}

/**
 * The case that a caller means: nothing typed is the first sample, a text is a sample's id (or a unique beginning of it)
 * or the path of a JSON file with one case, an object is the case itself.
 */
export async function findCase(
  mission: Pick<Mission, "cases" | "slug">,
  wanted: unknown,
  dataFolder: string,
): Promise<CaseRecord> {
  if (typeof wanted === "string" && wanted.trim() !== "") return findByName(mission, wanted.trim(), dataFolder);
  if (!isNothing(wanted)) return toCase(mission, wanted);
  const [first] = await loadCases(mission, dataFolder);
  if (first) return first;
  throw new OrchestratorError(
    "case_not_found",
    `${mission.slug} has no sample cases: give a case, or a file that holds one.`,
  );
}

async function findByName(
  mission: Pick<Mission, "cases" | "slug">,
  wanted: string,
  dataFolder: string,
): Promise<CaseRecord> {
  const samples = await loadCases(mission, dataFolder);
  const found = lookUp(wanted, samples, ({ id }) => [id]);
  if (found.kind === "found") return found.item;
  if (/\.json$/u.test(wanted)) return toCase(mission, await readJsonFile(wanted));
  if (found.kind === "ambiguous") {
    throw new OrchestratorError(
      "ambiguous_id",
      `"${wanted}" begins several cases of ${mission.slug}: ${found.candidates.join(", ")}. Give more of the id.`,
      {
        details: { candidates: found.candidates },
      },
    );
  }
  const ids = samples.map(({ id }) => id);
  const near = found.nearest.length > 0 ? found.nearest : ids.slice(0, 3);
  const hint = near.length > 0 ? ` Near: ${near.join(", ")}.` : "";
  throw new OrchestratorError(
    "case_not_found",
    `${mission.slug} has no sample case "${wanted}".${hint} A file with one case ends in .json.`,
    {
      details: { nearest: near },
    },
  );
}

function toCase(mission: Pick<Mission, "cases" | "slug">, data: unknown): CaseRecord {
  assertCase(mission, data);
  const { caseData, expect } = splitExpectation(data);
  const record = { id: caseIdOf(mission, caseData), title: caseTitleOf(mission, caseData), data: caseData };
  return expect === undefined ? record : { ...record, expect };
}

/** What an empty form sends. */
function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (typeof value === "string") return value.trim() === "";
  return typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 0;
}
