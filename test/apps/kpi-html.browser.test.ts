import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kpiHtml } from "../../core/kpi-html.js";
import type { KpiBoard } from "../../core/kpi-views.js";
import type { Orchestrator } from "../../index.js";
import { openOrchestrator } from "../../index.js";
import { describeInBrowser, openBrowser } from "../support/browser.js";

const HOSTILE = `<script>ran=1</script><img src=x onerror=ran=1>"'><svg onload=ran=1></style>`;

describeInBrowser("the KPIs are one page that a manager can read without the tool", () => {
  let browser: { context: BrowserContext; close: () => Promise<void> };
  let folder = "";
  let orchestrator: Orchestrator;
  let board: KpiBoard;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mission-kpi-html-"));
    orchestrator = await openOrchestrator({ store: `sqlite:${join(folder, "missions.db")}` });
    for (const mission of ["customer-onboarding", "sales-pipeline", "support-resolution"]) {
      const { approvals } = await orchestrator.start(mission);
      for (const { approval_id } of approvals)
        await orchestrator.decide(approval_id, { decision: { type: "approve" }, by: "Lena Ortiz" });
    }
    board = await orchestrator.insight.kpis();
    browser = await openBrowser();
  }, 90_000);
  afterAll(async () => {
    await browser?.close();
    await orchestrator?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Prints the page, and tells what is wrong with it besides how many sheets it takes. */
  async function printed(shown: KpiBoard, format: "A4" | "Letter") {
    const page = await browser.context.newPage();
    const faults: string[] = [];
    page.on("console", (message) => faults.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
    page.on("request", (request) => faults.push(`request: ${request.url()}`));
    await page.emulateMedia({ media: "print" });
    await page.setContent(kpiHtml(shown));
    const overflow = await page.locator("html").evaluate((root) => root.scrollWidth - root.clientWidth);
    if (overflow > 0) faults.push(`${overflow} px too wide`);
    const text = await page.locator("main").innerText();
    const pdf = await page.pdf({ format, preferCSSPageSize: false });
    await page.close();
    return { faults, text, sheets: pdf.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/gu)?.length ?? 0 };
  }

  test.each(["A4", "Letter"] as const)("three missions fit on one sheet of %s", async (format) => {
    const { faults, text, sheets } = await printed(board, format);

    expect({ faults, sheets }).toEqual({ faults: [], sheets: 1 });
    expect(text).toContain("Reduce Customer Onboarding Time");
    expect(text).toContain("How to read this");
    expect(text).toMatch(/Onboarding time \(simulated\), 1 run/u);
  });

  test("words from outside run nothing", async () => {
    const hostile = { ...board, missions: board.missions.map((mission) => ({ ...mission, mission: HOSTILE })) };
    const { faults, text } = await printed(hostile, "A4");

    expect(faults).toEqual([]);
    expect(text).toContain("<script>ran=1</script>");
  });
});
