import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { reportHtml } from "../../core/report-html.js";
import type { FinalReport } from "../../core/views.js";
import type { Decision, Orchestrator } from "../../index.js";
import { openOrchestrator } from "../../index.js";
import { describeInBrowser, openBrowser } from "../support/browser.js";
import { largeReport, withWords } from "../support/reports.js";
import { finalReport } from "./cli/samples.js";

const PAPERS = ["A4", "Letter"] as const;
/** The shorter paper with a wider font than any that we name: machines differ in what they have. */
const FONTS = { A4: undefined, Letter: '"DejaVu Sans"' };
/** Width of the text between our margins, in CSS pixels. */
const TEXT_WIDTH = { A4: Math.floor(((210 - 26) / 25.4) * 96), Letter: Math.floor(((216 - 26) / 25.4) * 96) };
const HOSTILE = `<script>ran=1</script><img src=x onerror=ran=1>"'><svg onload=ran=1></style><a href=javascript:ran=1>\${ran=1}</a>`;

describeInBrowser("a report is two pages that anybody can read (I9)", () => {
  let browser: { context: BrowserContext; close: () => Promise<void> };
  let folder = "";
  let orchestrator: Orchestrator;
  let context: BrowserContext;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mission-report-html-"));
    orchestrator = await openOrchestrator({ store: `sqlite:${join(folder, "missions.db")}` });
    browser = await openBrowser();
    context = browser.context;
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await orchestrator?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Prints the page as it is given to people, and tells everything that is wrong with it. */
  async function faultsOf(report: FinalReport): Promise<readonly string[]> {
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("console", (message) => faults.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
    page.on("request", (request) => faults.push(`request: ${request.url()}`));
    page.on("dialog", (dialog) => faults.push(`dialog: ${dialog.message()}`));
    await page.emulateMedia({ media: "print" });
    for (const paper of PAPERS) {
      await page.setViewportSize({ width: TEXT_WIDTH[paper], height: 1_000 });
      await page.setContent(inFont(FONTS[paper], reportHtml(report)));
      faults.push(...(await layoutFaults(page)).map((fault) => `${paper}: ${fault}`));
      const pages = pagesOf(await page.pdf({ format: paper, preferCSSPageSize: false }));
      if (pages > 2) faults.push(`${paper}: ${pages} pages`);
    }
    await page.close();
    return faults;
  }

  /** A run of its first case to its end, each question of which is decided so. */
  async function reportOf(mission: string, caseRef: string | undefined, decision: Decision): Promise<FinalReport> {
    const { run_id } = await orchestrator.start(mission, caseRef === undefined ? {} : { caseRef });
    for (;;) {
      const [request] = await orchestrator.approvals({ run: run_id });
      if (request?.status !== "pending") return orchestrator.report(run_id);
      await orchestrator.decide(request.approval_id, { decision, by: "ada", authenticated: true });
    }
  }

  test.each(["customer-onboarding", "sales-pipeline", "support-resolution", "pattern-map-reduce", "pattern-fork-join"])(
    "a real run of %s, completed",
    async (mission) => {
      const report = await reportOf(mission, undefined, { type: "approve", comment: "Seen and compared." });

      expect(report.status).toBe("completed");
      expect(await faultsOf(report)).toEqual([]);
    },
    120_000,
  );

  test("a real run that failed, and one that was cancelled", async () => {
    const no: Decision = { type: "reject", comment: "The passport is another's.", final: true };
    const failed = await reportOf("customer-onboarding", "C-1003", no);
    const { run_id } = await orchestrator.start("customer-onboarding", { caseRef: "C-1004" });
    await orchestrator.cancel(run_id, { by: "ben" });
    const cancelled = await orchestrator.report(run_id);

    expect([failed.status, cancelled.status]).toEqual(["failed", "cancelled"]);
    expect(await faultsOf(failed)).toEqual([]);
    expect(await faultsOf(cancelled)).toEqual([]);
  }, 120_000);

  test.each<[string, FinalReport]>([
    ["an older report, without plan and lead time", finalReport()],
    ["nothing but a name", bareReport()],
    ["24 tasks", largeReport(finalReport(), 24, 2)],
    ["300 tasks and 40 of everything", largeReport(finalReport(), 300, 40)],
    [
      "very long texts",
      worded(largeReport(finalReport(), 30, 40), (was) => `${was} ${"and so on and so forth ".repeat(300)}`),
    ],
    ["words without a space", worded(largeReport(finalReport(), 30, 10), () => "Wordwithoutaspace".repeat(400))],
    ["wide capitals", worded(largeReport(finalReport(), 30, 10), () => "WWWW MMMM ".repeat(200))],
    ["from right to left", worded(largeReport(finalReport(), 24, 6), () => "שלום לכולם, זהו דוח ארוך. ".repeat(9))],
    ["signs of full width", worded(largeReport(finalReport(), 24, 6), () => "客户资料核对完成。".repeat(60))],
    ["empty texts", worded(largeReport(finalReport(), 24, 6), () => "")],
  ])(
    "%s",
    async (_, report) => {
      expect(await faultsOf(report)).toEqual([]);
    },
    120_000,
  );

  test("what does not fit is counted, with the command that has all, and what went wrong is shown first", async () => {
    const page = await context.newPage();
    await page.setContent(reportHtml({ ...largeReport(finalReport(), 300, 40), run_id: "01RUN" }));
    const text = await page.locator("main").innerText();
    await page.close();

    expect(text).toMatch(/and 2\d\d more tasks: mission report 01RUN --format json has all/u);
    for (const id of ["T21", "T61", "T101", "T141"]) expect(text).toContain(`${id} Sort folder`);
  });

  test("nothing that is written in a report runs, even without the page's own ban on scripts", async () => {
    const report = withWords(largeReport(finalReport(), 6, 3), () => HOSTILE);
    const markup = reportHtml(report).replace(/<meta http-equiv[^>]*>/u, "");
    const page = await context.newPage();
    const met: string[] = [];
    page.on("request", (request) => met.push(request.url()));
    page.on("pageerror", (error) => met.push(error.message));

    await page.setContent(markup, { waitUntil: "load" });
    const found = await page.locator("html").evaluate((root) => ({
      ran: "ran" in globalThis,
      tags: [...new Set([...root.querySelectorAll("*")].map((each) => each.tagName.toLowerCase()))],
      handlers: [...root.querySelectorAll("*")]
        .flatMap((each) => each.getAttributeNames())
        .filter((name) => name.startsWith("on")),
      shown: root.querySelector("h1")?.textContent,
    }));
    await page.close();

    expect(met).toEqual([]);
    expect(found).toMatchObject({ ran: false, handlers: [], shown: HOSTILE });
    for (const tag of ["script", "img", "a", "iframe", "link", "object"]) expect(found.tags).not.toContain(tag);
  });

  test("it can be read by those who listen: language, one title, headed tables, words for every drawing", async () => {
    const page = await context.newPage();
    await page.setContent(reportHtml(largeReport(finalReport(), 24, 4)));
    const found = await page.locator("html").evaluate((root) => ({
      lang: root.lang,
      h1: root.querySelectorAll("h1").length,
      headless: [...root.querySelectorAll("table")].filter((each) => !each.querySelector("thead th[scope=col]")).length,
      silent: [...root.querySelectorAll("svg")].filter(
        (each) =>
          each.getAttribute("aria-hidden") !== "true" &&
          !each.getAttribute("aria-label") &&
          !each.closest("[aria-hidden=true]"),
      ).length,
      lane: root.querySelector(".critical .lane svg")?.getAttribute("aria-label"),
    }));
    await page.close();

    expect(found).toEqual({
      lang: "en",
      h1: 1,
      headless: 0,
      silent: 0,
      lane: "planned from 3 min to 10 min; ran from 3 min 18 s to 12 min; waited for people for 3 min",
    });
  });
});

/** Nothing ever began: as a run that was cancelled at once. */
function bareReport(): FinalReport {
  const bare = finalReport({ status: "cancelled", kpis: [], limits: [], decisions: [], effects: [], rests_on: [] });
  const tasks = bare.tasks.map((task) => ({
    ...task,
    status: "blocked" as const,
    started_at: null,
    finished_at: null,
    summary: null,
  }));
  return { ...bare, tasks, finished_at: bare.started_at };
}

/** As written by people; ids stay what they are, or tasks could not be told apart. */
function worded(report: FinalReport, words: (was: string) => string): FinalReport {
  return withWords(report, (was, key) => (/(?:^|_)id$|_path$/u.test(key) ? was : words(was)));
}

function inFont(font: string | undefined, markup: string): string {
  return font === undefined ? markup : markup.replace(/"Helvetica Neue"/u, font);
}

function pagesOf(pdf: Buffer): number {
  return pdf.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/gu)?.length ?? 0;
}

