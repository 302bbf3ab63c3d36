import { mean, median, quantile } from "simple-statistics";
import { groupBy } from "./group-by.js";
import { attainment, toLimitView } from "./kpi.js";
import type { Judgement, KpiRow, LeadTimeRow, LimitRow, MissionBoard, RunsRow, WeekRow } from "./kpi-views.js";
import type { Kpi, Mission } from "./mission.js";
import { isoWeek } from "./moment.js";
import { toUsd } from "./money.js";
import type { ObservationRecord, RunFigure } from "./records.js";

/** Fewer runs than this judge nothing. */
export const ENOUGH_RUNS = 5;
const WEEK_MS = 7 * 86_400_000;
/** The first Monday after 1970 began. */
const FIRST_MONDAY_MS = 4 * 86_400_000;
const BASES = ["measured", "recorded", "simulated", "pending"] as const;

type Definition = Pick<Mission, "kpis" | "limits" | "value">;

/** What one mission's board is counted from. Runs that are not completed count beside, never in a figure. */
export interface BoardSource {
  readonly mission: Pick<MissionBoard, "mission_id" | "slug" | "mission">;
  readonly runs: readonly RunFigure[];
  readonly observations: readonly ObservationRecord[];
  readonly decisions: readonly { readonly runId: string; readonly waitedMs: number }[];
  /** What a run is judged by: the definition that it began with. */
  readonly definitionOf: (version: string) => Definition | undefined;
  /** The newest definition: it says what the mission aims at where no run tells. */
  readonly newest: Definition;
  /** The time that is looked at, for what is counted by the week. */
  readonly from: Date | undefined;
  readonly to: Date;
  readonly byWeek: boolean;
}

/** The source with what is looked up for each run. */
interface Indexed extends BoardSource {
  readonly observed: ReadonlyMap<string, readonly ObservationRecord[]>;
  readonly decided: ReadonlyMap<string, BoardSource["decisions"]>;
}

/** The board of one mission. The order of runs and observations does not matter. */
export function toMissionBoard(given: BoardSource): MissionBoard {
  const source: Indexed = {
    ...given,
    observed: groupBy(given.observations, ({ runId }) => runId),
    decided: groupBy(given.decisions, ({ runId }) => runId),
  };
  const completed = source.runs.filter(({ status }) => status === "completed");
  const { value } = source.newest;
  return {
    ...source.mission,
    runs: {
      ...runsRow(source, source.runs),
      open: source.runs.filter(({ finishedAt }) => finishedAt === undefined).length,
      completed_per_week: completed.length / weeksOf(source, completed),
    },
    kpis: kpiRows(source, completed),
    limits: limitRows(source, completed),
    lead_time: leadTimeRows(completed),
    value: value ? { minutes_by_hand: value.minutesByHand, rate_usd_per_hour: value.rateUsdPerHour } : null,
    ...(source.byWeek && { weeks: weekRows(source) }),
  };
}

function weekRows(source: Indexed): readonly WeekRow[] {
  const ended = source.runs.flatMap((run) => (run.finishedAt ? [{ run, week: isoWeek(run.finishedAt) }] : []));
  return [...groupBy(ended, ({ week }) => week)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([week, entries]) => {
      const runs = entries.map(({ run }) => run);
      const completed = runs.filter(({ status }) => status === "completed");
      return { week, runs: runsRow(source, runs), kpis: completed.length === 0 ? [] : kpiRows(source, completed) };
    });
}

/** A KPI as one run knows it: its definition, and what was observed on one basis. */
interface Sample {
  readonly kpi: Kpi;
  readonly basis: KpiRow["basis"];
  readonly value: number | undefined;
}

/** One row for each definition and basis: figures judged by another target, or told in another way, stand apart. */
function kpiRows(source: Indexed, completed: readonly RunFigure[]): readonly KpiRow[] {
  const samples = completed.flatMap((run) =>
    (source.definitionOf(run.missionVersion)?.kpis ?? []).flatMap((kpi) =>
      samplesOf(kpi, source.observed.get(run.runId)),
    ),
  );
  const rows = [...groupBy(samples, keyOf).values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const values = group.flatMap(({ value }) => (value === undefined ? [] : [value]));
    // Runs may name the source of one baseline in different words: the newest counts.
    const named = source.newest.kpis.find(({ id }) => id === first.kpi.id) ?? first.kpi;
    return [{ ...toKpiRow(first, values, group.length), source: named.source ?? null }];
  });
  const known = new Set(rows.map(({ kpi_id }) => kpi_id));
  const untold = source.newest.kpis
    .filter(({ id }) => !known.has(id))
    .map((kpi) => toKpiRow({ kpi, basis: "pending" }, [], 0));
  return [...rows, ...untold].sort(
    (a, b) =>
      order(a.kpi_id, b.kpi_id) ||
      BASES.indexOf(a.basis) - BASES.indexOf(b.basis) ||
      order(JSON.stringify(a), JSON.stringify(b)),
  );
}

function samplesOf(kpi: Kpi, observations: readonly ObservationRecord[] = []): readonly Sample[] {
  const found = observations.filter(({ kpiId }) => kpiId === kpi.id);
  if (found.length === 0) return [{ kpi, basis: "pending", value: undefined }];
  return found.map(({ basis, value }) => ({ kpi, basis, value }));
}

