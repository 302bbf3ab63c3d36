#!/usr/bin/env node
import { existsSync, readFileSync } from "node:fs";
import { call } from "./call.js";
import type { Host } from "./io.js";

const NOT_ENDED = 3;
const COLUMNS_ELSEWHERE = 100;
const ROWS_ELSEWHERE = 24;

/** The terminal or the pipes that this process was started with. */
function createHost(): Host {
  const { stdin, stdout, stderr } = process;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isTerminal: stdin.isTTY === true && stdout.isTTY === true,
    hasColors: stdout.isTTY === true && stdout.hasColors(),
    columns: stdout.columns ?? COLUMNS_ELSEWHERE,
    rows: stdout.rows ?? ROWS_ELSEWHERE,
    command: import.meta.filename.endsWith(".ts") ? "npm run -s mission --" : "mission",
    folder: process.cwd(),
    now: () => new Date(),
    storeOfEnvironment: async () => (await import("./open-orchestrator.js")).storeOfEnvironment(),
    open: async (store) => (await import("./open-orchestrator.js")).openFor(store),
    onInterrupt,
    person: async (io, editor) => {
      const { TerminalPerson } = await import("./terminal-person.js");
      const { editorOfEnvironment } = await import("./open-orchestrator.js");
      return new TerminalPerson(io, editor ?? editorOfEnvironment());
    },
  };
}

const interrupted = new Set<() => void>();

function onInterrupt(callback: () => void): () => void {
  interrupted.add(callback);
  return () => interrupted.delete(callback);
}

/** The first Ctrl-C is for whoever listens; the second, or one that nobody heeds, leaves. */
function listenForInterrupts(): void {
  let isSecond = false;
  const heed = () => {
    if (isSecond || interrupted.size === 0) process.exit(NOT_ENDED);
    isSecond = true;
    for (const callback of interrupted) callback();
  };
  process.on("SIGINT", heed);
  process.on("SIGTERM", heed);
}

/** A reader that went away (`| head`) is no reason to end a run: what is written from then on is lost, no more. */
function survivePipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}

/** The package's version: its file lies above the sources and above `dist`. */
function findVersion(): string {
  const files = ["../../package.json", "../../../package.json"].map((path) => new URL(path, import.meta.url));
  const file = files.find((each) => existsSync(each));
  const found: unknown = file && JSON.parse(readFileSync(file, "utf8"));
  const hasVersion = typeof found === "object" && found !== null && "version" in found;
  return hasVersion ? String(found.version) : "unknown";
}

survivePipes();
listenForInterrupts();
process.exitCode = await call(process.argv.slice(2), createHost(), findVersion());
