import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { BrowserContext } from "playwright-core";
import { chromium } from "playwright-core";
import { describe } from "vitest";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The browser that `CHROMIUM_PATH` names, else one on the path. */
function findBrowser(): string | undefined {
  const named = process.env["CHROMIUM_PATH"];
  if (named) return named;
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file));
}

/** A `describe` that is skipped, with one line that says why, where no browser is; with REQUIRE_BROWSER it fails instead. */
export function describeInBrowser(name: string, tests: () => void): void {
  if (findBrowser() !== undefined) describe(name, tests);
  else if (process.env["REQUIRE_BROWSER"])
    throw new Error("No browser was found. Install chromium, or set CHROMIUM_PATH.");
  else {
    process.stderr.write(`Skipped, because no browser was found (install chromium, or set CHROMIUM_PATH): ${name}\n`);
    describe.skip(name, tests);
  }
}

/** A real browser with nothing remembered, with so many dots to a CSS pixel. Close it with `close`, which also removes what it wrote. */
export async function openBrowser(scale = 1): Promise<{
  readonly context: BrowserContext;
  readonly close: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), "mission-browser-"));
  const executablePath = findBrowser();
  const context = await chromium.launchPersistentContext(folder, {
    ...(executablePath !== undefined && { executablePath }),
    args: FLAGS,
    headless: true,
    deviceScaleFactor: scale,
  });
  return {
    context,
    close: async () => {
      await context.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
