import { OrchestratorError } from "./errors.js";
import { lookUp } from "./lookup.js";
import type { Kpi, Limit, Mission } from "./mission.js";
import { MOMENT_FORMS, parseMoment } from "./moment.js";
import type { ObservationRecord, RunRecord } from "./records.js";

/** A KPI or limit that somebody can tell a figure of. */
export type Figure = (Kpi & { readonly kind: "kpi" }) | (Limit & { readonly kind: "limit" });

const NUMBER_AND_UNIT = /^([+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?)\s*(.*)$/iu;
const TIME_MS: Readonly<Record<string, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
};
const SHORT_UNITS: Readonly<Record<string, string>> = {
  s: "second",
  sec: "second",
  min: "minute",
  h: "hour",
  hr: "hour",
  d: "day",
  w: "week",
  "%": "percent",
  $: "usd",
  dollar: "usd",
};
const SCORE = "score";
const MAX_DIGITS = 6;

/** The KPI or limit of this name, or a unique beginning of it. `kpi_not_found` names the nearest. */
export function findFigure(mission: Pick<Mission, "kpis" | "limits" | "slug">, wanted: string): Figure {
  const all = figuresOf(mission);
  const found = lookUp(wanted, all, ({ id }) => [id]);
  if (found.kind === "found") return found.item;
  if (found.kind === "ambiguous") {
    throw new OrchestratorError(
      "ambiguous_id",
      `"${wanted}" begins several KPIs of ${mission.slug}: ${found.candidates.join(", ")}. Give more of the name.`,
      { details: { candidates: found.candidates } },
    );
  }
  const ids = all.map(({ id }) => id);
  const near = found.nearest.length === 0 ? "" : ` Did you mean ${found.nearest.join(" or ")}?`;
  const has = ids.length === 0 ? "It has none." : `It has ${ids.join(", ")}.`;
  throw new OrchestratorError("kpi_not_found", `The mission ${mission.slug} has no KPI "${wanted}".${near} ${has}`, {
    details: { nearest: found.nearest, kpis: ids },
  });
}

function figuresOf({ kpis, limits }: Pick<Mission, "kpis" | "limits">): readonly Figure[] {
  return [
    ...kpis.map((kpi) => ({ ...kpi, kind: "kpi" as const })),
    ...limits.map((limit) => ({ ...limit, kind: "limit" as const })),
  ];
}

/** The figure that somebody tells, as a number in the KPI's own unit. `kpi_invalid` for what is no number, or in another unit. */
export function toValue(figure: Figure, given: number | string, unit: string | undefined): number {
  const { value, units } = typeof given === "number" ? { value: given, units: [] } : parseFigure(figure, given);
  if (!Number.isFinite(value)) throw invalid(`${shown(given)} is no figure for ${figure.id}. Give a finite number.`);
  for (const each of [...units, ...(unit === undefined ? [] : [unit])]) assertUnit(figure, value, each);
  const unitKey = toUnitKey(figure.unit ?? "");
  if (value < 0 && unitKey in TIME_MS)
    throw invalid(`${figure.id} is a span of time in ${figure.unit}; ${value} is less than none.`);
  return unitKey === SCORE ? toScore(value) : value;
}

function parseFigure(figure: Figure, text: string): { value: number; units: readonly string[] } {
  const [, number, unit] = NUMBER_AND_UNIT.exec(text.trim()) ?? [];
  const isScore = toUnitKey(figure.unit ?? "") === SCORE;
  const hint = commaHint(text.trim());
  if (isScore && (number === undefined || hint !== undefined)) throw noScore(text);
  if (number === undefined || hint !== undefined) {
    const form = figure.unit === undefined ? "Give a number." : `Give a number, in ${figure.unit}.`;
    throw invalid(`${shown(text)} is no figure for ${figure.id}. ${hint ?? form}`);
  }
  return { value: Number(number), units: unit === undefined || unit === "" ? [] : [unit] };
}

/** A comma may part decimals or thousands: where it can be either, both readings are named. */
function commaHint(text: string): string | undefined {
  const [figure] = /^[+-]?\d+(?:,\d+)+(?:\.\d+)?/u.exec(text) ?? [];
  if (figure === undefined) return undefined;
  const [whole, decimals] = [figure.replaceAll(",", ""), figure.replace(",", ".")];
  const isThousands = /^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$/u.test(figure);
  const isDecimals = /^[^,.]*,[^,.]*$/u.test(figure);
  if (isThousands && isDecimals)
    return `Write ${whole} if the comma parts thousands, or ${decimals} if it parts decimals.`;
  if (isThousands) return `Write thousands without commas: ${whole}.`;
  return isDecimals ? `Write decimals with a point: ${decimals}.` : "Write it without commas, decimals with a point.";
}

function assertUnit(figure: Figure, value: number, unit: string): void {
  if (figure.unit === undefined)
    throw invalid(`${figure.id} has no unit, but "${unit}" was given. Leave the unit out.`);
  const [own, other] = [toUnitKey(figure.unit), toUnitKey(unit)];
  if (own === other) return;
  const [ownMs, otherMs] = [TIME_MS[own], TIME_MS[other]];
  const converted =
    ownMs === undefined || otherMs === undefined
      ? ""
      : `: ${value} ${unit} would be ${Number(((value * otherMs) / ownMs).toFixed(MAX_DIGITS))} ${figure.unit}`;
  throw invalid(`${figure.id} is told in ${figure.unit}, not in ${unit}${converted}. Nothing was recorded.`);
}

