#!/usr/bin/env node
import { existsSync, readFileSync } from "node:fs";
import { redact } from "../../core/redact.js";
import { readCaller } from "../../runtime/config.js";
import { call, printError } from "./call.js";
import { sayEarlyExit } from "./early-exit.js";
import type { Host } from "./io.js";
import { typedCommand } from "./typed-command.js";

const MISUSE = 2;
const NOT_ENDED = 3;
const COLUMNS_ELSEWHERE = 100;
const ROWS_ELSEWHERE = 24;
const LINGER_MS = 1_000;

/** The terminal or the pipes that this process was started with. */
function createHost(isJson: boolean): Host {
  const { stdin, stdout, stderr } = process;
  for (const stream of [stdout, stderr]) hideSecrets(stream);
  const write = stdout.write.bind(stdout);
  if (isJson) stdout.write = stderr.write.bind(stderr); // what modules of somebody else print is no part of the document
  return {
    out: (text) => void write(text),
    err: (text) => void stderr.write(text),
    isTerminal: stdin.isTTY === true && stdout.isTTY === true,
    hasColors: stdout.isTTY === true && stdout.hasColors(),
    get columns() {
      return stdout.columns || COLUMNS_ELSEWHERE;
    },
    get rows() {
      return stdout.rows || ROWS_ELSEWHERE;
    },
    command: typedCommand(process.argv[1] ?? import.meta.filename, readCaller()),
    folder: process.cwd(),
    now: () => new Date(),
    storeOfEnvironment: async () => (await import("./open-orchestrator.js")).storeOfEnvironment(),
    open: async (...given) => (await import("./open-orchestrator.js")).openFor(...given),
    onInterrupt: (callback) => listenIn(interrupted, callback),
    isHeard: () => !isUnheard,
    onUnheard: (callback) => listenIn(unheard, callback),
    person: async (io, editor) => {
      const { TerminalPerson } = await import("./terminal-person.js");
      const { editorOfEnvironment } = await import("./open-orchestrator.js");
      return new TerminalPerson(io, editor ?? editorOfEnvironment());
    },
  };
}

/** Whoever prints in this process, its modules and tools included, prints no secret that was revealed. */
function hideSecrets(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream);
  // Safe: it takes what the stream's own takes, and gives back what that gives.
  stream.write = ((chunk: string | Uint8Array, ...rest: []) =>
    write(typeof chunk === "string" ? redact(chunk) : chunk, ...rest)) as typeof stream.write;
}

const interrupted = new Set<() => void>();
const unheard = new Set<() => void>();

function listenIn(listeners: Set<() => void>, callback: () => void): () => void {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

/** The first Ctrl-C is for whoever listens; the second, or one that nobody heeds, leaves. */
function listenForInterrupts(): void {
  let isSecond = false;
  const heed = () => {
    if (isSecond || interrupted.size === 0) {
      isLeaving = true;
      process.exit(NOT_ENDED);
    }
    isSecond = true;
    for (const callback of interrupted) callback();
  };
  process.on("SIGINT", heed);
  process.on("SIGTERM", heed);
}

/** True once the process ends by our own will. */
let isLeaving = false;

/** A module that ends the process in the midst of a command leaves nobody to say so: its place is told here. */
function listenForExits(host: Host, isJson: boolean): void {
  process.on("exit", (exitCode) => {
    const message = isLeaving ? undefined : sayEarlyExit(new Error().stack ?? "", exitCode);
    if (message === undefined) return;
    if (isJson) printError(host, { code: "config_invalid", message, details: null });
    else host.err(`${message}\n`);
    process.exitCode = MISUSE;
  });
}

/** True once a write was refused, since nobody reads the output any more. */
let isUnheard = false;

/** A reader that went away (`| head`) is no reason to end a run: what is written from then on is lost, no more. */
function survivePipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      if (stream !== process.stdout) return;
      isUnheard = true;
      for (const callback of unheard) callback();
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

/** A module of somebody else may have left something open: once the call is over nothing of ours needs the process. */
function leaveSoon(): void {
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

const args = process.argv.slice(2);
const isJson = args.includes("--json");
const host = createHost(isJson);
survivePipes();
listenForInterrupts();
listenForExits(host, isJson);
process.exitCode = await call(args, host, findVersion());
isLeaving = true;
leaveSoon();
