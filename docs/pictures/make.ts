/**
 * Makes the pictures of the README again, from real runs in a folder of its own: `node --import tsx docs/pictures/make.ts`.
 * Needs Chromium, and `script` of util-linux, which gives the command line a real terminal.
 */
import type { ChildProcessByStdio } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { BrowserContext } from "playwright-core";
import type { Html } from "../../core/html.js";
import { html } from "../../core/html.js";
import type { ApprovalView, RunSummary } from "../../core/views.js";
import { openBrowser } from "../../test/support/browser.js";

const ROOT = join(import.meta.dirname, "../..");
const COMMAND = `NODE_NO_WARNINGS=1 "${process.execPath}" --import tsx "${join(ROOT, "apps/cli/main.ts")}"`;
const [COLUMNS, ROWS] = [108, 44];
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal output is made of them
const CODE = /\u001b\[(\d+)m/u;
/** Crisp, and each picture under 200 KB. */
const SCALE = 1.25;
const PROMPT = "Your key";
const MARGIN = 10;
const A4 = { width: 794, height: 1_123 };
const COLOURS: Readonly<Record<string, string>> = { 31: "#ff8f80", 32: "#8fdc93", 33: "#f2cc6b", 36: "#7fd4e8" };

const folder = await mkdtemp(join(tmpdir(), "mission-pictures-"));
const STORE = `--store sqlite:${join(folder, "missions.db")}`;
const { context, close } = await openBrowser(SCALE);
try {
  await takeReport(context);
  await takeInbox(context);
} finally {
  await close();
  await rm(folder, { recursive: true, force: true });
}

/** The first page of the report on an onboarding, down to what was done outside. */
async function takeReport(browser: BrowserContext): Promise<void> {
  await typed(`run customer-onboarding --case C-1001`);
  const [request] = await documents<ApprovalView>("approvals");
  await typed(`decide ${request?.approval_id} --approve --by "Ingrid Solberg"`);
  const [run] = await documents<RunSummary>("runs");
  const file = join(folder, "report.html");
  await typed(`report ${run?.run_id} --format html --out "${file}"`);

  const page = await browser.newPage();
  await page.setViewportSize(A4);
  await page.setContent(await readFile(file, "utf8"));
  const last = await page.locator("section", { hasText: "What was done outside" }).boundingBox();
  const height = Math.min(A4.height, Math.ceil((last?.y ?? 0) + (last?.height ?? A4.height)) + MARGIN);
  await page.screenshot({
    path: join(import.meta.dirname, "report.png"),
    clip: { x: 0, y: 0, width: A4.width, height },
  });
  await page.close();
}

/** What waits for a person, and one request as a terminal shows it. */
async function takeInbox(browser: BrowserContext): Promise<void> {
  await typed(`run customer-onboarding --case C-1003`);
  await typed(`run sales-pipeline`);
  const open = await documents<ApprovalView>("approvals");
  const id = open.find(({ title }) => title.includes("C-1003"))?.approval_id.slice(0, 8) ?? "";
  const list = await seen("approvals");
  const screen = (await seen(`decide ${id}`)).split(`\u001b[1m${PROMPT}`)[0] ?? "";

  const page = await browser.newPage();
  await page.setContent(String(terminal([shown("approvals"), list, "\n", shown(`decide ${id}`), screen.trimEnd()])));
  await page.locator("pre").screenshot({ path: join(import.meta.dirname, "inbox.png") });
  await page.close();
}

function shown(rest: string): string {
  return `\u001b[2m$\u001b[22m \u001b[1mmission ${rest}\u001b[22m\n`;
}

async function documents<Document>(rest: string): Promise<readonly Document[]> {
  return JSON.parse(await typed(`${rest} --json`)) as Document[]; // safe: the command line's own document
}

/** One call without a terminal, which therefore asks nothing. */
function typed(rest: string): Promise<string> {
  return ended(spawn("sh", ["-c", `${COMMAND} ${rest} ${STORE}`], { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] }));
}

/** One call as a terminal of a fixed size shows it; where a key is asked for, `s` is pressed. */
function seen(rest: string): Promise<string> {
  const line = `stty cols ${COLUMNS} rows ${ROWS} && ${COMMAND} ${rest} ${STORE}`;
  return ended(spawn("script", ["-qec", line, "/dev/null"], { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] }));
}

function ended(child: ChildProcessByStdio<Writable, Readable, null>): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (!out.includes(PROMPT) && (out + text).includes(PROMPT)) child.stdin.write("s");
      out += text;
    });
    child.on("error", reject);
    child.on("close", () => resolve(out.replaceAll("\r\n", "\n")));
  });
}

/** Terminal output as HTML: the few codes that our own output has. */
function terminal(parts: readonly string[]): Html {
  let [bold, dim, colour] = [false, false, "#e8e8e8"];
  const pieces = parts.join("").split(CODE);
  const spans = pieces.map((piece, index) => {
    if (index % 2 === 0)
      return html`<span style="color: ${colour}; font-weight: ${bold ? 700 : 400}; opacity: ${dim ? 0.62 : 1}">${piece}</span>`;
    if (piece === "1" || piece === "2") [bold, dim] = [piece === "1", piece === "2"];
    else if (piece === "22") [bold, dim] = [false, false];
    else colour = COLOURS[piece] ?? "#e8e8e8";
    return undefined;
  });
  return html`<body style="margin: 0"><pre style="display: inline-block; margin: 0; padding: 18px 22px; background: #1b1d22; border-radius: 8px; font: 13px/1.45 'DejaVu Sans Mono', monospace">${spans}</pre></body>`;
}