/** `Days`, `day` and `d` are one unit. */
function toUnitKey(unit: string): string {
  const lower = unit.trim().toLowerCase();
  const short = SHORT_UNITS[lower];
  if (short !== undefined) return short;
  const single = lower.length > 2 && lower.endsWith("s") ? lower.slice(0, -1) : lower;
  return SHORT_UNITS[single] ?? single;
}

/**
 * The moment that a figure is of; now unless told. A day means its end, or now on the present day. `kpi_invalid` for
 * what is no moment, still to come, or before the run began.
 */
export function toObservedAt(run: Pick<RunRecord, "runId" | "startedAt">, given: string | undefined, now: Date): Date {
  if (given === undefined) return now;
  const span = parseMoment(given);
  if (!span) throw invalid(`${shown(given)} is no moment. Give ${MOMENT_FORMS}.`);
  if (span.from > now) {
    throw invalid(
      `${shown(given)} is still to come: a KPI is recorded once it is known. It is ${now.toISOString()} now.`,
    );
  }
  const at = span.to > now ? now : span.to;
  if (at < run.startedAt) {
    throw invalid(
      `${shown(given)} is before run ${run.runId} began (${run.startedAt.toISOString()}): it had no KPIs then. Give a later moment, or none for now.`,
    );
  }
  return at;
}

/** Refuses a figure that the mission takes itself: one KPI is told by one source. */
export function assertToldByPeople(
  figure: Figure,
  run: Pick<RunRecord, "runId" | "finishedAt">,
  observed: readonly ObservationRecord[],
): void {
  if (figure.known === "later") return;
  const own = observed.find(({ kpiId, basis }) => kpiId === figure.id && basis !== "recorded");
  if (own) {
    throw invalid(
      `${figure.id} is measured by the mission itself: ${own.value} ${figure.unit ?? ""} (${own.basis}). Only what is known later is recorded by people.`,
    );
  }
  if (run.finishedAt === undefined)
    throw invalid(
      `${figure.id} is measured by the mission itself when run ${run.runId} ends. Record it only if that fails.`,
    );
}

/** What is on record already. */
type Standing = Pick<ObservationRecord, "value" | "at" | "by">;

/** What a person wants to put on record. */
export interface Wanted {
  readonly value: number;
  readonly at: Date;
  /** True when the moment was given, and is not just now. */
  readonly isAtGiven: boolean;
  readonly by: string;
  readonly correct: boolean;
  readonly reason: string | undefined;
}

/**
 * What recording means where a figure may stand already: the same again changes nothing; another one must be said to be
 * a correction, with a reason, and is refused as `kpi_recorded` otherwise.
 */
export function ruleOnRecording(
  figure: Pick<Figure, "id" | "unit">,
  standing: Standing | undefined,
  wanted: Wanted,
): "recorded" | "unchanged" | "corrected" {
  if (wanted.correct && !wanted.reason?.trim())
    throw new OrchestratorError("reason_missing", 'A correction needs a reason: --correct --reason "…".');
  if (!standing) {
    if (!wanted.correct) return "recorded";
    throw invalid(`Nothing is recorded of ${figure.id} yet, so there is nothing to correct. Leave --correct out.`);
  }
  const isSame =
    standing.value === wanted.value &&
    standing.by === wanted.by &&
    (!wanted.isAtGiven || standing.at.getTime() === wanted.at.getTime());
  if (isSame) return "unchanged";
  if (wanted.correct) return "corrected";
  throw alreadyRecorded(figure, standing);
}

/** The one KPI or limit of a mission that is a score told later; undefined when there is none, or it cannot be told which. */
export function scoreFigureOf(mission: Pick<Mission, "kpis" | "limits">): Figure | undefined {
  const scores = figuresOf(mission).filter(
    ({ unit, known }) => known === "later" && unit !== undefined && toUnitKey(unit) === SCORE,
  );
  return scores.length === 1 ? scores[0] : undefined;
}

/** A score as people give it. `kpi_invalid` when it is no whole number from 1 to 5. */
export function toScore(given: number | string): number {
  const score = typeof given === "number" ? given : /^\s*\d+\s*$/u.test(given) ? Number(given) : Number.NaN;
  if (Number.isInteger(score) && score >= 1 && score <= 5) return score;
  throw noScore(given);
}

function noScore(given: number | string): OrchestratorError {
  return invalid(`${shown(given)} is no score. Give a whole number from 1 (poor) to 5 (excellent).`);
}

/** Says what stands, by whom, and how to correct it. */
export function alreadyRecorded(figure: Pick<Figure, "id" | "unit">, standing: Standing): OrchestratorError {
  const { value, at, by } = standing;
  return new OrchestratorError(
    "kpi_recorded",
    `${figure.id} is recorded already: ${value}${figure.unit === undefined ? "" : ` ${figure.unit}`} by ${by}, as of ${at.toISOString()}. ` +
      'If that is wrong, correct it: --correct --reason "…". What stood before is kept in the run\'s log.',
    { details: { value, at: at.toISOString(), by } },
  );
}

/** Who tells a figure: a name that can be read. */
export function toTeller(given: string | undefined, localUser: string): string {
  if (given === undefined) return `local:${localUser}`;
  if (given.trim() === "") throw invalid("Who tells it has an empty name. Give a name with --by, or leave it out.");
  return given.trim();
}

/** What cannot be recorded, in words. */
function invalid(message: string): OrchestratorError {
  return new OrchestratorError("kpi_invalid", message);
}

function shown(given: number | string): string {
  return typeof given === "number" ? String(given) : `"${given.trim().slice(0, 80)}"`;
}
