import { hasCode, OrchestratorError } from "../core/errors.js";
import { toMissionBoard } from "../core/kpi-board.js";
import type { KpiBoard, KpiFilter, MissionBoard } from "../core/kpi-views.js";
import { lookUp } from "../core/lookup.js";
import type { Mission } from "../core/mission.js";
import { MOMENT_FORMS, parseMoment } from "../core/moment.js";
import type { FigureFilter } from "../core/ports.js";
import type { Composition } from "./compose.js";
import { versionsOf } from "./run-views.js";

type Parts = Pick<Composition, "store" | "catalogue" | "clock">;

/** The mission that a board is of. Without a definition of today, its newest run's is the newest. */
interface Wanted {
  readonly missionId: string;
  readonly slug: string;
  readonly name: string;
  readonly today?: Mission;
}

/** The KPI board: of one mission, or of all that have runs. A mission of a file that is gone is still found by its runs. */
export async function kpis(parts: Parts, filter: KpiFilter = {}): Promise<KpiBoard> {
  const now = parts.clock.now();
  const { from, to } = rangeOf(filter);
  const wanted = filter.mission === undefined ? await allWithRuns(parts) : [await findWanted(parts, filter.mission)];
  const versions = versionsOf(parts.store);
  const missions: MissionBoard[] = [];
  for (const each of wanted) {
    const board = await boardOf(parts, each, versions, {
      from,
      to: to === undefined || to > now ? now : to,
      byWeek: filter.by === "week",
      range: { ...(from && { from }), ...(to && { to }) },
    });
    if (filter.mission !== undefined || hasRuns(board)) missions.push(board);
  }
  return {
    made_at: now.toISOString(),
    since: from?.toISOString() ?? null,
    until: to?.toISOString() ?? null,
    by: filter.by ?? null,
    missions,
  };
}

function rangeOf({ since, until }: KpiFilter): { from: Date | undefined; to: Date | undefined } {
  const [from, to] = [momentOf("--since", since)?.from, momentOf("--until", until)?.to];
  if (from && to && from > to)
    throw new OrchestratorError(
      "kpi_invalid",
      `Since ${since} is after until ${until}: no run ended then. Swap the two.`,
    );
  return { from, to };
}

function momentOf(name: string, text: string | undefined) {
  if (text === undefined) return undefined;
  const span = parseMoment(text);
  if (!span)
    throw new OrchestratorError("kpi_invalid", `${name} is "${text}", which is no moment. Give ${MOMENT_FORMS}.`);
  return span;
}

function hasRuns({ runs: { completed, failed, cancelled, open } }: MissionBoard): boolean {
  return completed + failed + cancelled + open > 0;
}

async function boardOf(
  { store }: Parts,
  wanted: Wanted,
  versions: (version: string) => Promise<Mission | undefined>,
  time: { from: Date | undefined; to: Date; byWeek: boolean; range: Omit<FigureFilter, "missionId"> },
): Promise<MissionBoard> {
  const { range, ...looked } = time;
  const filter: FigureFilter = { missionId: wanted.missionId, ...range };
  const [runs, observations, decisions] = await Promise.all([
    store.figures.runs(filter),
    store.figures.observations(filter),
    store.figures.decisions(filter),
  ]);
  const known = new Map<string, Mission>();
  for (const version of new Set(runs.map(({ missionVersion }) => missionVersion))) {
    const mission = await versions(version);
    if (mission) known.set(version, mission);
  }
  const last = runs.reduce<(typeof runs)[number] | undefined>(
    (newest, run) => (newest === undefined || run.startedAt >= newest.startedAt ? run : newest),
    undefined,
  );
  const newest = wanted.today ?? known.get(last?.missionVersion ?? "");
  return toMissionBoard({
    mission: { mission_id: wanted.missionId, slug: wanted.slug, mission: wanted.name },
    runs,
    observations,
    decisions,
    definitionOf: (version) => known.get(version),
    newest: newest ?? { kpis: [], limits: [] },
    ...looked,
  });
}

async function allWithRuns({ store, catalogue }: Parts): Promise<readonly Wanted[]> {
  const today = catalogue.list();
  return (await store.figures.missions()).map(({ missionId, missionSlug, missionName }) => {
    const mission = today.find((entry) => entry.missionId === missionId)?.loaded?.mission;
    return { missionId, slug: missionSlug, name: missionName, ...(mission && { today: mission }) };
  });
}

/** By what is here today first; a mission of which only runs are left is found by its exact name or a beginning of it. */
async function findWanted(parts: Parts, wanted: string): Promise<Wanted> {
  const all = await allWithRuns(parts);
  const exact = all.find(({ slug, missionId }) => slug === wanted || missionId === wanted);
  if (exact) return exact;
  try {
    const { mission } = await parts.catalogue.open(wanted);
    return { missionId: mission.id, slug: mission.slug, name: mission.name, today: mission };
  } catch (error) {
    const found = lookUp(wanted, all, ({ slug, missionId }) => [slug, missionId]);
    if (hasCode(error, "mission_not_found") && found.kind === "found") return found.item;
    throw error;
  }
}
