import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { composeOrchestrator } from "../../../runtime/compose.js";

const MAIN = join(import.meta.dirname, "../../../apps/cli/main.ts");
const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

/** Runs the command line in a terminal of its own, as `script` makes one; the environment names the store. */
function startInTerminal(args: readonly string[], store: string) {
  const call = [process.execPath, "--import", TSX, MAIN, ...args];
  const isMac = process.platform === "darwin";
  const line = call.map((word) => `'${word}'`).join(" ");
  const child = spawn("script", isMac ? ["-q", "/dev/null", ...call] : ["-qec", line, "/dev/null"], {
    env: { ...process.env, MISSION_STORE: store, TERM: "xterm" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let seen = "";
  let look: () => void = () => undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    seen += text;
    look();
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return {
    ended,
    output: () => seen,
    /** Resolves as soon as the text has been printed. */
    until: (text: string) =>
      new Promise<void>((resolve, reject) => {
        look = () => seen.includes(text) && resolve();
        look();
        void ended.then(() => reject(new Error(`It ended without "${text}":\n${seen}`)));
      }),
  };
}

test("I6: in a real terminal, a run of another process is followed from its question to its end", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mission-watch-"));
  const store = `sqlite:${join(folder, "missions.db")}`;
  const orchestrator = await composeOrchestrator({ store });
  const { run_id, approvals } = await orchestrator.start("support-resolution");

  const terminal = startInTerminal(["watch", run_id], store);
  await terminal.until("waits for support-lead");
  for (const { approval_id } of approvals) await orchestrator.decide(approval_id, { decision: { type: "approve" } });
  const code = await terminal.ended;
  await orchestrator.close();
  rmSync(folder, { recursive: true, force: true });

  expect(code).toBe(0);
  expect(terminal.output()).toMatch(/\[\d+A\r.*completed.*100 % done/su);
  expect(terminal.output()).toContain(`report ${run_id}`);
}, 60_000);
