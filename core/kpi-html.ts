import type { Html } from "./html.js";
import { html, htmlPage, said } from "./html.js";
import type { Fill } from "./html-bars.js";
import { kpiBars, splitBar } from "./html-bars.js";
import type { KpiBoard, KpiRow, LeadTimeRow, MissionBoard } from "./kpi-views.js";
import { figureOf, judgementText, meanText, runsText, shareText, sourcesOf, workLines } from "./kpi-words.js";
import { valueText } from "./report-sentences.js";
import { dayInWords, kpiName, momentText, numberInWords, spanInWords, spentInWords } from "./words.js";

/**
 * The board as one page for paper, for a reader who never saw the tool: what each mission reached against its baseline
 * and target, in words and bars that need no colour. No script, nothing fetched, every value escaped.
 */
export function kpiHtml(board: KpiBoard): string {
  const title =
    board.missions.length === 1 ? `Results: ${board.missions[0]?.mission ?? ""}` : "What the missions achieved";
  const body = html`<main>
<header>
<p class="kicker"><span>KPI report</span><span>${momentText(board.made_at)} UTC</span></p>
<h1>${said(title)}</h1>
<p class="lead">${leadText(board)}</p>
</header>
${board.missions.map(missionSection)}
${footer(board)}
</main>`;
  return htmlPage({ title, body });
}

function leadText({ missions, since, until }: KpiBoard): string {
  const completed = missions.reduce((sum, { runs }) => sum + runs.completed, 0);
  const from = since === null ? "" : ` from ${dayInWords(since)}`;
  const to = until === null ? "" : ` to ${dayInWords(until)}`;
  const time = from === "" && to === "" ? "Over all time" : `In the time${from}${to} (UTC)`;
  if (missions.length === 0) return `${time}, no mission has run.`;
  const what = missions.length === 1 ? "this mission was" : `${numberInWords(missions.length)} missions were`;
  return `${time}, ${what} completed ${completed === 1 ? "once" : `${completed} times`}. Only completed runs count below; the median is the middle one of their figures.`;
}

function missionSection(mission: MissionBoard): Html {
  const told = mission.kpis.filter(({ median }) => median !== null);
  const untold = mission.kpis.filter(({ median }) => median === null);
  return html`<section>
<h2>${said(mission.mission)} (${said(mission.mission_id)})</h2>
<p>Runs: ${runsText(mission.runs)}.</p>
${told.map(kpiBlock)}
${untold.map((row) => html`<p><b>${said(kpiName(row))}</b>: ${untoldText(row, mission)}</p>`)}
${mission.lead_time.map(leadTimeBlock)}
${facts(mission)}
${mission.value !== null && html`<p class="quiet">${valueText(mission.value)}</p>`}
${mission.weeks && weekTable(mission)}
</section>`;
}

function kpiBlock(row: KpiRow): Html {
  const runs = row.n === 1 ? "1 run" : `${row.n} runs`;
  const reached =
    row.share_at_target === null ? "" : ` ${shareText(row.share_at_target)} of the runs reached the target.`;
  const tail = row.n < 2 ? "" : ` 90th percentile: ${figureOf(row.p90, row.unit)}.`;
  const basis = row.basis === "measured" ? "" : ` (${row.basis})`;
  return html`<figure class="kpi"><figcaption><b>${said(kpiName(row))}${basis}, ${runs}</b><span>Judged: <b>${judgementText(row)}</b></span></figcaption>
${kpiBars({ ...row, actual: row.median }, row.n === 1 ? "Reached" : "Median")}</figure>
<p>${said(`${reached}${tail}`)}</p>`;
}

function untoldText({ n, baseline, target, unit }: KpiRow, { runs }: MissionBoard): string {
  const aim = `from ${figureOf(baseline, unit)} to ${figureOf(target, unit)}`;
  if (n === 0) return `no completed run yet. The aim: ${aim}.`;
  return `pending for ${n} of ${runs.completed} completed runs; people tell it later. The aim: ${aim}.`;
}

function leadTimeBlock(row: LeadTimeRow): Html {
  const basis = row.basis === "simulated" ? " (simulated)" : "";
  const part = (label: string, ms: number, fill: Fill) => ({ label, words: spentInWords(ms), amount: ms, fill });
  const parts = [
    part("Work", row.work_ms, "solid"),
    part("Waiting for people", row.waiting_for_people_ms, "hatched"),
    part("Waiting for others", row.waiting_for_others_ms, "dotted"),
  ];
  return html`<figure class="kpi"><figcaption><b>Where the time went${basis}, ${meanText(row)}</b><span>${spanInWords(row.total_ms)} in all, from the case coming in to the end</span></figcaption>
${splitBar(parts)}</figure>`;
}

/** The lead time has a bar of its own. */
function facts(mission: MissionBoard): Html {
  const lines = workLines({ ...mission, lead_time: [] });
  return html`<p class="small">${said(lines.join(" · "))}</p>`;
}

function weekTable({ weeks = [] }: MissionBoard): Html {
  const rows = weeks.flatMap(({ week, runs, kpis }) =>
    kpis.length === 0
      ? [
          html`<tr><td>${week}</td><td class="figure">0</td><td colspan="4">no run completed; ${runs.failed} failed, ${runs.cancelled} cancelled</td></tr>`,
        ]
      : kpis.map(
          (row) =>
            html`<tr><td>${week}</td><td class="figure">${runs.completed}</td><td>${said(kpiName(row))}</td><td>${row.basis}</td><td class="figure">${row.median === null ? "" : figureOf(row.median, row.unit)}</td><td>${judgementText(row)}</td></tr>`,
        ),
  );
  return html`<h3>Week by week (by ISO 8601)</h3>
<table><thead><tr><th>Week</th><th class="figure">Completed</th><th>KPI</th><th>Basis</th><th class="figure">Median</th><th>Judged</th></tr></thead><tbody>${rows}</tbody></table>`;
}

/** What a reader needs who never saw the tool: where baselines come from, and what each word means. */
function footer({ missions }: KpiBoard): Html {
  const rows = missions.flatMap(({ kpis }) => kpis);
  const bases = new Set(rows.map(({ basis }) => basis));
  const meanings = [
    ...sourcesOf(rows),
    "Median: half of the runs did better, half did worse. 90th percentile: about nine in ten runs were at or below it.",
    "Mean: the sum over the runs, divided by their number; so the parts of the time add up to the whole.",
    ...(bases.has("measured") ? ["Measured: taken from the run itself, by real time."] : []),
    ...(bases.has("recorded") ? ["Recorded: told by a person after the run."] : []),
    ...(bases.has("simulated")
      ? [
          "Simulated: of sample cases, reckoned from the mission's own estimates on a business clock; nobody really waited or worked that long.",
        ]
      : []),
    "Waiting for others: before the run began, between tries, and while nothing worked on it.",
    "The work was done by automated agents; people decided where decisions are counted.",
  ];
  return html`<footer class="small"><h2>How to read this</h2><ul>${meanings.map((line) => html`<li>${said(line)}</li>`)}</ul></footer>`;
}