function keyOf({ kpi, basis }: Sample): string {
  return JSON.stringify([kpi.id, basis, kpi.unit, kpi.direction, kpi.baseline, kpi.target]);
}

function toKpiRow({ kpi, basis }: Pick<Sample, "kpi" | "basis">, values: readonly number[], n: number): KpiRow {
  const { target, direction } = kpi;
  const middle = values.length === 0 ? null : median([...values]);
  const way = middle === null ? undefined : attainment(kpi, middle);
  const reached = (value: number, goal: number) => (direction === "lower" ? value <= goal : value >= goal);
  return {
    kpi_id: kpi.id,
    unit: kpi.unit,
    direction,
    baseline: kpi.baseline ?? null,
    target: target ?? null,
    source: kpi.source ?? null,
    basis,
    n,
    median: middle,
    p90: values.length === 0 ? null : quantile([...values], 0.9),
    share_at_target:
      target === undefined || values.length === 0
        ? null
        : ratio(
            values.filter((value) => reached(value, target)),
            values,
          ),
    attainment: way ?? null,
    judgement: judge(basis, n, way),
  };
}

function judge(basis: KpiRow["basis"], n: number, way: number | undefined): Judgement {
  if (basis === "pending") return "pending";
  if (n < ENOUGH_RUNS) return "too_few";
  if (way === undefined) return "no_target";
  if (way >= 1) return "at_target";
  return way > 0 ? "on_the_way" : "no_better";
}

function limitRows(source: Indexed, completed: readonly RunFigure[]): readonly LimitRow[] {
  const seen = completed.flatMap((run) =>
    (source.definitionOf(run.missionVersion)?.limits ?? []).map((limit) => ({
      limit,
      ...toLimitView(limit, source.observed.get(run.runId) ?? []),
    })),
  );
  const groups = groupBy(seen, ({ limit, basis = "pending" }) =>
    JSON.stringify([limit.id, BASES.indexOf(basis), limit.op, limit.value, limit.unit]),
  );
  return [...groups]
    .sort(([a], [b]) => order(a, b))
    .flatMap(([, group]) => {
      const [first] = group;
      const count = (status: string) => group.filter((each) => each.status === status).length;
      return first
        ? [
            {
              limit_id: first.limit.id,
              op: first.limit.op,
              value: first.limit.value,
              unit: first.limit.unit ?? null,
              basis: first.basis ?? "pending",
              n: group.length,
              kept: count("kept"),
              breached: count("breached"),
            },
          ]
        : [];
    });
}

function leadTimeRows(completed: readonly RunFigure[]): readonly LeadTimeRow[] {
  const times = completed.flatMap(({ leadTime }) => (leadTime ? [leadTime] : []));
  return (["measured", "simulated"] as const).flatMap((basis) => {
    const own = times.filter((time) => time.basis === basis);
    if (own.length === 0) return [];
    return [
      {
        basis,
        n: own.length,
        total_ms: mean(own.map((time) => time.total_ms)),
        work_ms: mean(own.map((time) => time.work_ms)),
        waiting_for_people_ms: mean(own.map((time) => time.waiting_for_people_ms)),
        waiting_for_others_ms: mean(own.map((time) => time.waiting_for_others_ms)),
      },
    ];
  });
}

function runsRow(source: Indexed, runs: readonly RunFigure[]): RunsRow {
  const count = (status: RunFigure["status"]) => runs.filter((run) => run.status === status).length;
  const completed = runs.filter(({ status }) => status === "completed");
  // Runs still open belong to no time that is asked for: what was decided in them neither.
  const within = source.from === undefined ? runs : runs.filter(({ finishedAt }) => finishedAt !== undefined);
  const decisions = within.flatMap((run) =>
    (source.decided.get(run.runId) ?? []).map(({ waitedMs }) => ({ run, waitedMs })),
  );
  const waits = decisions.flatMap(({ run, waitedMs }) => (run.leadTime?.basis === "measured" ? [waitedMs] : []));
  const micro = completed.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0);
  return {
    completed: completed.length,
    failed: count("failed"),
    cancelled: count("cancelled"),
    first_time_right: ratio(
      completed.filter(({ hasRework }) => !hasRework),
      completed,
    ),
    degraded: ratio(
      completed.filter(({ isDegraded }) => isDegraded),
      completed,
    ),
    decisions: decisions.length,
    median_decision_wait_ms: waits.length === 0 ? null : median(waits),
    cost_usd_per_run: completed.length === 0 ? null : toUsd(micro / completed.length),
  };
}

/** Calendar weeks, in UTC, from the beginning of what is looked at, or the first run that completed, to its end. */
function weeksOf({ from, to }: BoardSource, completed: readonly RunFigure[]): number {
  const ends = completed.flatMap(({ finishedAt }) => (finishedAt ? [finishedAt.getTime()] : []));
  const first = from?.getTime() ?? Math.min(...ends, to.getTime());
  const weekOf = (ms: number) => Math.floor((ms - FIRST_MONDAY_MS) / WEEK_MS);
  return Math.max(1, weekOf(Math.max(to.getTime(), ...ends)) - weekOf(first) + 1);
}

function ratio(part: readonly unknown[], whole: readonly unknown[]): number | null {
  return whole.length === 0 ? null : part.length / whole.length;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
