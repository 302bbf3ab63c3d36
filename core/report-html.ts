import type { Html } from "./html.js";
import { html, htmlPage, said } from "./html.js";
import { splitBar } from "./html-bars.js";
import { CHECK, CROSS, DASH } from "./html-signs.js";
import type { Listing } from "./report-listings.js";
import {
  actListing,
  decisionListing,
  FULL_MM,
  ganttListing,
  kpiListing,
  lesserListing,
  limitListing,
  resultListing,
} from "./report-listings.js";
import { heightOf, share } from "./report-room.js";
import { timeParts, timeTotal, tookInWords, valueText } from "./report-sentences.js";
import type { FinalReport } from "./views.js";
import { cut, dayInWords, listInWords, spentInWords, usd } from "./words.js";

/** Two pages of US letter, the shorter paper, inside their margins, less what breaks between rows leave empty. */
const ROOM_MM = 2 * 255 - 22;
const HEADING_MM = 9.6;
const MORE_MM = 4.6;
/** A list shorter than this is never cut: the others give way first. */
const SHORT_MM = 40;
const LONGEST_ID = 64;
const FILLS = { work: "solid", people: "hatched", others: "dotted" } as const;
const STATUS_SIGN = { completed: CHECK, failed: CROSS, cancelled: DASH };

/**
 * The final report as a page for paper: two sheets at most, no script, nothing fetched, every value escaped. What does
 * not fit is counted, with the command that prints all of it.
 */
export function reportHtml(report: FinalReport): string {
  const all = `mission report ${cut(report.run_id, LONGEST_ID)} --format json`;
  const [head, time, foot] = [header(report), timeSection(report), footer(report, all)];
  const goal = [kpiListing(report), limitListing(report)];
  const course = [
    ganttListing(report),
    decisionListing(report),
    actListing(report),
    lesserListing(report),
    resultListing(report),
  ];
  const counts = countsOf([...goal, ...course], ROOM_MM - head.height - time.height - foot.height);
  const draw = (listing: Listing) => listed(listing, counts.get(listing) ?? 0, all);
  const body = html`<main>
${head.html}
${goal.map(draw)}
${time.html}
${course.map(draw)}
${foot.html}
</main>`;
  return htmlPage({ title: `${cut(report.title, 120)}: ${cut(report.mission, 120)}`, body });
}

/** How many rows of each list there is room for. */
function countsOf(listings: readonly Listing[], roomMm: number): ReadonlyMap<Listing, number> {
  const shown = listings.filter(({ heights }) => heights.length > 0);
  const around = shown.map(({ title, aroundMm, heights }) => {
    const isLong = heights.reduce((sum, height) => sum + height, 0) > SHORT_MM;
    return aroundMm + (title === undefined ? 1 : HEADING_MM) + (isLong ? MORE_MM : 0);
  });
  const room = around.reduce((left, height) => left - height, roomMm);
  const counts = share(room, shown);
  return new Map(shown.map((listing, index) => [listing, counts[index] ?? 0]));
}

function listed(listing: Listing, count: number, all: string): Html | undefined {
  const drawn = listing.heights.length === 0 ? undefined : listing.draw(count);
  if (drawn === undefined) return undefined;
  const left = listing.heights.length - count;
  const more = `and ${left} more ${listing.noun}${left === 1 ? "" : "s"}: `;
  return html`<section>${listing.title !== undefined && html`<h2>${listing.title}</h2>`}${drawn}${left > 0 && html`<p class="more">${more}<code>${all}</code> has all</p>`}</section>`;
}

/** A part that is always whole, with its estimated height in millimetres. */
interface Piece {
  readonly html: Html | undefined;
  readonly height: number;
}

function header(report: FinalReport): Piece {
  const [title, mission, summary] = [cut(report.title, 160), cut(report.mission, 120), cut(report.summary, 1_100)];
  const failure = report.failure === null || report.status === "completed" ? "" : cut(report.failure, 500);
  const when = `${dayInWords(report.started_at)}, ${report.started_at.slice(11, 16)} UTC, took ${tookInWords(report)}`;
  const lesser = report.degraded.length > 0 ? ", in part the lesser way" : "";
  const markup = html`<header>
<p class="kicker"><span>Mission report</span><span class="badge ${report.status}">${STATUS_SIGN[report.status]}${report.status}${lesser}</span></p>
<h1>${said(title)}</h1>
<p class="quiet">${said(mission)} (${said(cut(report.mission_id, 40))}) · ${when}</p>
<p class="lead">${said(summary)}</p>
${failure !== "" && html`<p class="why"><b>Why it ended:</b> ${said(failure)}</p>`}
</header>`;
  const height =
    heightOf(title, FULL_MM, 18) +
    heightOf(mission + when, FULL_MM) +
    heightOf(summary, FULL_MM, 10.4) +
    (failure === "" ? 0 : heightOf(failure, FULL_MM) + 4) +
    13;
  return { html: markup, height };
}

function timeSection({ lead_time }: FinalReport): Piece {
  if (!lead_time || lead_time.total_ms <= 0) return { html: undefined, height: 0 };
  const parts = timeParts(lead_time).map(({ key, label, ms }) => ({
    label,
    words: spentInWords(ms),
    amount: ms,
    fill: FILLS[key],
  }));
  const markup = html`<section><h2>Where the time went: <span>${timeTotal(lead_time)}</span></h2>${splitBar(parts)}</section>`;
  return { html: markup, height: HEADING_MM + 14 };
}

function footer(report: FinalReport, all: string): Piece {
  const expected = report.forecast ? ` (expected: ${usd(report.forecast.cost_usd)})` : "";
  const cost = `${usd(report.cost_usd)}${expected}.${report.value ? ` ${valueText(report.value)}` : ""}`;
  const rests = `${cut(listInWords(report.rests_on, 12), 600)}.`;
  const disclosure = cut(report.disclosure, 300);
  const proof = `Run ${cut(report.run_id, LONGEST_ID)}, mission version ${cut(report.mission_version, LONGEST_ID)}. Head of the event chain: ${cut(report.chain_head, LONGEST_ID)}. Texts that end in … are whole in ${all}.`;
  const markup = html`<footer>
<dl class="facts"><dt>Cost</dt><dd>${cost}</dd>${report.rests_on.length > 0 && html`<dt>It rests on</dt><dd>${said(rests)}</dd>`}</dl>
<p class="disclosure">${said(disclosure)}</p>
<p class="small proof">${said(proof)}</p>
</footer>`;
  const height =
    heightOf(cost, 150) +
    heightOf(rests, 150) +
    heightOf(disclosure, FULL_MM, 9.6) +
    heightOf(proof, FULL_MM, 7.7) +
    10;
  return { html: markup, height };
}