/** What overflows, is cut, lies over other words, or is too pale on white. */
function layoutFaults(page: Page): Promise<readonly string[]> {
  return page.locator("html").evaluate((root) => {
    const faults: string[] = [];
    if (root.scrollWidth > root.clientWidth)
      faults.push(`the page is ${root.scrollWidth - root.clientWidth} px too wide`);
    for (const each of root.querySelectorAll("main, td, th, p, li, dd, dt, h1, h2, span, figcaption")) {
      if (each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1 && !each.querySelector("svg"))
        faults.push(
          `${each.tagName} overflows by ${each.scrollWidth - each.clientWidth} px: ${each.textContent?.slice(0, 60)}`,
        );
    }
    for (const drawing of root.querySelectorAll("svg")) {
      const frame = drawing.getBoundingClientRect();
      let end = Number.NEGATIVE_INFINITY;
      for (const words of drawing.querySelectorAll("text")) {
        const { left, right } = words.getBoundingClientRect();
        if (left < frame.left - 1 || right > frame.right + 1) faults.push(`"${words.textContent}" leaves its drawing`);
        if (left < end + 1) faults.push(`"${words.textContent}" lies over its neighbour`);
        end = right;
      }
    }
    const tones = [...root.querySelectorAll("main *")]
      .filter((each) => each.textContent?.trim())
      .map((each) => root.ownerDocument.defaultView.getComputedStyle(each));
    for (const { color, backgroundColor } of tones) {
      const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/gu) ?? []).map(Number);
      if (red !== green || green !== blue) faults.push(`the colour ${color} means nothing on black-and-white paper`);
      const share = red / 255;
      const light = share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      if (1.05 / (light + 0.05) < 4.5) faults.push(`${color} is too pale`);
      if (!/rgba\(0, 0, 0, 0\)|rgb\(255, 255, 255\)/u.test(backgroundColor))
        faults.push(`a background ${backgroundColor} may not be printed`);
    }
    return [...new Set(faults)].slice(0, 10);
  });
}
