import type { Html } from "./html.js";
import { html, said } from "./html.js";
import { noFigure } from "./report-sentences.js";
import type { KpiView } from "./views.js";
import { figureText, percentText } from "./words.js";

const HEIGHT = 11;
const INK = "#222";

/** How a part of a bar is filled; each also has words beside it. */
export type Fill = "solid" | "hatched" | "dotted" | "outline";

const PAINT: Readonly<Record<Fill, string>> = {
  solid: INK,
  hatched: "url(#hatched)",
  dotted: "url(#dotted)",
  outline: "#fff",
};

/** A figure as a place between 0 and 100 percent. */
export function percent(part: number, whole: number): string {
  const share = whole > 0 ? (part / whole) * 100 : 0;
  return `${Number(Math.min(100, Math.max(0, share)).toFixed(2))}%`;
}

/**
 * A KPI as bars on one scale: its baseline in outline, the figure reached filled, the target as a line through both.
 * `label` says whose figure it is, such as "This run". A figure still *pending* is a dashed line and the word.
 */
export function kpiBars(kpi: Omit<KpiView, "kpi_id" | "source">, label: string): Html {
  const known = [kpi.baseline, kpi.target, kpi.actual].flatMap((value) => (value === null ? [] : [value]));
  const scale = { from: Math.min(0, ...known), to: Math.max(0, ...known) * 1.02 };
  const target = kpi.target === null ? undefined : place(kpi.target, scale);
  const basis = kpi.basis === "measured" || kpi.basis === "pending" ? "" : ` (${kpi.basis})`;
  const row = (name: string, value: number | null, fill: Fill, missing: string, after = "") => html`
<span>${name}</span>
${bar(value, fill, scale, target)}
<span class="figure">${value === null ? html`<em>${missing}</em>` : html`<b>${figureText(value)}</b> ${said(kpi.unit)}${after}`}</span>`;
  const better = kpi.direction === "lower" ? "lower is better" : "higher is better";
  return html`<div class="bars">
${row("Baseline", kpi.baseline, "outline", "none known")}
${row(label, kpi.actual, "solid", kpi.not_counted ? noFigure(kpi) : "pending: known later", basis)}
<span>Target</span>
${mark(target)}
<span class="figure">${kpi.target === null ? html`<em>none set</em>` : html`<b>${figureText(kpi.target)}</b> ${said(kpi.unit)}, ${better}`}</span>
</div>`;
}

interface Scale {
  readonly from: number;
  readonly to: number;
}

function place(value: number, { from, to }: Scale): string {
  return percent(value - from, to - from);
}

/** The words beside a bar tell all of it, so the drawing itself is silent to those who listen. */
function bar(value: number | null, fill: Fill, scale: Scale, target: string | undefined): Html {
  const zero = place(0, scale);
  const left = value === null ? 0 : Math.min(0, value) - scale.from;
  const drawn =
    value === null
      ? html`<line x1="${zero}" x2="100%" y1="${HEIGHT / 2}" y2="${HEIGHT / 2}" stroke="#666" stroke-dasharray="2 3"/>`
      : html`<rect x="${percent(left, scale.to - scale.from)}" width="${percent(Math.abs(value), scale.to - scale.from)}" y="1" height="${HEIGHT - 2}" fill="${PAINT[fill]}" stroke="${INK}"/>`;
  return html`<svg width="100%" height="${HEIGHT}" aria-hidden="true">${drawn}${target !== undefined && lineAt(target)}</svg>`;
}

/** White around the line, so that it shows on a filled bar too. */
function lineAt(x: string): Html {
  return html`<line x1="${x}" x2="${x}" y1="-4" y2="${HEIGHT + 4}" stroke="#fff" stroke-width="4"/><line x1="${x}" x2="${x}" y1="-4" y2="${HEIGHT + 4}" stroke="${INK}" stroke-width="1.6" stroke-dasharray="3 2"/>`;
}

function mark(x: string | undefined): Html {
  if (x === undefined) return html`<span></span>`;
  return html`<svg width="100%" height="${HEIGHT}" aria-hidden="true"><svg x="${x}" width="1" height="${HEIGHT}" overflow="visible"><path d="M0 0 L5 8 L-5 8 Z" fill="${INK}"/></svg></svg>`;
}

/** One part of a whole, such as the time spent waiting for people. */
export interface Part {
  readonly label: string;
  /** The amount in words, such as "3 hours". */
  readonly words: string;
  readonly amount: number;
  readonly fill: Fill;
}

/** One bar split into its parts, with a legend that says each part's amount and share. */
export function splitBar(parts: readonly Part[]): Html {
  const whole = parts.reduce((sum, part) => sum + part.amount, 0);
  let from = 0;
  const drawn = parts.map((part) => {
    const x = percent(from, whole);
    from += part.amount;
    return html`<rect x="${x}" width="${percent(part.amount, whole)}" y="1" height="14" fill="${PAINT[part.fill]}" stroke="${INK}"/>`;
  });
  const legend = parts.map(
    (part) => html`<li>${swatch(part.fill)}${part.label}: <b>${part.words}</b> (${shareText(part.amount, whole)})</li>`,
  );
  return html`<svg class="split" width="100%" height="16" aria-hidden="true">${drawn}</svg><ul class="legend">${legend}</ul>`;
}

function shareText(part: number, whole: number): string {
  return whole > 0 ? percentText(part / whole) : "none";
}

/** A small sample of a fill, for legends. */
export function swatch(fill: Fill): Html {
  return html`<svg width="14" height="10" aria-hidden="true"><rect x="0.5" y="0.5" width="13" height="9" fill="${PAINT[fill]}" stroke="${INK}"/></svg>`;
}
